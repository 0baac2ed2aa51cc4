"""Sample exports: made-up bills in each provider's own layout, the same for the same seed."""
