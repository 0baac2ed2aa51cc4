"""What unzipping makes of raw files: texts with a header, in pieces of whole records."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from focus_lake.storage.base import Store

PIECE = 16 * 1024 * 1024  # bytes of text in a piece: enough pieces for even shares of the cores


@dataclass(frozen=True)
class Piece:
    """Whole records of one text, as a file of their own without a header."""

    path: str
    rows: int
    bytes: int
    line_breaks: bool
    first_line: int = 0  # line number of the first row; the others follow on ...
    lines_path: str | None = None  # ... unless their numbers are in this file (numpy, int64)
    longest: int = 0  # bytes of the longest record
    row_groups: tuple[int, int] = (0, 0)  # of a Parquet file: first, and one past the last

    def line_numbers(self, scratch: Store) -> np.ndarray:
        """The line in the raw text on which each row begins, from 1."""
        if self.lines_path is None:
            return np.arange(self.first_line, self.first_line + self.rows)
        with scratch.open(self.lines_path) as file:
            return np.load(file)


@dataclass
class Text:
    """One text (a file or an archive's member): CSV in clean pieces in the scratch folder, or a
    Parquet file, whose pieces are row groups of the raw file itself."""

    source: str  # raw path, and the member's name behind it
    header: tuple[str, ...]
    quoting: str
    rows: int = 0  # records with the header's number of fields
    pieces: list[Piece] = field(default_factory=list)
    malformed: int = 0
    malformed_path: str | None = None  # JSON lines: line, text
    format: str = "csv"  # or json, which is read as CSV; or parquet
