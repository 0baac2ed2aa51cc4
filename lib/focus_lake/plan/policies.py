"""Policies as data: a condition on a view, checked, and written as SQL."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from focus_lake.declare.model import Declaration
from focus_lake.reference.sheet import Row, Sheet
from focus_lake.resources import data, sql
from focus_lake.spec.columns import did_you_mean

Fault = tuple[Row, str, str]
COMPARISONS = {"at_least": ">=", "above": ">", "at_most": "<=", "below": "<"}
WORDS = (*COMPARISONS, "not", "prefix", "is_null")
DAY, TIME = "a day, such as 2026-01-31", "a time, such as 2026-01-31T06:00"
FINDING = ("finding", "level", "provider", "account", "service", "scope_value", "currency")


@cache
def views() -> dict[str, dict[str, str]]:
    """policy_views.csv: the views that policies may look at, and how a row becomes a finding."""
    text = data("plan", "policy_views.csv").read_text(encoding="utf-8")
    return {row["view"]: row for row in csv.DictReader(text.splitlines())}


@cache
def columns(view: str) -> dict[str, str]:
    """The columns of a view and their types, as sql/contract.csv promises them."""
    text = sql("contract.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["column"]: row["type"] for row in rows if row["view"] == view}


def check(sheet: Sheet, sheets: dict[str, Sheet]) -> Iterator[Fault]:
    """Views, columns and values that are there; dates that fit the mode."""
    for row in sheet.rows:
        if row["view"] not in views():
            known = ", ".join(views())
            hint = did_you_mean(row["view"], list(views())) or f"; policies may look at {known}"
            yield row, f"view {row['view']!r} is unknown to policies{hint}", "view"
            continue
        yield from _conditions(row)
        if row["mode"] == "canary" and not _names(row):
            yield row, "mode canary needs canary = [..]: the scopes it is tried on", "mode"
        first, last = row["active_from"], row["active_until"]
        if row["mode"] == "active" and not first:
            yield row, "mode active needs active_from, such as 2026-01-15", "mode"
        if first and last and last < first:
            yield row, f"active_until {last} is before active_from {first}", "active_until"


def _conditions(row: Row) -> Iterator[Fault]:
    match = json.loads(row["match"] or "{}")
    if not isinstance(match, dict):
        yield row, "match must be a table: [policy.match]", "match"
        return
    there = columns(row["view"])
    for name, wanted in match.items():
        if name not in there:
            hint = did_you_mean(name, list(there)) or f"; it has {', '.join(there)}"
            yield row, f"{row['view']} has no column {name!r}{hint}", f"match.{name}"
            continue
        try:
            condition(name, there[name], wanted)
        except ValueError as error:
            yield row, str(error), f"match.{name}"


def condition(name: str, type_: str, wanted: Any) -> str:
    """One column's condition as SQL; ValueError if it cannot be one."""
    if isinstance(wanted, dict):
        return _words(name, type_, wanted)
    if isinstance(wanted, list):
        return f"{name} IN ({_listed(name, type_, wanted)})"
    return f"{name} = {_literal(name, type_, wanted)}"


def _words(name: str, type_: str, wanted: dict[str, Any]) -> str:
    if not wanted:
        raise ValueError(f"{name}: an empty table says nothing; write one of {', '.join(WORDS)}")
    parts = []
    for word, value in wanted.items():
        if word not in WORDS:
            hint = did_you_mean(word, WORDS) or f"; there are {', '.join(WORDS)}"
            raise ValueError(f"{name}: {word!r} is unknown{hint}")
        if word in COMPARISONS:
            parts.append(f"{name} {COMPARISONS[word]} {_literal(name, type_, value)}")
        elif word == "is_null":
            if not isinstance(value, bool):
                raise ValueError(f"{name}: is_null is true or false; {value!r} is neither")
            parts.append(f"{name} IS {'' if value else 'NOT '}NULL")
        elif word == "prefix":
            if not isinstance(value, str) or not value or type_ != "string":
                raise ValueError(
                    f"{name}: prefix takes the beginning of a text, such as 'shop-'; {value!r} "
                    f"cannot begin a {type_}"
                )
            parts.append(f"SUBSTR({name}, 1, {len(value)}) = {quoted(value)}")
        else:
            values = value if isinstance(value, list) else [value]
            listed = _listed(name, type_, values)
            parts.append(f"({name} IS NULL OR {name} NOT IN ({listed}))")
    return " AND ".join(parts)


def _listed(name: str, type_: str, values: list[Any]) -> str:
    if not values:
        raise ValueError(
            f"{name}: an empty list matches nothing; name a value in it, or leave it out"
        )
    return ", ".join(_literal(name, type_, one) for one in values)


def _literal(name: str, type_: str, value: Any) -> str:
    if type_ in ("bigint",) or type_.startswith("decimal"):
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise ValueError(f"{name} is a number; {value!r} is not")
        return f"CAST('{number:f}' AS decimal(38, 18))"
    if type_ == "boolean":
        if not isinstance(value, bool):
            raise ValueError(f"{name} is true or false; {value!r} is neither")
        return "TRUE" if value else "FALSE"
    if type_ in ("date", "timestamp"):
        return f"CAST({quoted(_moment(name, type_, str(value)))} AS {type_})"
    return quoted(str(value))


def _moment(name: str, type_: str, text: str) -> str:
    """A day or a time, UTC, in the form that every engine reads."""
    try:
        if type_ == "date":
            return date.fromisoformat(text).isoformat()
        found = datetime.fromisoformat(text)
    except ValueError:
        kind = (
            "a day, such as 2026-01-31" if type_ == "date" else "a time, such as 2026-01-31T06:00"
        )
        raise ValueError(f"{name} is {kind}; {text!r} is not") from None
    return f"{found.astimezone(UTC) if found.tzinfo else found:%Y-%m-%d %H:%M:%S}"


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def values(
    rows: dict[str, list[dict[str, Any]]], declarations: Sequence[Declaration]
) -> dict[str, str]:
    """The placeholders of focus_policy_findings."""
    policies = [row for row in rows.get("policies", []) if _can_be_asked(row)]
    branches = [_of_view(view, [p for p in policies if p["view"] == view]) for view in views()]
    listed = [_policy(policy) for policy in policies]
    return {
        "plan_policies": ",\n".join(f"        ({row})" for row in [_NOBODY, *listed]),
        "plan_policy_findings": "\n    UNION ALL\n".join(filter(None, branches)) or _NOTHING,
    }


def _can_be_asked(policy: dict[str, Any]) -> bool:
    """Whether the view can hold it. What check() refuses is named there; the copy that stays in
    use may be of an older version, which took it."""
    try:
        _case(policy, columns(policy["view"]))
    except (KeyError, ValueError):
        return False
    return policy["view"] in views()


# The first row gives every column its type, whatever the texts' lengths, and joins with nothing.
_NOBODY = ", ".join(["CAST(NULL AS varchar)"] * 9)
_NOTHING = """    SELECT
        CAST(NULL AS varchar) AS policy,
        CAST(NULL AS varchar) AS finding,
        CAST(NULL AS varchar) AS level,
        CAST(NULL AS varchar) AS provider,
        CAST(NULL AS varchar) AS account,
        CAST(NULL AS varchar) AS service,
        CAST(NULL AS varchar) AS scope_value,
        CAST(NULL AS varchar) AS currency,
        CAST(NULL AS decimal(38, 18)) AS amount,
        CAST(NULL AS date) AS day,
        CAST(NULL AS varchar) AS sentence,
        CAST(NULL AS boolean) AS is_quiet,
        CAST(NULL AS boolean) AS is_named
    FROM ${database}.focus_complete_days
    WHERE 1 = 0"""


def _policy(policy: dict[str, Any]) -> str:
    names = ("id", "title", "severity", "route", "mode", "owner")
    texts = [policy[name] for name in names]
    texts += [policy[name] for name in ("shadow_from", "active_from", "active_until")]
    return ", ".join("NULL" if text is None else quoted(str(text)) for text in texts)


def _of_view(view: str, policies: list[dict[str, Any]]) -> str:
    """One reading of the view for all policies that look at it."""
    if not policies:
        return ""
    spec, types = views()[view], columns(view)
    ids = ",\n".join(f"            ({quoted(policy['id'])})" for policy in policies)
    shown = "".join(f"        CAST({spec[name]} AS varchar) AS {name},\n" for name in FINDING)
    cases = "\n            OR ".join(_case(policy, types) for policy in policies)
    named = "\n".join(
        f"            WHEN ids.id = {quoted(policy['id'])}\n"
        f"                THEN {_is_named(policy, spec)}"
        for policy in policies
    )
    return f"""    SELECT
        CAST(ids.id AS varchar) AS policy,
{shown}        CAST({spec["amount"]} AS decimal(38, 18)) AS amount,
        CAST({spec["day"]} AS date) AS day,
        CAST({spec["sentence"]} AS varchar) AS sentence,
        {spec["quiet"]} AS is_quiet,
        CASE
{named}
        END AS is_named
    FROM ${{database}}.{view}
    CROSS JOIN (
        VALUES
{ids}
    ) AS ids (id)
    WHERE
            {cases}"""


def _case(policy: dict[str, Any], types: dict[str, str]) -> str:
    match = json.loads(policy["match"] or "{}", parse_float=Decimal)
    parts = [condition(name, types[name], wanted) for name, wanted in match.items()]
    return "(" + " AND ".join([f"ids.id = {quoted(policy['id'])}", *parts]) + ")"


def _is_named(policy: dict[str, Any], spec: dict[str, str]) -> str:
    names = ", ".join(quoted(name) for name in _names(policy))
    if not names:
        return "FALSE"
    places = ("scope_value", "account", "service", "provider")
    return " OR ".join(f"COALESCE({spec[place]} IN ({names}), FALSE)" for place in places)


def _names(policy: Any) -> list[str]:
    return [str(name) for name in json.loads(policy["canary"] or "[]")]
