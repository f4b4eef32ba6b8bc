"""The reference, written anew from what the code says: `make reference`.

docs/data-dictionary.md is made of the comments in core/facts/schema.sql, docs/cookbook.md of core/analysts/cookbook.py,
docs/permissions.md of tests/permissions.py.
"""

import sys
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from core.analysts.cookbook import RECIPES, Recipe  # noqa: E402
from core.shipped import shipped  # noqa: E402
from core.ui.pages import NAVIGATION  # noqa: E402
from tests.permissions import COLUMNS, DOORS, MARKS, PERMISSIONS, Row  # noqa: E402

DICTIONARY = ROOT / "docs" / "data-dictionary.md"
COOKBOOK = ROOT / "docs" / "cookbook.md"
PERMISSIONS_PAGE = ROOT / "docs" / "permissions.md"

ABOUT_THE_DICTIONARY = """# Data dictionary

What analysts can ask about: the views of schema `analytics`. The [cookbook](cookbook.md) has worked questions.

- Times are UTC without a zone. `concluded_at AT TIME ZONE 'UTC' AT TIME ZONE (SELECT timezone FROM analytics.as_of)` is the
  same moment on the organisation's clock. Only `day` in `daily_outcomes` is of the organisation's time zone already.
- Money is exact and belongs to the currency beside it. Different currencies are never added: group by `currency`.
- *Final* is a conclusion that no reopening followed (`NOT reopened`). Outcomes are counted of final ones, so that a
  conversation won, reopened and won again does not count twice.
- Of contacts there is a key, and neither name nor number nor anything they wrote.

The same, in SQL: `FROM analytics.dictionary`.
"""

ABOUT_THE_COOKBOOK = """# Cookbook

Questions that managers ask, worked out in SQL: to ask as they are, or to begin your own with. What the columns mean is in
the [data dictionary](data-dictionary.md).

- Each is one SELECT over schema `analytics` and stands alone. None asks for the time it is: what is counted back is counted
  back from `analytics.as_of`, the moment the facts are of.
- Hours and months are of the organisation's time zone, which `analytics.as_of` tells.
- *Decided* is what ended as achieved or lost. A rate goes with its 95 % interval, by Wilson's formula, `at_least` to
  `at_most`; the rate is `0.6` for 60 %.
- Outcomes are counted of final conclusions (`NOT reopened`).
- Add a period with a condition such as `concluded_at >= TIMESTAMP '2026-01-01'`, or on `day`.
"""

ABOUT_THE_PERMISSIONS = """# Who may do what

Everything that can be done here, and who may. Pages, the HTTP interface and the command line ask the same commands, and each
command looks up anew who is asking (R16): a role taken away, an account deactivated or a token revoked counts at once,
also on a page that is open. What a page does not offer is refused all the same.

- The rules are those of the design; *roles* is its list of them. *One* is whoever asks. A new conversation is nobody's yet; one in progress is with somebody.
- A token of scope `api` may what its user may. One for messages (`messages`) or for SQL (`sql`) may that and nothing else.
- Who is not known, is deactivated, or comes with an unknown or revoked token may nothing of this: `unauthenticated`.
- *No* is the answer `not_permitted`, *is concluded already* `already_concluded`, *is open already* `concurrent_change`,
  and *cannot be* `invalid`, which is about what was asked and not about who did.
- In the demonstration (`DESFECHO_AUTH=demo`) anybody on this machine acts as anybody, and writes as a contact.

The tests play each row for each column, every way it can be reached.
"""

ABOUT_THE_DOORS = """
## What asks for no person

The command line acts as `system`, and whoever may use the data folder may use all of it, `token create` and `token revoke`
above too. The application makes the folder for its own user only (mode 0700, the sockets in it 0600); one that was there
before keeps the mode it has.

| what | rule | how | who |
|---|---|---|---|"""


def dictionary() -> str:
    """docs/data-dictionary.md: a part for each view, a row for each column."""
    with duckdb.connect() as connection:
        connection.execute(shipped("core.facts", "schema.sql"))
        rows = connection.execute("FROM analytics.dictionary ORDER BY view_name, position").fetchall()
    lines = [ABOUT_THE_DICTIONARY]
    for view, position, column, type_, meaning in rows:
        if position:
            lines.append(f"| `{column}` | `{type_}` | {_cell(meaning)} |")
        else:
            lines += ["", f"## {view}", "", meaning, "", "| column | type | meaning |", "|---|---|---|"]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def cookbook() -> str:
    """docs/cookbook.md: a list of the questions, and a part for each."""
    questions = "\n".join(f"- [{recipe.title}](#{_anchor(recipe.title)})" for recipe in RECIPES)
    return "\n".join([ABOUT_THE_COOKBOOK, questions, *map(_part, RECIPES)]) + "\n"


def _part(recipe: Recipe) -> str:
    return f"\n## {recipe.title}\n\n{recipe.meaning}\n\n```sql\n{recipe.sql}\n```"


def permissions() -> str:
    """docs/permissions.md: a part for each group, a row for each thing that is done."""
    lines = [ABOUT_THE_PERMISSIONS]
    for title, rows in PERMISSIONS.items():
        columns = COLUMNS if any(row.service for row in rows) else COLUMNS[:4]
        lines += ["", f"## {title}", ""]
        lines += [f"| | rule | {' | '.join(columns)} | where |", "|---" * (len(columns) + 3) + "|"]
        for row in rows:
            said = " | ".join(MARKS[mark][1] for mark in row.answers.split())
            lines.append(f"| {row.does} | {row.rules} | {said} | {_where(row)} |")
    lines.append(ABOUT_THE_DOORS)
    for door in DOORS:
        how = f"`{door.http or 'python -m core ' + door.command_line}`"
        lines.append(f"| {door.does} | {door.rules} | {how} | {door.who} |")
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _where(row: Row) -> str:
    titles = {address: title for _, address, title, *_ in NAVIGATION}
    command = row.command_line and f"`python -m core {row.command_line}`"
    ways = (titles.get(row.page), row.http and f"`{row.http}`", command)
    return "<br>".join(way for way in ways if way)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _anchor(title: str) -> str:
    """What a heading is linked to by."""
    return "".join(c for c in title.casefold() if c in " -_" or c.isalnum()).replace(" ", "-")


if __name__ == "__main__":
    DICTIONARY.write_text(dictionary(), encoding="utf-8")
    COOKBOOK.write_text(cookbook(), encoding="utf-8")
    PERMISSIONS_PAGE.write_text(permissions(), encoding="utf-8")
