"""Costs in the reporting currency: the user's own rates, exact, never guessed, never doubled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal as D
from pathlib import Path

import pytest

from focus_lake import storage
from focus_lake.catalog import currency
from focus_lake.errors import OptionsError
from helpers.catalog import Deployed, refresh
from helpers.lakes import Lake, charge

pytestmark = pytest.mark.thorough

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]
HEADER = "from,to,valid_from,rate\n"
TS = "20260131173000"
COSTS = ("Billed", "Effective", "List", "Contracted")


def rates(lake: Lake, text: str | bytes, name: str = "rates.csv") -> Path:
    path = lake.root / "reference" / "fx_rates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@dataclass
class Place:
    """An engine, and lakes on it."""

    request: pytest.FixtureRequest
    engine: str
    tmp: Path

    def deployed(self, name: str, fill, *options: str, code: int = 0) -> Deployed:
        server = self.request.getfixturevalue("trino") if self.engine == "trino" else None
        lake = Lake((server.root if server else self.tmp) / name)
        fill(lake)
        found = Deployed(self.engine, lake, {}, server, name)
        assert refresh(*found.options(), *options) == code
        return found


@pytest.fixture(params=BOTH)
def place(request, tmp_path) -> Place:
    return Place(request, request.param, tmp_path)


def one(lake: Lake, billed: str = "10", currency: str | None = "CNY", month: str = "202601"):
    rows = [charge("2026-01-05", billed, BillingCurrency=currency)]
    lake.batch("alibaba", month, TS, rows)


def converted(found: Deployed, columns: str = "x_BilledCostConverted") -> list[tuple]:
    return found.query(f"SELECT {columns} FROM focus_unified_converted ORDER BY 1")


# --- which rate, and how exactly


def several_months(lake: Lake) -> None:
    rates(lake, HEADER + "CNY,USD,2025-12-15,0.141\nCNY,USD,2026-01-01,0.142\n")
    rates(lake, HEADER + "CNY,USD,2026-01-02,0.143\nCNY,EUR,2026-02-01,9\n", "later.csv")
    rates(lake, HEADER + "USD,CNY,2020-01-01,7\nHKD,USD,2026-03-01,0.128\n", "others.csv")
    for month in ("202512", "202601", "202602", "202611"):
        one(lake, month=month)
    lake.batch("aws", "202602", TS, [charge("2026-02-05", "10", BillingCurrency="HKD")])
    lake.batch("azure", "202602", TS, [charge("2026-02-05", "10", BillingCurrency="USD")])
    lake.batch("oci", "202602", TS, [charge("2026-02-05", "10", BillingCurrency=None)])


def test_a_rate_holds_from_its_day_and_the_months_first_day_decides(place):
    found = place.deployed("several_months", several_months)
    columns = "x_Provider, yearmonth, x_FxRate, x_FxRateValidFrom, x_BilledCostConverted"
    assert sorted(converted(found, columns), key=str) == [
        ("alibaba", "202512", None, None, None),
        ("alibaba", "202601", D("0.142"), date(2026, 1, 1), D("1.42")),
        ("alibaba", "202602", D("0.143"), date(2026, 1, 2), D("1.43")),
        ("alibaba", "202611", D("0.143"), date(2026, 1, 2), D("1.43")),
        ("aws", "202602", None, None, None),
        ("azure", "202602", D("1"), None, D("10")),
        ("oci", "202602", None, None, None),
    ]
    missing = found.query("SELECT * FROM focus_missing_rates ORDER BY 1, 4, 2")
    assert missing == [
        ("202512", "CNY", "USD", "no_rate", None, 1, D("10"), D("10")),
        ("202602", None, "USD", "no_currency", None, 1, D("10"), D("10")),
        ("202602", "HKD", "USD", "no_rate", None, 1, D("10"), D("10")),
    ]


def test_another_reporting_currency_takes_its_own_rates_and_never_an_inverse(place):
    found = place.deployed(
        "in_cny", several_months, *("--reporting_currency", "CNY", "--providers", "azure,oci,aws")
    )
    columns = "x_Provider, x_ReportingCurrency, x_BilledCostConverted"
    assert converted(found, columns) == [
        ("aws", "CNY", None),
        ("azure", "CNY", D("70")),
        ("oci", "CNY", None),
    ]


EXACT = [  # cost, rate, product worked out with 80 digits and rounded half up
    ("0.000000000000000005", "0.1", "0.000000000000000001"),
    ("-0.000000000000000005", "0.1", "-0.000000000000000001"),
    ("0.000000000000000004", "0.1", "0"),
    ("1.000000000000000001", "0.5", "0.500000000000000001"),
    ("0.1", "0.000020512821", "0.0000020512821"),
    ("12345678901234567890.123456789012345678", "0.123456789012",
     "1524157875319616034.331961603433196160"),
    ("-99999999999.000000000000000005", "99999999.999999999999",
     "-9999999999899999999.900000000501000000"),
]  # fmt: skip


def exact(lake: Lake) -> None:
    lines = []
    for number, (cost, rate, _) in enumerate(EXACT):
        currency = f"X{chr(65 + number)}X"
        lines.append(f"{currency},USD,2026-01-01,{rate}\n")
        ts = f"202601311730{number:02d}"
        row = charge("2026-01-05", cost, BillingCurrency=currency, x_Export=str(number))
        lake.batch("alibaba", "202601", ts, [{**row, "ListCost": row["ListCost"].copy_negate()}])
    rates(lake, HEADER + "".join(lines))


def test_cost_times_rate_is_exact_and_rounded_once_half_away_from_zero(place):
    found = place.deployed("exact", exact)
    columns = "x_BilledCostConverted, x_EffectiveCostConverted, x_ListCostConverted, "
    columns += "x_ContractedCostConverted"
    products = [D(product) for _, _, product in EXACT]
    expected = sorted((product, product, product.copy_negate(), None) for product in products)
    assert converted(found, columns) == expected


# --- what people write into a CSV file


def lenient(lake: Lake) -> None:
    one(lake)
    one(lake, "20", "EUR", "202602")
    spelled = '\ufefffrom,to,valid_from,rate\r\n" cny ",usd, 2026-01-01 ,"0.14"\r\n\r\n'
    rates(lake, spelled)
    rates(lake, HEADER + "EUR,USD,2026-01-01,1.10\nEUR,USD,2026-01-01,1.1", "b.csv")
    rates(lake, HEADER + "EUR,USD,2026-01-01,1.1\n", "copy of b.csv")
    rates(lake, "no rates\n", ".hidden")


def test_spellings_are_read_and_a_rate_that_is_there_twice_multiplies_no_row(place):
    """Quotes, spaces, small letters, Windows' line ends, a byte-order mark; a file copied."""
    found = place.deployed("lenient", lenient)
    assert converted(found) == [(D("1.4"),), (D("22"),)]
    (monthly,) = found.query(
        "SELECT SUM(x_RowCount), SUM(BilledCost) FROM focus_monthly_cost_converted"
    )
    assert monthly == (2, D("30"))


# Each after a good rate of 0.14 for the same day: what the line says instead, and the complaint.
WRONG = {
    "0.15": "C to USD from 2026-01-01 is 0.15 here and 0.14 in reference/fx_rates/rates.csv line",
    '"0,14"': "rate '0,14' must be a number above 0",
    "0,14": "5 fields, there must be 4; decimals are written with a point",
    "1.4E-1": "rate '1.4E-1' must be a number",
    "0": "rate '0' must be a number above 0",
    "-0.14": "rate '-0.14' must be a number above 0",
    "0.1400000000001": "and 12 after it",
    "140000000": "at most 8 digits before the point",
    "": "rate '' must be a number",
    "NaN": "rate 'NaN' must be a number",
}
# Lines from which no rate can be made at all.
UNREAD = {
    "CNY,USD,01/02/2026,0.15": "valid_from '01/02/2026' is not a day, such as 2026-01-31",
    "CNY,USD,2026-02-30,0.15": "valid_from '2026-02-30' is not a day",
    "Yuan,USD,2026-01-01,0.15": "'Yuan' is not a currency code of three letters",
    "usd,USD,2026-01-01,1.1": "usd to USD: a currency against itself is always 1",
    "CNY": "1 fields, there must be 4",
}


def wrong(lake: Lake) -> None:
    """A currency for each of WRONG, charged in January."""
    text, charges = HEADER, []
    for number, rate in enumerate(WRONG):
        currency = f"X{chr(65 + number)}C"
        text += f"{currency},USD,2025-01-01,0.13\n{currency},USD,2026-01-01,0.14\n"
        text += f"{currency},USD,2026-01-01,{rate}\n"
        charges.append(charge("2026-01-05", "10", BillingCurrency=currency))
    rates(lake, text)
    lake.batch("alibaba", "202601", TS, charges)


def test_every_wrong_line_is_named_with_its_file(tmp_path):
    lake = Lake(tmp_path)
    wrong(lake)
    rates(lake, HEADER + "".join(f"{line}\n" for line in UNREAD), "unread.csv")
    found = currency.problems(storage.at(str(tmp_path)))
    assert len(found) == len(WRONG) + len(UNREAD)
    for number, words in enumerate(WRONG.values()):
        assert found[number].startswith(f"reference/fx_rates/rates.csv line {3 * number + 4}: ")
        assert words in found[number]
    for number, words in enumerate(UNREAD.values(), len(WRONG)):
        line = number - len(WRONG) + 2
        assert found[number].startswith(f"reference/fx_rates/unread.csv line {line}: {words}")


def test_a_day_with_a_wrong_or_contradicting_line_converts_nothing(place, capsys):
    found = place.deployed("wrong", wrong, code=1)
    assert converted(found, "x_BilledCostConverted, x_FxRate") == [(None, None)] * len(WRONG)
    why = "SELECT DISTINCT x_Reason, x_FxRateValidFrom, BilledCost FROM focus_missing_rates"
    assert found.query(why) == [("unusable_rate", date(2026, 1, 1), D("10"))]
    said = capsys.readouterr().out
    assert "FAILED exchange rates: reference/fx_rates/rates.csv line 4: XAC to USD" in said
    assert "; and 5 more. What such a line would convert is null" in said


def test_a_line_of_no_day_or_currency_leaves_the_other_rates_alone(place):
    def fill(lake: Lake) -> None:
        one(lake)
        one(lake, "7", "USD", "202602")
        text = HEADER + "CNY,USD,2026-01-01,0.14\n"
        rates(lake, text + "".join(f"{line}\n" for line in UNREAD))

    found = place.deployed("unread", fill, code=1)
    assert converted(found) == [(D("1.4"),), (D("7"),)]


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "with byte-order mark"])
def test_swapped_columns_convert_nothing(place, mark, capsys):
    def fill(lake: Lake) -> None:
        one(lake)
        rates(lake, f"{mark}to,from,valid_from,rate\nCNY,USD,2026-01-01,7\n")

    found = place.deployed(f"swapped_{len(mark)}", fill, code=1)
    assert "the header must be from,to,valid_from,rate, it is 'to,from" in capsys.readouterr().out
    assert converted(found) == [(None,)]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rates.csv", b"from;to;valid_from;rate\n", "it is 'from;to;valid_from;rate'"),
        ("rates.csv", b"CNY,USD,2026-01-01,0.14\n", "line 1: the header must be from,to"),
        ("rates.csv", b"", "the header must be from,to,valid_from,rate, it is ''"),
        ("rates.csv", HEADER.encode("utf-16"), "not UTF-8"),
        ("rates.xlsx", b"PK", "reference/fx_rates/rates.xlsx: not a .csv file"),
    ],
    ids=["semicolons", "no header", "empty", "UTF-16", "no CSV"],
)
def test_a_file_that_holds_no_rates_is_named(tmp_path, name, content, said):
    rates(Lake(tmp_path), content, name)
    (problem,) = currency.problems(storage.at(str(tmp_path)))
    assert said in problem


def test_text_that_is_no_utf8_spoils_no_query(place):
    def fill(lake: Lake) -> None:
        one(lake)
        rates(lake, (HEADER + "CNY,USD,2026-01-01,0.14\n").encode("utf-16"))

    assert converted(place.deployed("utf16", fill, code=1)) == [(None,)]


def test_without_rates_the_views_are_there_and_give_nulls(place):
    found = place.deployed("no_rates", lambda lake: one(lake))
    assert converted(found, "BilledCost, x_BilledCostConverted") == [(D("10"), None)]
    assert found.query("SELECT * FROM focus_exchange_rates") == []
    assert found.query("SELECT x_Reason, x_RowCount FROM focus_missing_rates") == [("no_rate", 1)]


def test_months_are_sums_of_converted_charges_with_commitments_once(place):
    def fill(lake: Lake) -> None:
        purchase = {"ChargeCategory": "Purchase", "EffectiveCost": "0", "ContractedCost": "90"}
        rows = [
            charge("2026-01-01", "0.000000000000000005"),
            charge("2026-01-02", "0.000000000000000005"),
            charge("2026-01-03", "100", **purchase),
            charge("2026-01-04", "0", EffectiveCost="5", ListCost="8", ContractedCost="7"),
        ]
        lake.batch("alibaba", "202601", TS, rows)
        rates(lake, HEADER + "CNY,USD,2026-01-01,0.1\n")

    found = place.deployed("months", fill)
    sums = ", ".join(f"SUM(x_{cost}CostConverted), SUM({cost}Cost)" for cost in COSTS)
    rows = found.query(f"SELECT SUM(x_RowCount), {sums} FROM focus_monthly_cost_converted")
    tiny = D("0.000000000000000002"), D("0.00000000000000001")
    assert rows == [
        (
            4,
            *(D("10") + tiny[0], D("100") + tiny[1]),
            *(D("0.5") + tiny[0], D("5") + tiny[1]),
            *(D("0.8") + tiny[0], D("8") + tiny[1]),
            *(D("0.7"), D("7")),
        )
    ]
    plain = "SELECT SUM(ListCost), SUM(ContractedCost), SUM(x_RowCount) FROM focus_monthly_cost"
    assert found.query(plain) == [(D("8") + tiny[1], D("7"), 4)]


@pytest.mark.parametrize("code", ["usd", "US", "DOLLAR", "U'D"])
def test_a_reporting_currency_that_is_no_code_is_refused(tmp_path, code):
    with pytest.raises(OptionsError, match="three capital letters of ISO 4217"):
        refresh("--engine", "duckdb", "--lake", str(tmp_path), "--reporting_currency", code)
