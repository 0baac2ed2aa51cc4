"""Texts in another encoding than UTF-8, as [format] encoding declares it, read as UTF-8."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from focus_lake.errors import BatchRejected
from focus_lake.raw.archives import Opener


def is_utf8(encoding: str) -> bool:
    """Whether an encoding needs no recoding; a byte-order mark is taken off elsewhere."""
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


@contextmanager
def recoded(opener: Opener, encoding: str) -> Iterator[BinaryIO]:
    """The text that opener gives, as UTF-8."""
    with opener() as stream:
        yield cast(BinaryIO, _Recoded(stream, encoding))


class _Recoded(io.RawIOBase):
    """Reads bytes of one encoding and gives the same text in UTF-8."""

    def __init__(self, stream: BinaryIO, encoding: str):
        self._stream, self._encoding, self._line = stream, encoding, 1
        self._decoder = codecs.getincrementaldecoder(encoding)()

    def read(self, size: int = -1) -> bytes:
        """About as many bytes as asked for; none at the end of the text only."""
        while True:
            data = self._stream.read(size)
            text = self._recode(data)
            if text or not data:
                return text

    def _recode(self, data: bytes) -> bytes:
        try:
            text = self._decoder.decode(data, final=not data).encode()
        except UnicodeDecodeError as error:
            line = self._line + error.object[: error.start].count(b"\n")
            wrong = error.object[error.start : error.end].hex(" ")
            message = f"line {line}: {wrong} is not {self._encoding}, as [format] encoding declares"
            raise BatchRejected("wrong_encoding", message) from None
        self._line += text.count(b"\n")
        return text
