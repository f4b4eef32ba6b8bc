"""Why a question was refused, with its line marked."""

import re
import unicodedata

AROUND = 2  # lines of the question, before and after the one at fault
WIDEST = 160  # characters of a line
# DuckDB's own way to say where: "LINE 2: FROM conclusion", and a caret below, which may cut the line with dots.
PLACE = re.compile(r"\n*^LINE (\d+): (.*)\n( *)\^.*\Z", re.MULTILINE | re.DOTALL)


def with_line(message: str, question: str) -> str:
    """The message over the lines of the question around the one it is about; as it is where it is about none."""
    found = PLACE.search(message)
    lines = question.replace("\t", " ").split("\n")
    if not found or not 1 <= int(found[1]) <= len(lines):
        return message
    at = int(found[1])
    line, column = _cut(lines[at - 1], _column(lines[at - 1], found[2], len(found[3]) - len(f"LINE {at}: ")))
    first, last = max(1, at - AROUND), min(len(lines), at + AROUND)
    width = len(str(last))
    shown = []
    for number in range(first, last + 1):
        said = line if number == at else lines[number - 1][:WIDEST]
        shown.append(f"{'>' if number == at else ' '} {number:>{width}} │ {said}".rstrip())
        if number == at:
            shown.append(f"  {'':>{width}} │ {'':>{column}}^")
    return "\n".join([message[: found.start()].rstrip(), "", *shown])


def _column(line: str, excerpt: str, caret: int) -> int:
    """Where in the line the caret stands that DuckDB drew below its excerpt."""
    cut = 3 if excerpt.startswith("...") else 0
    begins = max(line.find(excerpt.replace("\t", " ")[cut:].removesuffix("...")), 0) if cut else 0
    at = width = 0
    while at < len(excerpt) and (width < caret or not _width(excerpt[at])):
        width += _width(excerpt[at])
        at += 1
    return min(max(begins + at - cut, 0), len(line))


def _width(character: str) -> int:
    """How many carets wide DuckDB takes a character for."""
    return 0 if character == "\t" else 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _cut(line: str, column: int) -> tuple[str, int]:
    """The part of a long line around the column, and where the column is in it."""
    since = max(0, column - WIDEST // 2)
    return line[since : since + WIDEST], column - since
