"""The documentation says what is so."""

import ast
import re
import unicodedata
from dataclasses import fields
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer.main

from core.__main__ import cli
from core.settings import Settings, variable

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
README_PT = (ROOT / "README.pt-BR.md").read_text()
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
IMAGES = ROOT / "docs" / "images"

SETTING = re.compile(r"^\| `(DESFECHO_\w+)` \| (?:`([^`]*)`)? ?\| (.+) \|$", re.M)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.M | re.S)


def test_every_setting_is_in_the_readme_with_its_default_and_meaning() -> None:
    assert SETTING.findall(README) == [
        (variable(s.name), s.default, s.metadata["help"]) for s in fields(Settings)
    ]


def test_every_setting_is_in_the_portuguese_readme_with_its_default() -> None:
    named = [(name, default) for name, default, _ in SETTING.findall(README_PT)]
    assert named == [(variable(s.name), s.default) for s in fields(Settings)]


@pytest.mark.parametrize("readme", [README, README_PT], ids=["en", "pt-BR"])
def test_every_command_is_in_the_readme(readme: str) -> None:
    group = typer.main.get_command(cli)
    commands = set()
    for name, command in group.commands.items():
        within = getattr(command, "commands", None)  # of a noun: what is done with it
        commands |= {f"{name} {verb}" for verb in within} if within else {name}
    of_a_noun = "|".join({name.split()[0] for name in commands if " " in name})
    named = re.findall(rf"^\| `((?:(?:{of_a_noun}) )?[a-z-]+)", readme, re.M)
    assert set(named) == commands


@pytest.mark.parametrize(
    ("english", "portuguese"), [("README.md", "README.pt-BR.md"), ("docs/guide.md", "docs/guia.md")]
)
def test_both_languages_have_the_same_parts_and_commands(english: str, portuguese: str) -> None:
    one, other = (ROOT / english).read_text(), (ROOT / portuguese).read_text()
    assert [level for level, _ in _headings(one)] == [level for level, _ in _headings(other)]
    assert len(re.findall(r"^\|", one, re.M)) == len(re.findall(r"^\|", other, re.M)), "rows of tables"
    assert re.findall(r'core sql[^"]*"[^"]*"', one) == re.findall(r'core sql[^"]*"[^"]*"', other)


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_and_images_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(CODE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue  # out of the project
        path, _, part = unquote(target).partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists() and found.is_relative_to(ROOT), target
        if part:
            assert part in [_anchor(title) for _, title in _headings(found.read_text())], target


def test_every_picture_is_shown_and_all_are_small() -> None:
    shown = {(page.parent / target).resolve() for page in PAGES for target in LINK.findall(page.read_text())}
    pictures = sorted(IMAGES.iterdir())
    assert [picture.name for picture in pictures if picture not in shown] == []
    assert sum(picture.stat().st_size for picture in pictures) < 1_000_000


def test_the_product_does_not_look_beyond_its_folder() -> None:
    """Nothing that runs depends on files outside the project."""
    for file in [*ROOT.glob("*.py"), *(ROOT / "core").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        if file != Path(__file__).resolve():
            assert "../" + "shared" not in file.read_text(), file


def _headings(text: str) -> list[tuple[int, str]]:
    """Level and title of each heading."""
    outside_of_code = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return [(len(marks), title) for marks, title in re.findall(r"^(#+) (.+)$", outside_of_code, re.M)]


def _anchor(title: str) -> str:
    """What a heading is linked to by."""
    kept = (c for c in title.casefold() if c in " -_" or unicodedata.category(c)[0] in "LN")
    return "".join(kept).strip().replace(" ", "-")


def _sentences(*places: str) -> set[str]:
    """What the modules say to whoever runs the application, or to everybody when the disk fails."""
    calls = [call for place in places for call in ast.walk(ast.parse((ROOT / place).read_text()))]
    said = [
        call.args[0].value
        for call in calls
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.args
        and call.func.id in ("Unavailable", "Damaged", "N_") and isinstance(call.args[0], ast.Constant)
    ]  # fmt: skip
    return {sentence for sentence in said if sentence != "{error}"}  # what another process said


def test_the_guide_for_operators_says_what_to_do_about_everything_said_of_the_disk_and_the_start() -> None:
    listed = re.findall(r"^\| `([^`]+)` \|", OPERATIONS.split("## When something is wrong")[1], re.M)
    must = _sentences(
        "core/desk/opening.py", "core/desk/backup.py", "core/desk/database.py", "core/facts/store.py"
    )
    assert must <= set(listed)
    everything = _sentences(*(str(file.relative_to(ROOT)) for file in (ROOT / "core").rglob("*.py")))
    assert set(listed) <= everything and len(listed) == len(set(listed))
