"""What people and other systems wrote, in the form the desk keeps: decided once per distinct text, by the rules."""

from collections.abc import Callable

import duckdb
import pyarrow as pa
from babel.numbers import is_currency

from core import rules
from core.errors import Invalid


def decide(workshop: duckdb.DuckDBPyConnection) -> None:
    """Make `contact_texts`, `name_texts`, `agent_texts`, `reason_texts` and `currency_texts` out of `mapped`.

    One row per distinct text of the column, as `given`: the `text` to keep (NULL: nothing) or the `refusal`, a
    sentence. What a contact is known by depends on the channel, so contacts have it beside; reasons
    and agents have `folded`, the form they are compared in.
    """
    _decide(workshop, "contact_texts", "contact", _address, per="coalesce(trimmed(channel), 'other')")
    _decide(workshop, "name_texts", "contact_name", lambda _, text: rules.clean_name(text))
    _decide(workshop, "agent_texts", "agent", _agent, key=agent_key)
    _decide(workshop, "reason_texts", "reason", _reason)
    _decide(workshop, "currency_texts", "currency", _currency)


def _decide(
    workshop: duckdb.DuckDBPyConnection,
    table: str,
    column: str,
    clean: Callable[[str, str], str | None],
    per: str = "''",
    key: Callable[[str], str] = rules.fold,
) -> None:
    """Make one table; `clean(per, text)` returns what to keep or raises `Invalid`, `key` the form to compare."""
    rows = workshop.execute(
        f"SELECT DISTINCT {per}, {column}::VARCHAR FROM mapped WHERE {column} IS NOT NULL"
    ).fetchall()
    texts: list[str | None] = []
    refusals: list[str | None] = []
    for channel, given in rows:
        try:
            texts.append(clean(channel, given) if given.strip() else None)
            refusals.append(None)
        except Invalid as error:
            texts.append(None)
            refusals.append(str(error) if column == "currency" else f"The {column}: {error}")
    decided = pa.table(
        {
            "channel": pa.array([channel for channel, _ in rows], pa.string()),
            "given": pa.array([given for _, given in rows], pa.string()),
            "text": pa.array(texts, pa.string()),
            "folded": pa.array([text and key(text) for text in texts], pa.string()),
            "refusal": pa.array(refusals, pa.string()),
        }
    )
    workshop.register("decided", decided)
    workshop.execute(f"CREATE TEMP TABLE {table} AS FROM decided")
    workshop.unregister("decided")


def _address(channel: str, text: str) -> str:
    return rules.clean_address(channel, text)


def _agent(_: str, text: str) -> str:
    name = rules.clean_line(text, "agent", rules.NAME_LENGTH)
    return name.lower() if "@" in name else name


def agent_key(name: str) -> str:
    """What an agent is known by: the e-mail or the name, ignoring case."""
    return name.lower()


def _reason(_: str, text: str) -> str:
    return rules.clean_description(text)


def _currency(_: str, text: str) -> str:
    code = text.strip().upper()
    if not is_currency(code):
        raise Invalid("{currency} is not a currency of ISO 4217.", field="currency", currency=code)
    return code
