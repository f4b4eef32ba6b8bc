"""An import from beginning to end: read, judge, write, report."""

import csv
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core.desk import Desk, Tx, organisation
from core.errors import Invalid
from core.importing import desk as desk_side
from core.importing import rejects as rejects_files
from core.importing.source import Mapped, read, sql
from core.model import DESK_SOURCE, SYSTEM_USER_ID, ReopenCause

SOURCE = re.compile(r"[a-z0-9_-]{1,40}")

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or with `dry_run` would do. `events = added + already_known + rejected`."""

    rows_read: int  # of the file
    events: int  # rows of the mapping
    added: int
    already_known: int
    rejected: int
    conversations: int  # new ones
    conclusions: int  # added, as the next two
    reopenings: int
    conversations_reopened: int  # distinct ones
    rejects_file: Path | None

    def as_json(self) -> dict[str, Any]:
        """The same, ready for `json.dumps`."""
        return asdict(self) | {"rejects_file": self.rejects_file and str(self.rejects_file)}


def import_log(
    desk: Desk,
    file: Path,
    mapping: str,
    source: str,
    *,
    timezone: str = "UTC",
    dry_run: bool = False,
    now: datetime,
    rejects_folder: Path,
    reopen_cause: ReopenCause = ReopenCause.IMPORTED,
    progress: Progress | None = None,
) -> ImportReport:
    """Record the history in `file` as it happened, in one transaction; what is known already is left alone.

    `mapping`: one SELECT over the view `source`, as docs/import.md says. `source`: the name the history comes
    under, and by which it is known when it comes again. `timezone`: of times without an offset. Rows that cannot
    be taken go to a file in `rejects_folder`. `progress` is told what is being done, and the share done, 0 to 1.

    Errors: `Invalid` where the file, the mapping, the source's name or the time zone is at fault; nothing has
    changed then.
    """
    if not SOURCE.fullmatch(source) or source == DESK_SOURCE:
        raise Invalid(
            "A source is named with up to 40 lower-case letters, digits, hyphens and underscores, and not desk.",
            field="source",
        )
    tell = progress or (lambda _what, _share: None)
    tell("Reading the file", 0.0)
    currency = desk.read(organisation.organisation).currency
    latest = now + timedelta(days=1)  # other clocks may be ahead
    with read(file, mapping, timezone, currency, latest) as mapped:
        tell("Comparing with the desk", 0.4)

        def judge(tx: Tx) -> None:
            _judge(tx, mapped, source)

        def judge_and_write(tx: Tx) -> None:
            judge(tx)
            if _value(mapped, "SELECT count(*) FROM accepted"):
                tell("Writing to the desk", 0.7)
                tx.record(SYSTEM_USER_ID, "import", now)
                desk_side.write(tx, mapped.workshop, source, reopen_cause, now)

        if dry_run:
            desk.read(judge)
        else:
            desk.transact(judge_and_write)
            desk.checkpoint()
        report = _report(mapped, _write_rejects(mapped, rejects_folder, source, now))
    tell("Done", 1.0)
    return report


def _judge(tx: Tx, mapped: Mapped, source: str) -> None:
    """Make in the workshop what would go into the desk as `tx` sees it."""
    workshop = mapped.workshop
    workshop.execute(f"SET VARIABLE source = '{source}'")
    workshop.execute(f"SET VARIABLE number = {tx.number + 1}")
    desk_side.load_known(tx, workshop, source)
    workshop.execute(sql("judge.sql"))
    desk_side.find(tx, workshop, source)
    workshop.execute(sql("history.sql"))


def _report(mapped: Mapped, rejects_file: Path | None) -> ImportReport:
    return ImportReport(
        rows_read=mapped.rows_read,
        events=mapped.table.num_rows,
        added=_value(mapped, "SELECT count(*) FROM accepted"),
        already_known=_value(mapped, "SELECT count(*) FROM ranked WHERE already_known"),
        rejected=_value(mapped, "SELECT count(*) FROM refused"),
        conversations=_value(mapped, "SELECT count(*) FROM for_conversations WHERE is_new"),
        conclusions=_value(mapped, "SELECT count(*) FROM for_conclusions"),
        reopenings=_value(mapped, "SELECT count(*) FROM for_reopenings"),
        conversations_reopened=_value(mapped, "SELECT count(DISTINCT conversation_id) FROM for_reopenings"),
        rejects_file=rejects_file,
    )


def _write_rejects(mapped: Mapped, folder: Path, source: str, now: datetime) -> Path | None:
    """Write the rows that cannot be taken beside why not, as the mapping gave them; None where there are none.

    Of a conversation whose contact's data was erased, only which lines.
    """
    columns = [column for column in mapped.columns if column != "line"]
    given = ", ".join(f"CASE WHEN k.is_erased THEN NULL ELSE m.{column}::VARCHAR END" for column in columns)
    rejects = mapped.workshop.execute(
        f"SELECT c.line, r.refusal, {given}"
        " FROM refused AS r JOIN cleaned AS c ON c.row = r.row JOIN mapped AS m ON m.row = r.row"
        " LEFT JOIN known_conversations AS k ON k.conversation = c.conversation ORDER BY r.row"
    )
    first = rejects.fetchmany(1000)
    if not first:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = rejects_files.file_for(folder, source, now)
    path.touch(mode=0o600)  # it can name people
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["line", "rejected_because", *columns])
        while first:
            writer.writerows(first)
            first = rejects.fetchmany(10_000)
    return path


def _value(mapped: Mapped, question: str) -> int:
    row = mapped.workshop.execute(question).fetchone()
    return row[0] if row else 0
