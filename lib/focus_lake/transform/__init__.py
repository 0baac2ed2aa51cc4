"""Texts to typed rows in Arrow: one select a header, no storage, no clock."""
