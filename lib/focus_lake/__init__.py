"""focus_lake: every provider's FOCUS files into one audited, queryable lake."""

__version__ = "0.2.0"
