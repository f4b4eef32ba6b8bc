"""An answer as the page's grid shows it, and as files hold it. Any column that SQL can make has a place in both."""

import io
import json
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import streamlit as st

from core.reports import files
from core.ui import escape

LONGEST_CELL = 1_000  # characters of a text in the grid; files hold all of it
LARGEST_GRID = 8_000_000  # bytes that a browser is sent
EXACT = 2**53  # up to here, a browser's numbers are
DIGITS = 15  # that they hold for certain
FIRST_YEAR, LAST_YEAR = 1900, 9999  # that Excel has dates in, and Python


def named(table: pa.Table) -> pa.Table:
    """The table with a name of its own for each column: a second `n` is `n (2)`."""
    names: list[str] = []
    for name in table.column_names:
        said, n = name, 1
        while said in names:
            n += 1
            said = f"{name} ({n})"
        names.append(said)
    return table.rename_columns(names)


# The grid ------------------------------------------------------------------------------------------


def shown(table: pa.Table) -> tuple[pa.Table, dict[str, Any]]:
    """The rows that a browser can bear, and how their columns are drawn. Rows are left out at the end only."""
    table = named(table)
    table = table.rename_columns([escape.printable(name) for name in table.column_names])
    table = named(table)  # what is unseen in names may have been all the difference
    columns, drawn = [], {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        values, config = _cells(column)
        columns.append(values)
        if config is not None:  # None would hide the column
            drawn[name] = config
    fit = pa.table(columns, names=table.column_names) if columns else table
    if fit.nbytes > LARGEST_GRID:
        fit = fit.slice(0, max(1, fit.num_rows * LARGEST_GRID // fit.nbytes))
    return fit, drawn


def _cells(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, Any]:
    """What the grid is given of a column: numbers, days and moments as they are, as long as a browser holds them
    exactly; everything else as text."""
    column, of = _plain(column)
    right = st.column_config.TextColumn(alignment="right")
    if pa.types.is_integer(of):
        most = pc.min_max(column).as_py()
        if any(end is not None and abs(end) >= EXACT for end in most.values()):
            return column.cast(pa.string()), right
        return column, None
    if pa.types.is_decimal(of):
        most = pc.min_max(column).as_py()
        if any(end is not None and abs(end) * 10**of.scale >= 10**DIGITS for end in most.values()):
            return pa.chunked_array([[None if v is None else f"{v:f}" for v in column.to_pylist()]]), right
        return column, st.column_config.NumberColumn(format=f"%.{of.scale}f")
    if _simple(of) and not pa.types.is_string(of):
        return (column, None) if _years_fit(column, of) else (_texts(column), None)
    texts = column if pa.types.is_string(of) else _texts(column)
    cut = pc.binary_join_element_wise(pc.utf8_slice_codeunits(texts, 0, LONGEST_CELL - 1), "…", "")
    return pc.if_else(
        pc.greater(pc.utf8_length(texts), LONGEST_CELL), cut, texts
    ), st.column_config.TextColumn()


# Files ---------------------------------------------------------------------------------------------


def as_csv(table: pa.Table) -> bytes:
    return files.as_csv(_frame(table))


def as_excel(table: pa.Table) -> bytes:
    return files.as_excel(_frame(table))


def as_parquet(table: pa.Table) -> bytes:
    """With the types of the answer, where Parquet has them."""
    table = named(table)
    columns = [column if _in_parquet(column.type) else _texts(column) for column in table.columns]
    file = io.BytesIO()
    pq.write_table(pa.table(columns, names=table.column_names), file, compression="zstd")
    return file.getvalue()


def _in_parquet(of: pa.DataType) -> bool:
    """Whether Parquet has such a type: it has none of intervals and unions."""
    try:
        pq.write_table(pa.table({"": pa.array([], of)}), io.BytesIO())
    except pa.ArrowNotImplementedError:
        return False
    return True


WRITERS = as_csv, as_excel, as_parquet  # in the order in which pages offer them


def _frame(table: pa.Table) -> pd.DataFrame:
    """The table as spreadsheets take it: numbers exact, whole numbers whole also beside missing ones."""
    columns = {}
    named_ = named(table)
    for name, given in zip(named_.column_names, named_.columns, strict=True):
        column, of = _plain(given)
        if not _simple(of) or not _years_fit(column, of):
            column, of = _texts(column), pa.string()
        if pa.types.is_timestamp(of) and of.tz:
            columns[name] = column.to_pandas()
        else:
            columns[name] = pd.Series(column, dtype=pd.ArrowDtype(of))
    return pd.DataFrame(columns)


# Types ---------------------------------------------------------------------------------------------


def _plain(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.DataType]:
    """The column without what Arrow adds to a type: dictionaries, extensions, large strings."""
    of = column.type
    if isinstance(of, pa.UuidType):
        column = _texts(column)
    elif isinstance(of, pa.BaseExtensionType):
        column = column.cast(of.storage_type)
    elif pa.types.is_dictionary(of):
        column = column.cast(of.value_type)
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return column, column.type


def _simple(of: pa.DataType) -> bool:
    kinds = pa.types
    return bool(
        kinds.is_integer(of) or kinds.is_floating(of) or kinds.is_decimal(of) or kinds.is_boolean(of)
        or kinds.is_string(of) or kinds.is_date(of) or kinds.is_timestamp(of) or kinds.is_time(of)
    )  # fmt: skip


def _years_fit(column: pa.ChunkedArray, of: pa.DataType) -> bool:
    """Whether all its days and moments, if it has any, are such as spreadsheets and Python know."""
    if not (pa.types.is_date(of) or pa.types.is_timestamp(of)):
        return True
    ends = pc.min_max(pc.year(column))
    years = [end for end in ends.as_py().values() if end is not None]
    return all(FIRST_YEAR <= year <= LAST_YEAR for year in years)


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column as text: lists and structures as JSON, what only Arrow can say as Arrow says it."""
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.chunked_array([[said(scalar) for scalar in column]], pa.string())


def said(scalar: pa.Scalar) -> str | None:
    try:
        value = scalar.as_py()
    except (ValueError, OverflowError):  # a year that Python does not know
        return str(scalar)
    if value is None:
        return None
    if isinstance(value, pa.MonthDayNano):
        return _length(value)
    return (
        json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, list | dict) else str(value)
    )


def _length(of: pa.MonthDayNano) -> str:
    """An interval: 1 month 3 days 02:00:00."""
    seconds, rest = divmod(abs(of.nanoseconds) // 1000, 1_000_000)
    clock = (
        f"{'-' if of.nanoseconds < 0 else ''}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    )
    counts = [
        f"{n} {unit}{'' if n in (1, -1) else 's'}"
        for n, unit in ((of.months, "month"), (of.days, "day"))
        if n
    ]
    return " ".join(
        [*counts, *([clock + (f".{rest:06}" if rest else "")] if of.nanoseconds or not counts else [])]
    )
