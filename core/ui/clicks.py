"""No click is lost because something else was done right after it, and what was clicked first is done first.

Streamlit leaves a run of a page as soon as the browser has sent something newer, also before it has called what a click
asks for, and in the midst of that: everything a callback uses of Streamlit is a place to leave at. What is newer does
not hold the click any more, so that nobody would ever do it. A busy server takes tens of milliseconds to get there: who
closes a dialog and types on would find it open, who concludes and goes on would have concluded nothing.

What comes while a run is under way Streamlit puts together, with the clicks that came before last: here they are first.

That there is one runner for each tab, and not a second one beside a busy first, `.streamlit/config.toml` says.
"""

from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.runtime.scriptrunner_utils import script_requests
from streamlit.runtime.state.safe_session_state import SafeSessionState

_put_together = script_requests._coalesce_widget_states


def keep() -> None:
    """From now on, leave a run only after what was clicked has been done, in order (Streamlit 1.67.0)."""
    SafeSessionState.on_script_will_rerun = _to_the_end  # type: ignore[method-assign]
    script_requests._coalesce_widget_states = _in_order  # type: ignore[assignment]


def _to_the_end(self: SafeSessionState, *asked: Any, **how: Any) -> None:
    """What Streamlit does at the beginning of a run, but for looking for something newer, which it does right after."""
    runner: ScriptRunner = self._yield_callback.__self__  # type: ignore[attr-defined]
    runner._execing = False  # nothing is left while this is so
    try:
        with self._lock:
            self._state.on_script_will_rerun(*asked, **how)
    finally:
        runner._execing = True


def _in_order(before: WidgetStates | None, after: WidgetStates | None) -> WidgetStates | None:
    """The states of all widgets and the clicks of both, in the order in which their callbacks are to be called."""
    both = _put_together(before, after)
    if both is None or after is None:
        return both
    newer = {one.id for one in after.widgets}
    return WidgetStates(widgets=sorted(both.widgets, key=lambda one: one.id in newer))
