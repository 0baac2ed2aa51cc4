"""Why a path or a file's name does not match a pattern of a declaration, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator


def why_not_matched(pattern: re.Pattern[str], text: str) -> str:
    """The first part of the pattern that the text fails, and what to do if it is only the case."""
    if re.fullmatch(pattern.pattern, text, re.IGNORECASE):
        return "only capital and small letters differ: begin the pattern with (?i)"
    return first_failure(pattern.pattern, text)


def first_failure(pattern: str, text: str) -> str:
    """The first part of a pattern that a text fails, in words."""
    done, reached = 0, 0
    for end in _cuts(pattern):
        found = re.match(pattern[:end], text)
        if found is None:
            part = pattern[done:end]
            seen = text[reached : reached + 40]
            return f"after {text[:reached]!r} comes {seen!r}, where {part} is expected"
        done, reached = end, found.end()
    return f"all of it matches, but {text[reached : reached + 40]!r} is left over"


def _cuts(pattern: str) -> Iterator[int]:
    """Where a pattern can be cut: after each part that means something by itself."""
    for end in range(1, len(pattern) + 1):
        if pattern[end : end + 1] and pattern[end] in "*+?{":
            continue
        if re.search(r"\{[\d,]*$", pattern[:end]) or "|" in _outside(pattern[:end]):
            continue
        try:
            re.compile(pattern[:end])
        except re.error:
            continue
        yield end


def _outside(pattern: str) -> str:
    """A pattern without its groups and classes."""
    bare = re.sub(r"\\.|\[[^\]]*\]", "", pattern)
    while bare != (bare := re.sub(r"\([^()]*\)", "", bare)):
        pass
    return bare
