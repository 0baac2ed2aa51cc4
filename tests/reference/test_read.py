"""Reading reference data: what is good is typed, what is not is named with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from focus_lake import storage
from focus_lake.reference.read import read, strangers

CENTERS = "cost_center,department,business_unit,owner,valid_from,valid_until\n"


def put(root: Path, path: str, content: str | bytes) -> None:
    file = root / "reference" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)


def centers(root: Path, text: str | bytes, name: str = "a.csv"):
    put(root, f"cost_centers/{name}", text)
    return read(storage.at(str(root)))["cost_centers"]


def test_cells_are_trimmed_months_may_be_days_and_empty_is_nothing(tmp_path):
    text = CENTERS + ' cc-1 ,"R&D, East",Tech,,2026-01-15,202612\n\n,,,,,\ncc-2,研发,,,2026-02,\n'
    sheet = centers(tmp_path, text)
    assert sheet.problems == []
    one, two = sheet.rows
    assert one.values == {
        "cost_center": "cc-1",
        "department": "R&D, East",
        "business_unit": "Tech",
        "owner": None,
        "valid_from": "202601",
        "valid_until": "202612",
    }
    assert two["department"] == "研发"
    assert two["valid_from"] == "202602"
    assert two.where() == "reference/cost_centers/a.csv line 5"


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "with byte-order mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["Unix", "Windows"])
def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path, mark, end):
    text = (mark + CENTERS + "cc-1,Dev,,,,\n").replace("\n", end)
    sheet = centers(tmp_path, text)
    assert sheet.problems == []
    assert [row["cost_center"] for row in sheet.rows] == ["cc-1"]


def test_columns_may_stand_in_any_order_and_optional_ones_may_be_missing(tmp_path):
    sheet = centers(tmp_path, "department,cost_center\nDev,cc-1\n")
    assert sheet.problems == []
    assert (sheet.rows[0]["cost_center"], sheet.rows[0]["owner"]) == ("cc-1", None)


WRONG_FILES = {
    "cost_center;department\ncc-1;Dev\n": "line 1: separated by semicolons; save it with commas",
    "cost_center,departement\ncc-1,Dev\n": "line 1: 'departement' is unknown; did you mean "
    "'department'?; column department is missing",
    "": "line 1: column cost_center is missing; column department is missing; the header is",
    "cost_center,department,department\n": "line 1: column department is there twice",
    CENTERS + "cc-1,Dev\n": "line 2: 2 fields, the header has 6; put a text that holds a comma",
    CENTERS + ",Dev,,,,\n": "line 2: cost_center is empty; it is needed",
    CENTERS + "cc-1,Dev,,,202613,\n": "line 2: valid_from '202613' must be a month, such as 202601",
    CENTERS + "cc-1,Dev,,,01/02/2026,\n": "line 2: valid_from '01/02/2026' must be a month",
    CENTERS + "cc-1,Dev,,,2026-02-30,\n": "line 2: valid_from '2026-02-30' must be a month",
    CENTERS + "cc-1,Dev,,,202602,202601\n": "line 2: valid_until 202601 is before valid_from",
    CENTERS + 'cc-1,"Dev,,,,\n': "line 2: not CSV: unexpected end of data; check the quotes",
    CENTERS.encode("utf-16"): "a.csv line 1: not UTF-8; save it as UTF-8, in Excel as CSV UTF-8",
    CENTERS.encode() + "cc-0,研发,,,,\n".encode("gbk"): "a.csv line 2: not UTF-8",
    "cost_center\tdepartment\ncc-1\tDev\n": "line 1: separated by tabs; save it with commas",
    "sep=,\n" + CENTERS: "line 1: sep= is for Excel alone; remove the line, begin with cost_center",
    "cost_center,department,\ncc-1,Dev,\n": "line 1: column 3 has no name; remove it",
}


@pytest.mark.parametrize(("text", "said"), WRONG_FILES.items(), ids=range(len(WRONG_FILES)))
def test_a_fault_is_named_with_file_and_line(tmp_path, text, said):
    (problem,) = centers(tmp_path, text).problems
    assert problem.startswith("reference/cost_centers/a.csv")
    assert said in problem


def test_a_file_of_another_type_is_named(tmp_path):
    (problem,) = centers(tmp_path, b"PK", "centers.xlsx").problems
    assert problem.startswith("reference/cost_centers/centers.xlsx: not a .csv file")


def test_hidden_files_are_passed_over(tmp_path):
    assert centers(tmp_path, "nonsense", ".a.csv").problems == []


def test_a_key_is_there_once_at_a_time_over_all_files(tmp_path):
    centers(tmp_path, CENTERS + "cc-1,Dev,,,,202512\ncc-1,Ops,,,202601,\n")
    assert centers(tmp_path, CENTERS, "b.csv").problems == []
    (problem,) = centers(tmp_path, CENTERS + "cc-1,Sales,,,202612,\n", "b.csv").problems
    assert problem == (
        "reference/cost_centers/b.csv line 2: cost_center cc-1 is there twice for overlapping "
        "months, see reference/cost_centers/a.csv line 3; a cost center has one department at a "
        "time: end the older line with valid_until"
    )


def test_a_tag_value_has_one_meaning(tmp_path):
    text = "attribute,value,meant\nx_CostCenter,a,cc-1\nx_CostCenter,a,cc-2\nx_Owner,a,b\n"
    put(tmp_path, "tag_values/a.csv", text + "Owner,b,c\n")
    twice, unknown = sorted(read(storage.at(str(tmp_path)))["tag_values"].problems)
    assert "line 3: attribute x_CostCenter, value a is there twice, see" in twice
    assert "line 5: attribute 'Owner' must be one of x_Brand, x_Project" in unknown
    assert "did you mean 'x_Owner'?" in unknown


def test_a_folder_that_is_no_kind_is_named_and_rates_are_not(tmp_path):
    put(tmp_path, "cost_centres/a.csv", CENTERS)
    put(tmp_path, "fx_rates/a.csv", "from,to,valid_from,rate\n")
    (found,) = strangers(storage.at(str(tmp_path)))
    assert found == (
        "reference/cost_centres/a.csv: no kind of reference data is called cost_centres; did you "
        "mean 'cost_centers'?"
    )
