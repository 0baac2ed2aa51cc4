"""Two frames of one table compared: first sums that no order changes, then the rows that differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact
from functools import reduce

from pyspark.sql import DataFrame, Row, functions

from focus_lake.declare.model import Declaration
from focus_lake.frames import tags
from focus_lake.frames.sql import name, text
from focus_lake.spec.columns import Column, focus

CURRENCY = "BillingCurrency"
COSTS = tuple(
    column.name
    for column in focus()
    if column.stored == "decimal"
    and set(column.level.values()) == {"Mandatory"}
    and column.name.endswith("Cost")
)
Batch = tuple[str, str]  # yearmonth and batch_ts
EXAMPLES = 5  # of a column
_ADD = Context(prec=100, traps=[Inexact]).add
_MARK, _KEY, _NUMBER, _SIDE = "_mark", "_key", "_number", "_side"


@dataclass
class Seen:
    """What one batch holds: rows, and by column the values that are there and their checksum.

    sums: (currency, cost column) -> exact sum.
    """

    rows: int = 0
    rejected: int = 0
    filled: Counter = field(default_factory=Counter)
    checksums: Counter = field(default_factory=Counter)
    sums: dict[tuple[str | None, str], Decimal] = field(default_factory=dict)


def seen(sides: Mapping[str, DataFrame], declaration: Declaration) -> dict[str, dict[Batch, Seen]]:
    """By side, what each batch of it holds; one pass over both, whatever the number of rows.

    A checksum adds up 40 bits of the hash of each value; rows are added up by task, since a sum of
    more than 8 million of them could overflow.
    """
    columns = [column.name for column in declaration.columns]
    totals = ["count(*) AS rows"]
    for number, column in enumerate(declaration.columns):
        totals.append(f"count({name(column.name)}) AS n{number}")
        totals.append(f"sum(shiftright(xxhash64({_value(column)}), 24)) AS h{number}")
    totals += [f"try_sum({cost}) AS sum_{cost}" for cost in COSTS]
    keys = [_SIDE, "yearmonth", "batch_ts", "bad", f"{CURRENCY} AS currency", "_task"]
    # One table, so that Java has the sums to compile once.
    rows = reduce(DataFrame.union, (_side(*each, columns) for each in sides.items()))
    found: dict[str, dict[Batch, Seen]] = {side: {} for side in sides}
    for row in _grouped(rows, keys, totals):
        batches = found[row[_SIDE]]
        _add(batches.setdefault((row["yearmonth"], row["batch_ts"]), Seen()), row, columns)
    return found


def _side(side: str, rows: DataFrame, columns: list[str]) -> DataFrame:
    is_bad = "_rejected IS NOT NULL" if "_rejected" in rows.columns else "false"
    behind = ["yearmonth", "batch_ts", f"{is_bad} AS bad", f"{text(side)} AS {_SIDE}"]
    behind.append("spark_partition_id() AS _task")
    return rows.selectExpr(*map(name, columns), *behind)


def _grouped(rows: DataFrame, keys: list[str], totals: list[str]) -> list[Row]:
    keyed, summed = (list(map(functions.expr, each)) for each in (keys, totals))
    return rows.groupBy(*keyed).agg(*summed).collect()


def _add(found: Seen, row: Row, columns: list[str]) -> None:
    if row["bad"]:
        found.rejected += row["rows"]
        return
    found.rows += row["rows"]
    for number, column in enumerate(columns):
        found.filled[column] += row[f"n{number}"]
        found.checksums[column] += row[f"h{number}"]
    for cost in COSTS:
        if (total := row[f"sum_{cost}"]) is not None:
            key = (row["currency"], cost)
            found.sums[key] = _ADD(found.sums.get(key, Decimal(0)), total)


def _value(column: Column) -> str:
    """A column as something that can be hashed and compared: of maps the entries in order."""
    return tags.ordered(name(column.name)) if column.stored == "map" else name(column.name)


def columns_that_differ(one: Seen, other: Seen) -> list[str]:
    """Columns whose values are not the same, by what both hold of them."""
    everything = dict.fromkeys([*one.checksums, *other.checksums])
    return [
        column
        for column in everything
        if (one.checksums[column], one.filled[column])
        != (other.checksums[column], other.filled[column])
    ]


@dataclass
class Difference:
    """How many rows differ in a column, and some of them: file, line, raw, published.

    column_name: a column, or ROWS for rows that only one side has.
    """

    column_name: str
    row_count: int = 0
    examples: list[dict] = field(default_factory=list)


ROWS = "(rows)"


def differences(
    typed: DataFrame,
    published: DataFrame,
    declaration: Declaration,
    wrong: dict[Batch, list[str]],
    rows: dict[Batch, int],
) -> dict[Batch, list[Difference]]:
    """The differences between the rows of these batches, by batch and column.

    wrong: the columns that are known to differ; rows: how many a batch has. Rows that have no
    equal are paired by all other columns. Of a few rows those that have little in common are no
    pair, and count as rows that one side has alone.
    """
    columns = [column.name for column in declaration.columns]
    # Cut off from its long plan, which Spark would go through again for each batch.
    alone = _leftovers(typed, published, declaration).localCheckpoint()
    found = {}
    for batch, unlike in wrong.items():
        here = f"yearmonth = {text(batch[0])} AND batch_ts = {text(batch[1])}"
        left = alone.where(f"{here} AND {_MARK} = 'raw'")
        right = alone.where(f"{here} AND {_MARK} = 'published'")
        counts = left.count(), right.count()
        if counts[0] != counts[1] or len(unlike) == len(columns):
            unlike = _not_shared(left.union(right), columns, abs(counts[0] - counts[1]))
        told = {column: Difference(column) for column in [ROWS, *columns]}
        few = max(counts) * 2 <= rows[batch]
        for pair in _paired(left, right, columns, unlike).toLocalIterator():
            _note(told, pair, unlike, few)
        found[batch] = [one for one in told.values() if one.row_count]
    return found


def _leftovers(typed: DataFrame, published: DataFrame, declaration: Declaration) -> DataFrame:
    """The rows of each side that have no equal on the other, all values as text."""
    values = [f"{_value(column)} AS {name(column.name)}" for column in declaration.columns]
    where = ["_file", "_member", "_record", "_line"]
    nowhere = [f"CAST(NULL AS STRING) AS {one}" for one in where]
    placed = [f"CAST({one} AS STRING) AS {one}" for one in where]
    batch = ["yearmonth", "batch_ts"]
    left = typed.where("_rejected IS NULL")
    left = left.selectExpr(*values, *batch, *placed, f"'raw' AS {_MARK}")
    right = published.selectExpr(*values, *batch, *nowhere, f"'published' AS {_MARK}")
    texts = [f"CAST({name(c.name)} AS STRING) AS {name(c.name)}" for c in declaration.columns]
    key = _hash([*batch, *(column.name for column in declaration.columns)])
    both = left.union(right).selectExpr(*texts, *batch, *where, _MARK, f"{key} AS {_KEY}")
    order = f"PARTITION BY {_KEY}, {_MARK} ORDER BY _file, _record"
    both = both.selectExpr("*", f"row_number() OVER ({order}) AS {_NUMBER}")
    alone = both.selectExpr("*", f"count(*) OVER (PARTITION BY {_KEY}, {_NUMBER}) AS twins")
    return alone.where("twins = 1").drop("twins", _KEY, _NUMBER)


def _hash(columns: list[str]) -> str:
    """SQL: a hash in which a null has its place, too; xxhash64 of several passes over nulls."""
    return f"xxhash64({', '.join(f'xxhash64({name(one)})' for one in columns) or '0'})"


def _not_shared(alone: DataFrame, columns: list[str], surplus: int) -> list[str]:
    """The columns whose values the two sides do not share, but for the surplus of one of them."""
    pairs = ", ".join(
        f"struct({n} AS column, xxhash64({name(c)}) AS value)" for n, c in enumerate(columns)
    )
    sign = f"CASE WHEN {_MARK} = 'raw' THEN 1L ELSE -1L END AS sign"
    values = alone.selectExpr(sign, f"explode(array({pairs})) AS each")
    sums = (
        values.groupBy("each.column", "each.value").sum("sign").withColumnRenamed("sum(sign)", "n")
    )
    totals = sums.selectExpr("column", "abs(n) AS n").groupBy("column").sum("n").collect()
    return [columns[row["column"]] for row in sorted(totals) if row["sum(n)"] > surplus]


def _paired(left: DataFrame, right: DataFrame, columns: list[str], wrong: list[str]) -> DataFrame:
    """Rows of both sides next to each other: equal in the columns that agree, else alone."""
    agreed = [column for column in columns if column not in wrong]
    inside = ", ".join([*map(name, wrong), "_file", "_record"])
    number = f"row_number() OVER (PARTITION BY {_KEY} ORDER BY {inside}) AS {_NUMBER}"
    kept = [name(one) for one in dict.fromkeys([*wrong, "x_SourceFile"])]
    kept += ["_file", "_member", "_line", "_record", _MARK]
    filled = " + ".join(f"CAST({name(one)} IS NOT NULL AS INT)" for one in columns)
    kept += [f"{filled} AS _filled", f"{_hash(agreed)} AS {_KEY}"]
    ours, theirs = (
        side.selectExpr(*kept).selectExpr("*", number).alias(alias)
        for side, alias in ((left, "raw"), (right, "published"))
    )
    return ours.join(theirs, [_KEY, _NUMBER], "full_outer").selectExpr(
        "raw._file AS file", "raw._member AS member", "raw._line AS line",
        "published.x_SourceFile AS source", "raw._filled AS filled",
        f"raw.{_MARK} IS NOT NULL AS is_raw", f"published.{_MARK} IS NOT NULL AS is_published",
        *(f"raw.{name(c)} AS {name('raw ' + c)}" for c in wrong),
        *(f"published.{name(c)} AS {name('published ' + c)}" for c in wrong),
    )  # fmt: skip


def _note(found: dict[str, Difference], pair: Row, wrong: list[str], few: bool) -> None:
    unlike = [c for c in wrong if pair[f"raw {c}"] != pair[f"published {c}"]]
    is_pair = pair["is_raw"] and pair["is_published"]
    if is_pair and not (few and len(unlike) * 3 > pair["filled"]):
        for column in unlike:
            _count(found[column], pair, pair[f"raw {column}"], pair[f"published {column}"])
        return
    if pair["is_raw"]:
        _count(found[ROWS], pair, "delivered", "not published")
    if pair["is_published"]:
        _count(found[ROWS], pair, "not delivered", "published")


def _count(difference: Difference, pair: Row, raw: str | None, published: str | None) -> None:
    difference.row_count += 1
    if len(difference.examples) < EXAMPLES:
        is_ours = pair["is_raw"] and raw != "not delivered"
        file = "/".join(filter(None, [pair["file"], pair["member"]])) if is_ours else pair["source"]
        line = int(pair["line"]) if is_ours else None
        example = {"file": file, "line": line, "raw": raw, "published": published}
        difference.examples.append(example)
