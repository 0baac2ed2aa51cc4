"""Deliberate faults in the code that normalizes, one function each, and the columns they harm.

Each takes a MonkeyPatch; what it patches holds while one batch is published. They are told to the
audit's test alone: no other test would pass with one of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from focus_lake.lake.write import Writer
from focus_lake.normalize import publish, task
from focus_lake.raw import csv_records
from focus_lake.raw import read as reading
from focus_lake.transform import decimals, enrich, repairs, select, tags, times

STRING = pa.string()
Fault = Callable[..., None]
FAULTS: dict[str, tuple[Fault, set[str]]] = {}
PERIODS = {"BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"}


def harms(*columns: str):
    """Note a fault and the columns that the audit must name for it, all of them and no other."""

    def note(fault: Fault) -> Fault:
        FAULTS[fault.__name__] = (fault, set(columns))
        return fault

    return note


def alter(patch, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change the rows on their way into the files."""
    original = Writer.add
    patch.setattr(Writer, "add", lambda self, rows: original(self, change(rows)))


def put(rows: pa.Table, column: str, values) -> pa.Table:
    place = rows.schema.get_field_index(column)
    return rows.set_column(place, rows.schema.field(column), values)


def one_row(rows: pa.Table, column: str, value) -> pa.Table:
    """The rows with another value of the column in the second row alone."""
    values = rows[column].to_pylist()
    values[1] = value
    return put(rows, column, pa.array(values, rows.schema.field(column).type))


@harms(*PERIODS)
def the_time_zone_is_forgotten(patch):
    original = times.parse
    patch.setattr(times, "parse", lambda text, how: original(text, replace(how, zone="UTC")))


@harms("ChargePeriodStart")
def fractions_of_a_second_are_lost(patch):
    original = times.parse

    def cut(text, how):
        values, reasons = original(text, how)
        return pc.floor_temporal(values, unit="second").cast(values.type), reasons

    patch.setattr(times, "parse", cut)


@harms("x_Owner")
def aliases_are_asked_in_the_wrong_order(patch):
    original = tags._choose
    patch.setattr(tags, "_choose", lambda there, folded, keys: original(there, folded, keys[::-1]))


@harms("Tags", "x_Owner")
def tag_keys_lose_their_case(patch):
    original = tags.parse_one

    def lower(text):
        found = original(text)
        return found and {key.lower(): value for key, value in found.items()}

    patch.setattr(tags, "parse_one", lower)


@harms("Tags")
def of_two_equal_keys_the_first_wins(patch):
    def first(pairs):
        return dict(reversed(pairs))

    original = tags.DECODER

    class Wrong:
        def decode(self, text):
            if text.count('"twice"') < 2:
                return original.decode(text)
            return json.JSONDecoder(object_pairs_hook=first).decode(text)

    patch.setattr(tags, "DECODER", Wrong())


@harms("Tags")
def numbers_in_tags_are_written_anew(patch):
    patch.setattr(tags, "DECODER", json.JSONDecoder())


@harms("Tags", "x_Other", "x_Owner", "x_Project")
def tags_that_are_no_json_are_taken(patch):
    original = tags.parse_one
    patch.setattr(tags, "parse_one", lambda text: original(text.removesuffix(" trailing")))


@harms("BilledCost", "EffectiveCost")
def amounts_are_rounded_to_cents(patch):
    original = decimals.parse

    def rounded(text, policy):
        values, reasons = original(text, policy)
        return pc.round(values, 2).cast(values.type), reasons

    patch.setattr(decimals, "parse", rounded)


@harms("BilledCost")
def an_amount_passes_through_a_double(patch):
    def change(rows):
        doubles = [None if v is None else float(v) for v in rows["BilledCost"].to_pylist()]
        kind = rows.schema.field("BilledCost").type
        texts = [None if v is None else f"{v:.12f}" for v in doubles]
        return put(rows, "BilledCost", pa.array(texts, STRING).cast(kind))

    alter(patch, change)


@harms("EffectiveCost")
def a_sign_is_lost(patch):
    alter(patch, lambda rows: put(rows, "EffectiveCost", pc.abs(rows["EffectiveCost"])))


@harms("BillingCurrency")
def a_currency_is_another(patch):
    alter(patch, lambda rows: one_row(rows, "BillingCurrency", "USD"))


@harms("RegionId", "RegionName")
def two_columns_are_swapped(patch):
    def change(rows):
        one, other = rows["RegionId"], rows["RegionName"]
        return put(put(rows, "RegionId", other), "RegionName", one)

    alter(patch, change)


@harms("ProviderName", "ServiceProviderName", "HostProviderName", "x_SourceChanges")
def a_repair_is_dropped(patch):
    patch.setattr(repairs, "apply", lambda column, words, repair: (words, None))


@harms("ChargeCategory", "x_SourceChanges")
def spellings_are_left_as_they_are(patch):
    patch.setattr(enrich, "_spellings", lambda values: [])


@harms("HostProviderName", "ServiceProviderName", "x_SourceChanges")
def nothing_is_filled(patch):
    patch.setattr(enrich, "_fills", lambda values: [])


@harms("ServiceCategory", "ServiceSubcategory", "x_SourceChanges")
def the_catalogue_of_services_is_not_asked(patch):
    patch.setattr(enrich, "_services", lambda values, declaration: [])


@harms("x_SourceChanges")
def what_was_changed_is_not_told(patch):
    patch.setattr(select._Select, "changes", lambda self: pa.nulls(len(self.text), STRING))


@harms("x_Other")
def unknown_columns_are_dropped(patch):
    kind = pa.map_(STRING, STRING)
    patch.setattr(select._Select, "other", lambda self: pa.nulls(len(self.text), kind))


@harms("PricingUnit")
def a_text_for_null_is_kept(patch):
    original = reading._csv

    def kept(scratch, text, piece, nulls):
        return original(scratch, text, piece, [one for one in nulls if one != "-"])

    patch.setattr(reading, "_csv", kept)


@harms("ResourceId")
def spaces_are_stripped(patch):
    def change(rows):
        return put(rows, "ResourceId", pc.utf8_trim_whitespace(rows["ResourceId"]))

    alter(patch, change)


@harms("x_SourceFile")
def the_member_of_an_archive_is_not_named(patch):
    original = select.Transform.__call__

    def lost(self, text, origin, lines=None):
        bare = replace(origin, source=origin.source.rpartition("/")[0])
        return original(self, text, bare, lines)

    patch.setattr(select.Transform, "__call__", lost)


def _unchecked(patch) -> None:
    """The rows as they are written are what was read: the job's own count is wrong, too."""
    counted = property(lambda self: self.audit.rows + self.rejected)
    patch.setattr(publish.Read, "rows_in", counted)


@harms("(rows)")
def the_last_row_is_lost(patch):
    _unchecked(patch)
    alter(patch, lambda rows: rows.slice(0, len(rows) - 1))


@harms("(rows)")
def a_row_is_doubled(patch):
    _unchecked(patch)
    alter(patch, lambda rows: pa.concat_tables([rows, rows.slice(2, 1)]).combine_chunks())


@harms("(rows)")
def a_row_is_lost_and_another_doubled(patch):
    alter(patch, lambda rows: pa.concat_tables([rows.slice(1), rows.slice(4, 1)]).combine_chunks())


@harms("(rows)", "BilledCost")
def a_row_is_lost_and_an_amount_is_wrong(patch):
    _unchecked(patch)
    alter(patch, lambda rows: one_row(rows.slice(1), "BilledCost", 77))


@harms("(rows)")
def cutting_records_ends_one_too_early(patch):
    original = csv_records.Records._piece

    def cut(self, *args):
        chunk = original(self, *args)
        chunk.text = chunk.text[: chunk.text.rstrip(b"\n").rfind(b"\n") + 1]
        chunk.rows, chunk.lines = chunk.rows - 1, chunk.lines[:-1]
        return chunk

    patch.setattr(csv_records.Records, "_piece", cut)


@harms("x_Export")
def an_export_is_named_wrongly(patch):
    original = task._type

    def wrong(work, text, origin, *rest):
        return original(work, text, replace(origin, export="1501_2"), *rest)

    patch.setattr(task, "_type", wrong)
