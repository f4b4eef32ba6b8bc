"""What somebody clicked is done, however soon something else follows, which takes Streamlit to its next run."""

from collections.abc import Iterator
from typing import Any

import pytest
import streamlit as st
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner import RerunData, ScriptRunnerEvent, get_script_run_ctx
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from core.ui import clicks

done: list[str] = []
follows_during = False


def page() -> None:
    import streamlit as st

    from tests.pages import test_clicks

    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    st.button("Conclude", key="conclude", on_click=test_clicks.clicked)
    st.text_input("Search", key="search")


def clicked() -> None:
    if follows_during:
        ctx = get_script_run_ctx()
        assert ctx and ctx.script_requests
        ctx.script_requests.request_rerun(typed("after"))
    done.append("begun")
    st.session_state["said"] = "concluded"  # a place where Streamlit looks whether something newer has come
    st.query_params["c"] = "1"  # another
    done.append("ended")


def typed(text: str) -> RerunData:
    """What the browser sends when somebody has typed: all values, and no click."""
    states = WidgetStates()
    states.widgets.add(id=ids["search"], string_value=text)
    return RerunData(widget_states=states)


ids: dict[str, str] = {}


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    done.clear()
    monkeypatch.setattr(SafeSessionState, "on_script_will_rerun", SafeSessionState.on_script_will_rerun)
    clicks.keep()
    yield


@pytest.mark.parametrize("when", ["before", "during"])
def test_a_click_is_done_though_something_newer_has_come(
    kept: None, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    test = AppTest.from_function(page).run()
    ids["search"] = test.text_input(key="search").proto.id
    runs = test.session_state["runs"]
    begin = LocalScriptRunner.start
    coming = [typed("after")] if when == "before" else []

    def start(runner: LocalScriptRunner) -> None:
        def follow(_: Any, event: ScriptRunnerEvent, **__: Any) -> None:
            if (
                event is ScriptRunnerEvent.SCRIPT_STARTED and coming
            ):  # the click is under way, and not yet done
                runner.request_rerun(coming.pop())

        runner.on_event.connect(follow, weak=False)
        begin(runner)

    monkeypatch.setattr(LocalScriptRunner, "start", start)
    monkeypatch.setattr("tests.pages.test_clicks.follows_during", when == "during")
    test.button(key="conclude").click().run()
    assert not test.exception
    assert done == ["begun", "ended"]
    assert (test.session_state["said"], test.session_state["search"]) == ("concluded", "after")
    assert (
        test.session_state["runs"] == runs + 1
    )  # the page was drawn for what is newer, and for nothing else
