"""Beside the question: what there is to ask about, and questions worked out."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.analysts.cookbook import RECIPES, Recipe
from core.reports.dictionary import dictionary
from core.ui import escape
from core.ui.chat import plain
from core.ui.session import Session

FIRST = "conclusions"  # the table that most questions are about
COMMAND = 'python -m core sql "FROM analytics.as_of"'


def show(session: Session, choose: Callable[[str], None]) -> None:
    """Two lists; `choose` is given the SQL of the worked question that somebody clicks."""
    text = session.text
    worked, tables = st.tabs([text("Worked questions"), text("Tables and columns")])
    with worked, st.container(key="question-recipes", gap="xxsmall"):
        for recipe in RECIPES:
            st.button(
                escape.markdown(text(recipe.title)), key=f"recipe-{recipe.name}", type="tertiary",
                on_click=choose, args=(recipe.sql,),
            )  # fmt: skip
    with tables, st.container(key="question-tables", gap="xsmall"):
        st.caption(text("All times are UTC. Nothing here says who a contact is."))
        views = dictionary(session.application.facts).groupby("view_name")
        for view, told in sorted(views, key=lambda each: each[0] != FIRST):
            with st.expander(f"`analytics.{view}`", expanded=view == FIRST):
                st.html(_columns(told))
        st.caption(text("From a terminal of the machine that serves:"))
        st.code(COMMAND, language="bash", wrap_lines=True)


def recipe_of(sql: str) -> Recipe | None:
    """The worked question that this is, unchanged."""
    return next((recipe for recipe in RECIPES if recipe.sql == sql.strip()), None)


def _columns(told: pd.DataFrame) -> str:
    """What the dictionary says of one view."""
    itself, *columns = told.to_dict("records")
    said = "".join(
        f"<dt><code>{plain(column['column_name'])}</code> <span>{plain(column['data_type'])}</span></dt>"
        f"<dd>{plain(column['meaning'])}</dd>"
        for column in columns
    )
    return f'<p class="df-muted">{plain(itself["meaning"])}</p><dl class="df-columns">{said}</dl>'
