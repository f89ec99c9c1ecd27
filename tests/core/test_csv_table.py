"""Tables as editors, spreadsheets and other countries write them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqa_bench.core.csv_table import cells_of, parsed_number, read_csv, unfit_cell
from aqa_bench.core.errors import DataError


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "eigene Tabelle ä.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"file,label\na,0.5\nb,1\n",
        b"\xef\xbb\xbffile;label\r\na;0,5\r\nb;1\r\n",
        b"file\tlabel\ra\t0.5\rb\t1",
        "file\tlabel\r\na\t0,5\r\nb\t1\r\n".encode("utf-16"),
        "file;label\na;0,5\nb;1\n".encode("utf-16-be").join([b"\xfe\xff", b""]),
        b"sep=;\r\nfile;label\r\na;0,5\r\nb;1\r\n",
        b"file;label;;\na;0,5;;\n;;;\nb;1;;\n",
        b'\n"file","label"\n"a","0.5"\n\n"b","1"\n',
    ],
    ids=["plain", "excel", "old mac", "utf-16", "utf-16 other way", "sep=", "empty columns", "quoted"],
)
def test_it_reads_as_the_plain_one(tmp_path: Path, content: bytes) -> None:
    table = read_csv(written(tmp_path, content))
    assert (table.header, table.column("file")) == (("file", "label"), ["a", "b"])
    assert [table.number(row, "label") for row in range(2)] == [0.5, 1.0]


@pytest.mark.parametrize(
    ("content", "expected", "found"),
    [
        (b"", "a line with column names", "0 lines"),
        (b"file,label\n", "at least one row", "1 lines"),
        (b"file,label\na\n", "2 cells in line 2", "1: ('a',)"),
        (b"file,,label\na,x,1\n", "a unique name for each column", "'' in file"),
        (b"file,File\na,1\n", "a unique name", "'file'"),
        (b"file,label\n\xe9,1\n", "text in UTF-8", "byte 0xe9"),
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00\n", "text in UTF-8", "a spreadsheet file"),
        (b'file,label\n"a,1\n', "a CSV file", "unexpected end of data"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, content: bytes, expected: str, found: str) -> None:
    with pytest.raises(DataError) as caught:
        read_csv(written(tmp_path, content))
    assert expected in str(caught.value.expected)
    assert found in str(caught.value.found)
    assert "Tabelle ä.csv" in str(caught.value.where)


def test_a_cell_without_end_is_not_printed_whole(tmp_path: Path) -> None:
    table = read_csv(written(tmp_path, b"file,label\n" + b"x" * 100_000 + b",1\n"))
    error = unfit_cell(table, 0, "file", "Too long.", "a name", "Shorten it.")
    assert len(str(error.found)) < 200
    assert "100000 characters" in str(error.found)


@pytest.mark.parametrize("text", ["1_0", "1.234,5", "0,5", "eins"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError):
        parsed_number(text, "," if text == "0,5" else ";")


_CELLS = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\x00", exclude_categories=["Cs"]), max_size=8
)


@given(st.lists(st.tuples(_CELLS, _CELLS), min_size=1, max_size=5))
def test_what_csv_writes_is_read_back(rows: list[tuple[str, str]]) -> None:
    import io

    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([("first", "second"), *rows])
    delimiter, found = cells_of(buffer.getvalue())
    wanted = [tuple(cell.strip() for cell in row) for row in rows]
    assert delimiter == ","
    assert [cells for _, cells in found[1:]] == [row for row in wanted if any(row)]
