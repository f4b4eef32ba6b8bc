"""The files of rows that could not be taken: they hold names and texts, so people's data is erased from them too."""

import csv
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from core import rules
from core.errors import Invalid

FOLDER = "rejects"  # in the data folder
LONGEST = 2**31 - 1  # of a field: a text can have been refused because it is too long
TIME = "%Y%m%dT%H%M%SZ"


def file_for(folder: Path, source: str, now: datetime) -> Path:
    return folder / f"{source}-{now.strftime(TIME)}.csv"


def forget(
    folder: Path, addresses: Collection[tuple[str, str]], imported: Collection[tuple[str, str]]
) -> None:
    """Take out the rows of these people: of a channel and address, or of an import's conversation."""
    csv.field_size_limit(LONGEST)
    for file in sorted(folder.glob("*.csv")):
        source = file.stem.rpartition("-")[0]
        names = {name for its, name in imported if its == source}
        with file.open(encoding="utf-8", newline="") as given:
            rows = csv.DictReader(given)
            columns = rows.fieldnames or []
            everything = list(rows)
        names |= {_name(row) for row in everything if _is_of(row, addresses)} - {
            ""
        }  # the address stands on one row
        kept = [row for row in everything if not (_name(row) in names or _is_of(row, addresses))]
        if len(kept) == len(everything):
            continue
        new = file.with_suffix(".new")
        new.touch(mode=0o600)
        with new.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(kept)
        new.replace(file)


def _name(row: dict[str, str]) -> str:
    return (row.get("conversation") or "").strip()


def _is_of(row: dict[str, str], addresses: Collection[tuple[str, str]]) -> bool:
    """Whether the row names one of these addresses; a row that does not say its channel, on any."""
    given, channel = row.get("contact") or "", (row.get("channel") or "").strip()
    for its, address in addresses:
        with suppress(Invalid):
            if channel in ("", its) and rules.clean_address(its, given) == address:
                return True
    return False


def forget_before(folder: Path, before: datetime) -> int:
    """Delete the files of imports before then; return how many."""
    old = [file for file in folder.glob("*.csv") if file.stem.rpartition("-")[2] < before.strftime(TIME)]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)
