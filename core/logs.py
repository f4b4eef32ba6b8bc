"""What all our processes write to their standard error: one line an event, as text or as JSON.

Nothing that people wrote or are known by gets into it, at any level. Our own sentences say none of it. Of others', uvicorn's
and Streamlit's, the sentence is told that stands in their code, and what they would fill in is left out; one made when it is
said is left out whole. Of an exception its trace and its kind are told: its message may quote a value, as DuckDB's do.
"""

import json
import logging
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

from core.errors import AppError

TEXT, JSON = "text", "json"
VARIABLE = "LOG_FORMAT"  # by which processes that get none of the settings are told
OURS = ("core", "app", "desfecho", "__main__")

log = logging.getLogger(__name__)


class Lines(logging.Formatter):
    """Time in UTC, level, logger and what happened; under it the trace, if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        said = _said(record)
        line = f"{said['time']} {said['level']} {said['logger']}: {said['message']}"
        return f"{line}\n{said['trace']}" if "trace" in said else line


class JsonLines(logging.Formatter):
    """The same as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_said(record))


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, to be known again."""


def configure(form: str) -> None:
    """Have everything that is logged in this process written so; what is not `json` is text."""
    handler = _Handler()
    handler.setFormatter(JsonLines() if form == JSON else Lines())
    root = logging.getLogger()
    for before in [one for one in root.handlers if isinstance(one, _Handler)]:
        root.removeHandler(before)
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    # Addresses hold what a log should not. Streamlit sets this logger's level anew, but leaves it disabled.
    logging.getLogger("uvicorn.access").disabled = True
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda told: _uncaught(told.exc_type, told.exc_value, told.exc_traceback)
    sys.unraisablehook = lambda told: _uncaught(told.exc_type, told.exc_value, told.exc_traceback)


def pass_on(logger: logging.Logger) -> None:
    """Take the handlers of somebody else's logger away, so that its warnings are written as everything is."""
    logger.handlers.clear()
    logger.propagate = True
    logger.setLevel(logging.WARNING)


def _uncaught(_: type[BaseException], error: BaseException | None, __: TracebackType | None) -> None:
    log.critical("Nobody expected this.", exc_info=error)


def _said(record: logging.LogRecord) -> dict[str, str]:
    at = datetime.fromtimestamp(record.created, UTC)
    said = {
        "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname,
        "logger": record.name,
        "message": " ".join(_message(record).split()),
    }
    if record.exc_info and record.exc_info[1]:
        said["trace"] = "\n".join(_trace(record.exc_info[1], set()))
    return said


def _message(record: logging.LogRecord) -> str:
    if record.name.partition(".")[0] in OURS:
        return record.getMessage()
    place = f"({record.module}.{record.funcName}, line {record.lineno})"
    return f"{record.msg} {place}" if _stands_in_the_code(record) else place


def _stands_in_the_code(record: logging.LogRecord) -> bool:
    """Whether what is said, before it is filled in, is a constant of the function that says it."""
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
        code = frame.f_code
        if (code.co_filename, code.co_name) == (record.pathname, record.funcName):
            return isinstance(record.msg, str) and record.msg in code.co_consts
    return False


def _trace(error: BaseException, told: set[int]) -> Iterator[str]:
    """Where it happened, line by line, and what kind of exception it was; first what led to it."""
    told.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in told:
        yield from _trace(before, told)
        yield "which led to:"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
    yield _kind(error)
    for one in getattr(error, "exceptions", ()):  # of a group
        if id(one) not in told:
            yield from _trace(one, told)


def _kind(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    if isinstance(error, AppError):
        return f"{kind}: {error.message}"  # before it is filled in
    if isinstance(error, OSError) and error.errno:
        return f"{kind}: {os.strerror(error.errno)}"
    return kind
