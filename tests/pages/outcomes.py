"""What the tests of the outcomes page share."""

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from core import services
from core.desk import Desk
from core.model import SYSTEM, Caller, Reason
from core.reports.metrics import METRICS
from core.rules import Incoming
from core.ui.pages import PAGES
from tests.conftest import NOW, Team
from tests.pages.conftest import Look
from tests.unit.reporting import import_events

PAGE = str(PAGES / "manager" / "outcomes.py")
HOSTILE = '=1+1 ![x](http://127.0.0.1:9/x) **"b"** <b>&'


def conclude(
    desk: Desk,
    team: Team,
    n: int,
    reason: Reason | None = None,
    value: str | None = None,
    *,
    days: float = 0,
    channel: str = "whatsapp",
    who: Caller | None = None,
) -> Any:
    """A conversation of its own, concluded ten minutes after it began, so many days ago."""
    at = NOW - timedelta(days=days)
    message = Incoming(channel, (f"55{n}",), "João", f"m{n}", at, "Olá")
    opened = services.receive_message(desk, SYSTEM, message, now=at).conversation_id
    services.conclude(
        desk, who or team.ana, opened, reason.id if reason else None, value, now=at + timedelta(minutes=10)
    )
    return opened


def imported(desk: Desk, folder: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Conclusions of another system, `old`: each row an agent, a category, a reason."""
    events = []
    for n, row in enumerate(rows):
        one = {"conversation": f"c{n}", "contact": f"c{n}", "channel": "webchat"}
        began = NOW - timedelta(hours=n % 480 + 2)
        events.append(one | {"event": "opened", "occurred_at": began})
        events.append(one | row | {"event": "concluded", "occurred_at": began + timedelta(hours=1)})
    import_events(desk, folder, "old", events)


def at_address(look: Look, who: Caller, address: dict[str, Any]) -> AppTest:
    test = look(who)
    for name, said in address.items():
        test.query_params[name] = said
    return test.switch_page(PAGE).run()


def figures(test: AppTest) -> dict[str, str]:
    """What is shown, by the metric's name."""
    return {metric.name: shown.value for metric, shown in zip(METRICS, test.metric, strict=True)}


def keys(test: AppTest) -> set[str]:
    """Of the filters and buttons that there are."""
    found = [*test.multiselect, *test.selectbox, *test.toggle, *test.button]
    return {str(widget.key) for widget in found}


def asked(test: AppTest) -> dict[str, list[str]]:
    """The address, without who is looking."""
    return {
        name: [said] if isinstance(said, str) else list(said)
        for name, said in dict(test.query_params).items()
        if name != "as"
    }


def table(test: AppTest, of: str) -> Any:
    """A table, by a part of its key."""
    (found,) = (frame for frame in test.dataframe if of in frame.proto.id)
    return found.value


def select(test: AppTest, element: str, key: str, selection: dict[str, Any]) -> AppTest:
    """Run the page again as after a click in a chart or a table that is drawn under this key."""
    (id_,) = (e.proto.id for e in test.get(element) if e.proto.id.endswith(f"-{key}"))
    states = test._tree.get_widget_states()
    states.widgets.append(WidgetState(id=id_, string_value=json.dumps({"selection": selection})))
    return test._run(states)
