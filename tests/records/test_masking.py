"""The masked views name nobody, and add up as the others do; hashes by Python's own HMAC."""

from __future__ import annotations

import hashlib
import hmac
from decimal import Decimal as D

import pytest

from focus_lake import storage
from focus_lake.errors import StorageError
from focus_lake.records import masking
from focus_lake.reference.read import read
from helpers.catalog import Deployed, deploy, refresh
from helpers.lakes import Lake, charge

pytestmark = pytest.mark.thorough

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]
SECRET = "00ff" * 16
PEOPLE = ("Mei Chen", "mei-laptop", "Zoë's account", "i-mei", "for mei")


def fill(lake: Lake) -> dict:
    named = {
        "x_Owner": "Mei Chen",
        "ResourceName": "mei-laptop",
        "SubAccountName": "Zoë's account",
        "ResourceId": "i-mei",
        "ChargeDescription": "for mei",
        "Tags": {"Owner": "Mei Chen"},
        "x_Other": {"Contact": "Mei Chen"},
    }
    rows = [charge("2026-01-05", "1.5", **named), charge("2026-01-06", "2", x_Owner="Mei Chen")]
    rows += [charge("2026-01-06", "4", x_Project="apollo")]
    lake.batch("alibaba", "202601", "20260131000000", rows)
    folder = lake.root / "reference" / "masking"
    folder.mkdir(parents=True)
    (folder / "own.csv").write_text("column,treatment\nx_Project,hash\nResourceId,drop\n")
    (lake.root / "private").mkdir()
    (lake.root / "private" / "masking_key").write_text(SECRET + "\n")
    return {}


def masked(text: str) -> str:
    digest = hmac.new(bytes.fromhex(SECRET), text.encode(), hashlib.sha256).hexdigest()
    return f"masked-{digest[:16]}"


@pytest.fixture(scope="module", params=BOTH)
def told(request, tmp_path_factory) -> Deployed:
    return deploy(request.param, request, tmp_path_factory, fill, "masking")


def test_a_name_is_the_same_hash_everywhere_and_null_stays_null(told):
    found = told.query(
        "SELECT BilledCost, x_Owner, SubAccountName, ResourceName, ResourceId, x_Project, Tags, "
        "x_Other, ChargeDescription FROM focus_unified_masked ORDER BY BilledCost"
    )
    mei = masked("Mei Chen")
    account, laptop = masked("Zoë's account"), masked("mei-laptop")
    assert found == [
        (D("1.5"), mei, account, laptop, None, None, None, None, None),
        (D("2"), mei, None, None, None, None, None, None, None),
        (D("4"), None, None, None, None, masked("apollo"), None, None, None),
    ]
    days = told.query(
        "SELECT SUM(BilledCost), x_Owner FROM focus_daily_masked GROUP BY x_Owner ORDER BY 1"
    )
    assert days == [(D("3.5"), mei), (D("4"), None)]


@pytest.mark.parametrize("view", ["focus_unified", "focus_daily"])
def test_nobody_is_named_and_nothing_else_is_changed(told, view):
    text = str(told.query(f"SELECT * FROM {view}_masked"))
    assert not [name for name in (*PEOPLE, "apollo") if name in text]
    columns = [
        told.query(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = "
            f"'{name}' AND table_schema <> 'information_schema' ORDER BY ordinal_position"
        )
        for name in (view, f"{view}_masked")
    ]
    assert sorted(columns[0]) == sorted(columns[1])
    assert len(columns[0]) > 40


def test_the_key_is_made_once_and_a_plan_makes_none(tmp_path):
    lake = Lake(tmp_path / "lake")
    store = storage.at(str(lake.root))
    assert masking.key(store, make=False) == "0" * 64
    assert not (lake.root / "private").exists()
    made = masking.key(store)
    assert masking.key(store) == made and len(set(made)) > 5


def test_a_wrong_key_stops_the_refresh_by_name(tmp_path, capsys):
    lake = Lake(tmp_path / "lake")
    (lake.root / "private").mkdir()
    (lake.root / "private" / "masking_key").write_text("secret")
    with pytest.raises(StorageError, match="private/masking_key: must be 64 hexadecimal digits"):
        masking.key(storage.at(str(lake.root)))
    assert refresh(*Deployed("duckdb", lake, {}).options()) == 1
    assert "private/masking_key" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("x_Onwer,hash", "'x_Onwer' is not a column of focus_unified or focus_daily; did you mean"),
        ("Tags,hash", "Tags is not text, it can be dropped or shown only"),
        ("BilledCost,drop", "BilledCost is a number that views add up"),
        ("x_Owner,blur", "must be one of hash, drop, show"),
    ],
)
def test_a_wrong_rule_is_named(tmp_path, line, why):
    folder = tmp_path / "reference" / "masking"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text(f"column,treatment\n{line}\n")
    (found,) = read(storage.at(str(tmp_path)))["masking"].problems
    assert found.startswith("reference/masking/a.csv line 2: ") and why in found
