"""No click is lost because something else was done right after it.

Streamlit leaves a run of a page as soon as the browser has sent something newer, also before it has called what a click
asks for, and in the midst of that: everything a callback uses of Streamlit is a place to leave at. What is newer does
not hold the click any more, so that nobody would ever do it. A busy server takes tens of milliseconds to get there: who
closes a dialog and types on would find it open, who concludes and goes on would have concluded nothing.
"""

from typing import Any

from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.runtime.state.safe_session_state import SafeSessionState


def keep() -> None:
    """From now on, leave a run only after what was clicked has been done (Streamlit 1.67.0)."""
    SafeSessionState.on_script_will_rerun = _to_the_end  # type: ignore[method-assign]


def _to_the_end(self: SafeSessionState, *asked: Any, **how: Any) -> None:
    """What Streamlit does at the beginning of a run, but for looking for something newer, which it does right after."""
    runner: ScriptRunner = self._yield_callback.__self__  # type: ignore[attr-defined]
    runner._execing = False  # nothing is left while this is so
    try:
        with self._lock:
            self._state.on_script_will_rerun(*asked, **how)
    finally:
        runner._execing = True
