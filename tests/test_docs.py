"""The documentation says what is so."""

import re
from dataclasses import fields
from pathlib import Path

import typer.main

from core.__main__ import cli
from core.settings import Settings, variable

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def test_every_setting_is_in_the_readme_with_its_default_and_meaning() -> None:
    rows = re.findall(r"^\| `(DESFECHO_\w+)` \| (?:`([^`]*)`)? ?\| (.*) \|$", README, re.M)
    assert rows == [(variable(s.name), s.default, s.metadata["help"]) for s in fields(Settings)]


def test_every_command_is_in_the_readme() -> None:
    group = typer.main.get_command(cli)
    commands = {name for name in group.commands if name != "token"}
    commands |= {f"token {name}" for name in group.commands["token"].commands}
    named = re.findall(r"^\| `((?:token )?[a-z-]+)", README, re.M)
    assert set(named) == commands


def test_links_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_product_does_not_look_beyond_its_folder() -> None:
    """Nothing that runs depends on files outside the project."""
    for file in [*ROOT.glob("*.py"), *(ROOT / "core").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        if file != Path(__file__).resolve():
            assert "../" + "shared" not in file.read_text(), file
