"""Which batches are live: rows of a ledger in, literals out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from focus_lake.errors import LedgerError
from focus_lake.lake.ledger import Line
from focus_lake.lake.live import INCREMENT, SNAPSHOT, Live, choose, expired


def line(
    yearmonth,
    batch_ts,
    *exports,
    status="published",
    published_at="2026-02-01T00:00:00Z",
    publication="x",
):
    named = {"publication": publication, "published_at": published_at}
    return Line("p", yearmonth, batch_ts, status, exports=list(exports), **named)


def test_the_newest_published_push_of_a_month_is_live():
    lines = [line("202601", "20260110000000", "a"), line("202601", "20260111000000", "a")]
    assert choose(lines, SNAPSHOT) == Live((("202601", "20260111000000", "x"),))


def test_the_newest_is_so_by_its_name_and_not_by_its_place():
    lines = [line("202601", "20260111000000", "a"), line("202601", "20260110000000", "a")]
    assert choose(lines, SNAPSHOT) == Live((("202601", "20260111000000", "x"),))


def test_the_same_batches_lie_under_other_partitions_in_another_table():
    one, two = ("202601", "20260110000000", "x"), ("202601", "20260111000000", "y")
    hidden = ((*one[:2], "b"),)
    moved = Live((one, two), hidden).moved({one: (*one[:2], "z"), two: (*two[:2], "a")})
    assert moved == Live(((*one[:2], "z"), (*two[:2], "a")), hidden)


def test_a_rejected_or_broken_off_push_never_is():
    lines = [
        line("202601", "20260110000000", "a"),
        line("202601", "20260111000000", "a", status="rejected"),
        line("202601", "20260112000000", "a", status="publishing"),
    ]
    assert choose(lines, SNAPSHOT) == Live((("202601", "20260110000000", "x"),))
    assert choose(lines, INCREMENT) == Live((("202601", "20260110000000", "x"),))


def test_a_push_whose_later_attempt_was_rejected_stays_live():
    lines = [
        line("202601", "20260110000000", "a"),
        line("202601", "20260110000000", "a", status="rejected"),
    ]
    assert choose(lines, SNAPSHOT) == Live((("202601", "20260110000000", "x"),))


def test_two_accounts_pushed_at_different_times_are_both_live():
    lines = [
        line("202601", "20260110000000", "a"),
        line("202601", "20260110000007", "b"),
        line("202601", "20260111000000", "a"),
    ]
    live = (("202601", "20260110000007", "x"), ("202601", "20260111000000", "x"))
    assert choose(lines, SNAPSHOT) == Live(live)


def test_one_batch_ts_under_two_months_is_live_in_each():
    lines = [line("202601", "20260202000000", "a"), line("202602", "20260202000000", "a")]
    live = (("202601", "20260202000000", "x"), ("202602", "20260202000000", "x"))
    assert choose(lines, SNAPSHOT) == Live(live)


def test_of_two_accounts_in_one_folder_the_one_pushed_again_is_hidden_there():
    lines = [line("202601", "20260110000000", "a", "b"), line("202601", "20260111000000", "b")]
    live = (("202601", "20260110000000", "x"), ("202601", "20260111000000", "x"))
    assert choose(lines, SNAPSHOT) == Live(live, (("202601", "20260110000000", "b"),))


def test_every_published_increment_is_live():
    lines = [line("202601", "20260110000000", "a"), line("202601", "20260111000000", "a")]
    live = (("202601", "20260110000000", "x"), ("202601", "20260111000000", "x"))
    assert choose(lines, INCREMENT) == Live(live)


def test_no_ledger_means_no_live_batch():
    assert choose([], SNAPSHOT) == Live()


def test_a_published_line_without_exports_is_refused():
    with pytest.raises(LedgerError, match="202601.jsonl.*20260110000000 names no export"):
        choose([line("202601", "20260110000000")], SNAPSHOT)


NOW = datetime(2026, 2, 11, tzinfo=UTC)  # ten days after the lines were published


def test_only_superseded_batches_that_are_old_enough_expire():
    lines = [
        line("202601", "20260110000000", "a"),
        line("202601", "20260111000000", "a", published_at="2026-02-10T00:00:00Z"),
        line("202601", "20260112000000", "a"),
    ]
    assert expired(lines, [], SNAPSHOT, 9, NOW) == [("202601", "20260110000000", "x")]
    assert expired(lines, [], SNAPSHOT, 11, NOW) == []


def test_days_count_from_when_the_last_export_was_superseded():
    lines = [
        line("202601", "20260110000000", "a", "b", published_at="2026-01-10T00:00:00Z"),
        line("202601", "20260111000000", "a", published_at="2026-01-11T00:00:00Z"),
        line("202601", "20260112000000", "b", published_at="2026-02-09T00:00:00Z"),
        line("202601", "20260113000000", "b", published_at="2026-02-10T00:00:00Z"),
    ]
    assert expired(lines, [], SNAPSHOT, 2, NOW) == []
    assert expired(lines, [], SNAPSHOT, 1, NOW) == [("202601", "20260110000000", "x")]


def test_a_folder_that_no_line_names_expires_days_after_its_batch_got_its_lines():
    lines = [line("202601", "20260110000000", "a", publication="new")]
    lines += [line("202601", "20260110000000", "a", status="rejected", publication="bad")]
    lying = [("202601", "20260110000000", name) for name in ("old", "new", "bad", "half")]
    assert expired(lines, lying, SNAPSHOT, 9, NOW) == [
        ("202601", "20260110000000", "half"),
        ("202601", "20260110000000", "old"),
    ]
    assert expired(lines, lying, SNAPSHOT, 10, NOW) == []
    lines[1] = line("202601", "20260110000000", "a", status="publishing", publication="half")
    kept = {"new", "half"}
    assert kept.isdisjoint(key[2] for key in expired(lines, lying, SNAPSHOT, 9, NOW))


def test_replaced_folders_of_increments_expire_and_their_batches_never():
    lines = [line("202601", "20260110000000", "a"), line("202601", "20260111000000", "a")]
    replaced = ("202601", "20260110000000", "old")
    assert expired(lines, [replaced], INCREMENT, 9, NOW) == [replaced]


def test_a_folder_whose_batch_has_no_line_is_kept_for_a_rebuild():
    lines = [line("202601", "20260110000000", "a")]
    assert expired(lines, [("202601", "20260111000000", "y")], SNAPSHOT, 0, NOW) == []


def test_a_lake_of_the_former_layout_is_told_how_to_be_moved():
    with pytest.raises(LedgerError, match=r"202601.jsonl: batch 20260110000000 .*run make move"):
        choose([line("202601", "20260110000000", "a", publication=None)], SNAPSHOT)


def test_a_folder_with_one_live_account_does_not_expire():
    lines = [line("202601", "20260110000000", "a", "b"), line("202601", "20260111000000", "b")]
    assert expired(lines, [], SNAPSHOT, 0, NOW) == []


def test_increments_never_expire():
    lines = [line("202601", "20260110000000", "a"), line("202601", "20260111000000", "a")]
    assert expired(lines, [], INCREMENT, 0, NOW) == []


def test_a_publishing_time_that_is_none_is_named():
    lines = [
        line("202601", "20260110000000", "a", published_at="yesterday"),
        line("202601", "20260111000000", "a"),
    ]
    with pytest.raises(LedgerError, match="20260110000000 is 'yesterday'"):
        expired(lines, [], SNAPSHOT, 0, NOW)


def test_months_are_those_of_the_ledger_and_only_some_batches_keep_what_is_theirs():
    first = line("202601", "20260110000000", "a", "b")
    again = line("202601", "20260111000000", "b")
    later = line("202602", "20260110000000", "a")
    first = replace(first, billing_months=["202512", "202601"])
    later = replace(later, billing_months=["202602"])
    one, two, other = (
        ("202601", "20260110000000", "x"),
        ("202601", "20260111000000", "x"),
        ("202602", "20260110000000", "x"),
    )
    told = {one: ("202512", "202601"), other: ("202602",)}
    for delivery in (SNAPSHOT, INCREMENT):
        found = choose([first, again, later], delivery)
        assert (found.batches, found.months) == ((one, two, other), told)
    found = choose([first, again, later], SNAPSHOT)
    assert found.hidden == (("202601", "20260110000000", "b"),)
    summed = replace(found, summaries={one: two})
    some = summed.only([one])
    assert (some.batches, some.hidden) == ((one,), found.hidden)
    assert (some.months, some.summaries) == (told, {one: two})
    assert summed.only(iter([two, other])).hidden == ()


def test_a_folder_that_no_line_names_waits_for_the_last_change_of_its_batch():
    """Whatever the order of the lines: one of them may be of yesterday, one of a year ago."""
    old = line("202601", "20260110000000", "a", published_at="2025-02-01T00:00:00Z")
    new = line("202601", "20260110000000", "b", published_at="2026-02-01T00:00:00Z")
    lying = [("202601", "20260110000000", "left")]
    now = datetime(2026, 2, 2, tzinfo=UTC)
    for lines in ([old, new], [new, old]):
        assert expired(lines, lying, SNAPSHOT, 30, now) == []
