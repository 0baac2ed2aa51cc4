"""Rows of others in the layouts of providers: nothing lost in the laying out, found as batches."""

from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from focus_lake import declare, storage
from focus_lake.raw import find
from focus_lake.raw.batch import Batch
from helpers import sample_exports
from helpers.real_rows import lay_out_generated, lay_out_real, sums


def batches(raw, provider) -> list[Batch]:
    found, strays = find.find(storage.at(str(raw / provider)), declare.load(provider))
    assert strays == []
    assert [batch.reasons for batch in found] == [[] for _ in found]
    return found


def test_the_real_sample_is_three_providers_exports_with_its_defects(tmp_path):
    rows = lay_out_real(tmp_path)
    assert {name: len(of) for name, of in rows.items()} == {"aws": 942, "azure": 51, "oci": 7}
    keys = {name: [batch.key for batch in batches(tmp_path, name)] for name in rows}
    assert keys["aws"] == [("202409", "20260601080000")]
    assert keys["azure"] == [("202409", "20260601040000")]
    assert {yearmonth for yearmonth, _ in keys["oci"]} <= {"202409", "202410"}
    for name, expected in rows.items():
        files = [file for batch in batches(tmp_path, name) for file in batch.files]
        found = [row for f in files for row in sample_exports.rows_of(tmp_path / name / f.path)]
        assert len(found) == len(expected)
        costs = [row["BilledCost"] for row in found]
        assert sum(map(Decimal, costs)) == sums(expected)["BilledCost"]
        assert "NULL" in {text for row in found for text in row.values()}
        assert "Id" in found[0]  # the stray column
        if name == "oci":
            assert {row["ChargeFrequency"] for row in found} == {"Usage-based"}
            assert "ProviderName" not in found[0]


def test_generated_rows_are_doubles_text_and_decimals_by_provider(tmp_path):
    rows = lay_out_generated(tmp_path)
    assert {name: len(of) for name, of in rows.items()} == {"aws": 1000, "azure": 1000, "gcp": 1000}
    for name in rows:
        (batch,) = batches(tmp_path, name)
        assert batch.yearmonth == "202605"
        (file,) = batch.files
        found = sample_exports.rows_of(tmp_path / name / file.path)
        told = sample_exports.sums(found)["USD"]
        assert told == sums(rows[name], as_double=name == "aws"), name
    schema = pq.read_schema(next((tmp_path / "gcp").rglob("*.parquet")))
    assert schema.field("BilledCost").type == pa.decimal128(38, 18)
    assert "Tags" not in schema.names and pa.types.is_list(schema.field("x_Labels").type)
    schema = pq.read_schema(next((tmp_path / "aws").rglob("*.parquet")))
    assert pa.types.is_map(schema.field("Tags").type)
    assert schema.field("EffectiveCost").type == pa.float64()
