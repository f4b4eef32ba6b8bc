"""Measure everything and write it down: `python -m benchmarks [commands|pages|people …]` writes docs/benchmarks.md.

Every figure to judge by is a ratio of two measurements of the same run, so the machine matters little.
"""

import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import commands, pages, people

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
FOUND = PAGE.with_suffix(".json")  # the figures themselves: a part measured alone keeps the others

PEOPLE, SECONDS, CONVERSATIONS = 50, 180, 20_000


def about_commands(found: dict[str, Any]) -> list[str]:
    ours, bare = found["conclusions"]["ours"], found["conclusions"]["bare"]
    best = max(bare.values())
    http, direct = found["messages"]["http"], found["messages"]["direct"]
    return [
        "## Commands",
        "",
        "`services.conclude` with a reason and a value, against the bare engine: DuckDB running the very statements that"
        f" one conclusion alone runs ({found['conclusions']['statements']} of them), each conclusion's in a transaction of"
        " its own, by as many threads. A second, the median of five rounds.",
        "",
        *table(
            ("threads", "bare engine", "Desfecho", "ratio", "should be"),
            [
                (n, rate(bare[n]), rate(ours[n]), f"{ours[n] / bare[n]:.2f}", "at least 0.6")
                for n in sorted(ours, key=int)
            ],
        ),
        "",
        f"With 32 threads against the bare engine's best ({rate(best)}): {ours['32'] / best:.2f}; should be more than 1.",
        "",
        "Inbound messages of new contacts over HTTP under uvicorn, the clients on the same machine, against"
        " `services.receive_message` called directly by as many threads.",
        "",
        *table(
            ("threads", "direct", "HTTP", "ratio", "should be"),
            [
                (n, rate(direct[n]), rate(http[n]), f"{http[n] / direct[n]:.2f}", "at least 0.6")
                for n in sorted(http, key=int)
            ],
        ),
    ]


def about_pages(found: dict[str, Any]) -> list[str]:
    rows = []
    for view, took in found.items():
        if view == "messages":
            few, many, limit = took["short"], took["long"], "at most 2"
            what = f"a conversation of {pages.SHORT} and of {pages.LONG:,} messages"
        else:
            few, many, limit = took["few"], took["many"], "at most 1.3"
            what = f"the list as {view.replace('in_progress', 'in progress')}"
        rows.append((what, f"{few} ms", f"{many} ms", f"{many / few:.2f}", limit))
    return [
        "## Pages",
        "",
        f"A run of the conversations page, from asking for it to its last message, with {pages.FEW} and with"
        f" {pages.MANY:,} conversations of the demonstration; the median of {pages.ROUNDS} runs, both servers asked by"
        " turns.",
        "",
        *table(("what", "few", "many", "ratio", "should be"), rows),
    ]


def about_people(found: dict[str, Any]) -> list[str]:
    alone, many = found["alone"], found["many"]
    rows = [
        (title, times(alone[what]), times(many[what]), f"{many[what]['count']:,}")
        for what, title in (("first", "first run"), ("actions", "actions"), ("polls", "polls"))
    ]
    return [
        "## People",
        "",
        f"{found['people']} people for {found['seconds']:.0f} seconds on a desk of {found['conversations']:,}"
        " conversations: each opens, searches, pages, changes folder or concludes every 20 seconds, and each page looks"
        " every 5 seconds whether something has changed. Before that one person alone, every 2 seconds. They speak"
        " Streamlit's protocol, as a browser does, on the same machine. p50 / p95 / most.",
        "",
        *table(("", "one alone", f"{found['people']} people", "runs"), rows),
        "",
        f"- p95 of the actions, {found['people']} people to one: {found['p95_ratio']}; should be under 10.",
        f"- Errors: {alone['errors']['count'] + many['errors']['count']}; should be none.",
        f"- The server used {many['server_cpu_percent']} % of one core, and {many['server_mb_before']:.0f} MB of memory"
        f" before, {many['server_mb_after']:.0f} MB after.",
    ]


def rate(a_second: float) -> str:
    return f"{a_second:,.0f}"


def times(of: dict[str, float]) -> str:
    return f"{of['p50']} / {of['p95']} / {of['max']} ms" if of["count"] else "—"


def table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    return [
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *("| " + " | ".join(map(str, row)) + " |" for row in rows),
    ]


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return f"{model or platform.machine()}, {os.cpu_count()} cores"


def when() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}, {machine()}; Python {platform.python_version()}, DuckDB {version('duckdb')}, Streamlit {version('streamlit')}"


PARTS: dict[str, tuple[Callable[[], dict[str, Any]], Callable[[dict[str, Any]], list[str]]]] = {
    "commands": (
        lambda: {"conclusions": commands.measure_conclusions(), "messages": commands.measure_messages()},
        about_commands,
    ),
    "pages": (pages.measure, about_pages),
    "people": (lambda: people.measure(PEOPLE, SECONDS, CONVERSATIONS), about_people),
}


def main(asked: list[str]) -> None:
    found: dict[str, Any] = json.loads(FOUND.read_text("utf-8")) if FOUND.exists() else {}
    for name in asked or list(PARTS):
        print(f"{name} …", flush=True)  # noqa: T201
        measured = json.loads(json.dumps(PARTS[name][0]()))  # as it is read again
        found[name] = {"when": when(), "figures": measured}
        FOUND.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. What should be so is what the project asks of itself.",
        "",
    ]
    for name, (_, about) in PARTS.items():
        if name in found:
            lines += [*about(found[name]["figures"]), "", f"*{found[name]['when']}*", ""]
    PAGE.write_text("\n".join(lines), "utf-8")
    print(f"Written to {PAGE.relative_to(Path.cwd())}")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
