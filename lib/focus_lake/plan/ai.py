"""AI calls in the views: which providers have columns or tags that say what a call was."""

from __future__ import annotations

from collections.abc import Sequence

from focus_lake.declare.model import Declaration

CACHE = "x_cog_CacheHit"  # true or false: answered from the cache


def values(declarations: Sequence[Declaration], database: str) -> dict[str, str]:
    """The placeholders about AI calls: providers that bill by the token, and their calls."""
    ours = [each for each in declarations if CACHE in {column.name for column in each.columns}]
    names = ", ".join(f"'{each.name}'" for each in ours)
    selects = [_calls(each.name, database) for each in ours]
    return {
        "plan_ai_providers": names or "''",
        "plan_ai_calls": "\n        UNION ALL\n".join(selects) or _NONE,
    }


def _calls(provider: str, database: str) -> str:
    return f"""        SELECT
            yearmonth,
            ServiceName AS model,
            COUNT({CACHE}) AS calls,
            SUM(CASE WHEN LOWER({CACHE}) = 'true' THEN 1 ELSE 0 END) AS hits
        FROM {database}.focus_{provider}
        GROUP BY
            yearmonth,
            ServiceName"""


_NONE = """        SELECT
            CAST(NULL AS varchar) AS yearmonth,
            CAST(NULL AS varchar) AS model,
            CAST(NULL AS bigint) AS calls,
            CAST(NULL AS bigint) AS hits"""
