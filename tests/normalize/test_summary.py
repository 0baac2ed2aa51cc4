"""The last words of the job say in plain words what happened."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from focus_lake.lake.ledger import PUBLISHED, REJECTED, Line
from focus_lake.normalize import summary
from focus_lake.normalize.job import ProviderOutcome
from focus_lake.normalize.plan import DONE, READ, REFUSED_BEFORE, WAIT, Plan, Step
from focus_lake.raw.batch import Batch, RawFile, Reason
from focus_lake.raw.find import Stray


def step(action: str, why: str = "", day: int = 1, **more) -> Step:
    batch = Batch("alibaba", "202601", f"202601{day:02d}000000")
    batch.files.append(RawFile(SimpleNamespace(size=1_234_567, path="x"), "x", "1500_2"))
    return Step(batch, action, why, **more)


def line(status: str = PUBLISHED, currency="CNY", billed="1.000000000000000000", **more) -> Line:
    sums = [{"BillingCurrency": currency, "BilledCost": billed}]
    made = {"rows_out": 1234, "cost_sums": sums, **more}
    return Line("alibaba", "202601", "20260101000000", status, **made)


def outcome(*steps: Step, lines=(), strays=(), failure=None) -> ProviderOutcome:
    made = Plan(None, list(steps), list(strays))
    return ProviderOutcome("alibaba", made, lines=list(lines), failure=failure)


@pytest.mark.parametrize(
    "text, shown",
    [
        ("1234567.891000000000000000", "1,234,567.891"),
        ("0.000000000000000000", "0.00"),
        ("-0.500000000000000000", "-0.50"),
        ("-1000.000000000000000001", "-1,000.000000000000000001"),
        ("12", "12.00"),
        (
            "99999999999999999999999.999999999999999999",
            "99,999,999,999,999,999,999,999.999999999999999999",
        ),
        (None, "null"),
    ],
)
def test_an_amount_keeps_its_sign_and_every_digit(text, shown):
    assert f"billed CNY {shown}" in summary.report([outcome(lines=[line(billed=text)])])


def test_every_batch_is_told_with_its_counts_and_reasons():
    reasons = [{"code": "row_drop", "message": "fewer rows", "file": None}]
    reasons += [{"code": "broken_zip", "message": "damaged", "file": "a.zip"}]
    said = summary.report(
        [
            outcome(
                step(WAIT, "part 001 is missing", 2),
                step(DONE, day=3),
                step(REFUSED_BEFORE, day=4, reasons=[Reason("single_day", "one day")]),
                step(REFUSED_BEFORE, day=5, reasons=[Reason("x", "y")], is_current=False),
                lines=[
                    line(rows_rejected=1, unknown_columns=["b", "a"]),
                    line(currency=None),
                    line(cost_sums=[]),
                    line(REJECTED, reasons=reasons),
                ],
                strays=[Stray("readme.txt")],
            )
        ]
    )
    first = "alibaba/202601/20260101000000"
    assert said.splitlines() == [
        f"published  {first}: 1,234 rows, 1 rejected, billed CNY 1.00; unknown columns: b, a",
        f"published  {first}: 1,234 rows, billed no currency 1.00",
        f"published  {first}: 1,234 rows, billed 0",
        f"refused    {first}: row_drop: fewer rows; broken_zip: a.zip: damaged",
        "waits      alibaba/202601/20260102000000: part 001 is missing",
        "refused    alibaba/202601/20260104000000 earlier, unchanged: single_day: one day",
        "refused    alibaba/202601/20260105000000 earlier, unchanged (a newer push is published): "
        "x: y",
        "passed over alibaba/readme.txt: no bill file by its name",
        "3 published, 1 unchanged, 1 waiting, 2 refused (alibaba).",
    ]


def test_a_provider_that_failed_is_named_last_and_loudly():
    said = summary.report(
        [outcome(step(READ), lines=[line()], failure="disk full"), ProviderOutcome("aws")]
    )
    assert said.splitlines()[1:] == [
        "FAILED     alibaba: disk full",
        "1 published, 0 unchanged, 0 waiting, 0 refused; FAILED: alibaba.",
    ]


def test_a_provider_without_batches_has_nothing_to_do():
    assert summary.report([outcome()]).splitlines() == [
        "nothing to do for alibaba: its raw folder holds no batch",
        "0 published, 0 unchanged, 0 waiting, 0 refused.",
    ]


def test_the_plan_is_a_table_with_a_row_a_batch():
    said = summary.plan_table([outcome(step(READ, "new"), step(WAIT, "too new", 2))])
    assert said.splitlines() == [
        "provider  month   batch_ts        exports  files  MB   action  why",
        "alibaba   202601  20260101000000  1500_2   1      1.2  read    new",
        "alibaba   202601  20260102000000  1500_2   1      1.2  wait    too new",
        "Dry run: nothing was changed.",
    ]


@pytest.mark.parametrize(
    "made, good",
    [
        (outcome(), True),
        (outcome(step(WAIT)), True),
        (outcome(lines=[line()]), True),
        (outcome(lines=[line(), line(REJECTED)]), False),
        (outcome(step(REFUSED_BEFORE)), False),
        (outcome(step(REFUSED_BEFORE, is_current=False)), True),
        (outcome(failure="x"), False),
        (ProviderOutcome("aws", failure="no such provider"), False),
    ],
)
def test_the_run_is_good_if_all_is_done_that_still_matters(made, good):
    assert made.is_good is good


def test_a_provider_with_many_batches_is_summed_up_by_month():
    days = [f"202601{day:02d}000000" for day in range(1, 14)]
    lines = [Line("oci", "202601", day, "published", rows_out=2) for day in days]
    refused = Line(
        "oci",
        "202601",
        "20260114000000",
        "rejected",
        reasons=[{"code": "row_drop", "message": "fewer rows", "file": None}],
    )
    told = summary.report([outcome(lines=[*lines, refused])]).splitlines()
    assert told[0] == (
        "published  oci/202601: 13 batches, 20260101000000 to 20260113000000, 26 rows"
    )
    assert told[1].startswith("refused    oci/202601/20260114000000: ")
    assert told[-1] == "13 published, 0 unchanged, 0 waiting, 1 refused (oci)."
