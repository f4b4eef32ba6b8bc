"""The table of permissions against the pages: what opens for whom, what is offered, and what a press still may."""

from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from core import services
from core.model import SYSTEM, ArchivePreference, Role
from core.ui.pages import NAVIGATION, PAGES
from core.ui.settings import reason_key
from tests.conftest import change_user
from tests.pages.conftest import SHELL, Look, send
from tests.permissions import COLUMNS, INBOX, ROWS, Row
from tests.scene import TEAM, Forgetful, Scene, playing

PEOPLE = {column: name for name, (column, _) in TEAM.items() if column}
FILES = {address: str(PAGES / file) for file, address, *_ in NAVIGATION}
ROLES = {address: set(roles) for _, address, _, _, roles in NAVIGATION}
each_role = pytest.mark.parametrize("column", COLUMNS[:4])


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with playing(tmp_path_factory.mktemp("scene")) as made:
        yield made


@pytest.fixture
def desk(scene: Scene) -> Forgetful:
    """The desk that the application of these tests has."""
    return Forgetful(scene.desk)


@each_role
@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.page and not row.service], ids=lambda row: row.page
)
def test_a_page_opens_for_its_roles_only(scene: Scene, look: Look, row: Row, column: str) -> None:
    test = look(scene.who(PEOPLE[column]), page=FILES[row.page])
    assert not test.exception
    refused = any("não é para o seu perfil" in error.value for error in test.error)
    assert refused is (row.expected[column] == "not_permitted")


def test_every_page_is_in_the_table() -> None:
    known = {row.page for row in ROWS if not row.service}
    missing = [
        f'Row("Open {title}", "R…", "? ? ? ?", page="{address}"),'
        for _, address, title, *_ in NAVIGATION
        if address not in known
    ]
    assert not missing, 'add to "Pages" in tests/permissions.py:\n' + "\n".join(missing)
    assert {row.page for row in ROWS} - {""} <= set(FILES), "a row for a page that is no more"
    assert {str(file) for file in PAGES.glob("*/*.py")} == set(FILES.values()), "a page that nothing leads to"
    for row in ROWS:
        if row.page and not row.service:
            allowed = {TEAM[PEOPLE[column]][1] for column, code in row.expected.items() if code == "allowed"}
            assert allowed == ROLES[row.page], row.does


def test_a_desk_without_users_says_what_to_do(
    scene: Scene, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.identity.people_to_be", lambda desk: [])
    test = AppTest.from_file(str(SHELL)).run()
    assert not test.exception and "python -m core demo" in test.info[0].value


# What is offered on a conversation --------------------------------------------------------------------


def about(row: Row) -> str | None:
    """The conversation that a row of the conversations' page is about; a conclusion's is the concluded one."""
    given = next(iter(row.given.values()), None) if row.page == INBOX else None
    return given and given.replace("conclusion}", "concluded}")


def offered(test: AppTest) -> set[str]:
    keys = {button.key for button in test.button}
    return keys | {"assign" for box in test.selectbox if str(box.key).startswith("assign-")}


ON_CONVERSATIONS = [row for row in ROWS if row.page == INBOX and about(row)]
CAN_BE_PRESSED = {row.press for row in ON_CONVERSATIONS} - {""}


@each_role
@pytest.mark.parametrize("opened", sorted({str(about(row)) for row in ON_CONVERSATIONS}))
def test_a_conversation_shows_and_offers_what_one_may(
    scene: Scene, look: Look, opened: str, column: str
) -> None:
    name = PEOPLE[column]
    conversation = scene.fill({"it": opened}, name)["it"]
    test = look(scene.who(name), conversation)
    assert not test.exception
    may = [row for row in ON_CONVERSATIONS if about(row) == opened and row.expected[column] == "allowed"]
    # In the chat, and not in the list, where only what may be seen is anyway.
    chat = "\n".join(element.proto.body for element in test.get("html"))
    words = services.conversation(scene.desk, SYSTEM, conversation).messages[0].body
    assert (words in chat) is any(row.service == "conversation" for row in may)
    assert offered(test) & CAN_BE_PRESSED == {row.press for row in may} - {""}


# Pressed by somebody who may no longer ----------------------------------------------------------------


Step = Callable[[AppTest, Scene], object]


def click(key: str) -> Step:
    return lambda test, scene: test.button(key=key).click().run()


def choose(kind: str, key: str, value: object) -> Step:
    return lambda test, scene: getattr(test, kind)(key=key).set_value(value).run()


def retire(test: AppTest, scene: Scene) -> object:
    return click(f"{reason_key(scene.reason)}-retire")(test, scene)


def assign(test: AppTest, scene: Scene) -> object:
    (box,) = (box for box in test.selectbox if str(box.key).startswith("assign-"))
    return box.set_value(services.me(scene.desk, scene.who("clara"))).run()


def done(test: AppTest, scene: Scene) -> object:
    """What the dialog says in the end."""
    (key,) = (e.proto.id for e in test.get("bidi_component") if "-classify-" in e.proto.id)
    said = {"classified": True, "reason_id": str(scene.reason.id), "value": ""}
    return send(test, key[key.index("classify-") :], "done", said)


def save(test: AppTest, scene: Scene) -> object:
    test.text_input(key="new-reason-description").set_value("Another")
    return next(button for button in test.button if button.form_id == "new-reason").click().run()


# What a press is: steps, the last of which asks the service.
PRESSES: dict[str, list[Step]] = {
    "take": [click("take")],
    "assign": [assign],
    "conclude": [click("conclude"), done],
    "edit": [click("edit"), done],
    "recover": [click("recover")],
    "archive-preference": [choose("radio", "archive-preference", ArchivePreference.IMMEDIATELY)],
    "new-reason": [save],
    "retire": [retire],
    "currency": [choose("selectbox", "currency", "EUR")],
}
PRESSED = {row.press: row for row in ROWS if row.press and row.expected["administrator"] == "allowed"}


def test_every_press_is_played() -> None:
    assert {row.press for row in ROWS} - {""} == set(PRESSES) == set(PRESSED), (
        "say in PRESSES what it is to press it"
    )


@pytest.mark.parametrize("press", PRESSES)
def test_a_press_after_the_role_was_taken_away_does_nothing(
    scene: Scene, desk: Forgetful, look: Look, press: str
) -> None:
    """The page was drawn before: what is pressed on it reaches the service, which refuses (R16)."""
    row, clara = PRESSED[press], scene.who("clara")
    *before, last = PRESSES[press]
    conversation = scene.fill({"it": about(row)}, "clara")["it"]
    test = look(clara, conversation, page=None if conversation else FILES[row.page])

    for step in (*before, last, *before):
        step(test, scene)
    assert (desk.done, desk.refused) == (1, [])
    change_user(scene.desk, clara, Role.ANALYST)
    try:
        last(test, scene)
    finally:
        change_user(scene.desk, clara, Role.ADMIN)
    assert not test.exception
    assert (desk.done, desk.refused) == (1, ["not_permitted"])
