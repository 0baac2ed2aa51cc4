"""CRC-64 as OSS computes it; expected values are published ones, or those of crcmod."""

from __future__ import annotations

import random
import subprocess
import sys
from types import SimpleNamespace

import pytest
from oss2.utils import Crc64

from focus_lake.oss import copy, crc64
from focus_lake.oss.copy import CheckedBody, Copier

# The check value of CRC-64/XZ in the catalogue of parametrised CRC algorithms.
CRC64_OF_DIGITS = 0x995DC9BBDF1939FA


def is_right(data: bytes, expected: int, step: int = 1 << 20) -> bool:
    check = crc64.Crc64Check()
    for at in range(0, len(data), step):
        check.update(data[at : at + step])
    return check.is_right(expected)


def test_the_published_check_value_is_right_and_any_other_is_not():
    assert is_right(b"123456789", CRC64_OF_DIGITS)
    assert is_right(b"123456789", CRC64_OF_DIGITS, step=2)
    assert not is_right(b"123456788", CRC64_OF_DIGITS)
    assert not is_right(b"12345678", CRC64_OF_DIGITS)
    assert not is_right(b"123456789", CRC64_OF_DIGITS ^ 1)


def test_nothing_has_the_crc_0():
    assert is_right(b"", 0)
    assert not is_right(b"", 1)


@pytest.mark.parametrize("size", [1, 3, 4, 65_535, 65_536, 65_537, 131_073])
def test_every_length_around_a_chunk_agrees_with_crcmod(size):
    data = random.Random(size).randbytes(size)
    told = Crc64()
    told.update(data)
    assert is_right(data, told.crc)
    assert is_right(data, told.crc, step=1000)
    assert not is_right(data[:-1] + bytes([data[-1] ^ 0x80]), told.crc)


def test_it_is_checked_without_any_compiled_package():
    """In a Python that cannot load crcmod's C part, or any package at all."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from focus_lake.oss.crc64 import Crc64Check, MISSING\n"
        "check = Crc64Check(); check.update(b'123456789')\n"
        f"print(repr(MISSING), check.is_right({CRC64_OF_DIGITS}))"
    )
    lib = crc64.__file__.rsplit("/focus_lake/", 1)[0]
    command = [sys.executable, "-I", "-S", "-c", program, lib]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "'' True\n"


class Events:
    def __init__(self):
        self.told = []

    def event(self, event, level="info", **details):
        self.told.append((event, level, details["why"]))


@pytest.mark.parametrize(
    "missing, crc, why",
    [
        ("this Python has no lzma module", 1, "this Python has no lzma module"),
        ("", None, "OSS told none"),
        ("", 1, None),
    ],
)
def test_what_cannot_be_checked_is_said_once_for_many_objects(monkeypatch, missing, crc, why):
    monkeypatch.setattr(crc64, "MISSING", missing)
    answer = SimpleNamespace(
        resp=SimpleNamespace(response=SimpleNamespace(raw=None)),
        server_crc=crc,
        etag="E",
        close=lambda: None,
    )
    log, warned = Events(), set()
    oss = SimpleNamespace(get_object=lambda key: answer)
    s3 = SimpleNamespace(upload_fileobj=lambda *args, **more: None)
    for _ in range(3):  # as many copiers as there are events in a call
        copier = Copier(SimpleNamespace(s3_bucket="b"), oss, s3, log, warned)
        copier._send("key", "target", copy.Held(9, 1, "E"))
    assert log.told == ([("not checked", "warning", why)] if why else [])
    assert (CheckedBody(answer, 9).crc is None) == bool(why)
