"""The command line: `python -m core …`. Exit 0 done, 1 refused with a one-line reason, 2 usage."""

import csv
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from core import control, logs, sockets
from core.application import Application
from core.clock import system_clock
from core.demo import CONVERSATIONS, fill
from core.desk import Desk
from core.desk.backup import back_up
from core.desk.backup import restore as put_back
from core.desk.opening import DESK_FILE
from core.errors import AppError, Invalid, Unavailable
from core.facts import Facts
from core.importing import import_log, rejects
from core.model import Scope
from core.settings import Settings
from core.text import catalogue

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they show what variables held
    help="Desfecho: where conversations end well.",
)
tokens = typer.Typer(no_args_is_help=True, help="Tokens for the HTTP interface and for SQL.")
cli.add_typer(tokens, name="token")
contacts = typer.Typer(
    no_args_is_help=True, help="What is held about a person outside: all of it, or erased."
)
cli.add_typer(contacts, name="contact")
errors = Console(stderr=True)
log = logging.getLogger(__name__)

LARGEST_MESSAGE = 1024 * 1024  # bytes that a page may send at once: what is typed and chosen on it
KEPT_ALIVE = 75  # seconds without a request: longer than proxies do, so that none sends into what closes

Progression = Callable[[str, float], None]


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@cli.command()
def serve() -> None:
    """Serve the pages and the HTTP interface until stopped."""
    settings = Settings.read()
    settings.check_serving()
    catalogue(settings.language)
    address = f"http://{'localhost' if settings.host == '127.0.0.1' else settings.host}:{settings.port}"
    sockets.bind(settings.host, int(settings.port), "DESFECHO_PORT").close()  # before the stores are opened
    from core.ui import runtime  # only serving needs Streamlit

    application = Application.open_to_serve(settings, f"serving {address}")
    application.analysts.open_door()
    runtime.start(application)
    typer.echo(f"Desfecho is at {address} (stop it with Ctrl+C)")
    uvicorn.run(
        "app:app", host=settings.host, port=int(settings.port), access_log=False, log_level="warning", log_config=None,
        server_header=False, ws_max_size=LARGEST_MESSAGE, timeout_keep_alive=KEPT_ALIVE,
    )  # fmt: skip


@cli.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV (also .gz), Parquet or JSON.")],
    mapping: Annotated[Path, typer.Option(help="One SELECT over `source`; see docs/import.md.")],
    source: Annotated[str, typer.Option(help="The name this history is known by.")],
    timezone: Annotated[str, typer.Option(help="Of times that do not say theirs.")] = "UTC",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be added, and add nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Record the history of another system."""
    try:
        question = mapping.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise Unavailable("The mapping {file} cannot be read: {why}", file=mapping, why=why) from error
    with _desk("importing") as (desk, folder), _progress() as progress:
        report = import_log(
            desk, file, question, source, timezone=timezone, dry_run=dry_run, now=system_clock(),
            rejects_folder=folder / rejects.FOLDER, progress=progress,
        )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(report.as_json()))
        return
    for name, value in report.as_json().items():
        typer.echo(f"{name.replace('_', ' '):24}{value if value is not None else '-'}")


@cli.command()
def demo(
    seed: Annotated[int, typer.Option(help="The same seed gives the same data.")] = 1,
    conversations: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="How many of them.")
    ] = CONVERSATIONS,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Do nothing on a desk that is in use.")
    ] = False,
) -> None:
    """Fill an empty desk with invented demonstration data."""
    settings = Settings.read()
    if if_empty and control.ask(settings.folder, "ping", {}) is not None:
        return
    with _desk("filling with demonstration data") as (desk, _):
        if if_empty and desk.number:
            return
        with _progress() as progress:
            fill(desk, now=system_clock(), seed=seed, conversations=conversations, progress=progress)


@cli.command()
def sql(
    question: Annotated[str, typer.Argument(metavar="SELECT", help="One SELECT over schema analytics.")],
    format: Annotated[Format, typer.Option(help="How the answer is printed.")] = Format.TABLE,
) -> None:
    """Ask the facts a question."""
    answer = _do("sql", {"sql": question})
    columns, rows = answer["columns"], answer["rows"]
    if format is Format.JSON:
        if len(set(columns)) < len(columns):
            raise Invalid("Two columns have the same name: give them different ones with AS.")
        typer.echo(json.dumps([dict(zip(columns, row, strict=True)) for row in rows], ensure_ascii=False))
    elif format is Format.CSV:
        writer = csv.writer(sys.stdout)
        writer.writerow(columns)
        writer.writerows(rows)
    else:
        _show(columns, rows)


def _show(columns: list[str], rows: list[list[Any]]) -> None:
    """Print a table; where it is wider than the screen, each row as a list of its columns."""
    texts = [["" if value is None else str(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
    screen = Console(markup=False, highlight=False, soft_wrap=True)
    if sum(widths) + 3 * len(columns) < screen.width:
        table = Table(*(Column(name, no_wrap=True) for name in columns))
        for row in texts:
            table.add_row(*row)
        screen.print(table)
        return
    margin = max(map(len, columns))
    for number, row in enumerate(texts, 1):
        screen.print(f"--- {number}")
        for name, value in zip(columns, row, strict=True):
            screen.print(f"{name:{margin}}  {value}")


@cli.command()
def snapshot(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, or an empty one.")],
) -> None:
    """Write all of schema analytics as one DuckDB file and as Parquet, complete or not at all."""
    done = _do("snapshot", {"folder": str(folder.absolute())})
    as_of = datetime.fromisoformat(done["as_of"]).strftime("%Y-%m-%d %H:%M:%S UTC") if done["as_of"] else "-"
    typer.echo(f"{done['files']} files, {done['bytes']:,} bytes, as of {as_of}")
    for table, rows in done["rows"].items():
        typer.echo(f"{table:24}{rows:>12,}")


@cli.command()
def backup(file: Annotated[Path, typer.Argument(help="A new file.")]) -> None:
    """Write the whole desk into one file, read back before it counts: complete or not at all."""
    folder = Settings.read().folder
    done = control.ask(folder, "backup", {"file": str(file.absolute())})
    if done is None:
        if not (folder / DESK_FILE).exists():
            raise Unavailable("There is no desk in {folder}.", folder=folder)
        desk = Desk.open(folder, system_clock(), "python -m core backup")
        try:
            done = back_up(desk, file, system_clock())
        finally:
            desk.close()
    typer.echo(f"{done['bytes']:,} bytes, up to command {done['number']}")
    _tell_rows_and_faults(done, "The backup was written all the same.")


@cli.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    replace: Annotated[bool, typer.Option("--replace", help="Move the desk that is there aside.")] = False,
) -> None:
    """Put the desk of a backup in its place, checked before anything changes; everybody has to sign in again."""
    done = put_back(Settings.read().folder, file.absolute(), system_clock(), replace=replace)
    typer.echo(f"The desk is that of the backup, up to command {done['number']}.")
    if done["aside"]:
        typer.echo(f"The desk there was is in {done['aside']}.")
    _tell_rows_and_faults(done, "It was restored all the same.")


def _tell_rows_and_faults(done: dict[str, Any], all_the_same: str) -> None:
    """Errors: `Unavailable` where there are faults."""
    for table, rows in done["rows"].items():
        typer.echo(f"{table:24}{rows:>12,}")
    for fault in done["faults"]:
        typer.echo(fault, err=True)
    if done["faults"]:
        raise Unavailable("The desk is not as it must be. {all_the_same}", all_the_same=all_the_same)


@cli.command("rebuild-facts")
def rebuild_facts() -> None:
    """Derive the facts anew from the desk."""
    typer.echo(f"The facts are those of command {_do('rebuild-facts', {})['number']}.")


@tokens.command("create")
def create_token(
    user: Annotated[str, typer.Option(help="The e-mail of whom the token acts as.")],
    name: Annotated[str, typer.Option(help="What it is for; it is revoked by this name.")],
    scope: Annotated[Scope, typer.Option(help="What it may be used for.")] = Scope.API,
    days: Annotated[
        int | None,
        typer.Option(min=1, max=36_500, help="How long it is good; without it, until it is revoked."),
    ] = None,
) -> None:
    """Create a token and print it, this once."""
    asked = {"user": user, "name": name, "scope": scope, "days": days}
    typer.echo(_do("token create", asked)["token"])


@tokens.command("list")
def list_tokens() -> None:
    """List the tokens that nobody revoked."""
    columns = ["name", "user", "scope", "expires", "last used"]
    _show(
        columns,
        [
            [each["name"], each["user"], each["scope"], _moment(each["expires"]), _moment(each["last_used"])]
            for each in _do("token list", {})
        ],
    )


@tokens.command("revoke")
def revoke_token(name: Annotated[str, typer.Argument()]) -> None:
    """Revoke the token of this name."""
    _do("token revoke", {"name": name})


Address = Annotated[
    str, typer.Option(help="What they write from, a phone however it is written; or the contact's id.")
]
Channel = Annotated[str | None, typer.Option(help="Where several contacts have the address.")]


@contacts.command("export")
def export_contact(
    address: Address,
    channel: Channel = None,
    output: Annotated[Path | None, typer.Option(help="A new file; otherwise it is printed.")] = None,
) -> None:
    """Tell everything that is held about a person, as JSON."""
    if output and output.exists():
        raise Unavailable("There is already a file {file}.", file=output)
    told = _do("contact export", {"address": address, "channel": channel})
    said = json.dumps(told, ensure_ascii=False, indent=2)
    if output is None:
        typer.echo(said)
        return
    try:
        output.touch(mode=0o600, exist_ok=False)
        output.write_text(said + "\n", "utf-8")
    except OSError as error:
        raise Unavailable(
            "The file {file} cannot be written: {why}", file=output, why=error.strerror
        ) from error


@contacts.command("erase")
def erase_contact(
    address: Address,
    channel: Channel = None,
    yes: Annotated[bool, typer.Option("--yes", help="Without asking.")] = False,
) -> None:
    """Erase a person's name, addresses and texts; what ended how, and when, stays. It cannot be undone."""
    asked = {"address": address, "channel": channel}
    if not yes:
        held = _do("contact to erase", asked)
        typer.confirm(f"Erase {_things(held)} of contact {held['contact_id']}?", abort=True, err=True)
    held = _do("contact erase", asked)
    typer.echo(f"Erased: {_things(held)} of contact {held['contact_id']}.")


def _things(held: dict[str, Any]) -> str:
    return f"name, addresses and the texts of {held['messages']} messages in {held['conversations']} conversations"


def _moment(at: str | None) -> str:
    return datetime.fromisoformat(at).strftime("%Y-%m-%d %H:%M UTC") if at else "never"


def _do(command: str, arguments: dict[str, Any]) -> Any:
    """Have the running application do it, or open the stores and do it here."""
    settings = Settings.read()
    done = control.ask(settings.folder, command, arguments)
    if done is None:
        application = Application.open(settings, f"python -m core {command}")
        try:
            done = control.COMMANDS[command](application, arguments)
        finally:
            application.close()
    return done


@contextmanager
def _desk(owner: str) -> Iterator[tuple[Desk, Path]]:
    folder = Settings.read().folder
    desk = Desk.open(folder, system_clock(), owner)
    try:
        yield desk, folder
        facts = Facts.open(folder)
        try:
            facts.catch_up(desk)
        finally:
            facts.close()
    finally:
        desk.close()


@contextmanager
def _progress() -> Iterator[Progression]:
    """Show how far long work is, on the error stream and only to a person."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as shown:
        task = shown.add_task("", total=1.0)
        yield lambda what, fraction: shown.update(task, description=what, completed=fraction)


def main() -> None:
    logs.configure(Settings.read().log)
    try:
        cli()
    except AppError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
    except Exception:
        log.critical("The command failed.", exc_info=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
