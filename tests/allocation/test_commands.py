"""explain and shadow, as somebody reads them who pays."""

from __future__ import annotations

import re

import pytest

from allocation.conftest import cost, rule
from focus_lake.allocation import __main__ as cli
from focus_lake.errors import OptionsError
from focus_lake.options import parse

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.parametrize("books", ["duckdb"], indirect=True),
]
NETWORK = rule(
    "network",
    'ServiceName = "Network"',
    'method = "percent"\npercent = { "cc-0" = "99.999", "cc-1" = "0.001" }',
    title="Network by contract",
)


def december(books, billed: str, ts: str = "") -> None:
    rows = [
        cost("2025-12-05", billed, "cc-0"),
        cost("2025-12-05", "2", "cc-0", ServiceName="Storage"),
        cost("2025-12-05", "20", "cc-1"),
        cost("2025-12-06", "-100", ServiceName="Network"),
    ]
    books.centers("cc-0,Dev,Tech,,,", "cc-1,Ops,Tech,,,")
    books.bill("202512", *rows, ts=ts)
    assert books.refresh() == 0


def said(books, command, capsys, *more: str) -> list[str]:
    """The lines a command prints, one space between words."""
    database = books.deployed.database
    argv = ["--lake", str(books.root), "--database", database, *more]
    capsys.readouterr()
    assert command(parse(cli.AllocationOptions, argv)) == 0
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


DEV = ("--department", "Dev", "--yearmonth")
SHARE = [
    "Shared cost -99.999",
    "network, 99.999 % of -100.00 -99.999",
    "Network by contract (rule network, version 1)",
    "It takes ServiceName is Network; shares it by fixed percentages: cc-0 99.999 %, cc-1 0.001 %.",
    "agreed; me; reference/allocation/a.toml line 1",
]


def test_a_statement_adds_up_before_and_after_its_month_is_closed(books, capsys):
    books.rules(NETWORK)
    december(books, "10.1")
    opened = said(books, cli.explain, capsys, *DEV, "2025-12")
    head = "Dev, Tech: statement for 202512 (open: it changes with each bill)"
    assert opened == [
        head,
        "Billed cost, as invoiced.",
        "",
        "CNY",
        "Direct cost 12.10",
        "cc-0: Elastic Compute of alibaba 10.10",
        "cc-0: Storage of alibaba 2.00",
        *SHARE,
        "Total -87.899",
    ]
    assert books.close("202512") == 0
    december(books, "11", ts="20260105173000")
    closed = said(books, cli.explain, capsys, *DEV, "202512")
    assert closed == [
        head.replace("open: it changes with each bill", "closed: it will not change"),
        *opened[1:5],
        "cc-0: alibaba 12.10",
        *SHARE,
        "Total -87.899",
    ]
    late = said(books, cli.explain, capsys, *DEV, "202601")
    assert late[4:] == [
        "Direct cost 0.00",
        "Shared cost 0.00",
        "Adjustments of closed months 0.90",
        "of 202512, alibaba 0.90",
        "Total 0.90",
    ]


def test_shadow_says_what_changes_and_what_it_is_about(books, capsys):
    books.rules(NETWORK)
    december(books, "10")
    nothing = ["202512: no rule that the last refresh saw is in shadow for this month"]
    assert said(books, cli.shadow, capsys) == nothing
    even = 'method = "even"\ntargets = "all"'
    match = 'ServiceName = "Network"'
    books.rules(NETWORK + rule("network", match, even, version=2, status="shadow"))
    assert books.refresh() == 0
    assert said(books, cli.shadow, capsys, "--yearmonth", "202512") == [
        "202512: billed cost by the rules that count, with those in shadow, and the change",
        "(in shadow: network version 2)",
        "cc-0 CNY -87.999 -38 49.999",
        "cc-1 CNY 19.999 -30 -49.999",
    ]
    other = rule("storage", 'ServiceName = "Storage"', even, status="shadow")
    books.rules(NETWORK + rule("network", match, even, version=2, status="shadow") + other)
    assert books.refresh() == 0
    assert said(books, cli.shadow, capsys, "--yearmonth", "202512")[1:3] == [
        "(in shadow: network version 2, storage version 1)",
        "(the change is of all of them together; to see one alone, set the status of the others to "
        '"retired", refresh, and ask again)',
    ]
    for month, why in (
        ("202613", "must be a month"),
        ("202601", "it has no cost; there is 202512"),
    ):
        with pytest.raises(OptionsError, match=f"--yearmonth {month}: {re.escape(why)}"):
            said(books, cli.shadow, capsys, "--yearmonth", month)
