"""Configurações: the reasons of each category, the classification app, the currency."""

import streamlit as st

from core.model import Role
from core.ui import settings
from core.ui.session import enter

here = enter(Role.ADMIN)
st.title(here.text("Settings"))
reasons, general = st.tabs([here.text("Conversation classification"), here.text("Organisation")])
with reasons:
    settings.reasons(here)
with general:
    settings.organisation(here)
