"""The main script: the frame around every page. Each run passes here first, whatever address was asked for."""

import logging
from pathlib import Path
from uuid import uuid4

import streamlit as st

from core.errors import AppError
from core.model import Role
from core.services import Standing
from core.text import Text
from core.ui import classify, demo, dialogs, escape, inbox, session, signin
from core.ui.pages import NAVIGATION, PAGES, Entry
from core.ui.session import Session

log = logging.getLogger(__name__)


def main() -> None:
    st.set_page_config(
        page_title="Desfecho", page_icon=str(Path(__file__).with_name("icon.svg")), layout="wide"
    )
    st.html(Path(__file__).with_name("style.css"))
    here = session.current()
    st.session_state[session.HERE] = here if isinstance(here, Session) else None
    if isinstance(here, Standing):
        signin.gate(here)
        return
    if here is None:
        text = Text(session.language(), "UTC")
        st.title("Desfecho")
        st.info(
            text("This desk has no users yet. `python -m core demo` fills an empty one with invented data.")
        )
        return
    pages = [
        st.Page(
            PAGES / file,
            title=here.text(title),
            icon=icon,
            url_path=address,
            default=first,
            visibility="visible" if here.user.role in roles else "hidden",
        )
        for first, (file, address, title, icon, roles) in _with_first(here.user.role)
    ]
    st.logo(Path(__file__).with_name("logo.svg"), size="large")
    page = st.navigation(pages)
    if st.session_state.pop(demo.SOMEBODY_ELSE, False) and page.visibility == "hidden":
        st.switch_page(next(one for one in pages if one.visibility == "visible"))
    place = (page.url_path, st.query_params.get(inbox.OPENED))
    if st.session_state.setdefault(session.PLACE, place) != place:
        st.session_state[session.PLACE] = place
        classify.forget()
        dialogs.forget()  # a dialog does not follow to another page or conversation
    if here.application.settings.demo:
        demo.sidebar(here)
        demo.banner(here)
    else:
        signin.forget_failure()
        signin.sidebar(here)
    with st.sidebar:
        session.choose_language(here.text)
    session.show_said()
    try:
        page.run()
    except AppError as error:
        st.error(escape.markdown(here.text.error(error)), icon=":material/block:")
    except Exception:
        reference = uuid4().hex[:8]
        log.exception("A page failed (%s).", reference)
        st.error(
            here.text(
                "Something went wrong on our side. Please try again; if it stays, report the number {reference}.",
                reference=reference,
            ),
            icon=":material/sentiment_dissatisfied:",
        )


def _with_first(role: Role) -> list[tuple[bool, Entry]]:
    """The pages, the first one that the role has marked as where they begin."""
    begin = next(entry for entry in NAVIGATION if role in entry[4])
    return [(entry is begin, entry) for entry in NAVIGATION]


try:
    main()
except AppError as error:  # before anybody is known: the disk failed, say
    st.error(escape.markdown(Text(session.language(), "UTC").error(error)), icon=":material/block:")
