"""Words of x_SourceChanges that views and summaries look for, in one place for all of them."""

from __future__ import annotations


def by_catalogue(column: str, source: str = "") -> str:
    """The note that a column was filled by the catalogue of services, for the service in column
    source; without source the beginning of every such note."""
    return f"{column}: by catalogue from {source}"
