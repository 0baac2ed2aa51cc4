"""A running Trino for the tests of this folder that are marked so."""

from __future__ import annotations

import pytest

from helpers import local_trino


@pytest.fixture(scope="session")
def trino(tmp_path_factory):
    """A running Trino; mark such tests trino."""
    with local_trino.running(tmp_path_factory.mktemp("trino")) as server:
        yield server
