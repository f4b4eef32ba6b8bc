"""Atendimentos: the folders, the list, and the conversation that is open."""

import streamlit as st

from core.errors import AppError
from core.model import Role
from core.ui import escape, inbox, live
from core.ui.conversation import conversation, nothing_open
from core.ui.session import enter

here = enter(Role.AGENT, Role.MANAGER, Role.ADMIN)
number = here.desk.number
opened = inbox.opened()
left, right = st.columns([3, 5], gap="medium")
with left, st.container(key="inbox-behind" if opened else "inbox"):
    shown = inbox.inbox(here)
with right:
    if opened:
        try:
            conversation(here, opened)
        except AppError as error:
            st.warning(escape.markdown(here.text.error(error)), icon=":material/block:")
            st.button(here.text("Back to the list"), on_click=inbox.close_conversation)
    else:
        nothing_open(here)
live.keep_up(here, shown, number)
