"""The sample export: the same bytes for the same seed, laid out and gapped as documented."""

import csv
import hashlib
import io
import json
import re
import zipfile
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from focus_lake import declare, options
from focus_lake.sample.__main__ import main
from focus_lake.sample.options import SampleOptions

NULLS = {"", "-", "null", "NULL", "\\N"}
A, B = "1500000000000001_2688801000001", "5200000000000002_2"
FINAL_A = "202601/20260204164429"
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")


def make(out: Path, **given) -> Path:
    given = {"out": out, "until": "202601", **given}
    argv = [f"--{name}={value}" for name, value in given.items()]
    assert main(options.parse(SampleOptions, argv)) == 0
    return out / "alibaba"


def texts_of(path: Path) -> list[str]:
    data = path.read_bytes()
    if data[:2] != b"PK":
        return [data.decode()]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return [archive.read(name).decode() for name in archive.namelist()]


def rows_of(folder: Path) -> list[dict]:
    texts = [text for path in sorted(folder.iterdir()) for text in texts_of(path)]
    return [row for text in texts for row in csv.DictReader(io.StringIO(text, newline=""))]


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    make(folder, rows=4000, months=2, pushes=3, truth=folder / "truth.json")
    return folder


@pytest.fixture(scope="module")
def raw(out):
    return out / "alibaba"


@pytest.fixture(scope="module")
def final(raw):
    """All rows of the account in CNY and of the one in USD, January complete."""
    return rows_of(raw / FINAL_A) + rows_of(raw / "202601/20260204171012")


def test_files_lie_where_alibaba_puts_them_one_folder_a_push_and_account(raw):
    assert sorted(digests(raw)) == [
        f"202512/20251212165723/{A}_FocusBill_202512.zip",
        f"202512/20251212172306/{B}_FocusBill_202512.zip",
        f"202512/20251222165713/{A}_FocusBill_202512.zip",
        f"202512/20251222172256/{B}_FocusBill_202512.zip",
        f"202512/20260104163300/{A}_FocusBill_202512.zip",
        f"202512/20260104175843/{B}_FocusBill_202512.zip",
        f"202601/20260112160852/{A}_FocusBill_202601.zip",
        f"202601/20260112173435/{B}_FocusBill_202601.zip",
        f"202601/20260122160842/{A}_FocusBill_202601.zip",
        f"202601/20260122173425/{B}_FocusBill_202601.zip",
        f"202601/20260204164429/{A}_FocusBill_202601.zip",
        f"202601/20260204171012/{B}_FocusBill_202601.zip",
    ]


def test_the_declaration_understands_every_path_and_file_name(raw):
    layout = declare.load("alibaba").layout
    for path in digests(raw):
        found = layout.path.fullmatch(path)
        name = layout.file.fullmatch(found["file"])
        assert name["yearmonth"] == found["yearmonth"]
        assert layout.export.format(**name.groupdict()) in (A, B)
        assert not any(refusal.pattern.search(found["file"]) for refusal in layout.refuse)


def test_nothing_but_the_raw_files_is_left_behind(out):
    assert sorted(path.name for path in out.iterdir()) == ["alibaba", "truth.json"]


def test_the_same_options_give_the_same_bytes_and_another_seed_gives_others(tmp_path, raw):
    assert digests(make(tmp_path / "again", rows=4000, months=2, pushes=3)) == digests(raw)
    other = digests(make(tmp_path / "other", rows=4000, months=2, pushes=3, seed=2))
    assert other.keys() == digests(raw).keys()
    assert not set(other.values()) & set(digests(raw).values())


def test_rows_do_not_depend_on_parts_members_or_the_number_of_processes(tmp_path, raw, monkeypatch):
    monkeypatch.setattr("focus_lake.sample.__main__.FEW_ROWS", 0)
    given = {"rows": 4000, "months": 1, "pushes": 3, "parts": 700, "members": 2, "workers": 2}
    folder = make(tmp_path, **given) / FINAL_A
    assert [path.name for path in sorted(folder.iterdir())] == [
        f"{A}_FocusBill_202601_part_{number}.zip" for number in ("001", "002", "003", "004")
    ]
    assert len(texts_of(sorted(folder.iterdir())[0])) == 2
    assert rows_of(folder) == rows_of(raw / FINAL_A)


def test_a_zip_entry_carries_the_push_time_and_the_name_of_its_file(raw):
    with zipfile.ZipFile(raw / FINAL_A / f"{A}_FocusBill_202601.zip") as archive:
        (entry,) = archive.infolist()
    assert entry.filename == f"{A}_FocusBill_202601.csv"
    assert entry.date_time == (2026, 2, 4, 16, 44, 28)  # zips keep even seconds


def test_the_header_is_focus_1_0_and_then_alibabas_own_columns(raw):
    (text,) = texts_of(raw / FINAL_A / f"{A}_FocusBill_202601.zip")
    header = text.split("\n")[0].split(",")
    assert len(header) == len(set(header)) == 48
    assert header[:3] == ["AvailabilityZone", "BilledCost", "BillingAccountId"]
    assert header[42:] == [
        "Tags",
        "X_CommodityCode",
        "X_CommodityName",
        "X_BillingItemCode",
        "X_BillingItemName",
        "X_InstanceID",
    ]


def test_a_month_has_the_rows_asked_for_and_the_last_push_has_them_all(raw, final):
    assert len(final) == 4000
    assert Counter(row["BillingAccountId"] for row in final) == {
        "1500000000000001": 2800,
        "5200000000000002": 1200,
    }
    for name in ("20251212165723", "20251222165713"):
        assert 0 < len(rows_of(raw / "202512" / name)) < 2800


def test_each_push_is_the_month_to_date_and_the_start_of_the_next_push(raw):
    pushes = [rows_of(raw / "202601" / name) for name in ("20260112160852", "20260122160842")]
    pushes.append(rows_of(raw / FINAL_A))
    for push, day in zip(pushes[:2], ("2026-01-12", "2026-01-22"), strict=True):
        same = [
            {name: text for name, text in row.items() if name not in COSTS}
            for row in pushes[2][: len(push)]
        ]
        assert [{n: t for n, t in row.items() if n not in COSTS} for row in push] == same
        assert max(row["ChargePeriodStart"][:10] for row in push) < day
        left = pushes[2][len(push) :]
        usage = [r for r in left if r["ChargeFrequency"] != "Recurring"]
        late = [r for r in usage if r["ChargePeriodStart"] < "2026-01-01"]
        assert min(r["ChargePeriodStart"][:10] for r in usage if r not in late) == day


def test_a_few_costs_are_restated_by_a_later_push(raw):
    early, last = rows_of(raw / "202601/20260112160852"), rows_of(raw / FINAL_A)
    changed = sum(
        any(one[name] != two[name] for name in COSTS)
        for one, two in zip(early, last[: len(early)], strict=True)
    )
    assert 0 < changed < len(early) / 20


def test_the_truth_equals_sums_of_the_csv_text(out, raw):
    truth = json.loads((out / "truth.json").read_text())
    assert len(truth) == 12
    for batch in truth:
        rows = rows_of(raw / batch["yearmonth"] / batch["batch_ts"])
        sums: dict = defaultdict(lambda: dict.fromkeys(COSTS))
        for row in rows:
            for name in COSTS:
                if row[name] not in NULLS:
                    kept = sums[row["BillingCurrency"]]
                    kept[name] = (kept[name] or Decimal(0)) + Decimal(row[name])
        assert batch["rows"] == len(rows)
        assert batch["sums"].keys() == sums.keys()
        for currency, columns in sums.items():
            told = batch["sums"][currency]
            assert {n: told[n] and Decimal(told[n]) for n in COSTS} == columns


def test_what_alibaba_always_leaves_null_is_null_in_several_spellings(final):
    found = set()
    for name in declare.load("alibaba").gaps.always_null:
        texts = {row[name] for row in final}
        assert texts <= NULLS, name
        found |= texts
    assert found == NULLS
    for name in ("ListUnitPrice", "PricingUnit", "ResourceId", "ResourceType"):
        nulls = sum(row[name] in NULLS for row in final)
        assert 0 < nulls < len(final), name


def test_numbers_stand_where_focus_wants_names_and_each_account_has_its_currency(final):
    for name in ("ProviderName", "PublisherName", "InvoiceIssuerName"):
        assert {row[name] for row in final} == {"26888", "26842"}
    pairs = {(row["BillingAccountId"], row["BillingCurrency"]) for row in final}
    assert pairs == {("1500000000000001", "CNY"), ("5200000000000002", "USD")}


def test_times_are_beijing_text_and_a_few_charges_lie_before_their_month(final):
    notation = re.compile(r"20\d\d-\d\d-\d\d \d\d:00:00")
    for row in final:
        assert row["BillingPeriodStart"] == "2026-01-01 00:00:00"
        assert row["BillingPeriodEnd"] == "2026-02-01 00:00:00"
        assert notation.fullmatch(row["ChargePeriodStart"])
        assert notation.fullmatch(row["ChargePeriodEnd"])
        assert row["ChargePeriodStart"] < row["ChargePeriodEnd"] <= "2026-02-01 00:00:00"
    before = sum(row["ChargePeriodStart"] < "2026-01-01" for row in final)
    assert 0 < before < 20


def test_money_is_plain_decimal_text_of_two_to_twelve_decimals(final):
    plain = re.compile(r"-?\d+\.(\d{2,12})")
    decimals = {len(plain.fullmatch(row[name])[1]) for row in final for name in COSTS[:3]}
    assert decimals == {2, 4, 6, 8, 10, 12}


def test_every_kind_of_charge_is_there_with_its_signs(final):
    kinds = defaultdict(list)
    for row in final:
        kinds[row["ChargeCategory"]].append(row)
    assert set(kinds) == {"Usage", "Purchase", "Credit", "Tax", "Adjustment"}
    assert all(Decimal(row["BilledCost"]) <= 0 for row in kinds["Credit"])
    assert any(Decimal(row["BilledCost"]) < 0 for row in kinds["Credit"])
    assert {row["PricingCategory"] for row in kinds["Usage"]} == {
        "Standard",
        "Dynamic",
        "Committed",
    }


def test_commitments_are_bought_at_no_effective_cost_and_cover_usage_at_no_billed_cost(final):
    committed = [row for row in final if row["PricingCategory"] == "Committed"]
    bought = [row for row in committed if row["ChargeCategory"] == "Purchase"]
    covered = [row for row in committed if row["ChargeCategory"] == "Usage"]
    assert {Decimal(row["EffectiveCost"]) for row in bought} == {Decimal(0)}
    assert {Decimal(row["BilledCost"]) for row in covered} == {Decimal(0)}
    assert all(Decimal(row["BilledCost"]) > 0 for row in bought)
    assert sum(Decimal(row["EffectiveCost"]) for row in covered) > 0
    assert all(row["CommitmentDiscountId"] not in NULLS for row in committed)
    assert {row["CommitmentDiscountStatus"] for row in final} <= NULLS


def test_tags_are_json_with_keys_in_both_cases_but_for_a_few_old_texts(final):
    texts = [row["Tags"] for row in final if row["Tags"] not in NULLS]
    tags = [json.loads(text) for text in texts if text.startswith("{")]
    old = [text for text in texts if not text.startswith("{")]
    assert 0 < len(old) < len(tags) / 10
    assert all(text.startswith("key:") and " value:" in text for text in old)
    assert any({"owner", "Owner"} <= tag.keys() and tag["owner"] != tag["Owner"] for tag in tags)
    assert any(key.startswith("acs:") for tag in tags for key in tag)
    assert any("环境" in tag for tag in tags)
    assert any('"' in value for tag in tags for value in tag.values())
    assert {} in tags
    assert len(texts) < len(final)


def test_some_rows_look_equal_and_are_all_there(final):
    counts = Counter(tuple(row.values()) for row in final)
    assert sum(count > 1 for count in counts.values()) > 20


def test_fields_hold_line_breaks_only_where_asked_for(tmp_path, final):
    given = {"rows": 2000, "months": 1, "pushes": 1, "line_breaks": "true"}
    broken = rows_of(make(tmp_path, **given) / FINAL_A)
    assert not any("\n" in text for row in final for text in row.values())
    assert len(broken) == 1400
    assert any("\r\n" in row["ResourceName"] for row in broken)


@pytest.mark.parametrize(
    "format, extension, start",
    [
        ("csv", ".csv", b"Availabi"),
        ("bare", "", b"Availabi"),
        ("bare_zip", "", b"PK\x03\x04"),
        ("zip", ".zip", b"PK\x03\x04"),
    ],
)
def test_files_come_as_zip_as_csv_or_without_extension(tmp_path, format, extension, start):
    raw = make(tmp_path, rows=10, months=1, pushes=1, format=format)
    (path,) = (raw / FINAL_A).iterdir()
    assert path.name == f"{A}_FocusBill_202601{extension}"
    assert path.read_bytes().startswith(start)
    assert len(rows_of(raw / FINAL_A)) == 7


def test_two_accounts_can_push_in_the_same_second_into_one_folder(tmp_path):
    raw = make(tmp_path, rows=10, months=1, pushes=2, shared_folder="true")
    assert sorted(digests(raw)) == [
        f"202601/20260117160847/{A}_FocusBill_202601.zip",
        f"202601/20260117160847/{B}_FocusBill_202601.zip",
        f"202601/20260204164429/{A}_FocusBill_202601.zip",
        f"202601/20260204164429/{B}_FocusBill_202601.zip",
    ]


def test_of_the_last_month_only_the_pushes_that_have_arrived_are_written(tmp_path):
    raw = make(tmp_path, rows=10, months=2, pushes=3, arrived=1)
    assert len(list((raw / "202512").iterdir())) == 6
    assert len(list((raw / "202601").iterdir())) == 2


def test_one_push_a_day_in_february_has_a_folder_for_each(tmp_path):
    raw = make(tmp_path, rows=1, months=1, pushes=28, until="202602")
    names = sorted(path.name[:8] for path in (raw / "202602").iterdir())
    assert names == [f"202602{day:02}" for day in range(2, 29)] + ["20260304"]


def test_a_second_run_changes_no_file_that_is_the_same(tmp_path):
    raw = make(tmp_path, rows=50, months=1, pushes=2)
    before = {path: path.stat().st_mtime_ns for path in raw.rglob("*.zip")}
    make(tmp_path, rows=50, months=1, pushes=2)
    assert {path: path.stat().st_mtime_ns for path in raw.rglob("*.zip")} == before
    assert [path.name for path in tmp_path.iterdir()] == ["alibaba"]


def test_a_smaller_run_removes_the_parts_of_a_larger_one_and_nothing_else(tmp_path):
    raw = make(tmp_path, rows=50, months=2, pushes=2, parts=10)
    others = raw / FINAL_A / "notes.txt"
    others.write_text("mine")
    make(tmp_path, rows=5, months=1, pushes=1, parts=10)
    assert others.read_text() == "mine"
    assert sorted(p.name for p in (raw / "202601").iterdir()) == [
        "20260204164429",
        "20260204171012",
    ]
    assert len(rows_of(raw / "202601/20260204171012")) == 1
    assert len(list((raw / "202512").iterdir())) == 4
