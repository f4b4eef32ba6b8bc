"""The tables of the outcomes page: as they are shown, and as files, which hold exact values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from core import services
from core.reports import files
from core.reports.charts import category_name, known
from core.reports.filter import ReportFilter
from core.text import Text
from core.ui.downloads import buttons
from core.ui.session import Session


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its values as files hold them, and as the page shows them, where that is different."""

    head: str
    exact: Any
    shown: Any = None  # or who makes them, where that takes long for all rows of a file
    file_head: str = ""  # the head in files, where it needs another
    file_only: bool = False


def on_page(columns: Sequence[Column]) -> pd.DataFrame:
    def values(column: Column) -> Any:
        if column.shown is None:
            return column.exact
        return column.shown() if callable(column.shown) else column.shown

    return pd.DataFrame({column.head: values(column) for column in columns if not column.file_only})


def in_file(columns: Sequence[Column]) -> pd.DataFrame:
    return pd.DataFrame({c.file_head or c.head: c.exact for c in columns})


def category(said: Any, text: Text) -> str:
    """A category as files call it."""
    of = known(said)
    return text.label(of) if of else text("Not classified")


def categories(head: str, of: pd.Series, text: Text) -> Column:
    return Column(head, [category(said, text) for said in of], [category_name(said, text) for said in of])


def money(values: pd.Series) -> pd.Series:
    """Exact amounts, also where all are missing."""
    exact: pd.Series = values.astype(files.MONEY)
    return exact


def table(session: Session, key: str, noun: str, chosen: ReportFilter, columns: Sequence[Column]) -> None:
    """What a chart shows, as a table to open, with its files."""
    with st.expander(session.text("As a table"), icon=":material/table:"):
        st.dataframe(on_page(columns), hide_index=True)
        downloads(session, key, noun, chosen, lambda: in_file(columns))


def downloads(
    session: Session, key: str, noun: str, chosen: ReportFilter, table: Callable[[], pd.DataFrame]
) -> None:
    """A button for each kind of file. The file is made when it is asked for, of what `table` returns then."""

    def rows() -> pd.DataFrame:
        services.outcomes_for(session.desk, session.caller)  # whoever asks now may still see them (R16)
        return table()

    buttons(session.text, key, f"{noun} {chosen.since} {chosen.until}", rows, files.WRITERS)
