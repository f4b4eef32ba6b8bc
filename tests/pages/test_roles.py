"""The gate: a page runs only for the roles it is for, however it was reached."""

import pytest

from core.desk import Desk
from core.model import Role
from core.ui.pages import NAVIGATION, PAGES
from tests.conftest import Team
from tests.pages.conftest import Look

WHO = {"ana": Role.AGENT, "marta": Role.MANAGER, "nadia": Role.ANALYST, "clara": Role.ADMIN}


@pytest.mark.parametrize("entry", NAVIGATION, ids=[entry[1] for entry in NAVIGATION])
@pytest.mark.parametrize("who", WHO)
def test_each_page_for_its_roles_only(desk: Desk, team: Team, look: Look, entry: tuple, who: str) -> None:
    file, _, _, _, roles = entry
    test = look(getattr(team, who), page=str(PAGES / file))
    assert not test.exception
    refused = any("não é para o seu perfil" in error.value for error in test.error)
    assert refused is (WHO[who] not in roles)


def test_a_desk_without_users_says_what_to_do(application: object) -> None:
    from streamlit.testing.v1 import AppTest

    from tests.pages.conftest import SHELL

    test = AppTest.from_file(str(SHELL)).run()
    assert not test.exception and "python -m core demo" in test.info[0].value
