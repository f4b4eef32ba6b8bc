"""Desfechos: what the endings add up to."""

import streamlit as st

from core.model import Role
from core.ui import outcome_topics, outcomes
from core.ui.session import enter

here = enter(Role.MANAGER, Role.ANALYST, Role.ADMIN)
st.title(here.text("Outcomes"), anchor=False)
chosen = outcomes.filters(here)
if outcomes.figures(here, chosen):
    outcome_topics.show(here, chosen)
outcomes.footnote(here)
