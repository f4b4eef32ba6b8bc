"""The people of the team: who may come in, as what, and who no longer."""

from collections import Counter
from functools import partial
from typing import Any
from uuid import UUID
from zlib import crc32

import streamlit as st

from core import rules, services
from core.model import Folder, Listing, Role, User
from core.ui import components, dialogs, escape, inbox
from core.ui.pages import PAGES
from core.ui.session import Session
from core.ui.switch import switch

ROWS = 20
INVITE, PERSON = "invite", "person"  # dialogs
SEARCH, ROLE, STATE, PAGE = "people-q", "people-role", "people-state", "people-page"  # in the session
LIST = "people-rows"
ROLES = (Role.AGENT, Role.MANAGER, Role.ANALYST, Role.ADMIN)
CHANGEABLE = ("name", "email", "role")


def people(session: Session) -> None:
    """Search, filters and a page of the people found; a row opens the dialog in which that person is changed."""
    text = session.text
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="people-filters"):
        st.text_input(
            text("Search"), key=SEARCH, max_chars=rules.NAME_LENGTH, icon=":material/search:",
            placeholder=text("Search by name or e-mail"), on_change=_first_page, label_visibility="collapsed",
        )  # fmt: skip
        st.selectbox(
            text("Role"), ROLES, index=None, key=ROLE, format_func=text.label, on_change=_first_page,
            placeholder=text("All roles"), label_visibility="collapsed",
        )  # fmt: skip
        st.button(
            text("Invite"), key="invite", type="primary", icon=":material/person_add:",
            on_click=dialogs.ask, args=(INVITE,), width="content",
        )  # fmt: skip
    everybody = services.list_users(session.desk, session.caller)
    found = [user for user in everybody if is_found(user, st.session_state[SEARCH], st.session_state[ROLE])]
    counts = Counter(user.active for user in found)
    names = {True: text("Active"), False: text("Deactivated")}
    active = switch(text, text("State"), names, counts, key=STATE, on_change=_first_page)
    shown = [user for user in found if user.active is active]
    if not shown:
        nobody, rest = text("Nobody found"), text("Try fewer words or filters, or look among the others.")
        st.html(f'<div class="df-empty"><strong>{nobody}</strong>{rest}</div>')
    else:
        page_of(LIST, PAGE, text("People"), [row_data(session, user) for user in shown], partial(_open, LIST))
    _dialog(session, everybody)


def page_of(key: str, page: str, label: str, rows: list[dict[str, Any]], on_open: Any) -> None:
    """Rows of a list, a page of them at a time. `page`: where the session keeps its number."""
    pages = -(-len(rows) // ROWS)
    first = (min(st.session_state.get(page, 1), pages) - 1) * ROWS
    components.rows(
        key=key, data={"label": label, "rows": rows[first : first + ROWS]}, on_open_change=on_open
    )
    if pages > 1:
        st.pagination(pages, key=page, max_visible_pages=5)


def is_found(user: User, words: str | None, role: Role | None) -> bool:
    """Whether all the words are in the name or the e-mail, ignoring case and accents."""
    said = rules.fold(f"{user.name} {user.email or ''}")
    return role in (None, user.role) and all(word in said for word in rules.fold(words or "").split())


def row_data(session: Session, user: User) -> dict[str, Any]:
    """A person as the list draws them: words only."""
    return {
        "id": str(user.id),
        "opened": False,
        "name": escape.printable(user.name),
        "when": session.text.label(user.role),
        "ours": "",
        "said": escape.printable(user.email or "") or session.text("no e-mail: known from an import"),
        "marks": [("you", session.text("you"))] if user.id == session.user.id else [],
    }


def _first_page() -> None:
    st.session_state.pop(PAGE, None)


def _open(key: str) -> None:
    try:
        dialogs.ask(PERSON, UUID(str(st.session_state[key]["open"])))
    except ValueError:
        return  # not what the list sends


def _dialog(session: Session, everybody: list[User]) -> None:
    what, target = dialogs.asked()
    if what == INVITE:
        dialogs.show(session, session.text("Invite somebody"), partial(_invitation, session))
    person = next((user for user in everybody if user.id == target), None)
    if what == PERSON and person is not None:
        dialogs.show(session, escape.markdown(person.name), partial(_person, session, person))


def _invitation(session: Session) -> None:
    text = session.text
    with st.form("new-person", border=False):
        _fields(session, "new-person", None)
        dialogs.refusal()
        st.form_submit_button(
            text("Invite"), type="primary", on_click=_invite, args=(session,), width="stretch"
        )
    st.caption(text("They come in by signing in with this e-mail. Nothing is sent to them: tell them."))


def _fields(session: Session, key: str, person: User | None) -> None:
    text = session.text
    email = (person.email or "") if person else ""
    role = person.role if person else Role.AGENT
    st.text_input(text("Name"), person.name if person else "", key=f"{key}-name", max_chars=rules.NAME_LENGTH)
    st.text_input(text("E-mail"), email, key=f"{key}-email", max_chars=rules.EMAIL_LENGTH)
    st.selectbox(text("Role"), ROLES, ROLES.index(role), format_func=text.label, key=f"{key}-role")
    st.caption(text("Managers also see outcomes and all conversations. Analysts see outcomes and ask in SQL, and no conversations. Administrators may do everything."))  # fmt: skip


def _invite(session: Session) -> None:
    said = {name: st.session_state[f"new-person-{name}"] for name in CHANGEABLE}
    dialogs.attempt(
        session,
        lambda: services.invite_user(session.desk, session.caller, **said, now=session.now),
        session.text("{person} may sign in from now on.", person=said["name"].strip()),
    )


def person_key(person: User) -> str:
    """What the fields about somebody are called: another name once they are another, so that they begin with what is so."""
    return f"person-{person.id}-{crc32(repr(person).encode())}"


def _person(session: Session, person: User) -> None:
    """What may be changed about somebody, and what their leaving or coming back means."""
    text, key = session.text, person_key(person)
    with st.form(key, border=False):
        _fields(session, key, person)
        dialogs.refusal()
        st.form_submit_button(
            text("Save"), key=f"{key}-save", type="primary" if person.active else "secondary",
            on_click=_save, args=(session, person), width="stretch",
        )  # fmt: skip
        if not person.active:
            st.caption(text("Brought back, they may sign in again, and their tokens are valid again."))
            st.form_submit_button(
                text("Let back in"), key=f"{key}-back", type="primary", icon=":material/person_check:",
                on_click=_save, args=(session, person, True), width="stretch",
            )  # fmt: skip
    _open_conversations(session, person)
    if person.active:
        st.caption(
            text("Deactivated, they can do nothing here any more, from their next click on, and their tokens are refused. What they did is kept, and they can be brought back.")
        )  # fmt: skip
        st.button(
            text("Deactivate"), key=f"{key}-deactivate", icon=":material/person_off:",
            on_click=_deactivate, args=(session, person), width="stretch",
        )  # fmt: skip


def _open_conversations(session: Session, person: User) -> None:
    """How many somebody holds, and the way to them: they stay with them until they are assigned on."""
    text = session.text
    counts = services.count_conversations(session.desk, session.caller, Listing(agent=person.id))
    held = counts[Folder.NEW] + counts[Folder.IN_PROGRESS]
    if not held:
        return
    st.caption(
        text.n(
            "{n} open conversation is with them, and stays so until somebody assigns it on.",
            "{n} open conversations are with them, and stay so until somebody assigns them on.",
            held,
        )
    )
    if st.button(
        text("See them in the list"), key="their-conversations", icon=":material/forum:", width="stretch"
    ):
        dialogs.forget()
        st.session_state[inbox.AGENT] = person.id
        st.session_state[inbox.FOLDER] = Folder.IN_PROGRESS if counts[Folder.IN_PROGRESS] else Folder.NEW
        st.switch_page(PAGES / "agent" / "conversations.py")


def _save(session: Session, drawn: User, bring_back: bool | None = None) -> None:
    """Save what was changed, and nothing of what was only seen; `bring_back`: and let them in again."""
    said = {name: st.session_state[f"{person_key(drawn)}-{name}"] for name in CHANGEABLE}
    changed = {name: value for name, value in said.items() if value != (getattr(drawn, name) or "")}
    person = said["name"].strip()
    text = session.text
    done = text("{person} was brought back.", person=person) if bring_back else text("Saved.")
    dialogs.attempt(
        session,
        lambda: services.change_user(
            session.desk, session.caller, drawn.id, **changed, active=bring_back, now=session.now
        ),
        done,
    )


def _deactivate(session: Session, person: User) -> None:
    dialogs.attempt(
        session,
        lambda: services.change_user(session.desk, session.caller, person.id, active=False, now=session.now),
        session.text("{person} was deactivated.", person=person.name),
    )
