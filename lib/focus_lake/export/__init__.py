"""Out again: FOCUS files of the live rows, for tools that take a custom source."""
