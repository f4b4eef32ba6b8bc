"""Perguntas: any question of the facts, in SQL."""

import streamlit as st

from core.ui import questions
from core.ui.pages import ASKS_IN_SQL
from core.ui.session import enter

here = enter(*ASKS_IN_SQL)
st.title(here.text("Questions in SQL"))
questions.show(here)
