"""Raw texts as columns: records of several lines, blank lines, shares, and how quotes are told."""

from __future__ import annotations

import pytest

from focus_lake import storage
from focus_lake.frames.columns import batches
from focus_lake.frames.records import BACKSLASH, DOUBLED, look


def read(folder, text: str, share: int = 0, shares: int = 1, rows: int = 4) -> list[tuple]:
    """(number of the record, line, fault, value of the first column) of each record."""
    (folder / "bill.csv").write_bytes(text.encode())
    raw = storage.at(str(folder))
    [found] = look(raw, "bill.csv")
    records = []
    for first, lines, faults, columns in batches(raw, found, share, shares, rows):
        values = columns[0].to_pylist()
        assert len(values) == len(lines) == len(faults) <= rows
        numbers = range(first + 1, first + 1 + len(lines))
        records += zip(numbers, lines, faults, values, strict=True)
    return records


def test_a_record_begins_on_the_line_of_its_first_letter(tmp_path):
    text = '\ufeff\r\na,b\r\n1,"x\n\ny"\r\n\r\n2,z\n"3\n""",z\n\n\n4,"z"\n5,z'
    assert read(tmp_path, text) == [
        (1, 3, None, "1"),
        (2, 7, None, "2"),
        (3, 8, None, '3\n"'),
        (4, 12, None, "4"),
        (5, 13, None, "5"),
    ]


def test_a_record_of_another_width_has_a_fault_and_no_values(tmp_path):
    assert read(tmp_path, "a,b\n1,x\n2\n3,x,y\n4,z\n") == [
        (1, 2, None, "1"),
        (2, 3, "the record has 1 fields, the header 2", None),
        (3, 4, "the record has 3 fields, the header 2", None),
        (4, 5, None, "4"),
    ]


@pytest.mark.parametrize("rows", [1, 3, 256, 512, 4096])
def test_shares_hand_out_every_record_once(tmp_path, rows):
    blank = {300, 301, *range(600, 1400)}  # more blank lines than a batch has records
    text = "a,b\n" + "".join("\n" if n in blank else f'{n},"x\n"\n' for n in range(2000))
    lines, number, line = [], 0, 2
    for n in range(2000):
        if n not in blank:
            number += 1
            lines.append((number, line, None, str(n)))
        line += 1 if n in blank else 2
    assert read(tmp_path, text, rows=rows) == lines
    shares = [read(tmp_path, text, share, 3, rows) for share in range(3)]
    assert sorted(record for share in shares for record in share) == lines
    if rows < 512:
        assert all(shares)


@pytest.mark.parametrize(
    ("rows", "quoting"),
    [
        (['1,"{""a"":""say \\""hi\\""""}"'], DOUBLED),
        (['1,"say \\"hi\\""', '2,"\\""'], BACKSLASH),
        (['1,"5\\""', '2,"6\\""'], BACKSLASH),
        (['1,"C:\\"', '2,"D:\\"'], DOUBLED),
        (['1,"{\\"a\\":\\"\\"}"'], BACKSLASH),
        (["1,x", '2,"C:\\""\n""x"'], DOUBLED),
    ],
)
def test_how_quotes_inside_a_field_are_written_is_told_by_the_text(tmp_path, rows, quoting):
    (tmp_path / "bill.csv").write_text("\n".join(["a,b", *rows]) + "\n")
    [found] = look(storage.at(str(tmp_path)), "bill.csv")
    assert found.quoting == quoting


def test_a_quote_that_is_never_closed_stops_the_reading(tmp_path):
    with pytest.raises(Exception, match="unexpected end of data"):
        read(tmp_path, 'a,b\n1,"x\n2,y\n')
