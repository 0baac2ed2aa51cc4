"""Small SVG charts, written by hand: they need no library and print well."""

from __future__ import annotations

from html import escape

WIDTH, HEIGHT, GAP, LABEL = 30, 90, 6, 14
Bar = tuple[str, int | None, int | None]  # label, new, known; None: no data


def bars(values: list[Bar]) -> str:
    """A column a value: new ones on top of known ones, the total above, the label below."""
    most = max((((new or 0) + (known or 0)) for _, new, known in values), default=0) or 1
    drawn = "".join(_bar(place, value, most) for place, value in enumerate(values))
    size = (len(values) * (WIDTH + GAP), HEIGHT + 2 * LABEL + GAP)
    return f'<svg viewBox="0 0 {size[0]} {size[1]}" width={size[0]} role=img>{drawn}</svg>'


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
