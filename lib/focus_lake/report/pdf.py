"""The board report as tagged PDF (PDF/UA-1), by Typst: no library, no font of the system needed.

Latin text is set in Noto Sans, Chinese in Noto Sans SC, both embedded from packages of pip. The
same report gives the same bytes: no time goes in but the one that stands on the page.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from focus_lake.errors import OptionsError
from focus_lake.report import board_parts
from focus_lake.report.board import Report
from focus_lake.report.parts import MOST, NUMBERS, Column, Part, used
from focus_lake.report.words import Raw
from focus_lake.resources import data

NEEDED = {"typst": "typst", "fontpkg_noto_sans": "fontpkg-noto-sans"}
NEEDED |= {"pylopdf_fonts_zh_cn": "pylopdf-fonts-zh-cn"}
UNSEEN = re.compile(r'the text [`"]+(.+?)[`"]+ could not be displayed')
INSTEAD = "□"  # for a sign that neither font has, such as an emoji
# The charts' colors on paper; on a page they come from style.css.
PAPER = (
    "text{font-family:'Noto Sans';font-size:12px;fill:#3d4a57;text-anchor:middle}"
    ".left{text-anchor:start}.right{text-anchor:end}.bar,.key0{fill:#2f6fab}"
    ".new,.key1{fill:#b3261e}.axis{stroke:#8a96a3;stroke-width:1}"
    ".ring1,.ring2,.ring3{fill:none;stroke-width:34}.ring1{stroke:#2f6fab}.ring2{stroke:#b3261e}"
)


def is_possible() -> bool:
    """Whether Typst and its fonts are installed; on Glue the job's wheels bring them."""
    return all(find_spec(name) for name in NEEDED)


def render(report: Report, made: datetime) -> bytes:
    """The PDF; OptionsError where Typst or a font is not installed."""
    if not is_possible():
        raise OptionsError(f"the PDF needs pip install {' '.join(NEEDED.values())}")
    text = json.dumps(_told(report, made), ensure_ascii=False)
    while True:
        try:
            return _compiled(text)
        except Exception as error:
            unseen = UNSEEN.search(str(error))
            if unseen is None or unseen[1] not in text:
                raise
            text = text.replace(unseen[1], INSTEAD)


def _compiled(text: str) -> bytes:
    import typst

    folders = [Path(str(import_module(name).__file__)).parent for name in FONTS]
    fonts = typst.Fonts(include_system_fonts=False, font_paths=folders)
    return bytes(
        typst.compile(
            data("report", "board.typ").read_bytes(),
            font_paths=fonts,
            format="pdf",
            sys_inputs={"report": text},
            pdf_standards=["ua-1"],
            timestamp=0,
        )
    )


FONTS = tuple(name for name in NEEDED if name != "typst")


def _told(report: Report, made: datetime) -> dict[str, Any]:
    """What the template sets, all of it text."""
    return {
        "title": f"{report.title}, {report.period}",
        "made": f"Board report. Made {made:%Y-%m-%d %H:%M} UTC.",
        "numbers": [
            {"head": head, "big": Raw(big).text, "small": small}
            for head, big, small, _, _ in board_parts.numbers(report)
        ],
        "parts": [_part(part) for part in board_parts.parts(report)],
    }


def _part(part: Part) -> dict[str, Any]:
    columns, rows = used(part.columns, part.rows), part.rows[:MOST]
    more = len(part.rows) - len(rows)
    return {
        "title": part.title,
        "about": part.about,
        "chart": part.chart.replace("<svg ", SVG, 1).replace(">", f"><style>{PAPER}</style>", 1),
        "size": float("".join(re.findall(r'viewBox="0 0 (\d+)', part.chart)[:1]) or 0) / 975,
        "alt": "".join(re.findall(r'aria-label="([^"]*)"', part.chart)[:1]),
        "heads": [one.head for one in columns] if part.rows else [],
        "wide": max(range(len(columns)), key=lambda at: _room(part, columns[at]), default=0),
        "right": [one.kind in NUMBERS for one in columns],
        "rows": [[LONG.sub(_parted, one.text(row)) for one in columns] for row in rows],
        "gap": list(part.gap or ()),
        "told": [*part.told, *([f"and {more} more, in the view"] if more else [])],
    }


def _room(part: Part, column: Column) -> int:
    """The longest text of a column, numbers apart: the longest column gets what room is left."""
    return (
        0
        if column.kind in NUMBERS
        else max((len(column.text(row)) for row in part.rows), default=0)
    )


def _parted(word: re.Match[str]) -> str:
    """A word that is wider than a column, with places where a line may end."""
    return "\u200b".join(re.findall(".{1,16}", word[0]))


LONG = re.compile(r"\S{25,}")
SVG = '<svg xmlns="http://www.w3.org/2000/svg" '
