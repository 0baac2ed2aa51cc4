"""Small SVG charts, written by hand: they need no library and print well."""

from __future__ import annotations

import math
from decimal import Decimal
from html import escape

WIDTH, HEIGHT, GAP, LABEL = 30, 90, 6, 14
NARROW = 66  # a bar below which a month and its year need a line each
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
    text = (
        f"<text x={middle} y={floor + LABEL} class=tick>{escape(label.replace(' 20', ' '))}</text>"
    )
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
    row, left, wide = 26, 215, 360
    zero = left + wide * (0.0 - low) / span
    bottom = len(values) * row + 3
    drawn = f'<line x1="{zero:.1f}" y1="0" x2="{zero:.1f}" y2="{bottom}" class="axis"></line>'
    for place, (label, value, told) in enumerate(values):
        size = wide * abs(float(value)) / span
        start = zero - size if value < 0 else zero
        y = place * row
        drawn += (
            f"<g><title>{escape(label)}: {escape(told)}</title>"
            f'<text x="{left - 8}" y="{y + 17}" class="right">{escape(_short(label))}</text>'
            f'<rect x="{start:.1f}" y="{y + 5}" width="{max(size, 1):.1f}" height="16" '
            f'class="{"new" if value < 0 else "bar"}"></rect>'
            f'<text x="{left + wide + 8}" y="{y + 17}" class="left">{escape(told)}</text></g>'
        )
    return _chart(760, bottom + 3, drawn, "Bars: " + _words(values))


def standing(values: list[tuple[str, Decimal, str]], unit: str) -> str:
    """Bars that stand side by side on a scale: label, value, what is written above it; its unit."""
    if not values:
        return ""
    high = max(0.0, *(float(value) for _, value, _ in values))
    low = min(0.0, *(float(value) for _, value, _ in values))
    tick = _tick((high - low) or 1.0)
    top, bottom = tick * math.ceil(high / tick), tick * math.floor(low / tick)
    left, wide, tall, head = 64, 690, 150, 26
    scale = tall / ((top - bottom) or tick)
    step = min(120.0, wide / len(values))
    drawn = f'<text x="{left - 8}" y="12" class="right">{escape(unit)}</text>'
    for place in range(round((top - bottom) / tick) + 1):
        at, y = bottom + place * tick, head + tall - place * tick * scale
        kind = "axis" if abs(at) < tick / 2 else "grid"
        drawn += (
            f'<line x1="{left}" y1="{y:.1f}" x2="{left + wide}" y2="{y:.1f}" class="{kind}"></line>'
            f'<text x="{left - 8}" y="{y + 4:.1f}" class="right">{_scale(at)}</text>'
        )
    zero = head + tall + bottom * scale
    for place, (label, value, told) in enumerate(values):
        size, middle = abs(float(value)) * scale, left + place * step + step / 2
        above = zero - size if value >= 0 else zero
        drawn += (
            f"<g><title>{escape(label)}: {escape(told)}</title>"
            f'<rect x="{middle - step / 2 + 6:.1f}" y="{above:.1f}" width="{step - 12:.1f}" '
            f'height="{max(size, 1):.1f}" class="{"bar" if value >= 0 else "new"}"></rect>'
            f'<text x="{middle:.1f}" y="{above - 5:.1f}" class="total">{escape(told)}</text>'
        )
        lines = label.split(" ", 1) if step < NARROW else [label]
        for down, line in enumerate(lines):
            y = head + tall + 18 + 14 * down
            drawn += f'<text x="{middle:.1f}" y="{y}">{escape(line)}</text>'
        drawn += "</g>"
    return _chart(
        760, head + tall + (40 if step < NARROW else 26), drawn, f"Bars, {unit}: " + _words(values)
    )


def _tick(span: float) -> float:
    """A round step that parts a scale into two to five."""
    size = 10.0 ** math.floor(math.log10(span))
    return next(size * part for part in (0.2, 0.5, 1, 2) if span / (size * part) <= 5)


def _scale(value: float) -> str:
    for size, mark in ((1e12, " tn"), (1e9, " bn"), (1e6, " m"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:,.3g}{mark}"
    return f"{value:,.3g}"


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
    return _chart(480, 180, drawn, "Ring: " + _words(values), "chart ring")


def _chart(width: int, height: int, drawn: str, words: str, look: str = "chart") -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" class="{look}" role="img" '
        f'aria-label="{escape(words)}">{drawn}</svg>'
    )


def _words(values: list[tuple[str, Decimal, str]]) -> str:
    return "; ".join(f"{label} {told}" for label, _, told in values)


def _short(label: str) -> str:
    """A label that fits: its beginning and its end, in which many names differ."""
    most = 16 if any(letter >= "\u2e80" for letter in label) else 30  # Chinese is as wide as two
    return label if len(label) <= most else f"{label[: most // 2]}…{label[1 - most // 2 :]}"
