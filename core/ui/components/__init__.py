"""What Streamlit has no widget for: a script and a style sheet each, shown with data that goes in as text."""

from typing import Any

import streamlit as st

from core.shipped import shipped


def _component(name: str) -> Any:
    """The component, made known to the running Streamlit: saying the same again costs nothing."""
    here = __name__
    return st.components.v2.component(
        f"desfecho_{name}",
        js=shipped(here, "elements.mjs") + shipped(here, f"{name}.mjs"),
        css=shipped(here, f"{name}.css"),
    )


def rows(**mounting: Any) -> Any:
    """The rows of a list; the event `open` brings the id of the one clicked."""
    return _component("rows")(**mounting)


def classify(**mounting: Any) -> Any:
    """A reason, a value and two buttons; the event `done` brings what was said: classified, reason_id, value."""
    return _component("classify")(**mounting)
