"""What was delivered is told beside what it became: values, places, sums of doubles."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from focus_lake import declare
from focus_lake.errors import BatchRejected
from focus_lake.transform import decimals
from focus_lake.transform.select import Origin, Transform

ALIBABA = declare.load("alibaba")
UPSERT = replace(ALIBABA, delivery="upsert")
ORIGIN = Origin("file", "export")


def typed(declared: declare.Declaration, lines=None, **given: list):
    """Lists are texts, arrays are what they are."""
    columns = [v if isinstance(v, pa.Array) else pa.array(v, pa.string()) for v in given.values()]
    text = pa.table(columns, names=list(given))
    return Transform(declared, tuple(given))(text, ORIGIN, lines)


def test_values_that_were_changed_are_told_as_delivered_for_good_rows_alone():
    result = typed(
        ALIBABA,
        ProviderName=["26842", "1", "Alibaba Cloud"],
        ServiceProviderName=[None, None, "Red Hat"],
        ChargePeriodStart=["2026-01-01 00:00:00", "soon", "2026-01-01 08:00:00"],
        Tags=["key:a value:b", "{}", '{"c":"d"}'],
        ListCost=["1", "2", "3"],
    )
    assert [problem.row for problem in result.problems] == [1]
    told = {name: values.to_pylist() for name, values in result.delivered.items()}
    assert told["ProviderName"] == ["26842", "Alibaba Cloud"]
    assert told["ServiceProviderName"] == [None, "Red Hat"]
    assert told["ChargePeriodStart"] == ["2026-01-01 00:00:00", "2026-01-01 08:00:00"]
    assert told["Tags"] == ["key:a value:b", None]
    assert not {"ListCost", "BilledCost", "x_Other"} & set(told)


def test_every_note_of_a_row_is_there():
    result = typed(ALIBABA, ProviderName=["26842"], Tags=["key:a value:b"])
    (noted,) = result.rows["x_SourceChanges"].to_pylist()
    assert {
        "ProviderName: 26842 -> Alibaba Cloud",
        "Tags: read as key:value text",
        "ServiceProviderName: filled from ProviderName",
    } <= set(noted.split("; "))


def test_rows_of_upserts_tell_where_they_stand_in_their_file():
    assert "x_SourceRow" not in typed(ALIBABA, BilledCost=["1"]).rows.column_names
    counted = typed(UPSERT, BilledCost=["1", "no", "3"])
    assert counted.rows["x_SourceRow"].to_pylist() == [Decimal(1), Decimal(3)]
    told = typed(UPSERT, np.array([17, 20, 31]), BilledCost=["1", "no", "3"])
    assert told.rows["x_SourceRow"].to_pylist() == [Decimal(17), Decimal(31)]
    assert told.rows["x_SourceRow"].type == pa.decimal128(38, 18)


def test_a_column_of_a_type_that_cannot_be_read_is_named_by_its_header():
    with pytest.raises(BatchRejected) as got:
        typed(ALIBABA, billedcost=pa.array([True]))
    assert got.value.code == "wrong_type"
    assert got.value.message == "billedcost: a column of numbers has the type bool"


def test_doubles_that_do_not_sum_up_to_what_was_read_refuse_the_batch(monkeypatch):
    doubles = pa.array([0.1, 2.5, None])
    assert typed(ALIBABA, BilledCost=doubles).rows["BilledCost"].to_pylist() == [
        Decimal("0.1"),
        Decimal("2.5"),
        None,
    ]
    off = pa.array([Decimal("0.1"), Decimal("2.500000000000000001"), None], decimals.DECIMAL)
    monkeypatch.setattr(decimals, "parse", lambda text, policy: (off, {}))
    with pytest.raises(BatchRejected, match="the doubles sum up to 2.6, as decimals to 2.6000"):
        typed(ALIBABA, BilledCost=doubles)
    assert len(typed(ALIBABA, BilledCost=["0.1", "2.5", None]).rows) == 3, "texts are not asked"


def test_doubles_that_are_rounded_may_be_off_by_half_of_the_last_digit_each():
    rounding = replace(ALIBABA, format=replace(ALIBABA.format, max_decimals="round"))
    result = typed(rounding, BilledCost=pa.array([4e-19, 2.5, 3e-19]))
    assert result.rows["BilledCost"].to_pylist() == [Decimal(0), Decimal("2.5"), Decimal(0)]
