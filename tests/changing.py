"""`python -m tests.changing serve`: the application, whose desk a test may change while it serves.

Its private socket knows one command more, `change`: a statement for the desk.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core import control
from core.__main__ import main
from core.application import Application
from core.desk import Tx
from core.model import SYSTEM_USER_ID


def _change(application: Application, arguments: dict[str, Any]) -> Any:
    def work(tx: Tx) -> None:
        tx.record(SYSTEM_USER_ID, "change", datetime.now(UTC))
        tx.run(arguments["sql"], *arguments["params"])

    application.desk.transact(work)
    return {}


def change(folder: Path, sql: str, *params: Any) -> None:
    """Have the application that serves `folder` change its desk."""
    assert control.ask(folder, "change", {"sql": sql, "params": params}) == {}


if __name__ == "__main__":
    control.COMMANDS["change"] = _change
    main()
