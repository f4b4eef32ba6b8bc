"""What is written of an event: never what people wrote or are known by."""

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO

import pytest

from core import logs
from core.errors import Invalid

CANARY = "canary-5511988887777"


class Somebody:
    """A logger, what is written of it, and in which form."""

    def __init__(self, name: str, form: str) -> None:
        self._out = StringIO()
        handler = logging.StreamHandler(self._out)
        handler.setFormatter(logs.JsonLines() if form == logs.JSON else logs.Lines())
        self.logger = logging.getLogger(name)
        self.logger.handlers, self.logger.propagate = [handler], False
        self.logger.setLevel(logging.DEBUG)

    @property
    def written(self) -> str:
        return self._out.getvalue()


@pytest.fixture(params=[logs.TEXT, logs.JSON])
def of(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Somebody]]:
    made: list[Somebody] = []

    def make(name: str) -> Somebody:
        made.append(Somebody(name, request.param))
        return made[-1]

    yield make
    for one in made:
        one.logger.handlers, one.logger.propagate = [], True


def test_what_others_fill_in_is_left_out(of: Callable[[str], Somebody]) -> None:
    others = of("uvicorn.tests")
    others.logger.warning("A request from %s was refused.", CANARY)
    others.logger.warning(f"A request from {CANARY} was refused in a sentence made for it.")
    others.logger.error(ValueError(CANARY))
    others.logger.info("All is well.")
    assert CANARY not in others.written and "made for it" not in others.written
    assert "A request from %s was refused." in others.written and "All is well." in others.written
    assert others.written.count("test_what_others_fill_in_is_left_out, line") == 4


def test_an_exception_is_told_by_its_trace_and_its_kind(of: Callable[[str], Somebody]) -> None:
    ours = of("core.tests")

    def fail() -> None:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            raise ValueError(f"Duplicate key {CANARY}") from error

    try:
        fail()
    except ValueError:
        ours.logger.exception("It failed (%s).", "reference")
    try:
        raise Invalid("The address {address} is not one.", address=CANARY)
    except Invalid:
        ours.logger.exception("Refused.")
    try:
        raise ExceptionGroup(CANARY, [OSError(28, CANARY), TypeError(CANARY)])
    except ExceptionGroup:
        ours.logger.exception("Several.")
    assert CANARY not in ours.written
    for told in (
        "It failed (reference).", "KeyError", "which led to:", "ValueError", "in fail", "test_logs.py",
        "Invalid: The address {address} is not one.", "OSError: No space left on device", "TypeError",
    ):  # fmt: skip
        assert told in ours.written, told


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    ours = Somebody("core.tests", logs.JSON)
    ours.logger.info("First line\nsecond line")
    try:
        raise RuntimeError
    except RuntimeError:
        ours.logger.exception("Failed.")
    first, second = (json.loads(line) for line in ours.written.splitlines())
    assert (first["level"], first["logger"], first["message"]) == (
        "INFO",
        "core.tests",
        "First line second line",
    )
    assert first["time"].endswith("Z") and "trace" not in first
    assert second["trace"].endswith("RuntimeError")
    ours.logger.handlers, ours.logger.propagate = [], True
