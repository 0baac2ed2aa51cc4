"""What the jobs ask of AWS: each call that botocore makes, noted; an Athena that runs no SQL."""

from __future__ import annotations

import botocore.client
import pytest

from focus_lake.catalog.engines import athena
from helpers.fake_athena import FakeAthena


@pytest.fixture
def calls(monkeypatch) -> list[tuple[str, str, dict]]:
    """Grows by (service, operation, parameters) with every call through boto3."""
    noted: list[tuple[str, str, dict]] = []
    original = botocore.client.BaseClient._make_api_call

    def noting(self, operation: str, parameters: dict):
        # a copy, for botocore makes text of CopySource
        noted.append((self.meta.service_model.service_name, operation, dict(parameters)))
        return original(self, operation, parameters)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", noting)
    return noted


@pytest.fixture
def fake_athena(monkeypatch):
    server = FakeAthena("focus")
    monkeypatch.setenv("AWS_ENDPOINT_URL_ATHENA", server.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", server.url)
    monkeypatch.setattr(athena, "POLL_SECONDS", 0)
    yield server
    server.close()
