from __future__ import annotations

import zipfile
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest

from connectors import RAGGED, ExcelSource
from connectors.source import BATCH_ROWS
from tests.connectors.reading import CANARY, read, refused, rows

MIDNIGHT = datetime(2020, 1, 2)  # noqa: DTZ001 - Excel knows no time zones


def _workbook(folder: Path, *content: list[object], name: str = "t.xlsx") -> Path:
    workbook = openpyxl.Workbook()
    workbook.active.title = "First"
    for row in content:
        workbook.active.append(row)
    workbook.create_sheet("Second").append(["other"])
    workbook.save(folder / name)
    return folder / name


def test_values_are_the_text_of_what_a_cell_holds(tmp_path: Path) -> None:
    """Whole numbers have no decimals, dates are ISO, and blank cells are missing."""
    file = _workbook(
        tmp_path,
        [" nr ", "pay", "born", "seen", "ok"],
        [1, 2.5, date(1980, 2, 3), MIDNIGHT, True],
        [],
        ["007", 3.0, None, MIDNIGHT.replace(hour=4), False],
        [1e22, "  ", datetime(1980, 2, 3, 4), time(5, 6), "#N/A"],  # noqa: DTZ001 - nor here
    )
    assert rows(ExcelSource(file)) == [
        {
            "nr": "1",
            "pay": "2.5",
            "born": "1980-02-03",
            "seen": "2020-01-02T00:00:00",
            "ok": "true",
        },
        {
            "nr": "007",
            "pay": "3",
            "born": None,
            "seen": "2020-01-02T04:00:00",
            "ok": "false",
        },
        {
            "nr": "1e+22",
            "pay": None,
            "born": "1980-02-03T04:00:00",
            "seen": "05:06:00",
            "ok": "#N/A",
        },
    ]


def test_a_sheet_is_chosen_by_name(tmp_path: Path) -> None:
    """Without a name the first sheet is read; an unknown one is refused by name."""
    file = _workbook(tmp_path, ["a"], [1])
    assert ExcelSource(file).schema.names == ["a"]
    assert ExcelSource(file, "Second").schema.names == ["other"]
    refused(lambda: ExcelSource(file, "Third").schema, "t.xlsx", "no sheet Third")


def test_rows_wider_than_the_header_are_ragged(tmp_path: Path) -> None:
    """A value to the right of the header is counted out; a shorter row is whole."""
    file = _workbook(tmp_path, ["a", "b"], [1], [1, 2, 3], [4, 5])
    found, rejects = read(ExcelSource(file).select(["b"]))
    assert found == [{"b": None}, {"b": "5"}]
    assert rejects == {RAGGED: 1}


def test_a_long_sheet_comes_in_batches(tmp_path: Path) -> None:
    """No batch is longer than the bound, and no row is lost between two."""
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("long")
    for row in range(BATCH_ROWS + 5):
        sheet.append(["a" if row == 0 else row])
    workbook.save(tmp_path / "long.xlsx")
    found = rows(ExcelSource(tmp_path / "long.xlsx"))
    assert [int(row["a"]) for row in found] == list(range(1, BATCH_ROWS + 5))


def test_a_date_that_is_none_is_not_told(tmp_path: Path) -> None:
    """A number no date can have is an error's name, and no warning shows it."""
    file = _workbook(tmp_path, ["a"], [99999999])
    workbook = openpyxl.load_workbook(file)
    workbook.active["A2"].number_format = "yyyy-mm-dd"
    workbook.save(file)
    assert rows(ExcelSource(file)) == [{"a": "#VALUE!"}]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ([], "it is empty"),
        (["a", None, "b"], "column 2 has no name"),
        (["a", "A"], "column 2 repeats the name of column 1"),
    ],
)
def test_a_header_names_every_column_once(
    tmp_path: Path, header: list[object], message: str
) -> None:
    """A sheet without a whole header is refused."""
    file = _workbook(tmp_path, header)
    refused(lambda: ExcelSource(file).schema, "t.xlsx", message)


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    """Missing, text, damaged: each names the file and no cell."""
    missing = ExcelSource(tmp_path / "no.xlsx")
    refused(lambda: missing.schema, "no.xlsx", "no such file")
    (tmp_path / "text.xlsx").write_text(CANARY)
    refused(lambda: ExcelSource(tmp_path / "text.xlsx").schema, "text.xlsx", "Excel")
    file = _workbook(tmp_path, ["a"], [CANARY])
    with (
        zipfile.ZipFile(file) as whole,
        zipfile.ZipFile(tmp_path / "cut.xlsx", "w") as cut,
    ):
        for name in whole.namelist():
            content = whole.read(name)
            cut.writestr(name, content[:-40] if "sheet1" in name else content)
    refused(lambda: read(ExcelSource(tmp_path / "cut.xlsx")), "cut.xlsx", "damaged")
