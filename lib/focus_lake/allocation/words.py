"""A rule in words that somebody who pays can read."""

from __future__ import annotations

from focus_lake.allocation.rules import ALL, TO_POOL, Rule, Split


def rule_in_words(rule: Rule) -> str:
    """One sentence: what the rule takes and what it does with it."""
    taken = " and ".join(condition.words() for condition in rule.conditions) or "every charge"
    return f"takes {taken}; {split_in_words(rule.split)}"


def split_in_words(split: Split) -> str:
    """What a split does."""
    who = _who(split)
    if split.method == "direct":
        return f"gives it to {who}" if split.targets else f"gives it to whom {split.derive} names"
    if split.method == "even":
        return f"shares it evenly among {who}"
    if split.method == "percent":
        parts = ", ".join(f"{_name(name)} {number:f} %" for name, number in split.percent)
        return f"shares it by fixed percentages: {parts}"
    if split.method == "by_key":
        return f"shares it by the quantities of {split.key}, among {who}{_otherwise(split)}"
    scope = " and ".join(condition.words() for condition in split.scope)
    over = f", where {scope}" if scope else ""
    return f"shares it in proportion to direct cost of {who}{over}{_otherwise(split)}"


def _who(split: Split) -> str:
    if ALL in split.targets:
        return "all cost centers" if split.method != "by_key" else "all whom the key file names"
    return ", ".join(map(_name, split.targets))


def _name(target: str) -> str:
    if target.startswith(TO_POOL):
        return f"the pool {target.removeprefix(TO_POOL)}"
    return target


def _otherwise(split: Split) -> str:
    return "; evenly where nothing weighs" if split.no_basis == "even" else ""
