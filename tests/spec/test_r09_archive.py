"""R9: the archive preference is the user's own, and a conclusion keeps the one of its moment."""

from core import services
from core.desk import Desk
from core.model import ArchivePreference
from tests.conftest import NOW, Team, write
from tests.spec.examples import AFTER_12H, IMMEDIATELY


def test_until_chosen_it_is_twelve_hours(desk: Desk, team: Team) -> None:
    assert services.get_archive_preference(desk, team.ana) is AFTER_12H


def test_it_applies_to_ones_own_later_conclusions_and_to_none_before(desk: Desk, team: Team) -> None:
    def conclude_another(who: object, n: str) -> ArchivePreference:
        opened = write(desk, n, address=n).conversation_id
        return services.conclude(desk, who, opened, now=NOW).archive_preference  # type: ignore[arg-type]

    first = write(desk, "m1", address="1").conversation_id
    services.conclude(desk, team.ana, first, now=NOW)
    services.set_archive_preference(desk, team.ana, IMMEDIATELY, now=NOW)
    assert services.get_archive_preference(desk, team.ana) is IMMEDIATELY
    assert services.get_archive_preference(desk, team.bruno) is AFTER_12H  # per user

    assert conclude_another(team.ana, "2") is IMMEDIATELY
    assert conclude_another(team.ana, "3") is IMMEDIATELY  # kept until changed
    assert conclude_another(team.bruno, "4") is AFTER_12H
    (earlier,) = services.conversation(desk, team.ana, first).conclusions
    assert earlier.archive_preference is AFTER_12H

    services.set_archive_preference(desk, team.ana, AFTER_12H, now=NOW)
    assert conclude_another(team.ana, "5") is AFTER_12H
