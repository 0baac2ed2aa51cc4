"""Small SVG charts, written by hand: they need no library and print well."""

from __future__ import annotations

from decimal import Decimal
from html import escape

WIDTH, HEIGHT, GAP, LABEL = 30, 90, 6, 14
Bar = tuple[str, int | None, int | None]  # label, new, known; None: no data


def bars(values: list[Bar]) -> str:
    """A column a value: new ones on top of known ones, the total above, the label below."""
    most = max((((new or 0) + (known or 0)) for _, new, known in values), default=0) or 1
    drawn = "".join(_bar(place, value, most) for place, value in enumerate(values))
    size = (len(values) * (WIDTH + GAP), HEIGHT + 2 * LABEL + GAP)
    return (
        f'<svg viewBox="0 0 {size[0]} {size[1]}" width={size[0]} role=img '
        f'aria-label="{len(values)} months, each with its number of broken rules">{drawn}</svg>'
    )


def _bar(place: int, value: Bar, most: int) -> str:
    (label, new, known), left = value, place * (WIDTH + GAP)
    middle, floor = left + WIDTH // 2, HEIGHT + LABEL
    text = f"<text x={middle} y={floor + LABEL} class=tick>{escape(label[2:])}</text>"
    if new is None or known is None:
        return text
    light, dark = (round(HEIGHT * part / most) for part in (known, new))
    return (
        f"<g><title>{escape(label)}: {new} new, {known} known upstream</title>"
        f"<rect x={left} y={floor - light} width={WIDTH} height={light} class=known></rect>"
        f"<rect x={left} y={floor - light - dark} width={WIDTH} height={dark} class=new></rect>"
        f"<text x={middle} y={floor - light - dark - 3} class=total>{new + known}</text></g>{text}"
    )


def lying(values: list[tuple[str, Decimal, str]]) -> str:
    """Bars from left to right, one a line: label, value, what is written beside it.

    Negative values go to the left of a line in the middle of what is needed.
    """
    if not values:
        return ""
    high = max(0.0, *(float(value) for _, value, _ in values))
    low = min(0.0, *(float(value) for _, value, _ in values))
    span = (high - low) or 1.0
    row, left, wide = 26, 210, 380
    zero = left + wide * (0.0 - low) / span
    drawn = ""
    for place, (label, value, told) in enumerate(values):
        size = wide * abs(float(value)) / span
        start = zero - size if value < 0 else zero
        y = place * row
        drawn += (
            f"<g><title>{escape(label)}: {escape(told)}</title>"
            f'<text x="{left - 8}" y="{y + 17}" class="right">{escape(_short(label))}</text>'
            f'<rect x="{start:.1f}" y="{y + 5}" width="{max(size, 1):.1f}" height="16" '
            f'class="bar"></rect><text x="{left + wide + 8}" y="{y + 17}" class="left">'
            f"{escape(told)}</text></g>"
        )
    return _chart(760, len(values) * row + 6, drawn, "Bars: " + _words(values))


def standing(values: list[tuple[str, Decimal, str]]) -> str:
    """Bars that stand side by side, one a month: label, value, what is written above it."""
    if not values:
        return ""
    most = max((abs(float(value)) for _, value, _ in values), default=0.0) or 1.0
    step, high, floor = min(120.0, 740.0 / len(values)), 130, 155
    drawn = ""
    for place, (label, value, told) in enumerate(values):
        size, middle = high * abs(float(value)) / most, place * step + step / 2
        drawn += (
            f"<g><title>{escape(label)}: {escape(told)}</title>"
            f'<rect x="{place * step + 6:.1f}" y="{floor - size:.1f}" width="{step - 12:.1f}" '
            f'height="{max(size, 1):.1f}" class="{"bar" if value >= 0 else "new"}"></rect>'
            f'<text x="{middle:.1f}" y="{floor - size - 5:.1f}">{escape(told)}</text>'
            f'<text x="{middle:.1f}" y="{floor + 16}">{escape(label)}</text></g>'
        )
    return _chart(760, floor + 24, drawn, "Bars: " + _words(values))


def donut(values: list[tuple[str, Decimal, str]]) -> str:
    """Shares of a ring: label, value (none below zero), what is written beside it."""
    whole = sum(float(value) for _, value, _ in values)
    if not whole:
        return ""
    drawn, at, around = "", 0.0, 2 * 3.141592653589793 * 60
    kinds = ("ring1", "ring2", "ring3")
    for place, (label, value, told) in enumerate(values):
        part, kind = around * float(value) / whole, kinds[place % len(kinds)]
        drawn += (
            f"<g><title>{escape(label)}: {escape(told)}</title>"
            f'<circle cx="90" cy="90" r="60" class="{kind}" '
            f'stroke-dasharray="{part:.2f} {around - part:.2f}" stroke-dashoffset="{-at:.2f}" '
            f'transform="rotate(-90 90 90)"></circle>'
            f'<rect x="180" y="{44 + place * 30}" width="14" height="14" class="key{place % 3}">'
            f'</rect><text x="202" y="{56 + place * 30}" class="left">'
            f"{escape(label)}: {escape(told)}</text></g>"
        )
        at += part
    return _chart(480, 180, drawn, "Ring: " + _words(values))


def _chart(width: int, height: int, drawn: str, words: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" class="chart" role="img" '
        f'aria-label="{escape(words)}">{drawn}</svg>'
    )


def _words(values: list[tuple[str, Decimal, str]]) -> str:
    return "; ".join(f"{label} {told}" for label, _, told in values)


def _short(label: str) -> str:
    return label if len(label) <= 30 else f"{label[:29]}…"
