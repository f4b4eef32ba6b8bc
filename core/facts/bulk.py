"""Taking over a whole history, or much at once: questions about all of it, in pieces that fit into memory.

While one piece is written the next is read, so that both engines work.
"""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from core.desk import Tx, organisation
from core.facts.names import UNCLASSIFIED, Names
from core.shipped import shipped

T = TypeVar("T")


def _sql(name: str) -> str:
    return shipped("core.facts", name)


def take_over(desk: Tx, facts: Tx, names: Names, since: int, timezone: str) -> None:
    """Write into the facts what came after command `since`; of 0 everything, into facts that hold nothing."""
    only = ""
    if since:
        only = "WHERE l.id IN (FROM touched)"
        desk.run("CREATE OR REPLACE TEMP TABLE touched AS " + _sql("touched.sql"), since)
        for piece in desk.batches("FROM touched"):
            with facts.table("arrived", pa.table(piece)):
                facts.run("CREATE OR REPLACE TEMP TABLE touched AS FROM arrived")
            facts.run("DELETE FROM store.conclusions WHERE conclusion_id IN (FROM touched)")
    of_desk = {"secret": organisation.contact_key(desk), "timezone": timezone}
    later = {"since": since}
    for table, params, numbers in (
        ("conclusions", of_desk, _conclusions),
        ("classifications", later, _classifications),
        ("reopenings", later, _reopenings),
    ):
        columns = facts.arrow(f"FROM store.{table} LIMIT 0").column_names
        sql = _sql(f"extract_{table}.sql") + (only if table == "conclusions" else "")
        with closing(_ahead(desk.batches(sql, params))) as pieces:
            for piece in pieces:
                numbered = numbers(piece, names)
                arrived = {name: numbered[name] if name in numbered else piece[name] for name in columns}
                with facts.table("arrived", pa.table(arrived)):
                    facts.run(f"INSERT INTO store.{table} FROM arrived")
    names.write(facts)
    facts.run(_sql("roll_up.sql"))


def _conclusions(of: pa.RecordBatch, names: Names) -> dict[str, pa.Array]:
    last = names.numbers("classes", of["category"], of["reason_id"], of["reason"])
    first = names.numbers("classes", of["first_category"], of["first_reason_id"], of["first_reason"])
    return {
        "channel": names.numbers("channels", of["channel"]),
        "source": names.numbers("sources", of["source"]),
        "agent": names.numbers("agents", of["concluded_by"]),
        "category": pc.fill_null(of["category"], UNCLASSIFIED),
        "class": last,
        "first_class": pc.if_else(pc.equal(first, 0), last, first),
        "first_currency": names.numbers("currencies", of["first_currency"]),
        "currency": names.numbers("currencies", of["currency"]),
    }


def _classifications(of: pa.RecordBatch, names: Names) -> dict[str, pa.Array]:
    return {
        "agent": names.numbers("agents", of["classified_by"]),
        "class": names.numbers("classes", of["category"], of["reason_id"], of["reason"]),
        "currency": names.numbers("currencies", of["currency"]),
    }


def _reopenings(of: pa.RecordBatch, names: Names) -> dict[str, pa.Array]:
    return {"agent": names.numbers("agents", of["reopened_by"])}


def _ahead(pieces: Generator[T, None, None]) -> Generator[T, None, None]:
    """The same, each read while the one before is worked on."""
    with closing(pieces), ThreadPoolExecutor(1) as reader:  # first the thread ends, then what it reads from
        coming = reader.submit(next, pieces, None)
        while (piece := coming.result()) is not None:
            coming = reader.submit(next, pieces, None)
            yield piece
