"""Who may do what: the one table that the tests play and docs/permissions.md is written from (R16).

A row is a thing somebody does. Its answers are marks, in the order of `COLUMNS`; what is given to the service, and
to the route after it, names what `tests/scene.py` has ready for whoever asks: `{own.…}` is theirs, `{another.…}` a
colleague's, Bruno's. An API token may what its user may, which is played too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.model import ArchivePreference, Category, Role, Scope, ValueMode
from core.rules import Incoming

COLUMNS = ("agent", "manager", "analyst", "administrator", "token for messages", "token for SQL")
MARKS = {  # the mark, the code of the answer, and what a reader is told
    "Y": ("allowed", "yes"),
    "-": ("not_permitted", "no"),
    "C": ("already_concluded", "is concluded already"),
    "O": ("concurrent_change", "is open already"),
    "I": ("invalid", "cannot be"),
    "U": ("unauthenticated", "no"),
}


@dataclass(frozen=True)
class Row:
    does: str
    rules: str  # of the design: their numbers, or its roles
    answers: str  # a mark for each of COLUMNS; the first four where it is only a page
    service: str = ""  # of core.services
    given: Mapping[str, Any] = field(
        default_factory=dict
    )  # to the service, to the path and the body of the route
    http: str = ""  # the route, as the OpenAPI document names it
    body: Mapping[str, Any] | None = None  # of the route, where it has other words than the service
    page: str = ""  # its address
    press: str = ""  # on the page: the key of what is pressed or chosen, there for those only who may
    command_line: str = ""  # which acts as `system`, and may everything

    @property
    def expected(self) -> dict[str, str]:
        """The code of the answer for each column."""
        marks = self.answers.split()
        return {who: MARKS[mark][0] for who, mark in zip(COLUMNS[: len(marks)], marks, strict=True)}


@dataclass(frozen=True)
class Door:
    """A way in that asks for no person: something else decides."""

    does: str
    rules: str
    who: str
    http: str = ""
    without: str = "Y"  # the mark of the route's answer to whoever comes with a token only
    command_line: str = ""


INBOX, OUTCOMES, QUESTIONS, SETTINGS = "atendimentos", "desfechos", "perguntas", "configuracoes"
PEOPLE, RECORD = "pessoas", "registro"
CONTACT = "concluded bruno"  # of whom no conversation is open
READ = "GET /api/v1/conversations/{conversation_id}"
ASSIGN = "POST /api/v1/conversations/{conversation_id}/assign"
CONCLUDE = "POST /api/v1/conversations/{conversation_id}/conclude"
REOPEN = "POST /api/v1/conversations/{conversation_id}/reopen"
CLASSIFY = "PUT /api/v1/conclusions/{conclusion_id}/classification"

NEW = {"conversation_id": "{new}"}
OWN, ANOTHER = {"conversation_id": "{own.in_progress}"}, {"conversation_id": "{another.in_progress}"}
OWN_CONCLUDED = {"conversation_id": "{own.concluded}"}
ANOTHER_CONCLUDED = {"conversation_id": "{another.concluded}"}
ONCE_OWN = {"conversation_id": "{own.handed_over}"}  # concluded by oneself, and in progress with Bruno since
TO_BRUNO = {"agent_id": "{another.user}"}

WRITTEN = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
MESSAGE = Incoming("whatsapp", ("1",), None, "x", WRITTEN, "x")
POSTED = {
    "channel": "whatsapp", "contact": {"address": "1"}, "external_id": "x", "sent_at": WRITTEN.isoformat(), "body": "x",
}  # fmt: skip

# fmt: off
PERMISSIONS: dict[str, list[Row]] = {
    # does                                               rules  agent manager analyst admin messages SQL
    "Pages": [
        Row("Open Conversations",                            "R18",  "Y  Y  -  Y", page=INBOX),
        Row("Open Outcomes",                                 "roles", "-  Y  Y  Y", page=OUTCOMES),
        Row("Open Questions in SQL",                         "roles", "-  -  Y  Y", page=QUESTIONS),
        Row("Open Preferences",                              "R9",   "Y  Y  -  Y", page="preferencias"),
        Row("Open Settings",                                 "R4",   "-  -  -  Y", page=SETTINGS),
        Row("Open People and access",                        "roles", "-  -  -  Y", page=PEOPLE),
        Row("Open the Record",                               "roles", "-  -  -  Y", page=RECORD),
    ],
    "Seeing conversations": [
        Row("See a new one",                                 "R18",  "Y  Y  -  Y  -  -", "conversation", NEW, READ, page=INBOX),
        Row("See one in progress with oneself",              "R18",  "Y  Y  -  Y  -  -", "conversation", OWN, READ, page=INBOX),
        Row("See one in progress with a colleague",          "R18",  "-  Y  -  Y  -  -", "conversation", ANOTHER, READ, page=INBOX),
        Row("See one that one concluded",                    "R18",  "Y  Y  -  Y  -  -", "conversation", OWN_CONCLUDED, READ, page=INBOX),
        Row("See one that a colleague concluded",            "R18",  "-  Y  -  Y  -  -", "conversation", ANOTHER_CONCLUDED, READ, page=INBOX),
        Row("See one that one concluded, in progress with a colleague since", "R18", "Y  Y  -  Y  -  -", "conversation", ONCE_OWN, READ, page=INBOX),
        Row("List and search those that one may see",        "R18",  "Y  Y  -  Y  -  -", "list_conversations", {}, "GET /api/v1/conversations", page=INBOX),
        Row("Count those that one may see",                  "R18",  "Y  Y  -  Y  -  -", "count_conversations", page=INBOX),
        Row("Know when one was changed last",                "R18",  "Y  Y  -  Y  -  -", "last_change", OWN, page=INBOX),
        Row("Know which channels there are",                 "R18",  "Y  Y  -  Y  -  -", "list_channels", page=INBOX),
    ],
    "Taking and handing on": [
        Row("Take a new one",                                "R19",  "Y  Y  -  Y  -  -", "assign", NEW, ASSIGN, page=INBOX, press="take"),
        Row("Take one that is with a colleague",             "R19",  "-  Y  -  Y  -  -", "assign", ANOTHER, ASSIGN, page=INBOX, press="assign"),
        Row("Hand a new one to a colleague",                 "R19",  "-  Y  -  Y  -  -", "assign", NEW | {"to_id": "{another.user}"}, ASSIGN, TO_BRUNO, INBOX, "assign"),
        Row("Hand one's own to a colleague",                 "R19",  "-  Y  -  Y  -  -", "assign", OWN | {"to_id": "{another.user}"}, ASSIGN, TO_BRUNO, INBOX, "assign"),
        Row("Take back one that one concluded, in progress with a colleague since", "R19", "-  Y  -  Y  -  -", "assign", ONCE_OWN, ASSIGN, page=INBOX, press="assign"),
        Row("Hand one to an analyst",                        "R19",  "-  I  -  I  -  -", "assign", NEW | {"to_id": "{analyst}"}, ASSIGN, {"agent_id": "{analyst}"}),
        Row("Take one that is concluded",                    "R19",  "C  C  -  C  -  -", "assign", ANOTHER_CONCLUDED, ASSIGN),
    ],
    "Concluding and recovering": [
        Row("Conclude a new one",                            "R1",   "Y  Y  -  Y  -  -", "conclude", NEW, CONCLUDE, page=INBOX, press="conclude"),
        Row("Conclude one that is with oneself",             "R1",   "Y  Y  -  Y  -  -", "conclude", OWN, CONCLUDE, page=INBOX, press="conclude"),
        Row("Conclude one that is with a colleague",         "R1",   "-  Y  -  Y  -  -", "conclude", ANOTHER, CONCLUDE, page=INBOX, press="conclude"),
        Row("Conclude one that is with a colleague, classifying it", "R1, R2", "-  Y  -  Y  -  -", "conclude", ANOTHER | {"reason_id": "{reason}"}, CONCLUDE, page=INBOX),
        Row("Conclude one that one concluded before, in progress with a colleague since", "R1", "-  Y  -  Y  -  -", "conclude", ONCE_OWN, CONCLUDE, page=INBOX, press="conclude"),
        Row("Conclude what one has concluded",               "R1",   "C  C  -  C  -  -", "conclude", OWN_CONCLUDED, CONCLUDE),
        Row("Conclude what a colleague has concluded",       "R1",   "C  C  -  C  -  -", "conclude", ANOTHER_CONCLUDED, CONCLUDE),
        Row("Edit the classification of one's own conclusion", "R8", "Y  Y  -  Y  -  -", "edit_classification", {"conclusion_id": "{own.conclusion}", "reason_id": "{reason}"}, CLASSIFY, page=INBOX, press="edit"),
        Row("Edit the classification of a colleague's",      "R8",   "-  -  -  -  -  -", "edit_classification", {"conclusion_id": "{another.conclusion}", "reason_id": "{reason}"}, CLASSIFY, page=INBOX, press="edit"),
        Row("Recover one that one concluded",                "R12",  "Y  Y  -  Y  -  -", "reopen", OWN_CONCLUDED, REOPEN, page=INBOX, press="recover"),
        Row("Recover one that a colleague concluded",        "R12",  "-  Y  -  Y  -  -", "reopen", ANOTHER_CONCLUDED, REOPEN, page=INBOX, press="recover"),
        Row("Recover one that one concluded, in progress with a colleague since", "R12", "O  O  -  O  -  -", "reopen", ONCE_OWN, REOPEN),
        Row("Know which reasons one uses most",              "R2",   "Y  Y  Y  Y  -  -", "usual_reasons", page=INBOX),
        Row("Know one's archive preference",                 "R9",   "Y  Y  Y  Y  -  -", "get_archive_preference", {}, "GET /api/v1/me/preferences", page="preferencias"),
        Row("Choose one's archive preference",               "R9",   "Y  Y  -  Y  -  -", "set_archive_preference", {"archive": ArchivePreference.IMMEDIATELY}, "PUT /api/v1/me/preferences", page="preferencias", press="archive-preference"),
    ],
    "Messages": [
        Row("Post a message of a contact or of the team",    "R20",  "-  -  -  Y  Y  -", "receive_message", {"message": MESSAGE}, "POST /api/v1/messages", POSTED),
    ],
    "Reasons and settings": [
        Row("Read the four categories",                      "R3",   "Y  Y  Y  Y  -  -", "me", {}, "GET /api/v1/categories"),
        Row("Read the reasons",                              "R4",   "Y  Y  Y  Y  -  -", "list_reasons", {}, "GET /api/v1/reasons"),
        Row("Define a reason",                               "R4",   "-  -  -  Y  -  -", "create_reason", {"description": "Another", "category": Category.OTHER, "value": ValueMode.NONE}, "POST /api/v1/reasons", page=SETTINGS, press="new-reason"),
        Row("Change a reason, retire it or bring it back",   "R4",   "-  -  -  Y  -  -", "change_reason", {"reason_id": "{reason}", "in_use": False}, "PATCH /api/v1/reasons/{reason_id}", page=SETTINGS, press="retire"),
        Row("Know the settings of the organisation",         "R2",   "Y  Y  Y  Y  -  -", "get_organisation"),
        Row("Change the settings of the organisation",       "R2, R5", "-  -  -  Y  -  -", "change_organisation", {"currency": "EUR"}, page=SETTINGS, press="currency"),
    ],
    "Figures and questions": [
        Row("See outcomes: figures, charts, their files",    "roles", "-  Y  Y  Y  -  -", "outcomes_for", page=OUTCOMES),
        Row("Ask in SQL: on the page or, with the token, live", "roles", "-  -  Y  Y  -  Y", "check_asks_sql", page=QUESTIONS),
        Row("Know the hashes of the tokens that open the live server", "roles", "-  -  -  Y  -  -", "sql_tokens"),
    ],
    "People and tokens": [
        Row("Invite somebody",                               "roles", "-  -  -  Y  -  -", "invite_user", {"email": "new@example.com", "name": "New", "role": Role.AGENT}, page=PEOPLE),
        Row("Change, deactivate or bring back a colleague",  "roles", "-  -  -  Y  -  -", "change_user", {"user_id": "{another.user}", "active": False}, page=PEOPLE),
        Row("Know which tokens there are",                   "roles", "-  -  -  Y  -  -", "list_tokens", page=PEOPLE, command_line="token list"),
        Row("Note that tokens for SQL were used",            "roles", "-  -  -  Y  -  -", "note_token_uses", {"used": {}}),
        Row("Know who one is",                               "roles", "Y  Y  Y  Y  -  -", "me"),
        Row("Know one's colleagues' names and roles",        "roles", "Y  Y  Y  Y  -  -", "list_users"),
        Row("Make a token that acts as oneself",             "roles", "-  -  -  Y  -  -", "create_token", {"email": "{own.email}", "name": "made", "scope": Scope.API}, command_line="token create"),
        Row("Make a token that acts as a colleague",         "roles", "-  -  -  Y  -  -", "create_token", {"email": "{another.email}", "name": "made", "scope": Scope.MESSAGES}, command_line="token create"),
        Row("Make a token for SQL of an analyst",            "roles", "-  -  -  Y  -  -", "create_token", {"email": "nadia@example.com", "name": "made", "scope": Scope.SQL}, command_line="token create"),
        Row("Make a token for SQL of an agent",              "roles", "-  -  -  I  -  -", "create_token", {"email": "{another.email}", "name": "made", "scope": Scope.SQL}, command_line="token create"),
        Row("Revoke one's own token",                        "roles", "-  -  -  Y  -  -", "revoke_token", {"name": "{own.token}"}, command_line="token revoke"),
        Row("Revoke a colleague's token",                    "roles", "-  -  -  Y  -  -", "revoke_token", {"name": "{another.token}"}, command_line="token revoke"),
    ],
    "The record": [
        Row("See who did what, and what was refused to whom", "roles", "-  -  -  Y  -  -", "record_entries", page=RECORD),
    ],
    "Personal data": [
        Row("Export all that is held about a contact",       "roles", "-  -  -  Y  -  -", "export_contact", {"address": CONTACT}, command_line="contact export"),
        Row("Know how much an erasure would erase",          "roles", "-  -  -  Y  -  -", "contact_to_erase", {"address": CONTACT}, command_line="contact to erase"),
        Row("Erase a contact's name, addresses and texts",   "R15",  "-  -  -  Y  -  -", "erase_contact", {"address": CONTACT}, command_line="contact erase"),
        Row("Know of whom nothing was heard for long",       "roles", "-  -  -  Y  -  -", "old_contacts", {"before": WRITTEN}),
        Row("Erase those of whom nothing was heard for long", "R15", "-  -  -  Y  -  -", "erase_old_contacts", {"before": WRITTEN, "contact_ids": []}),
        Row("Forget by which e-mail strangers wanted to sign in", "roles", "-  -  -  Y  -  -", "forget_strangers", {"before": WRITTEN}),
        Row("Delete first answers that nobody can ask for again", "R14", "-  -  -  Y  -  -", "forget_old_answers"),
    ],
}

THE_OWNER = "whoever may use the data folder"
DOORS = [
    Door("Deliver messages",                 "R20", "whoever signs with the app secret",   "POST /webhooks/whatsapp", "U"),
    Door("Answer the handshake of deliveries", "R20", "whoever knows the verify token",    "GET /webhooks/whatsapp", "-"),
    Door("Ask whether it is alive",          "",    "anybody",                             "GET /healthz"),
    Door("Ask whether it can serve",         "",    "anybody",                             "GET /readyz"),
    Door("Serve",                            "R20", THE_OWNER, command_line="serve"),
    Door("Fill an empty desk with invented data", "R20", THE_OWNER, command_line="demo"),
    Door("Record another system's history",  "R20", THE_OWNER, command_line="import"),
    Door("Ask in SQL",                       "R20", THE_OWNER, command_line="sql"),
    Door("Write a snapshot for analysts",    "R20", THE_OWNER, command_line="snapshot"),
    Door("Back the desk up",                 "R20", THE_OWNER, command_line="backup"),
    Door("Put the desk of a backup in its place", "R20", THE_OWNER, command_line="restore"),
    Door("Derive the facts anew",            "R20", THE_OWNER, command_line="rebuild-facts"),
]
# fmt: on

# Of core.services, what nobody asks for themselves: it finds out who somebody is, or sees to it that there is somebody.
ASKED_BY_NOBODY = {"ensure_administrator", "sign_in", "sign_out", "signed_in"}

ROWS = [row for rows in PERMISSIONS.values() for row in rows]
