"""What somebody clicked is done, however soon something else follows, which takes Streamlit to its next run."""

from typing import Any
from unittest.mock import Mock

import pytest
import streamlit as st
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import RerunData, ScriptRunnerEvent, get_script_run_ctx
from streamlit.runtime.scriptrunner_utils import script_requests
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests, ScriptRequestType
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from core.ui import clicks

done: list[str] = []
coming: dict[str, RerunData] = {}  # what the browser sends next, by when it does


def page() -> None:
    import streamlit as st

    from tests.pages import test_clicks

    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    st.button("Conclude", key="conclude", on_click=test_clicks.clicked)
    st.text_input("Search", key="search")


def clicked() -> None:
    if "during" in coming:
        ctx = get_script_run_ctx()
        assert ctx and ctx.script_requests
        ctx.script_requests.request_rerun(coming.pop("during"))
    done.append("begun")
    st.session_state["said"] = "concluded"  # a place where Streamlit looks whether something newer has come
    st.query_params["c"] = "1"  # another
    done.append("ended")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SafeSessionState, "on_script_will_rerun", SafeSessionState.on_script_will_rerun)
    monkeypatch.setattr(script_requests, "_coalesce_widget_states", script_requests._coalesce_widget_states)
    clicks.keep()


@pytest.mark.parametrize("when", ["before", "during"])
def test_a_click_is_done_though_something_newer_has_come(
    kept: None, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    test = AppTest.from_function(page).run()
    runs = test.session_state["runs"]
    typed = WidgetStates()  # all values, and no click
    typed.widgets.add(id=test.text_input(key="search").proto.id, string_value="after")
    done.clear()
    coming[when] = RerunData(widget_states=typed)
    begin = LocalScriptRunner.start

    def start(runner: LocalScriptRunner) -> None:
        def follow(_: Any, event: ScriptRunnerEvent, **__: Any) -> None:
            # The click is under way, and not yet done.
            if event is ScriptRunnerEvent.SCRIPT_STARTED and "before" in coming:
                runner.request_rerun(coming.pop("before"))

        runner.on_event.connect(follow, weak=False)
        begin(runner)

    monkeypatch.setattr(LocalScriptRunner, "start", start)
    test.button(key="conclude").click().run()
    assert not test.exception
    assert done == ["begun", "ended"]
    assert (test.session_state["said"], test.session_state["search"]) == ("concluded", "after")
    assert test.session_state["runs"] == runs + 1  # drawn for what is newer, and for nothing else
    assert not coming


def test_a_click_not_yet_begun_is_done_before_what_came_after(kept: None) -> None:
    """`.streamlit/config.toml` has one runner for each tab. Told to stop for a second one, it would leave out the click."""
    requests = ScriptRequests()
    session = Mock(
        _scriptrunner=Mock(request_rerun=requests.request_rerun, request_stop=requests.request_stop)
    )
    for pressed, typed in (("conclude", "before"), ("next", "after")):
        sent = ClientState()
        sent.widget_states.widgets.add(id="search", string_value=typed)
        sent.widget_states.widgets.add(id=pressed, trigger_value=True)
        AppSession.request_rerun(session, sent)
    asked = requests.on_scriptrunner_ready()
    assert asked.type is ScriptRequestType.RERUN
    states = asked.rerun_data.widget_states
    assert states and [(one.id, one.string_value, one.trigger_value) for one in states.widgets] == [
        ("conclude", "", True), ("search", "after", False), ("next", "", True),
    ]  # fmt: skip
