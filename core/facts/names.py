"""Names as numbers: the facts hold each name once, and everywhere else its number. 0: none."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from core.desk.transaction import Tx

# The tables of names, and what a name is in each: one column, or several.
TABLES: dict[str, tuple[str, ...]] = {
    "channels": ("name",),
    "sources": ("name",),
    "currencies": ("name",),
    "agents": ("user_id",),
    "classes": ("category", "reason_id", "reason"),
}
UNCLASSIFIED = "none"  # where a category is spoken of
Name = tuple[Any, ...]


class Names:
    """The numbers given so far. A name not seen before gets the next one, and waits to be written."""

    def __init__(self, facts: Tx) -> None:
        self._numbers: dict[str, dict[Name, int]] = {}
        for table, columns in TABLES.items():
            rows = facts.rows(f"SELECT code, {', '.join(columns)} FROM store.{table} WHERE code > 0")
            self._numbers[table] = {tuple(name): code for code, *name in rows}
        self._new: list[tuple[str, int, Name]] = []

    def number(self, table: str, *name: Any) -> int:
        if name[0] is None:
            return 0
        known = self._numbers[table]
        if name not in known:
            known[name] = len(known) + 1
            self._new.append((table, known[name], name))
        return known[name]

    def numbers(self, table: str, *columns: pa.Array) -> pa.Array:
        """The numbers of a name a row, whose parts stand in these columns."""
        parts = [_plain(column).dictionary_encode() for column in columns]
        combined = parts[0].indices.cast(pa.int64())
        for part in parts[1:]:
            combined = pc.add(pc.multiply(combined, max(len(part.dictionary), 1)), part.indices)
        distinct = combined.dictionary_encode()
        values = [_values(column, part) for column, part in zip(columns, parts, strict=True)]
        codes = [self.number(table, *name) for name in _apart(distinct.dictionary.to_pylist(), values)]
        return pc.fill_null(pa.array(codes, pa.int32()).take(distinct.indices), 0)

    def write(self, facts: Tx) -> None:
        """Write the names that are new; what else is known of users is written by who knows it."""
        for table, code, name in self._new:
            facts.insert(f"store.{table}", code, *name, *([None] * 3 if table == "agents" else []))
        self._new.clear()


def _plain(column: pa.Array) -> pa.Array:
    return column.storage if isinstance(column, pa.ExtensionArray) else column


def _values(column: pa.Array, part: pa.DictionaryArray) -> list[Any]:
    found = part.dictionary.to_pylist()
    return [UUID(bytes=value) for value in found] if isinstance(column, pa.ExtensionArray) else found


def _apart(combined: Iterable[int], values: Sequence[list[Any]]) -> Iterable[Name]:
    """Undo the combination of positions into one number."""
    for number in combined:
        name: list[Any] = []
        for of in reversed(values):
            number, position = divmod(number, max(len(of), 1))
            name.append(of[position])
        yield tuple(reversed(name))
