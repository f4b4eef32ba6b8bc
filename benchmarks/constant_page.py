"""The application with an outcomes page that asks nothing: `python -m benchmarks.constant_page` serves it.

The page is the real one, once for each kind of view: what it draws is written down as the calls of Streamlit that they
are. From then on the page is these calls again, with the same charts, tables, figures and widgets as constants.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from core.__main__ import main
from core.model import Role
from core.settings import Settings
from core.ui import pages
from core.ui.pages import PAGES
from core.ui.session import enter

PAGE = "manager/outcomes.py"
DRAWING = (
    "title", "subheader", "caption", "markdown", "html", "metric", "altair_chart", "dataframe", "button", "toggle",
    "selectbox", "multiselect", "date_input", "download_button", "pagination", "popover", "tabs", "segmented_control",
    "container", "columns", "expander", "menu_button", "text", "pills", "radio", "checkbox", "divider", "space",
)  # fmt: skip
Step = Callable[[dict[int, Any]], Any]  # draws, knowing what was drawn before it by its number

_written: dict[
    tuple[str, ...], list[Step]
] = {}  # by the names in the address, which tell the kinds of views apart


class Block:
    """Something to draw into, that writes down when that begins and ends."""

    def __init__(self, real: Any, number: int, steps: list[Step], part: int | None = None) -> None:
        self._real, self._number, self._steps, self._part = real, number, steps, part

    def _of(self, drawn: dict[int, Any]) -> Any:
        return drawn[self._number] if self._part is None else drawn[self._number][self._part]

    def __enter__(self) -> Any:
        self._steps.append(lambda drawn: self._of(drawn).__enter__())
        self._real.__enter__()
        return self

    def __exit__(self, *failure: Any) -> Any:
        self._steps.append(lambda drawn: self._of(drawn).__exit__(None, None, None))
        return self._real.__exit__(*failure)

    def __getattr__(self, name: str) -> Any:
        """Drawing on it by name, as in column.metric(…); or what it is asked."""
        found = getattr(self._real, name)
        return _writing(name, found, self._steps, self) if name in DRAWING else found


def _writing(name: str, draw: Callable[..., Any], steps: list[Step], on: Block | None) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        number = len(steps)

        def step(drawn: dict[int, Any]) -> None:
            where = on._of(drawn) if on else st
            drawn[number] = getattr(where, name)(*args, **kwargs)

        steps.append(step)
        made = draw(*args, **kwargs)
        if isinstance(made, list):
            return [Block(one, number, steps, part) for part, one in enumerate(made)]
        return Block(made, number, steps) if hasattr(made, "__enter__") else made

    return run


@contextmanager
def writing(steps: list[Step]) -> Iterator[None]:
    """Write down what is drawn while the block runs."""
    there = {name: getattr(st, name) for name in DRAWING if hasattr(st, name)}
    for name, draw in there.items():
        setattr(st, name, _writing(name, draw, steps, None))
    try:
        yield
    finally:
        for name, draw in there.items():
            setattr(st, name, draw)


def draw() -> None:
    """The page, which may be seen by whom the real one is for."""
    enter(Role.MANAGER, Role.ANALYST, Role.ADMIN)
    kind = tuple(sorted(st.query_params))
    if kind in _written:
        drawn: dict[int, Any] = {}
        for step in _written[kind]:
            step(drawn)
        return
    steps: list[Step] = []
    page = PAGES / PAGE
    with writing(steps):
        exec(compile(page.read_text("utf-8"), page, "exec"), {"__name__": "__main__"})  # noqa: S102
    _written[kind] = steps


def serve() -> None:
    """Serve with this page in the place of the real one, its script in the data folder."""
    script = Settings.read().folder / "outcomes.py"
    script.write_text("from benchmarks.constant_page import draw\n\ndraw()\n", "utf-8")
    pages.NAVIGATION = tuple(
        (str(script) if file == PAGE else file, *others)  # type: ignore[misc]
        for file, *others in pages.NAVIGATION
    )
    sys.argv = ["core", "serve"]
    main()


if __name__ == "__main__":
    from benchmarks import constant_page  # by the name that the page's script knows

    constant_page.serve()
