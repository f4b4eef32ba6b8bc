"""The record, for administrators: who did what and when, and what was refused."""

from datetime import datetime

from core import rules
from core.desk import Transact, Tx, record
from core.errors import NotPermitted
from core.model import Caller, RecordEntry, RecordFilter, Refusal, Topic
from core.services.asking import command, query, who

# What each topic takes in: commands, which are done or refused, and queries, which are on record where refused.
ACTIONS: dict[Topic, tuple[str, ...]] = {
    Topic.CONVERSATIONS: (
        "assign",
        "conclude",
        "conversation",
        "count_conversations",
        "edit_classification",
        "import",
        "last_change",
        "list_channels",
        "list_conversations",
        "receive_message",
        "reopen",
    ),
    Topic.OUTCOMES: ("check_asks_sql", "outcomes_for"),
    Topic.SETTINGS: (
        "change_organisation",
        "change_reason",
        "create_reason",
        "get_archive_preference",
        "get_organisation",
        "list_reasons",
        "move_clock",
        "set_archive_preference",
        "usual_reasons",
    ),
    Topic.PEOPLE: (
        "add_user",
        "change_user",
        "create_token",
        "invite_user",
        "list_tokens",
        "list_users",
        "me",
        "note_token_uses",
        "record_entries",
        "revoke_token",
        "sql_tokens",
    ),
    Topic.SIGN_INS: ("authenticate", "open_page", "sign_in", "sign_out"),
    Topic.PERSONAL_DATA: (
        "contact_to_erase",
        "erase_contact",
        "erase_old_contacts",
        "export_contact",
        "forget_old_answers",
        "forget_strangers",
        "old_contacts",
    ),
}

EVERYTHING = RecordFilter()


@query
def record_entries(
    tx: Tx,
    caller: Caller,
    which: RecordFilter = EVERYTHING,
    *,
    limit: int = 50,
    after: record.Key | None = None,
) -> list[RecordEntry]:
    """The newest entries of the record, or those that come `after` the one whose key it is; for administrators."""
    rules.check_administrator(who(tx, caller))
    actions = ACTIONS[which.topic] if which.topic else ()
    return record.entries(tx, which, actions, limit, after)


@command
def forget_strangers(tx: Tx, caller: Caller, before: datetime) -> None:
    """Keep no longer who, of those who are nobody here, wanted to sign in before then; that somebody did stays."""
    rules.check_administrator(who(tx, caller))
    record.forget_strangers(tx, before)


def note_refused_page(desk: Transact, caller: Caller, page: str, now: datetime) -> None:
    """Note that a page, told by its address, was not for whoever asked for it."""
    desk.note(Refusal("open_page", NotPermitted.code, caller.user_id, page=page, at=now))
