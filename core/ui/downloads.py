"""What a page shows, as files: a button for each kind."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from core.text import Text

Table = TypeVar("Table")

# What the button says, how a file's name ends, and its type.
KINDS = (
    ("CSV", "csv", "text/csv"),
    ("Excel", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("Parquet", "parquet", "application/vnd.apache.parquet"),
)


def buttons(
    text: Text, key: str, name: str, table: Callable[[], Table], writers: Sequence[Callable[[Table], bytes]]
) -> None:
    """A button for each of `KINDS`. The file is made when it is asked for, of what `table` returns then, which is also
    who checks that whoever asks now may have it (R16). `name`: of the files, in any letters. `writers`: one for each kind.
    """

    def maker(write: Callable[[Table], bytes]) -> Callable[[], bytes]:
        return lambda: write(table())

    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"files-{key}"):
        st.caption(text("Download"), width="content")
        for (label, ending, mime), write in zip(KINDS, writers, strict=True):
            st.download_button(
                label, maker(write), file_name(name, ending), mime, key=f"file-{key}-{ending}",
                type="tertiary", on_click="ignore", icon=":material/download:",
            )  # fmt: skip


def file_name(name: str, ending: str) -> str:
    """desfecho-motivos-2026-10-26-2026-11-22.csv: in letters that every system takes."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return f"desfecho-{re.sub(r'[^a-z0-9]+', '-', plain.lower()).strip('-')}.{ending}"
