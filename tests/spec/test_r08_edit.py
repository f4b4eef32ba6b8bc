"""R8: editing a classification is for the user who concluded, and for nobody else."""

from decimal import Decimal

import pytest

from core import rules
from core.model import Classification, Organisation, Reason, User, ValueMode
from tests.spec.examples import (
    ANA,
    ANA_NOW_ANALYST,
    ANA_NOW_MANAGER,
    ANA_WHO_LEFT,
    BRUNO,
    CLARA,
    MARTA,
    NADIA,
    NOBODY,
    answer,
    conclusion,
    reason,
    version,
)

# fmt: off
WHO_EDITS = [
    # who              concluded by   answer
    (ANA,              ANA,           "allowed"),
    (ANA_NOW_MANAGER,  ANA,           "allowed"),
    (CLARA,            CLARA,         "allowed"),
    (BRUNO,            ANA,           "not_permitted"),
    (MARTA,            ANA,           "not_permitted"),
    (CLARA,            ANA,           "not_permitted"),    # administrators included
    (NADIA,            ANA,           "not_permitted"),
    (ANA_WHO_LEFT,     ANA,           "not_permitted"),
    (ANA_NOW_ANALYST,  ANA,           "not_permitted"),
    (ANA,              NOBODY,        "not_permitted"),    # imported, the agent unknown
    (CLARA,            NOBODY,        "not_permitted"),
]
# fmt: on


@pytest.mark.parametrize(("who", "concluded_by", "expected"), WHO_EDITS)
def test_who_edits(who: User, concluded_by: User | None, expected: str) -> None:
    assert answer(rules.check_edit, who, conclusion(concluded_by)) == expected


ON, OFF = Organisation(), Organisation(classification_on=False)
IN_USE = reason(description="Venda")
ANOTHER = reason(description="Upgrade")
RETIRED = reason(description="Venda", in_use=False)
ANOTHER_RETIRED = reason(description="Upgrade", in_use=False)
NOW_WITHOUT_VALUE = reason(ValueMode.NONE, description="Venda")
UNCLASSIFIED = None
VENDA_10 = version(IN_USE, "10.00")

# fmt: off
EDITING = [
    # app  before         the reason chosen   value     answer
    (ON,   UNCLASSIFIED,  IN_USE,             "10.00",  "allowed"),          # adds one made without
    (ON,   UNCLASSIFIED,  RETIRED,            "10.00",  "invalid"),          # newly chosen
    (ON,   VENDA_10,      IN_USE,             "11.00",  "allowed"),
    (ON,   VENDA_10,      ANOTHER,            "10.00",  "allowed"),
    (ON,   VENDA_10,      RETIRED,            "11.00",  "allowed"),          # kept while its value changes
    (ON,   VENDA_10,      ANOTHER_RETIRED,    "10.00",  "invalid"),          # newly chosen
    (ON,   VENDA_10,      NOW_WITHOUT_VALUE,  "10.00",  "invalid"),
    (ON,   VENDA_10,      NOW_WITHOUT_VALUE,  None,     "allowed"),
    (OFF,  VENDA_10,      IN_USE,             "11.00",  "classification_off"),
    (OFF,  UNCLASSIFIED,  IN_USE,             "11.00",  "classification_off"),
]
# fmt: on


@pytest.mark.parametrize(("app", "before", "chosen", "value", "expected"), EDITING)
def test_what_an_edit_may_say(
    app: Organisation, before: Classification | None, chosen: Reason, value: str | None, expected: str
) -> None:
    assert answer(rules.classify, app, chosen, value, before) == expected


# fmt: off
CURRENCIES = [
    # before                          value     counts in  kept in
    (version(IN_USE, "10.00", "BRL"), "10.00",  "EUR",     "BRL"),    # the value stays, so does its currency
    (version(IN_USE, "10.00", "BRL"), "10",     "EUR",     "BRL"),
    (version(IN_USE, "10.00", "BRL"), "11.00",  "EUR",     "EUR"),
    (version(IN_USE, None),           "10.00",  "EUR",     "EUR"),
    (version(IN_USE, "10.00", "BRL"), None,     "EUR",     None),
    (UNCLASSIFIED,                    "10.00",  "EUR",     "EUR"),
]
# fmt: on


@pytest.mark.parametrize(("before", "value", "counts_in", "kept_in"), CURRENCIES)
def test_the_currency_of_an_edited_value(
    before: Classification | None, value: str | None, counts_in: str, kept_in: str | None
) -> None:
    said = rules.classify(Organisation(currency=counts_in), IN_USE, value, before)
    assert said.currency == kept_in
    assert said.value == (None if value is None else Decimal(value))
