"""Manifests as they should not be: a fault of theirs, never of the run."""

from __future__ import annotations

import pytest

from focus_lake import declare, storage
from focus_lake.raw import manifest


@pytest.mark.parametrize("content", ["[" * 100_000, "[" * 900 + "]" * 900, "{" * 10, "NaN", "1"])
def test_a_manifest_that_is_none_is_a_fault_and_no_crash(tmp_path, content):
    (tmp_path / "Manifest.json").write_text(content)
    raw = storage.at(str(tmp_path))
    (entry,) = raw.list()
    found = manifest.read(raw, entry, declare.load("aws").layout)
    assert "manifest" in found.fault
    assert not found.names
