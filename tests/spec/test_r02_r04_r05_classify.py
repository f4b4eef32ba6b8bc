"""R2, R4, R5: what a classification may say, what a value is, and which reasons can be told apart."""

from decimal import Decimal

import pytest

from core import rules
from core.errors import AppError, Invalid
from core.model import Category, Organisation, ValueMode
from tests.spec.examples import answer, key, reason

ON = Organisation(classification_on=True, currency="BRL")
OFF = Organisation(classification_on=False, currency="BRL")
NONE, OPTIONAL, REQUIRED = ValueMode.NONE, ValueMode.OPTIONAL, ValueMode.REQUIRED
NO_VALUE = None

# fmt: off
CLASSIFYING = [
    # app   the reason asks  in use  value      answer
    (ON,    NONE,            True,   NO_VALUE,  "allowed"),
    (ON,    NONE,            True,   "10.00",   "invalid value"),
    (ON,    NONE,            True,   "0",       "invalid value"),       # zero is a value
    (ON,    OPTIONAL,        True,   NO_VALUE,  "allowed"),
    (ON,    OPTIONAL,        True,   "10.00",   "allowed"),
    (ON,    REQUIRED,        True,   NO_VALUE,  "invalid value"),
    (ON,    REQUIRED,        True,   "10.00",   "allowed"),
    (ON,    REQUIRED,        True,   "0",       "allowed"),
    (ON,    REQUIRED,        True,   "",        "invalid value"),       # an empty text is no value
    (ON,    OPTIONAL,        False,  "10.00",   "invalid reason_id"),   # retired: not newly chosen
    (OFF,   NONE,            True,   NO_VALUE,  "classification_off"),
    (OFF,   REQUIRED,        True,   "10.00",   "classification_off"),
    (OFF,   OPTIONAL,        False,  "1.001",   "classification_off"),
]
# fmt: on


@pytest.mark.parametrize(("organisation", "asks", "in_use", "value", "expected"), CLASSIFYING)
def test_classifying(
    organisation: Organisation, asks: ValueMode, in_use: bool, value: str | None, expected: str
) -> None:
    code, _, field = expected.partition(" ")
    try:
        said = rules.classify(organisation, reason(asks, in_use=in_use), value)
    except AppError as error:
        assert (error.code, error.field or "") == (code, field)
    else:
        assert code == "allowed"
        assert (said.value is None) == (value is None)
        assert said.currency == (None if value is None else "BRL")


# fmt: off
VALUES = [
    ("0",                Decimal("0.00")),
    ("7",                Decimal("7.00")),
    ("0.1",              Decimal("0.10")),
    ("0.01",             Decimal("0.01")),
    ("007.50",           Decimal("7.50")),
    ("1234.56",          Decimal("1234.56")),
    ("9007199254740.93", Decimal("9007199254740.93")),    # lost by binary floating point
    ("9999999999999",    Decimal("9999999999999.00")),
    ("9999999999999.99", Decimal("9999999999999.99")),
]
# fmt: on


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_a_value_is_exact(text: str, value: Decimal) -> None:
    assert rules.parse_value(text) == value
    assert rules.parse_value(text).as_tuple().exponent == -2


NOT_VALUES = [
    "", " ", "-1", "+1", "1.", ".5", "1.001", "0.000", "10000000000000", "99999999999999.99",
    "1,50", "1.234,56", "1 000", " 1", "1 ", "1\n", "1e3", "1E3", "0x1", "NaN", "Infinity", "inf", "R$ 1",
    "١", "１", "²", "1_000", "1;2", "null",
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_VALUES, ids=repr)
def test_what_is_no_value(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.parse_value(text)
    assert refused.value.field == "value"


# fmt: off
SAME = [
    ("Venda",          "venda"),
    ("Preço alto",     "PRECO ALTO"),
    ("Não respondeu",  "nao  respondeu"),
    ("Ação",           "Ac\u0327a\u0303o"),    # composed and decomposed
    ("Straße",         "STRASSE"),
    ("İptal",          "iptal"),
    ("IŞIK",           "işik"),
    ("Ὀδυσσεύς",       "ΟΔΥΣΣΕΥΣ"),            # two forms of sigma
    ("ﬁm",             "fim"),                 # a ligature
    ("Dúvida (preço)", "duvida (preco)"),
    ("a\u00a0b",       "a b"),                 # a space that does not break
    ("Pre\u200bço",    "preco"),               # a space that nobody sees
    ("\u202eVenda",    "venda"),               # an order of reading that nobody sees
]
# fmt: on


@pytest.mark.parametrize(("one", "other"), SAME)
def test_descriptions_that_are_the_same(one: str, other: str) -> None:
    taken = [reason(description=one)]
    assert answer(rules.check_unique, other, Category.ACHIEVED, taken) == "invalid"
    assert answer(rules.check_unique, one, Category.ACHIEVED, [reason(description=other)]) == "invalid"


DIFFERENT = [("Venda", "Vendas"), ("Preço", "Preço!"), ("ab", "a b"), ("1", "2"), ("", "x"), ("日本", "日木")]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_descriptions_that_are_different(one: str, other: str) -> None:
    assert answer(rules.check_unique, other, Category.ACHIEVED, [reason(description=one)]) == "allowed"


@pytest.mark.parametrize("text", ["", "  ", "\u200b", "\u202e\u200d", "\u0301"], ids=repr)
def test_a_description_shows_something(text: str) -> None:
    assert answer(rules.clean_description, text) == "invalid"


def test_the_same_description_fits_another_category() -> None:
    taken = [reason(description="Venda", category=Category.ACHIEVED)]
    assert answer(rules.check_unique, "Venda", Category.LOST, taken) == "allowed"
    assert answer(rules.check_unique, "Venda", Category.ACHIEVED, taken) == "invalid"


# fmt: off
DESCRIPTIONS = [
    ("Venda",         "Venda"),
    ("  Venda  ",     "Venda"),
    ("x",             "x"),
    ("x" * 120,       "x" * 120),
    (" " + "é" * 120, "é" * 120),
    ("e\u0301" * 120, "é" * 120),    # 120 letters, however they are written
    ("x" * 121,       "invalid"),
    ("",              "invalid"),
    (" \t ",          "invalid"),
    ("two\nlines",    "invalid"),
    ("a\0b",          "invalid"),
]
# fmt: on


@pytest.mark.parametrize(("text", "expected"), DESCRIPTIONS, ids=lambda text: repr(text[:12]))
def test_descriptions(text: str, expected: str) -> None:
    if expected == "invalid":
        with pytest.raises(Invalid) as refused:
            rules.clean_description(text)
        assert refused.value.field == "description"
    else:
        assert rules.clean_description(text) == expected


def test_a_classification_says_what_its_reason_says_at_that_moment() -> None:
    said = rules.classify(ON, reason(description="Venda", category=Category.ACHIEVED), "1")
    assert said.reason.id == key("Venda")
    assert (said.reason.description, said.reason.category) == ("Venda", Category.ACHIEVED)
