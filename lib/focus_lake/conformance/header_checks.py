"""The rules about a file's header and version: no row has to be read for them."""

from __future__ import annotations

from focus_lake.spec import columns, rules
from focus_lake.spec.rules import Rule
from focus_lake.transform.select import FOCUS, Origin, Transform

Broken = tuple[str, str | None]  # column, what stands there


def version(transform: Transform, origin: Origin) -> str:
    """The FOCUS version whose rules hold: the manifest's if it names one, else the
    declared one, or the first with all columns of the header."""
    return columns.version_in(origin.focus_version) or transform.focus_version


def present(transform: Transform) -> frozenset[str]:
    """The columns that the header has."""
    tags = {"Tags"} if transform.tag_heads or transform.tag_columns else set()
    return frozenset({*transform.sources, *tags})


def broken(transform: Transform, origin: Origin) -> list[tuple[str, str, str | None]]:
    """(rule, column, what stands there) for all that is wrong with a file's header."""
    found = []
    for rule in rules.table():
        if rule.kind in _KINDS:
            found += [(rule.id, *each) for each in _KINDS[rule.kind](rule, transform, origin)]
    return found


def _required(rule: Rule, transform: Transform, origin: Origin) -> list[Broken]:
    there = present(transform)
    targets = rule.targets(version(transform, origin))
    return [(column, None) for (column,) in targets if column not in there]


def _version(rule: Rule, transform: Transform, origin: Origin) -> list[Broken]:
    named = origin.focus_version
    if named is None:
        return []
    version_named = columns.version_in(named)
    if version_named is None:
        return [("x_SourceFocusVersion", named)]
    at = columns.VERSIONS.index(version_named)
    later = [
        name
        for name in transform.sources
        if name in FOCUS and columns.VERSIONS.index(columns.find(name).introduced) > at
    ]
    words = f"{named}, but the file has {', '.join(sorted(later))}"
    return [("x_SourceFocusVersion", words)] if later else []


def _prefix(rule: Rule, transform: Transform, origin: Origin) -> list[Broken]:
    """Headers that are not a column of FOCUS, whatever their case, and do not begin with x_."""
    folded = {name.casefold() for name in FOCUS}
    heads = [*transform.sources.values(), *transform.unknown]
    heads += transform.tag_columns
    if transform.tag_heads:  # one column a tag key: their prefix stands for all of them
        folded_heads = [head.strip().casefold() for head in transform.tag_heads.values()]
        heads += [
            f"{prefix}*"
            for prefix in transform.declaration.tags.every_prefix
            if any(head.startswith(prefix.casefold()) for head in folded_heads)
        ]
    wrong = (h for h in heads if h.strip().casefold() not in folded and not h.startswith("x_"))
    return [(head, head) for head in sorted(set(wrong))]


def _name_case(rule: Rule, transform: Transform, origin: Origin) -> list[Broken]:
    spelled = {name.casefold(): name for name in FOCUS}
    return [
        (name, head)
        for name, head in sorted(transform.sources.items())
        if head.casefold() in spelled and head not in FOCUS
    ]


_KINDS = {
    "required": _required,
    "version": _version,
    "prefix": _prefix,
    "name_case": _name_case,
}
