"""The tokens by which programs come in: made, seen, revoked."""

from collections import Counter
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zlib import crc32

import streamlit as st

from core import rules, services
from core.model import Role, Scope, TokenDetail
from core.ui import dialogs, escape
from core.ui.chat import plain
from core.ui.people import page_of
from core.ui.session import Session
from core.ui.switch import switch

NEW, SECRET, TOKEN = "new token", "secret", "token"  # dialogs
STATE, PAGE = "tokens-state", "tokens-page"  # in the session
LIST = "tokens-rows"
FORM = "new-token"
USUAL = timedelta(days=365)
LONGEST = timedelta(days=3650)
SOON = timedelta(days=14)


def tokens(session: Session) -> None:
    """The tokens that are good and those that were; a row opens the dialog that tells all and revokes."""
    text, now = session.text, session.now
    everything = services.list_tokens(session.desk, session.caller)
    good = {one.token.id: one.token.is_good(now) for one in everything}
    names = {True: text("Valid"), False: text("Revoked or expired")}
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="tokens-head"
    ):
        valid = switch(
            text, text("State"), names, Counter(good.values()), key=STATE,
            on_change=lambda: st.session_state.pop(PAGE, None),
        )  # fmt: skip
        st.button(
            text("New token"), key="new-token-ask", type="primary", icon=":material/key:",
            on_click=dialogs.ask, args=(NEW,), width="content",
        )  # fmt: skip
    shown = [one for one in everything if good[one.token.id] is valid]
    if shown:
        page_of(LIST, PAGE, text("Tokens"), [row_data(session, one, now) for one in shown], _open)
    else:
        none, what = text("No tokens here"), text("With a token, a program acts as a person of the team.")
        st.html(f'<div class="df-empty"><strong>{none}</strong>{what}</div>')
    _dialog(session, everything)


def row_data(session: Session, one: TokenDetail, now: datetime) -> dict[str, Any]:
    """A token as the list draws it: words only."""
    text = session.text
    used = text("used {when}", when=text.when(one.used_at, now)) if one.used_at else text("never used")
    marks = [("used", used)]
    ends = one.token.expires_at
    if one.token.is_good(now):
        if ends and ends - now < SOON:
            marks.append(("closing", text("expires in {time}", time=text.span(ends - now))))
        if not one.user.active:
            marks.append(("closing", text("refused: its user is deactivated")))
    return {
        "id": str(one.token.id),
        "opened": False,
        "name": escape.printable(one.token.name),
        "when": until(session, one, now),
        "ours": "",
        "said": f"{escape.printable(one.user.name)} · {text.label(one.token.scope)}",
        "marks": marks,
    }


def until(session: Session, one: TokenDetail, now: datetime) -> str:
    """How long a token is good, or was."""
    text, ends = session.text, one.token.expires_at
    if one.token.revoked_at:
        return text("revoked {when}", when=text.when(one.token.revoked_at, now))
    if ends is None:
        return text("does not expire")
    if ends <= now:
        return text("expired {when}", when=text.when(ends, now))
    return text("until {when}", when=text.when(ends - timedelta(microseconds=1), now))


def _open() -> None:
    try:
        dialogs.ask(TOKEN, UUID(str(st.session_state[LIST]["open"])))
    except ValueError:
        return  # not what the list sends


def _dialog(session: Session, everything: list[TokenDetail]) -> None:
    text = session.text
    what, target = dialogs.asked()
    if what == NEW:
        dialogs.show(session, text("New token"), partial(_new, session))
    if what == SECRET:
        dialogs.show(session, text("Copy the token now"), partial(_secret, session), dismissible=False)
    one = next((one for one in everything if one.token.id == target), None) if what == TOKEN else None
    if one is not None:
        dialogs.show(session, escape.markdown(one.token.name), partial(_token, session, one))


def _new(session: Session) -> None:
    text = session.text
    owners = {
        str(user.email): escape.printable(f"{user.name} · {user.email}")
        for user in services.list_users(session.desk, session.caller)
        if user.active and user.email
    }
    today = text.local_day(session.now)
    with st.form(FORM, border=False):
        st.text_input(
            text("Name"), key=f"{FORM}-name", max_chars=rules.NAME_LENGTH, placeholder=text("What it is for")
        )
        st.selectbox(
            text("Acts as"), list(owners), index=None, key=f"{FORM}-user", format_func=owners.__getitem__,
            placeholder=text("Choose a person"),
        )  # fmt: skip
        st.selectbox(text("May be used for"), list(Scope), key=f"{FORM}-scope", format_func=text.label)
        st.date_input(
            text("Valid to the end of"), today + USUAL, min_value=today, max_value=today + LONGEST, key=f"{FORM}-until",
            format="DD/MM/YYYY",
        )  # fmt: skip
        st.checkbox(text("It does not expire"), key=f"{FORM}-never")
        dialogs.refusal()
        st.form_submit_button(
            text("Create token"), type="primary", on_click=_create, args=(session,), width="stretch"
        )


def _create(session: Session) -> None:
    said = {name: st.session_state[f"{FORM}-{name}"] for name in ("name", "user", "scope", "until", "never")}
    made = dialogs.attempt(
        session,
        lambda: services.create_token(
            session.desk, session.caller, said["user"] or "", said["name"], said["scope"],
            expires_at=None if said["never"] else _end_of(session, said["until"]), now=session.now,
        ),
        "",
    )  # fmt: skip
    if made:
        dialogs.ask(SECRET, made.secret)


def _end_of(session: Session, day: date) -> datetime:
    """When a day of the organisation ends."""
    return datetime.combine(day + timedelta(days=1), time(), session.text.zone)


def _secret(session: Session) -> None:
    """The one time the token is shown: it is known here until the dialog closes or the page is left."""
    text = session.text
    _, secret = dialogs.asked()
    st.write(text("It is shown this once. Whoever has it acts as its user: keep it as you keep a password."))
    with st.container(key="secret"):
        st.code(str(secret), language=None, wrap_lines=True)
    st.button(
        text("I have copied it"),
        key="secret-copied",
        type="primary",
        on_click=dialogs.forget,
        width="stretch",
    )


def _token(session: Session, one: TokenDetail) -> None:
    """All that is known of a token, and revoking it."""
    text, now = session.text, session.now
    token = one.token
    by = text("the command line") if one.created_by.role is Role.SYSTEM else one.created_by.name
    facts = {
        text("Acts as"): f"{one.user.name} · {one.user.email or '—'}",
        text("May be used for"): text.label(token.scope),
        text("Validity"): until(session, one, now),
        text("Last used"): text.moment(one.used_at) if one.used_at else text("never"),
        text("Created"): f"{text.moment(token.created_at)} · {by}",
    }
    said = "".join(f"<dt>{plain(name)}</dt><dd>{plain(what)}</dd>" for name, what in facts.items())
    st.html(f'<dl class="df-facts">{said}</dl>')
    if not token.is_good(now):
        return
    st.caption(text("Once revoked it is refused for good. The program that uses it then needs another one."))
    dialogs.refusal()
    st.button(
        text("Revoke token"), key=f"revoke-{crc32(str(token.id).encode())}", type="primary",
        icon=":material/key_off:", on_click=_revoke, args=(session, one), width="stretch",
    )  # fmt: skip


def _revoke(session: Session, one: TokenDetail) -> None:
    dialogs.attempt(
        session,
        lambda: services.revoke_token(
            session.desk, session.caller, one.token.name, one.token.id, now=session.now
        ),
        session.text("Token revoked."),
    )
