"""Files say exactly what the table says, and no text in them is ever run."""

import csv
import io
import re
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.reports.files import LONGEST_CELL, MONEY, as_csv, as_excel, as_parquet

ZONE = "America/Sao_Paulo"
AT = datetime(2026, 3, 2, 1, 30, 15, tzinfo=UTC)  # the evening before, in São Paulo
HOSTILE = [
    "=1+1", "+1", "-1", "@x", "\t=1", "\r=1", '=HYPERLINK("http://example.com","x")', "=cmd|' /C calc'!A0",
    'a "quoted", text\nof two lines', "https://example.com", "0123", "1e3", "", "Ação ✓ 😀", "'", "_x0041_",
]  # fmt: skip
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def table(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(columns)


def money(*values: str | None) -> pd.Series:
    return pd.Series([value and Decimal(value) for value in values], dtype=MONEY)


def moments(*times: datetime | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(times), utc=True)).dt.tz_convert(ZONE)


def rows_of_csv(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")  # by which Excel knows what it is
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def unescaped(said: str) -> str:
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), said)


def cells_of_excel(content: bytes) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The sheet as rows of column letter → text (str) or number (float), and the format of each number's cell."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        assert not [
            name for name in book.namelist() if "externalLink" in name or name.endswith("sheet1.xml.rels")
        ]
        shared: list[str] = []
        if "xl/sharedStrings.xml" in book.namelist():
            for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml")):
                shared.append(unescaped("".join(part.text or "" for part in item.iter(f"{SHEET}t"))))
        styles = ElementTree.fromstring(book.read("xl/styles.xml"))
        codes = {n.get("numFmtId"): n.get("formatCode") for n in styles.iter(f"{SHEET}numFmt")}
        formats = [xf.get("numFmtId") for xf in styles.find(f"{SHEET}cellXfs") or []]
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert not list(sheet.iter(f"{SHEET}f")), "a formula"
    assert not list(sheet.iter(f"{SHEET}hyperlink"))
    (pane,) = sheet.iter(f"{SHEET}pane")
    assert (pane.get("ySplit"), pane.get("state")) == ("1", "frozen")
    found, drawn = [], {}
    for row in sheet.iter(f"{SHEET}row"):
        cells: dict[str, Any] = {}
        for cell in row:
            value = cell.find(f"{SHEET}v")
            if value is None:
                continue
            place = str(cell.get("r"))
            letter = place.rstrip("0123456789")
            cells[letter] = shared[int(value.text or "")] if cell.get("t") == "s" else float(value.text or "")
            style = formats[int(cell.get("s", "0"))]
            drawn[place] = codes.get(style) or {"4": "#,##0.00"}.get(str(style), "")
        found.append(cells)
    return found, drawn


def test_hostile_text_is_text_in_csv() -> None:
    (head, *rows) = rows_of_csv(as_csv(table(**{"=head": HOSTILE})))
    assert head == ["'=head"]
    for (written,), said in zip(rows, HOSTILE, strict=True):
        runs = said.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert written.startswith("'") == (runs or said.startswith("'"))
        assert written.replace("'", "") == said.replace("'", "")


@pytest.mark.parametrize("said", ["a;=1+1", "a; =1", "a\n=1", "a;\t@x", "=1;=2", "a;b;-1", ";+1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_program_finds_a_formula_wherever_it_begins_a_cell(said: str, delimiter: str) -> None:
    content = as_csv(table(Motivo=[said], Outro=["x"])).decode("utf-8-sig")
    cells = [cell for line in content.splitlines() for cell in line.split(delimiter)]
    assert not [cell for cell in cells if cell.strip(' \t"').startswith(("=", "+", "-", "@"))]


def test_numbers_stay_numbers_in_csv() -> None:
    frame = table(
        n=[-1, 2], share=[-0.5, None], value=money("-9.90", None), big=money("9999999999999.99", "0")
    )
    assert rows_of_csv(as_csv(frame))[1:] == [
        ["-1", "-0.5", "-9.90", "9999999999999.99"],
        ["2", "", "", "0.00"],
    ]


def test_times_are_told_in_their_zone_which_the_head_names() -> None:
    frame = table(at=moments(AT, None), day=[date(2026, 3, 2), None])
    assert rows_of_csv(as_csv(frame)) == [
        [f"at ({ZONE})", "day"], ["2026-03-01 22:30:15", "2026-03-02"], ["", ""],
    ]  # fmt: skip


def test_hostile_text_is_text_in_excel() -> None:
    rows, _ = cells_of_excel(as_excel(table(said=HOSTILE)))
    assert [row.get("A", "") for row in rows] == ["said", *HOSTILE]


def test_excel_has_real_numbers_and_dates() -> None:
    frame = table(
        value=money("9999999999999.99", "0.10", None, "123456789012345678.99"),
        at=moments(AT, None, AT, AT), day=[date(2026, 3, 2), date(2000, 1, 1), None, date(2026, 3, 2)],
        n=[1, -2, 3, 4], share=[0.5, float("nan"), float("inf"), 0.1],
    )  # fmt: skip
    (head, *rows), drawn = cells_of_excel(as_excel(frame))
    assert list(head.values()) == ["value", f"at ({ZONE})", "day", "n", "share"]
    assert Decimal(str(rows[0]["A"])) == Decimal("9999999999999.99")
    assert (rows[1]["A"], rows[2].get("A")) == (0.1, None)
    assert rows[3]["A"] == "123456789012345678.99"  # no number of Excel is exactly this
    assert drawn["A2"] == "#,##0.00"
    began = datetime(1899, 12, 30)  # noqa: DTZ001 - Excel's first day
    assert began + timedelta(days=round(rows[0]["B"] * 86400) / 86400) == datetime(2026, 3, 1, 22, 30, 15)  # noqa: DTZ001
    assert (drawn["B2"], drawn["C2"]) == ("yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd")
    assert began + timedelta(days=rows[0]["C"]) == datetime(2026, 3, 2)  # noqa: DTZ001
    assert [row["D"] for row in rows] == [1, -2, 3, 4]
    assert [row.get("E") for row in rows] == [0.5, None, "inf", 0.1]


def test_parquet_has_real_types() -> None:
    frame = table(
        value=money("9999999999999.99", None), at=moments(AT, None), day=[date(2026, 3, 2), None],
        n=[1, 2], share=[0.5, None], said=["=1+1", None], nothing=money(None, None),
    )  # fmt: skip
    found = pq.read_table(io.BytesIO(as_parquet(frame)))
    types = dict(zip(found.schema.names, found.schema.types, strict=True))
    assert types["value"] == types["nothing"] == pa.decimal128(38, 2)
    assert types["at"] == pa.timestamp("us", tz="UTC")
    assert (types["day"], types["n"], types["share"]) == (pa.date32(), pa.int64(), pa.float64())
    assert found.to_pylist() == [
        {"value": Decimal("9999999999999.99"), "at": AT, "day": date(2026, 3, 2), "n": 1, "share": 0.5,
         "said": "=1+1", "nothing": None},
        {"value": None, "at": None, "day": None, "n": 2, "share": None, "said": None, "nothing": None},
    ]  # fmt: skip


@pytest.mark.parametrize("said", ["a\x00b", "a\x0bb", "a\x1fb", "a\ufffeb", "a\uffffb", "a\ud800b"])
def test_what_no_file_may_hold_is_replaced(said: str) -> None:
    frame = pd.DataFrame({"said": pd.Series([said], dtype=object)})
    kept = "a\ufffdb"
    assert rows_of_csv(as_csv(frame))[1] == [kept]
    assert cells_of_excel(as_excel(frame))[0][1]["A"] == kept
    assert pq.read_table(io.BytesIO(as_parquet(frame))).to_pylist() == [{"said": kept}]


def test_a_text_too_long_for_excel_ends_with_a_sign_of_it() -> None:
    long = "x" * 40_000
    frame = table(said=[long, "y" * LONGEST_CELL])
    rows, _ = cells_of_excel(as_excel(frame))
    assert (len(rows[1]["A"]), rows[1]["A"][-2:]) == (LONGEST_CELL, "x…")
    assert rows[2]["A"] == "y" * LONGEST_CELL
    assert rows_of_csv(as_csv(frame))[1] == [long]


@pytest.mark.parametrize("write", [as_csv, as_excel, as_parquet])
def test_an_empty_table_is_a_file_too(write: Any) -> None:
    assert write(table(value=money(), at=moments(), said=[]))
    assert write(table(said=[None, None]))
