"""A switch between a few lists, which says how many each holds."""

from collections.abc import Mapping
from typing import Any, TypeVar

import streamlit as st

from core.text import Text

One = TypeVar("One")


def switch(
    text: Text, label: str, names: Mapping[One, str], counts: Mapping[One, int], *, key: str, **how: Any
) -> One:
    """Which of the lists is chosen, kept in the session at `key`: the first until somebody chooses.

    `names`, `counts`: of each. `how`: anything else that a segmented control takes.

    The browser knows the chosen one by what it is called, which changes with the counts. Streamlit tells it when that
    happens, but a run that is left for a newer one is not heard to its end: a browser that missed it finds nothing by
    the name it knows, and takes the default. That is why the default is whatever is chosen.
    """
    if st.session_state.get(key) is None:
        st.session_state[key] = next(iter(names))
    chosen: One = st.segmented_control(
        label, list(names), default=st.session_state[key], required=True, key=key, label_visibility="collapsed",
        format_func=lambda one: f"{names[one]} **{text.number(counts[one])}**", **how,
    )  # fmt: skip
    return chosen
