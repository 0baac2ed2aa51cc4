"""Files that file managers and packers leave behind: never a bill, wherever they lie."""

from __future__ import annotations

import re

# What macOS, Windows and people put beside files; a readme only where its ending is no data's.
_JUNK = (
    (re.compile(r"(?:.*/)?__MACOSX/.*"), "macOS put it there"),
    (re.compile(r"(?:.*/)?(?:\._[^/]*|\.DS_Store)"), "macOS put it there"),
    (re.compile(r"(?:.*/)?(?:thumbs\.db|desktop\.ini)", re.IGNORECASE), "Windows put it there"),
    (
        re.compile(r"(?:.*/)?read[-_ ]?me(?:\.(?:txt|md|html?|pdf|rtf))?", re.IGNORECASE),
        "a readme is not a bill",
    ),
)


def why_junk(path: str) -> str:
    """Why a file with this path, or member of an archive, is known not to be a bill, or ""."""
    return next((why for pattern, why in _JUNK if pattern.fullmatch(path)), "")
