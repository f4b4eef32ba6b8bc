"""Registro: who did what and when, and what was refused."""

import streamlit as st

from core.model import Role
from core.ui import record
from core.ui.session import enter

here = enter(Role.ADMIN)
st.title(here.text("Record"))
record.show(here)
