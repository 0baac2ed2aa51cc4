"""--rebuild_ledger: a lost ledger is written anew from the lake, and nothing is read again."""

from helpers.exports import LATER, NAME, PUSH, bill, row, zipped

KEPT = ("exports", "files", "rows_out", "export_rows", "cost_sums", "charge_days", "data_files")


def test_a_lost_ledger_comes_back_from_the_lake_with_the_same_sums_and_files(job):
    job.put(f"{PUSH}/{NAME}.zip", zipped(a__csv=bill(row("1.10"), row("2.05", day=6))))
    job.put(f"{LATER}/{NAME}.zip", zipped(a__csv=bill(row("1.10"), row("2.07", day=6))))
    assert job.run().code == 0
    before, data = job.ledger(), job.content()["tables"]
    (job.lake / "ledger" / "alibaba" / "202601.jsonl").unlink()

    result = job.run(rebuild_ledger="true")

    assert result.code == 0 and result.last.startswith("2 published")
    after = job.ledger()
    assert [[line[key] for key in KEPT] for line in after] == [
        [line[key] for key in KEPT] for line in before
    ]
    assert [line["status"] for line in after] == ["published", "published"]
    assert [sums["BilledCost"] for line in after for sums in line["cost_sums"]] == [
        "3.150000000000000000",
        "3.170000000000000000",
    ]
    assert job.run().last == "0 published, 2 unchanged, 0 waiting, 0 refused."
    assert job.content()["tables"] == data


def test_lines_that_are_there_are_left_as_they_are(job):
    job.put(f"{PUSH}/{NAME}.zip", zipped(a__csv=bill(row("1.10"))))
    assert job.run().code == 0
    before = job.marks()
    assert job.run(rebuild_ledger="true").last.startswith("0 published")
    assert job.marks() == before


def test_data_whose_raw_files_are_gone_keep_their_place_without_a_list_of_files(job):
    file = job.put(f"{PUSH}/{NAME}.zip", zipped(a__csv=bill(row("1.10"))))
    assert job.run().code == 0
    (job.lake / "ledger" / "alibaba" / "202601.jsonl").unlink()
    file.unlink()
    assert job.run(rebuild_ledger="true").code == 0
    (line,) = job.ledger()
    assert (line["status"], line["files"], line["rows_out"]) == ("published", [], 1)
    assert line["reasons"][0]["code"] == "rebuilt"
