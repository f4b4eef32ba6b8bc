"""The tables of the outcomes page: as they are shown, and as files, which hold exact values."""

import re
import unicodedata
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
from core.ui.session import Session

# What the button says, how a file's name ends, its type, and who writes it.
KINDS: tuple[tuple[str, str, str, Callable[[pd.DataFrame], bytes]], ...] = (
    ("CSV", "csv", "text/csv", files.as_csv),
    ("Excel", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", files.as_excel),
    ("Parquet", "parquet", "application/vnd.apache.parquet", files.as_parquet),
)


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
    text = session.text
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"files-{key}"):
        st.caption(text("Download"), width="content")
        for label, ending, mime, write in KINDS:
            st.download_button(
                label, _maker(session, write, table), file_name(noun, chosen, ending), mime,
                key=f"file-{key}-{ending}", type="tertiary", on_click="ignore", icon=":material/download:",
            )  # fmt: skip


def _maker(
    session: Session, write: Callable[[pd.DataFrame], bytes], table: Callable[[], pd.DataFrame]
) -> Callable[[], bytes]:
    def make() -> bytes:
        services.outcomes_for(session.desk, session.caller)  # whoever asks now may still see them (R16)
        return write(table())

    return make


def file_name(noun: str, chosen: ReportFilter, ending: str) -> str:
    """desfecho-motivos-2026-10-26-2026-11-22.csv: in letters that every system takes."""
    plain = unicodedata.normalize("NFKD", noun).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    return f"desfecho-{name}-{chosen.since.isoformat()}-{chosen.until.isoformat()}.{ending}"
