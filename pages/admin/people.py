"""Pessoas e acessos: who may come in, and the tokens of programs."""

import streamlit as st

from core.model import Role
from core.ui import people, tokens
from core.ui.session import enter

here = enter(Role.ADMIN)
st.title(here.text("People and access"))
with st.container(width=960):
    team, programs = st.tabs([here.text("People"), here.text("Tokens")])
    with team:
        people.people(here)
    with programs:
        tokens.tokens(here)
