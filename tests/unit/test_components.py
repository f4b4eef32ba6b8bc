"""The script of the classification dialog: which reasons a query means, and in which order. Run by Node."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "core" / "ui" / "components"
NODE = shutil.which("node")

REASONS = [
    {"id": id_, "text": text, "category_label": category}
    for id_, text, category in (
        ("sun", "Venda de óculos de sol", "Objetivo Atingido"),
        ("repair", "Conserto após a venda", "Objetivo Atingido"),
        ("price", "Preço acima do esperado", "Objetivo Perdido"),
        ("late", "Prazo longo; preço bom", "Objetivo Perdido"),
        ("hours", "Horário e endereço", "Dúvidas"),
        ("resale", "Revenda", "Outros"),
    )
]


def ranked(query: str, frequent: tuple[str, ...] = ()) -> list[str]:
    assert NODE, "Node is missing."
    script = (
        f"import {{ rank }} from {json.dumps((SCRIPTS / 'classify.mjs').as_uri())};"
        f"const found = rank({json.dumps(REASONS)}, {json.dumps(query)}, {json.dumps(frequent)});"
        "console.log(JSON.stringify(found.map((reason) => reason.id)));"
    )
    done = subprocess.run(
        [NODE, "--input-type=module", "--eval", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    found: list[str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("query", "frequent", "expected"),
    [
        ("preco", (), ["price", "late"]),  # accents do not matter; what begins with it comes first
        ("PREÇO", (), ["price", "late"]),
        ("venda", (), ["sun", "repair", "resale"]),  # begins, a word, inside a word
        ("venda", ("resale", "repair"), ["sun", "repair", "resale"]),  # nearness counts before use
        ("objetivo", (), ["sun", "repair", "price", "late"]),  # the category's name finds all of it
        ("objetivo", ("late", "repair"), ["late", "repair", "sun", "price"]),  # equals by use
        ("perd pre", (), ["price", "late"]),  # every word, in any order
        ("end", (), ["hours", "sun", "repair", "resale"]),
        ("  ", (), ["sun", "repair", "price", "late", "hours", "resale"]),
        ("nada disso", (), []),
        ("(.*", (), []),
    ],
)
def test_rank(query: str, frequent: tuple[str, ...], expected: list[str]) -> None:
    assert ranked(query, frequent) == expected


def test_every_script_can_be_read_by_node() -> None:
    for script in SCRIPTS.glob("*.mjs"):
        subprocess.run([NODE or "node", "--check", script], check=True, capture_output=True, timeout=30)
