"""The board report as PDF, one page to three, by ReportLab: it needs no library of the system.

Chinese, Japanese and Korean text is set in Adobe's standard font STSong-Light, which readers bring
along; everything else in Helvetica. The same report gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape, unescape
from importlib.util import find_spec
from io import BytesIO
from typing import Any

from focus_lake.errors import OptionsError
from focus_lake.report.board import Report
from focus_lake.report.parts import NONE, Raw, money, month, number, percent

_EAST = re.compile("[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+")
_SAFE = {"▬": "", "–": "-", "…": "..."}  # not in Helvetica
_ARROWS = re.compile("[▲▼]")  # in ZapfDingbats, which every reader has
INK, SOFT, BAR, BAD = "#17212b", "#5b6876", "#2f6fab", "#b3261e"


def is_possible() -> bool:
    """Whether ReportLab is installed: Glue has it only if the job is given it."""
    return find_spec("reportlab") is not None


def render(report: Report, made: datetime) -> bytes:
    """The PDF; OptionsError where ReportLab is not installed."""
    try:
        from reportlab.lib.pagesizes import A4
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.cidfonts import UnicodeCIDFont
        from reportlab.platypus import SimpleDocTemplate
    except ImportError as error:
        raise OptionsError(f"the PDF needs reportlab: pip install reportlab ({error})") from error
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    out = BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        title=f"{report.title}, {report.period}",
        author="focus_lake",
        lang="en",
        invariant=1,
        leftMargin=48,
        rightMargin=48,
        topMargin=44,
        bottomMargin=44,
    )
    document.build(list(_story(report, made)))
    return out.getvalue()


def _text(words: Any, style: str = "plain") -> Any:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph

    sizes = {"title": 20, "head": 13, "big": 17, "plain": 9, "soft": 8}
    size = sizes[style]
    look = ParagraphStyle(
        style,
        fontName="Helvetica-Bold" if style in ("title", "head", "big") else "Helvetica",
        fontSize=size,
        leading=size * 1.3,
        textColor=SOFT if style == "soft" else INK,
        spaceBefore=10 if style == "head" else 0,
        spaceAfter=4 if style in ("title", "head") else 0,
        wordWrap="CJK" if _EAST.search(str(words)) else None,
    )
    return Paragraph(_marked(str(words)), look)


def _marked(words: str) -> str:
    for sign, plain in _SAFE.items():
        words = words.replace(sign, plain)
    marked = _EAST.sub(lambda m: f'<font name="STSong-Light">{m[0]}</font>', escape(words))
    return _ARROWS.sub(lambda m: f'<font name="ZapfDingbats">{m[0]}</font>', marked)


def _plain(cell: Raw) -> str:
    return unescape(re.sub(r"<[^>]+>", "", cell.html)).strip()


def _story(report: Report, made: datetime) -> Iterator[Any]:
    yield _text(f"{report.title}, {report.period}", "title")
    yield _text(f"Board report. Made {made:%Y-%m-%d %H:%M} UTC.", "soft")
    yield _three(report)
    if report.departments:
        yield _text("Spend by department", "head")
        yield _bars(report)
    if report.waste and report.spent and report.waste <= report.spent:
        yield _text("Investment and waste", "head")
        yield _ring(report.spent - report.waste, report.waste, report.unit)
    yield from _tables(report)
    yield _text("What the numbers do not hold", "head")
    for said in report.not_held or ["Nothing is missing."]:
        yield _text(f"• {said}")


def _three(report: Report) -> Any:
    cells = [
        [_text("Spent", "soft"), _text(money(report.spent, report.unit), "big")],
        [_text("Change on the month before", "soft"), _text(_plain(report.change), "big")],
        [
            _text("Waste that can be recovered", "soft"),
            _text(money(report.waste, report.unit), "big"),
        ],
    ]
    return _grid([cells], [166, 166, 166], head=False)


def _tables(report: Report) -> Iterator[Any]:
    yield _text("Top five reductions", "head")
    if report.reductions:
        rows = [
            [row["x_What"], row["x_Reason"], _saving(row), row["x_Effort"] or "not known"]
            for row in report.reductions
        ]
        yield _listed(["What", "Why", "Saves a month", "Effort"], rows, [240, 100, 90, 68])
    else:
        yield _text("None is known.")
    yield _text("Cost per outcome", "head")
    if report.outcomes:
        rows = [
            [
                month(row["yearmonth"]),
                row["x_Outcome"],
                row["x_Value"] or row["x_Scope"],
                money(row["x_UnitCost"], row["x_Currency"] or ""),
                row["x_Reason"] or "",
            ]
            for row in report.outcomes
        ]
        yield _listed(["Month", "Outcome", "Of", "Cost of one", ""], rows, [50, 90, 130, 90, 138])
    else:
        yield _text("No outcomes are given (reference/outcomes).")
    if report.models:
        yield _text("AI models", "head")
        rows = [
            [
                month(row["yearmonth"]),
                row["x_Value"],
                number(row["x_Quantity"]) if row["x_Quantity"] is not None else NONE,
                money(row["x_UnitCost"], row["x_Currency"] or ""),
                percent(row["x_CacheShare"]),
            ]
            for row in report.models
        ]
        heads = ["Month", "Model", "Million tokens", "Cost of a million", "From cache"]
        yield _listed(heads, rows, [50, 170, 90, 110, 78])
    if report.forecast:
        yield _text("Forecast to year end", "head")
        for row in report.forecast:
            cost = money(row["cost"], row["currency"] or "")
            yield _text(f"{cost} effective cost, known months and forecast")


def _saving(row: dict) -> str:
    return money(row["x_SavingConverted"], row["x_ReportingCurrency"] or "")


def _listed(heads: Sequence[str], rows: Sequence[Sequence[Any]], widths: Sequence[int]) -> Any:
    shown = [[_text(head, "soft") for head in heads]]
    shown += [[_text(NONE if cell is None else cell) for cell in row] for row in rows]
    return _grid(shown, widths, head=True)


def _grid(cells: Sequence[Sequence[Any]], widths: Sequence[int], head: bool) -> Any:
    from reportlab.platypus import Table, TableStyle

    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, "#dfe4ea"),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    return Table(cells, widths, style=TableStyle(style), repeatRows=int(head), hAlign="LEFT")


def _bars(report: Report) -> Any:
    rows = report.departments[:12]
    most = max((abs(row["now"]) for row in rows), default=Decimal(1)) or Decimal(1)
    shown = []
    for row in rows:
        size = float(abs(row["now"]) / most) * 150
        told = f"{money(row['now'], report.unit)}  {_plain(row['change'])}"
        shown.append([_text(row["name"]), _bar(size, row["now"] < 0), _text(told)])
    return _grid(shown, [150, 160, 188], head=False)


def _bar(size: float, negative: bool) -> Any:
    from reportlab.graphics.shapes import Drawing, Rect

    drawing = Drawing(155, 10)
    color = BAD if negative else BAR
    drawing.add(Rect(0, 0, max(size, 1), 9, strokeWidth=0, fillColor=_color(color)))
    return drawing


def _ring(kept: Decimal, waste: Decimal, unit: str) -> Any:
    from reportlab.graphics.shapes import Circle, Drawing, Rect, String, Wedge

    whole = float(kept + waste)
    drawing, start = Drawing(498, 96), 90.0
    places = ((kept, BAR, "Investment"), (waste, BAD, "Waste"))
    for place, (part, color, name) in enumerate(places):
        turn = 360.0 * float(part) / whole
        if turn >= 359.99:
            drawing.add(Circle(50, 48, 44, strokeWidth=0, fillColor=_color(color)))
        elif turn > 0:
            end = start - turn
            drawing.add(Wedge(50, 48, 44, end, start, strokeWidth=0, fillColor=_color(color)))
            start = end
        y = 60 - place * 24
        told = f"{name}: {money(part, unit)}, {percent(part / (kept + waste))}"
        drawing.add(Rect(120, y, 10, 10, strokeWidth=0, fillColor=_color(color)))
        drawing.add(String(138, y + 1, told, fontName="Helvetica", fontSize=9))
    drawing.add(Circle(50, 48, 24, strokeWidth=0, fillColor=_color("#ffffff")))
    return drawing


def _color(text: str) -> Any:
    from reportlab.lib.colors import HexColor

    return HexColor(text)
