"""Tables as files that other programs open: CSV, Excel, Parquet. Values are exact, and text is never a formula."""

import csv
import io
import math
import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter  # type: ignore[import-untyped]

MONEY = pd.ArrowDtype(
    pa.decimal128(38, 2)
)  # of a column of Decimals, so that it is one also where all are missing
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet takes for the beginning of one
CELL_WITHIN = re.compile(r"(?<=[;\t\r\n])(?=\s*[=+\-@])")
UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # no XML file may hold these
LONGEST_CELL = 32_767  # characters, of Excel
WIDTH = 18  # of a column in Excel


def as_csv(frame: pd.DataFrame) -> bytes:
    """UTF-8 with the mark by which Excel knows it; a text that a spreadsheet would run begins with an apostrophe."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    heads, rows = _plain(frame)
    writer.writerow([_inert(head) for head in heads])
    for row in rows:
        writer.writerow([_written(value) for value in row])
    return file.getvalue().encode("utf-8-sig")


def as_excel(frame: pd.DataFrame) -> bytes:
    """A workbook of one sheet, whose numbers and dates are such."""
    file = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet()
        formats = {
            kind: book.add_format({"num_format": said})
            for kind, said in (("money", "#,##0.00"), ("time", "yyyy-mm-dd hh:mm:ss"), ("day", "yyyy-mm-dd"))
        }
        heads, rows = _plain(frame)
        sheet.set_column(0, max(len(heads) - 1, 0), WIDTH)
        sheet.freeze_panes(1, 0)
        bold = book.add_format({"bold": True})
        for column, head in enumerate(heads):
            sheet.write_string(0, column, head[:LONGEST_CELL], bold)
        for line, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                _fill(sheet, line, column, value, formats)
    return file.getvalue()


def as_parquet(frame: pd.DataFrame) -> bytes:
    """With a type to each column: money is decimal, moments are UTC."""
    columns = {}
    for head, column in frame.items():
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            column = column.dt.tz_convert("UTC")
        elif column.dtype == object or isinstance(column.dtype, pd.StringDtype):
            column = column.map(lambda value: _clean(value) if isinstance(value, str) else value)
        columns[str(head)] = pa.Array.from_pandas(column)
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, compression="zstd")
    return file.getvalue()


WRITERS = as_csv, as_excel, as_parquet  # in the order in which pages offer them


def _plain(frame: pd.DataFrame) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Heads, and rows of plain values, None where there is none. A moment is told as the clocks of its zone showed it,
    and its head names the zone: a spreadsheet knows of no zones."""
    heads, columns = [], []
    for name, column in frame.items():
        head = str(name)
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            head = f"{head} ({column.dt.tz})"
            column = column.dt.tz_localize(None)
        heads.append(_clean(head))
        columns.append(
            [
                None if missing else _clean(value) if isinstance(value, str) else value
                for value, missing in zip(column.tolist(), column.isna(), strict=True)
            ]
        )
    return heads, zip(*columns, strict=True)


def _clean(said: str) -> str:
    return UNREADABLE.sub("\ufffd", said)


def _inert(said: str) -> str:
    """A text that no spreadsheet runs, also one that begins a cell at a semicolon, as many do beside a decimal comma."""
    said = CELL_WITHIN.sub("'", said)
    return f"'{said}" if said.startswith(FORMULA) else said


def _written(value: Any) -> str:
    """A cell of CSV."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _inert(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return str(value)


def _fill(sheet: Any, line: int, column: int, value: Any, formats: dict[str, Any]) -> None:
    """A cell of Excel. What Excel cannot hold exactly as a number stands there as text."""
    if value is None:
        return
    if isinstance(value, datetime):
        sheet.write_datetime(line, column, value, formats["time"])
    elif isinstance(value, date):
        sheet.write_datetime(line, column, value, formats["day"])
    elif isinstance(value, Decimal) and Decimal(f"{float(value):.16G}") == value:
        sheet.write_number(line, column, float(value), formats["money"])
    elif isinstance(value, (int, float)) and math.isfinite(value):
        sheet.write_number(line, column, value)
    else:
        said = f"{value:f}" if isinstance(value, Decimal) else str(value)
        sheet.write_string(
            line, column, said if len(said) <= LONGEST_CELL else f"{said[: LONGEST_CELL - 1]}…"
        )
