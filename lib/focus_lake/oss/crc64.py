"""CRC-64 of what OSS sends, checked at full speed by Python's own lzma and nothing else.

OSS computes the CRC-64 that is also inside .xz files: oss2.utils.Crc64 has polynomial and bit
order, "The .xz File Format", section 6, the same ones. So the bytes are shown to liblzma as the
uncompressed chunks of an .xz stream that ends with the checksum OSS has told, and liblzma says
whether it is right. It checks some gigabytes a second; crcmod, which oss2 uses, takes minutes for
one where its C part could not be compiled.
"""

from __future__ import annotations

import zlib

try:
    import lzma
except ImportError:  # a Python that was built without liblzma
    lzma = None  # type: ignore[assignment]

CHUNK = 64 * 1024  # the most that one uncompressed chunk holds
_FLAGS = b"\x00\x04"  # the stream's check is CRC-64
# One filter, LZMA2 with a dictionary of 64 kB; no sizes; filled up to a multiple of four bytes.
_BLOCK = b"\x02\x00\x21\x01\x08\x00\x00\x00"
_FIRST_CHUNK, _NEXT_CHUNK, _END = b"\x01", b"\x02", b"\x00"

# Why nothing can be checked here, or "".
MISSING = "" if lzma else "this Python has no lzma module"


def _crc32(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "little")


class Crc64Check:
    """Takes bytes piece by piece and says at the end whether their CRC-64 is the expected one."""

    def __init__(self) -> None:
        self._stream = lzma.LZMADecompressor(lzma.FORMAT_XZ)
        self._stream.decompress(b"\xfd7zXZ\x00" + _FLAGS + _crc32(_FLAGS))
        self._stream.decompress(_BLOCK + _crc32(_BLOCK))
        self._control, self._written = _FIRST_CHUNK, 0

    def update(self, data: bytes) -> None:
        """Add bytes."""
        for at in range(0, len(data), CHUNK):
            piece = data[at : at + CHUNK]
            head = self._control + (len(piece) - 1).to_bytes(2, "big")
            self._stream.decompress(head + piece)
            self._control, self._written = _NEXT_CHUNK, self._written + len(head) + len(piece)

    def is_right(self, expected: int) -> bool:
        """Whether the bytes have this CRC-64; nothing can be added afterwards."""
        padding = bytes(-(self._written + len(_END)) % 4)
        try:
            self._stream.decompress(_END + padding + expected.to_bytes(8, "little"))
        except lzma.LZMAError:
            return False
        return True
