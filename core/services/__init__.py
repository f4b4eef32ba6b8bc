"""What people can do and ask: authorise → load → decide → save.

Every function takes the desk (or a transaction to join), who is asking, and for commands the time. It looks the
person up anew, so a role taken away or an account closed counts at once (R16), raises an `AppError` where the
rules say no, and has then changed nothing.
"""

from core.services.contacts import (
    Held,
    contact_to_erase,
    erase_contact,
    erase_old_contacts,
    export_contact,
    forget_old_answers,
    old_contacts,
)
from core.services.conversations import (
    assign,
    conclude,
    conversation,
    count_conversations,
    edit_classification,
    last_change,
    list_channels,
    list_conversations,
    reopen,
)
from core.services.messages import receive_message
from core.services.people import (
    CreatedToken,
    authenticate,
    authenticate_at_once,
    change_user,
    check_asks_sql,
    create_token,
    ensure_administrator,
    invite_user,
    list_tokens,
    list_users,
    me,
    note_token_uses,
    revoke_token,
    sql_tokens,
)
from core.services.record import forget_strangers, note_refused_page, record_entries
from core.services.settings import (
    change_organisation,
    change_reason,
    create_reason,
    get_archive_preference,
    get_organisation,
    list_reasons,
    outcomes_for,
    set_archive_preference,
    usual_reasons,
)
from core.services.sign_ins import Standing, sign_in, sign_out, signed_in

__all__ = [
    "CreatedToken",
    "Held",
    "Standing",
    "assign",
    "authenticate",
    "authenticate_at_once",
    "change_organisation",
    "change_reason",
    "change_user",
    "check_asks_sql",
    "conclude",
    "contact_to_erase",
    "conversation",
    "count_conversations",
    "create_reason",
    "create_token",
    "edit_classification",
    "ensure_administrator",
    "erase_contact",
    "erase_old_contacts",
    "export_contact",
    "forget_old_answers",
    "forget_strangers",
    "get_archive_preference",
    "get_organisation",
    "invite_user",
    "last_change",
    "list_channels",
    "list_conversations",
    "list_reasons",
    "list_tokens",
    "list_users",
    "me",
    "note_refused_page",
    "note_token_uses",
    "old_contacts",
    "outcomes_for",
    "receive_message",
    "record_entries",
    "reopen",
    "revoke_token",
    "set_archive_preference",
    "sign_in",
    "sign_out",
    "signed_in",
    "sql_tokens",
    "usual_reasons",
]
