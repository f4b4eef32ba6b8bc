"""Every text of the screen has its translation, and every translation its text."""

import ast
import re
import string
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg

from core.errors import Invalid
from core.model import Category
from core.text import LABELS, Text, catalogue

ROOT = Path(__file__).resolve().parents[2]
LOCALES = ROOT / "core" / "locale"
LANGUAGES = sorted(folder.name for folder in LOCALES.iterdir() if folder.is_dir())


def keywords() -> dict:
    """The same as `make texts` gathers by."""
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    (line,) = re.findall(r"^KEYWORDS := (.*)$", makefile, re.M)
    errors = re.findall(r"\$\(foreach e,([^,]*),", line)[0].split()
    plain = re.findall(r"-k ([\w:,]+)", line.split("$(foreach")[0])
    return parse_keywords([*plain, *errors])


def written() -> set[str]:
    with (LOCALES / "babel.cfg").open() as file:
        method_map, options = parse_mapping_cfg(file)
    found = set()
    for folder in ("core", "pages"):
        for _, _, message, _, _ in extract_from_dir(ROOT / folder, method_map, options, keywords()):
            found.add(message if isinstance(message, str) else message[0])
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_untranslated_and_nothing_unused(language: str) -> None:
    texts = catalogue(language)
    assert texts is not None
    translated = {m.id if isinstance(m.id, str) else m.id[0] for m in texts if m.id and m.string}
    assert written() - translated == set(), "without a translation: run `make texts`"
    assert translated - written() == set(), "no longer written anywhere"


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_placeholders_of_their_text(language: str) -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for message in catalogue(language):
        ids = [message.id] if isinstance(message.id, str) else message.id
        strings = [message.string] if isinstance(message.string, str) else message.string
        if message.id:
            assert {frozenset(names(s)) for s in strings} == {frozenset(names(i)) for i in ids}, message.id


def test_no_text_hides_inside_an_f_string() -> None:
    """There the catalogue's tools do not see it."""
    for file in [*(ROOT / "core" / "ui").glob("*.py"), *(ROOT / "pages").rglob("*.py")]:
        for string_ in (
            node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.JoinedStr)
        ):
            for call in (node for node in ast.walk(string_) if isinstance(node, ast.Call) and node.args):
                name = getattr(call.func, "attr", getattr(call.func, "id", None))
                assert not (name == "text" and isinstance(call.args[0], ast.Constant)), (
                    f"{file.name}:{call.lineno}"
                )


def test_every_value_of_an_enumeration_on_screen_has_a_label() -> None:
    assert set(Category) <= set(LABELS)
    assert Text("pt_BR", "UTC").label(Category.QUESTION) == "Dúvidas"


@pytest.mark.parametrize(
    ("language", "typed", "means"),
    [
        ("pt_BR", "1.234,56", "1234.56"),
        ("pt_BR", "1234,56", "1234.56"),
        ("pt_BR", " 10 ", "10"),
        ("pt_BR", "0,05", "0.05"),
        ("en", "1,234.56", "1234.56"),
    ],
)
def test_values_are_read_as_the_language_writes_them(language: str, typed: str, means: str) -> None:
    assert Text(language, "UTC").read_value(typed) == means


@pytest.mark.parametrize("typed", ["1,234.56", "1.23", "12.34,5", "dez", "1e3", "NaN", "-", "1,2,3", "R$ 10"])
def test_what_is_no_value_in_portuguese(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        Text("pt_BR", "UTC").read_value(typed)
    assert Text("pt_BR", "UTC").error(refused.value) == "Escreva o valor como 1.234,56."


def test_money_keeps_its_two_decimals() -> None:
    assert Text("pt_BR", "UTC").money(Decimal("1234.50"), "BRL") == "R$\xa01.234,50"
    assert Text("pt_BR", "UTC").money(Decimal("9999999999999.99"), "JPY").endswith("9.999.999.999.999,99")


def test_plurals() -> None:
    text = Text("pt_BR", "UTC")
    said = [text.n("{n} version", "{n} versions", n) for n in (0, 1, 2, 1234)]
    assert said == ["0 versão", "1 versão", "2 versões", "1.234 versões"]
