"""One rule for blank: a tag attribute without a visible character is null in every view.

White space, separators (the wide space of Chinese texts, no-break spaces) and invisible characters
(zero-width spaces) are not the name of an owner. Provider views apply the rule; what stands above
them asks IS NULL. Tags keep every value as it was delivered.
"""

from __future__ import annotations

from focus_lake.spec import columns

VISIBLE = r"[^\s\p{Z}\p{C}]"  # understood alike by Trino, Athena, DuckDB and Arrow


def values() -> dict[str, str]:
    """The placeholder of views that tell accounts without an id apart by their names."""
    blank = f"(SubAccountId IS NULL OR NOT REGEXP_LIKE(SubAccountId, '{VISIBLE}'))"
    return {"sub_account_is_blank": blank}


def shown(column: columns.Column) -> str:
    """The column as a provider view selects it."""
    name = column.name
    if column not in columns.attributes():
        return name
    # What begins with a printed ASCII character is not blank: nearly all values need no pattern.
    return (
        f"CASE WHEN {name} >= '!' AND {name} < '~' THEN {name} "
        f"WHEN REGEXP_LIKE({name}, '{VISIBLE}') THEN {name} END AS {name}"
    )
