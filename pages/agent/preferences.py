"""Preferências: what happens after one's own conclusions."""

import streamlit as st

from core.model import Role
from core.ui.conversation import archive_preference
from core.ui.session import enter

here = enter(Role.AGENT, Role.MANAGER, Role.ADMIN)
st.title(here.text("Preferences"))
with st.container(border=True, width=640):
    archive_preference(here)
