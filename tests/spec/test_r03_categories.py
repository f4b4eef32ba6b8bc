"""R3: the four categories never change; nothing in the application adds, renames or removes one."""

import duckdb
import pytest

from core import services
from core.desk import Desk, Tx, reasons
from core.model import SYSTEM_USER_ID, Category, Reason, ValueMode
from tests.conftest import NOW, Team
from tests.spec.examples import key


def test_the_four_categories_in_the_order_they_are_shown() -> None:
    assert [category.value for category in Category] == ["achieved", "lost", "question", "other"]


def test_no_service_is_about_changing_categories() -> None:
    assert not [name for name in vars(services) if "categor" in name.lower() and name != "Category"]


@pytest.mark.parametrize("table", ["reasons", "classifications"])
def test_the_desk_takes_no_fifth(desk: Desk, table: str) -> None:
    (made,) = desk.read(lambda tx: tx.rows("SELECT sql FROM duckdb_tables() WHERE table_name = ?", table))
    assert "'achieved', 'lost', 'question', 'other'" in made[0]


def test_a_reason_of_a_fifth_category_is_refused_by_the_desk(desk: Desk) -> None:
    fifth = Reason(key("x"), "x", "fifth", ValueMode.NONE, in_use=True)  # type: ignore[arg-type]

    def work(tx: Tx) -> None:
        reasons.add(tx, fifth, SYSTEM_USER_ID, NOW)

    with pytest.raises(duckdb.ConstraintException):
        desk.transact(work)


def test_administrators_too_only_move_reasons_between_the_four(desk: Desk, team: Team, doubt: Reason) -> None:
    for category in Category:
        moved = services.change_reason(desk, team.clara, doubt.id, category=category, now=NOW)
        assert moved.category is category
