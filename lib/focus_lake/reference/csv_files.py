"""Reading one CSV file of a kind."""

from __future__ import annotations

import csv
import io

from focus_lake.reference.cells import typed, unknown
from focus_lake.reference.sheet import Row, Sheet


def read(text: str, path: str, sheet: Sheet) -> None:
    """The file's good rows and its faults go into the sheet."""
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(lines, [])]
        if not _header_is_good(header, f"{path} line 1", sheet):
            return
        first = lines.line_num + 1
        for cells in lines:
            if any(cell.strip() for cell in cells):
                _row(header, cells, path, first, sheet)
            first = lines.line_num + 1
    except csv.Error as error:
        sheet.wrong(f"{path} line {lines.line_num}", f"not CSV: {error}; check the quotes")


def _header_is_good(header: list[str], where: str, sheet: Sheet) -> bool:
    kind = sheet.kind
    wanted = ",".join(kind.header)
    if header[:1] and header[0].lower().startswith("sep="):
        sheet.wrong(where, f"{header[0]} is for Excel alone; remove the line, begin with {wanted}")
        return False
    for mark, named in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and mark in header[0]:
            sheet.wrong(where, f"separated by {named}; save it with commas, as {wanted}")
            return False
    if "" in header:
        sheet.wrong(
            where,
            f"column {header.index('') + 1} has no name; remove it, often a comma at the end of "
            f"each line; the header is {wanted}",
        )
        return False
    problems = [message for _, message in unknown(kind, header)]
    missing = [column.name for column in kind.columns if column.required]
    problems += [f"column {name} is missing" for name in missing if name not in header]
    problems += [f"column {name} is there twice" for name in set(header) if header.count(name) > 1]
    if problems:
        sheet.wrong(where, f"{'; '.join(problems)}; the header is {wanted}")
    return not problems


def _row(header: list[str], cells: list[str], path: str, line: int, sheet: Sheet) -> None:
    where = f"{path} line {line}"
    if len(cells) != len(header):
        sheet.wrong(
            where,
            f"{len(cells)} fields, the header has {len(header)}; put a text that holds a comma "
            "into quotes, write decimals with a point",
        )
        return
    values, problems = typed(sheet.kind, dict(zip(header, cells, strict=True)))
    for _, message in problems:
        sheet.wrong(where, message)
    if not problems:
        sheet.rows.append(Row(values, path, line))
