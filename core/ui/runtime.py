"""The one seam through which page scripts, which Streamlit calls with nothing, get what start-up opened."""

from core.application import Application
from core.errors import Unavailable

_opened: Application | None = None


def start(opened: Application) -> None:
    global _opened
    _opened = opened


def stop() -> None:
    global _opened
    _opened = None


def started() -> bool:
    return _opened is not None


def application() -> Application:
    if _opened is None:
        raise Unavailable("The application is not running.")
    return _opened
