"""Perguntas: how an analyst asks the facts, and what is there to ask about."""

import streamlit as st

from core.model import Role
from core.ui.session import enter

here = enter(Role.ANALYST)
st.title(here.text("Questions in SQL"))
st.write(here.text("The outcomes of every conversation are in schema analytics, without any personal data."))
st.code(
    'python -m core sql "SELECT category, count(*) FROM analytics.conclusions WHERE NOT reopened GROUP BY ALL"',
    language="bash",
    wrap_lines=True,
)
here.application.facts.catch_up(here.desk)
for view, meaning in here.application.facts.views():
    columns = here.application.facts.columns(view)
    with st.expander(f"analytics.{view}", expanded=view == "conclusions", icon=":material/table:"):
        st.caption(meaning)
        st.dataframe(
            {here.text("Column"): [c[0] for c in columns], here.text("Type"): [c[1] for c in columns],
             here.text("Meaning"): [c[2] for c in columns]},
            hide_index=True, height="content",
        )  # fmt: skip
