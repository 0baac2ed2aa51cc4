"""A closed month never changes; what changes afterwards is an adjustment, to the last digit."""

from __future__ import annotations

import json
from decimal import Decimal as D

import pytest

from allocation.conftest import cost, rule

pytestmark = pytest.mark.thorough

CENTERS = ("cc-0,Dev,Tech,,,", "cc-1,Ops,Tech,,,")
NETWORK = rule(
    "network",
    'ServiceName = "Network"',
    'method = "proportional"\ntargets = ["cc-0", "cc-1"]',
    pool="network",
)
LINES = "SELECT * FROM focus_chargeback_lines WHERE yearmonth = '202512' ORDER BY 4, 7, 10"


def december(books) -> None:
    books.centers(*CENTERS)
    books.rules(NETWORK)
    books.bill(
        "202512",
        cost("2025-12-05", "10", "cc-0"),
        cost("2025-12-05", "20", "cc-1"),
        cost("2025-12-06", "1", ServiceName="Network"),
    )
    assert books.refresh() == 0


def statements(books) -> dict[str, bytes]:
    folder = books.root / "statements"
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.*") if p.is_file()}


def shown(books) -> list[tuple]:
    return books.ask(
        "SELECT x_Department, x_Direct, x_Shared, x_Adjustments, x_Total, x_IsClosed "
        "FROM focus_chargeback WHERE yearmonth = '202512' ORDER BY 1"
    )


AS_BILLED = [
    ("Dev", D("10"), D("0.333333333333"), D("0"), D("10.333333333333"), True),
    ("Ops", D("20"), D("0.666666666667"), D("0"), D("20.666666666667"), True),
]


def test_a_late_push_a_replay_and_a_new_rule_leave_a_closed_month_alone(books, capsys):
    december(books)
    assert books.close("202512") == 0
    assert "202512 is closed: 4 lines, billed CNY 31.0" in capsys.readouterr().out
    frozen, lines = statements(books), books.ask(LINES)
    assert shown(books) == AS_BILLED
    assert books.close("202512") == 0
    assert "nothing has changed since" in capsys.readouterr().out
    # A late push restates December and January comes in.
    late = [
        cost("2025-12-05", "13", "cc-0"),
        cost("2025-12-05", "20", "cc-1"),
        cost("2025-12-06", "1", ServiceName="Network"),
    ]
    books.bill("202512", *late, ts="20260105173000")
    books.bill("202601", cost("2026-01-05", "5", "cc-0"))
    assert books.refresh() == 0
    assert (statements(books), books.ask(LINES), shown(books)) == (frozen, lines, AS_BILLED)
    adjusted = books.ask(
        "SELECT x_BelongsTo, x_Department, SUM(BilledCost) FROM focus_chargeback_lines "
        "WHERE yearmonth = '202601' AND x_Line = 'adjustment' GROUP BY 1, 2 ORDER BY 2"
    )
    # 1 x 13/33 is 0.393939393939; before it was 0.333333333333
    assert adjusted == [
        ("202512", "Dev", D("3.060606060606")),
        ("202512", "Ops", D("-0.060606060606")),
    ]
    assert books.close("202512") == 1
    said = capsys.readouterr().out
    assert "batches published (alibaba 20260105173000) changed" in said
    assert "Dev CNY +3.060606060606" in said
    assert "adjustments in 202601" in said
    # January is closed with the adjustment in it; a rule for the past then adjusts February.
    assert books.close("202601") == 0
    books.rules(NETWORK.replace("proportional", "even"))
    assert books.refresh() == 0
    assert (shown(books), {**statements(books), **frozen}) == (AS_BILLED, statements(books))
    rows = books.ask(
        "SELECT yearmonth, x_BelongsTo, x_Department, x_IsClosed, SUM(BilledCost) "
        "FROM focus_chargeback_lines WHERE x_Line = 'adjustment' GROUP BY 1, 2, 3, 4 ORDER BY 1, 3"
    )
    assert rows == [
        ("202601", "202512", "Dev", True, D("3.060606060606")),
        ("202601", "202512", "Ops", True, D("-0.060606060606")),
        ("202602", "202512", "Dev", False, D("0.106060606061")),
        ("202602", "202512", "Ops", False, D("-0.106060606061")),
    ]
    # Frozen and all adjustments are what the bill says now: half of the network each.
    now = books.ask(
        "SELECT x_Department, SUM(BilledCost) FROM focus_chargeback_lines "
        "WHERE x_BelongsTo = '202512' GROUP BY 1 ORDER BY 1"
    )
    assert now == [("Dev", D("13.5")), ("Ops", D("20.5"))]


def test_the_line_of_a_closed_month_names_what_it_rests_on(books):
    december(books)
    much = "12345678901234567.123456789012345678"  # more digits than Python's context keeps
    usd = {"BillingCurrency": "USD"}
    rows = [cost("2025-12-05", much, center, **usd) for center in ("cc-0", "cc-1")]
    books.bill("202512", *rows, provider="aws")
    assert books.close("202512") == 0
    (line,) = books.root.glob("statements/closings/2025/*.jsonl")
    said = json.loads(line.read_text())
    assert (said["yearmonth"], said["line_count"]) == ("202512", 6)
    assert said["totals"] == {
        "CNY": "31.000000000000000000",
        "USD": "24691357802469134.246913578024691356",
    }
    assert said["batches"][0].startswith("alibaba 20251231173000 ")
    current = json.loads((books.root / "checked" / "_current" / "allocation.json").read_text())
    assert said["revisions"] == current
    assert said["rules_digest"] == current["allocation"]


@pytest.mark.parametrize(
    ("month", "said"),
    [("202513", "must be a month"), ("299912", "must be a month"), ("209901", "is not over")],
)
def test_a_month_that_cannot_be_closed_is_a_wrong_option(tmp_path, month, said):
    from focus_lake.allocation import closing
    from focus_lake.errors import OptionsError

    with pytest.raises(OptionsError, match=said):
        closing.check_month(month)


def test_months_are_closed_in_turn_and_only_after_a_good_refresh(books, capsys):
    december(books)
    nobody = cost("2026-01-05", "3")
    books.bill("202601", cost("2026-01-05", "5", "cc-0"), nobody)
    books.bill("202511", cost("2025-11-05", "5", "cc-0"))
    assert books.close("202511") == 0
    assert books.ask(
        "SELECT metric, value FROM focus_allocation_measures WHERE yearmonth = '202601' ORDER BY 1"
    ) == [("M1_after_allocation", D("0.625")), ("unallocated_share", D("0.375"))]
    assert books.close("202601") == 1
    assert "202512 is open and comes before 202601: close it first" in capsys.readouterr().out
    assert books.close("202510") == 1
    assert "202510 has no cost in the lake" in capsys.readouterr().out
    books.rules("[[rule]]\n")
    assert books.close("202512") == 1
    assert "the refresh before it failed" in capsys.readouterr().out
    assert not (books.root / "statements" / "closings" / "2025" / "202512.jsonl").exists()
