"""Small lakes with reference data of their own, on DuckDB and, where it was fetched, on Trino."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from focus_lake.catalog import close_month
from focus_lake.options import parse
from helpers.catalog import Deployed, deploy_only, for_allocation, refresh
from helpers.lakes import Lake, charge

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]
TS = {"202511": "20251130173000", "202512": "20251231173000", "202601": "20260131173000"}


@dataclass
class Ledger:
    """A lake that tests fill, refresh and ask."""

    deployed: Deployed

    @property
    def root(self) -> Path:
        return self.deployed.lake.root

    def bill(self, month: str, *rows: dict, provider: str = "alibaba", ts: str = "") -> None:
        """A published push of the month, the whole of it."""
        self.deployed.lake.batch(provider, month, ts or TS[month], list(rows))

    def put(self, path: str, text: str) -> None:
        file = self.root / "reference" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def centers(self, *lines: str) -> None:
        """Lines of cost_centers: cost center, department, business unit, owner, from, until."""
        head = "cost_center,department,business_unit,owner,valid_from,valid_until"
        self.put("cost_centers/a.csv", "\n".join([head, *lines]) + "\n")

    def rules(self, text: str, name: str = "a.toml") -> None:
        self.put(f"allocation/{name}", text)

    def refresh(self, *options: str) -> int:
        return refresh(*self.deployed.options(), *options)

    def close(self, month: str) -> int:
        options = [*self.deployed.options(), "--yearmonth", month]
        return close_month.main(parse(close_month.CloseOptions, options))

    def ask(self, sql: str) -> list[tuple]:
        return self.deployed.query(sql)


@pytest.fixture(params=BOTH)
def books(request, tmp_path, monkeypatch) -> Ledger:
    """An empty lake on each engine, with the views of who pays alone."""
    deploy_only(monkeypatch, for_allocation)
    server = request.getfixturevalue("trino") if request.param == "trino" else None
    name = f"books_{abs(hash(request.node.name)) % 10**9}"
    lake = Lake((server.root if server else tmp_path) / name)
    return Ledger(Deployed(request.param, lake, {}, server, name))


def cost(day: str, billed: str, center: str | None = None, **others) -> dict:
    """A charge of a cost center; a UTC day."""
    return charge(day, billed, x_CostCenter=center, **others)


def rule(id: str, match: str, split: str, **others) -> str:
    """A rule as TOML; match and split are the lines of their tables."""
    values = {
        "version": 1,
        "title": id,
        "owner": "me",
        "why": "agreed",
        "status": "active",
        **others,
    }
    lines = [f"{key} = {value!r}".replace("'", '"') for key, value in values.items()]
    return "\n".join(
        ["[[rule]]", f'id = "{id}"', *lines, "[rule.match]", match, "[rule.split]", split, "", ""]
    )
