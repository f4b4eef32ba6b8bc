"""Measure everything and write it down: `python -m benchmarks [commands|pages|people|load|facts|managers|analysts …]` writes
docs/benchmarks.md. `facts100`, which takes long and much of the disk, is measured only when it is named.

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
from statistics import median
from typing import Any

from benchmarks import analysts, commands, facts, history, load, managers, pages, people
from benchmarks.peers import INDEXES

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
FOUND = PAGE.with_suffix(".json")  # the figures themselves: a part measured alone keeps the others

PEOPLE, SECONDS, CONVERSATIONS = 50, 180, 20_000
LOAD_SECONDS, MESSAGES_A_SECOND = 300, 50
HISTORIES = (1_000_000, 10_000_000)  # conclusions; the last one is shown in full
ON_REQUEST = ("facts100",)


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


def about_load(found: dict[str, Any]) -> list[str]:
    pages_, programs, memory = found["pages"], found["programs"], found["memory"]
    rows = [
        ("a conclusion over HTTP", programs["conclusions"]),
        ("a message over HTTP", programs["messages"]),
        ("an action at a page", pages_["actions"]),
        ("a bare durable commit, one after the other", found["commit"]),
        ("the same at the pace of the conclusions", found["paced_commit"]),
    ]
    return [
        "## Load",
        "",
        f"{found['people']} agents at the pages, each doing something every 20 seconds, and {found['rate']:.0f} messages a second"
        f" over HTTP, for {found['seconds']:.0f} seconds on a desk of {found['conversations']:,} conversations. Two conclusions a"
        " second over HTTP are timed; a bare commit is one row into a DuckDB of its own, before and after.",
        "",
        *table(
            ("", "p50 / p95 / most", "p99", "count"),
            [
                (what, times(of), f"{of['p99']:.1f} ms" if "p99" in of else "—", f"{of['count']:,}")
                for what, of in rows
            ],
        ),
        "",
        f"- p99 of a conclusion to p50 of a bare durable commit: {found['to_commit']}; should be at most 20. At the pace of the"
        f" conclusions, where a machine has rested before each, {found['to_paced_commit']}.",
        f"- Errors: {found['errors']}; should be none.",
        f"- Memory of the server's processes: {memory['all']['before']:.0f} MB in the minute after the first one,"
        f" {memory['all']['after']:.0f} MB in the last: {memory['all']['percent']:+.1f} %; should be at most 10 %. Of the server"
        f" itself {memory['server']['percent']:+.1f} %, of the blocks that Python has {memory['blocks']['percent']:+.1f} %.",
    ]


def about_facts(found: dict[str, Any]) -> list[str]:
    *smaller, of = found.values()
    peers = [who for who in of["reports"][0]["took"] if who != "Desfecho"]
    versions = ", ".join(f"{name} {number}" for name, number in of["versions"].items())
    lines = [
        "## Facts",
        "",
        "Every report's question, unfiltered and under each filter, asked of the facts, and in the same run of"
        f" {', '.join(peers[:-1])} and {peers[-1]} ({versions}), on the same data: 300 agents, 60 reasons, three years, four"
        f" channels. The median of {facts.ROUNDS} askings, by turns, after one that does not count; who took over"
        f" {facts.SLOW:.0f} s then is asked once more, over {facts.TOO_SLOW:.0f} s no more. The application remembers the"
        " answers until the facts change: here they are forgotten before each asking.",
        "",
        "The peers are favoured: they hold names as numbers and are told the numbers, money as whole cents in 64 bits,"
        " times to reopening ready, and answer with the numbers; ours are tables with names, exact money and shares."
        " Polars and pandas hold everything in memory, chDB in a MergeTree by day, agent and reason and in a Memory table, PostgreSQL in a table"
        f" with {len(INDEXES)} indexes, most of them covering, two parallel workers, and memory for all of it; all but ours"
        f" may use both cores. Before, on {facts.CHECKED:,} conclusions, {of['compared']} of their answers were found to"
        " be the same as ours.",
    ]
    for group, a_fifth in (("Counts, shares and sums, often asked", True), ("All others", False)):
        rows = [report for report in of["reports"] if report["a_fifth"] is a_fifth]
        should = "at most 0.2" if a_fifth else "at most 1"
        lines += [
            "",
            f"### {group}: {of['conclusions']:,} conclusions",
            "",
            *(met(each, a_fifth) for each in (*smaller, of)),
            "",
            *table(
                ("report", "filter", "Desfecho", *peers, "to the fastest", "should be"),
                [
                    (
                        r["report"], r["filter"], ms(r["took"]["Desfecho"]), *(ms(r["took"][peer]) for peer in peers),
                        f"{to_the_fastest(r):.3f}", should,
                    )
                    for r in rows
                ],
            ),
        ]  # fmt: skip
    lines += [
        "",
        "### Made anew and brought up to date",
        "",
        "The facts derived from nothing, conclusions a second; and brought up to date after one new conclusion, or one"
        " edit, against one row's own durable commit into a table with the same columns and as many rows, by turns, the"
        " median of 40.",
        "",
        *table(
            ("conclusions", "made anew", "should be", "new conclusion", "edit", "one-row commit", "conclusion to commit", "should be"),
            [
                (
                    f"{each['conclusions']:,}", f"{rate(each['rebuild']['conclusions_a_second'])} a second",
                    "at least 300,000", *(f"{each['catch_up'][what]:.2f} ms" for what in ("conclusion", "edit", "commit")),
                    f"{each['catch_up']['conclusion'] / each['catch_up']['commit']:.2f}", "at most 3",
                )
                for each in found.values()
            ],
        ),
    ]  # fmt: skip
    return lines


def to_the_fastest(report: dict[str, Any]) -> float:
    """Our time to that of the fastest peer."""
    took: dict[str, float | None] = dict(report["took"])
    ours = took.pop("Desfecho")
    assert ours is not None
    fastest = min(each for each in took.values() if each is not None)
    return ours / fastest


def met(of: dict[str, Any], a_fifth: bool) -> str:
    ratios = [to_the_fastest(report) for report in of["reports"] if report["a_fifth"] is a_fifth]
    good = sum(ratio <= (0.2 if a_fifth else 1) for ratio in ratios)
    return f"- At {of['conclusions']:,} conclusions {good} of {len(ratios)} are as they should be; the median ratio is {median(ratios):.2f}, the worst {max(ratios):.2f}."


def about_facts100(found: dict[str, Any]) -> list[str]:
    once, more = found["conclusions"], found["conclusions"] * history.TENFOLD
    often = [report for report in found["reports"] if report["twice"]]
    good = sum(report["took"]["tenfold"] <= 2 * report["took"]["once"] for report in often)
    return [
        f"## Facts of {more:,} conclusions",
        "",
        f"The same questions of {once:,} and of {more:,} conclusions, which are the same ten times over, moved about within"
        f" the three years; by turns, the median of {facts.ROUNDS}, forgotten before each asking.",
        "",
        f"Of counts, shares and sums, often asked, {good} of {len(often)} are as they should be.",
        "",
        *table(
            ("report", "filter", f"{once:,}", f"{more:,}", "ratio", "should be"),
            [
                (
                    r["report"], r["filter"], ms(r["took"]["once"]), ms(r["took"]["tenfold"]),
                    f"{r['took']['tenfold'] / r['took']['once']:.2f}" if r["took"]["tenfold"] else "—",
                    "at most 2" if r["twice"] else "—",
                )
                for r in found["reports"]
            ],
        ),
    ]  # fmt: skip


def about_managers(found: dict[str, Any]) -> list[str]:
    agents, view = found["agents"], found["view"]
    alone = agents["conclusions"]["alone"]["p95"]
    beside = {
        "alone": "alone",
        "report": f"beside “{agents['report']}” of everything, in a loop",
        "page": "the same, each time after taking over what is new",
    }
    return [
        "## Managers",
        "",
        f"On a desk of {found['before']:,} conclusions, in one process. An agent's conclusions one after the other, with a"
        f" reason and a value, in {managers.ROUNDS} rounds by turns; beside them the heaviest of all reports in a loop that"
        " does not rest. p50 / p95 / most.",
        "",
        *table(
            ("conclusions", "took", "p95 to alone", "should be", "reports meanwhile"),
            [
                (
                    said, times(agents["conclusions"][what]), f"{agents['conclusions'][what]['p95'] / alone:.2f}",
                    "—" if what == "alone" else "at most 1.3", f"{agents['reports'][what]['count']:,}",
                )
                for what, said in beside.items()
            ],
        ),
        "",
        "A run of the outcomes page after a change of one filter, each time to what was not asked before, from asking for it"
        " to its last message; and of a page that draws the same charts, tables, figures and widgets from constants. The"
        f" median of {managers.CHANGES}, by turns.",
        "",
        *table(
            ("filter", "charts", "constants", "the page", "ratio", "should be"),
            [
                (
                    key.partition("-")[2], took["charts"], f"{took['constants']} ms", f"{took['page']} ms",
                    f"{took['page'] / took['constants']:.2f}", "at most 3",
                )
                for key, took in found["changes"].items()
            ],
        ),
        "",
        f"{view['people']} people look at the same view in the same moment: they ask the facts {view['many']} questions, as"
        f" one of them alone asks {view['one']}; should be as many. All have their answer after {view['seconds']} s.",
    ]  # fmt: skip


def about_analysts(found: dict[str, Any]) -> list[str]:
    usual, fresh, memory = found["usual"], found["fresh"], found["memory"]
    return [
        "## Analysts",
        "",
        f"On a served desk of {found['conversations']:,} conversations. An agent concludes, with a reason and a value, and looks at"
        f" the list, {analysts.EACH} times one after the other over HTTP, while nobody asks in SQL and then beside what analysts should"
        f" not do; a question ends after {analysts.SECONDS} s. Medians of {analysts.ROUNDS} rounds by turns, each after one in which"
        " nobody asks, which its p95 is compared with; p50 / p95 / most. Who asks runs only while no other wants a core, as if on another"
        f" machine. Memory is what all of analysts' processes ever had together (Pss); it should be below {analysts.MEMORY:,} MB.",
        "",
        *table(
            ("beside", "a conclusion", "p95 to idle", "the list", "p95 to idle", "should be", "memory"),
            [
                (
                    analysts.LOADS[name].said, times(of["conclude"]), f"{of['conclude']['ratio']:.2f}",
                    times(of["list"]), f"{of['list']['ratio']:.2f}", "—" if name == "idle" else "at most 1.5",
                    f"{of['megabytes']:,} MB",
                )
                for name, of in found["agents"].items()
            ],
        ),
        "",
        f"- From an agent's conclusion until who asks again and again sees it, with `DESFECHO_ANALYSTS_LAG={fresh['lag']}`: at most"
        f" {max(fresh['seconds'])} s in {len(fresh['seconds'])} times; should be at most {fresh['lag']}.",
        f"- Memory where a question may take {memory['seconds']} s, as usual, and {analysts.LOADS['copies and sorting'].said}: at most"
        f" {memory['most']:,} MB; should be below {analysts.MEMORY:,}.",
        "",
        f"A small question, whose answer are the conclusions and the value of each category; the median of {analysts.ASKED}, by turns.",
        "",
        *table(
            ("asked", "took", "to the facts directly"),
            [(way, f"{took} ms", f"{took / usual['the facts directly']:.1f}") for way, took in usual.items()],
        ),
    ]  # fmt: skip


def ms(took: float | None) -> str:
    if took is None:
        return f"> {facts.TOO_SLOW:.0f} s"
    return f"{took:.2f} ms" if took < 100 else f"{took:,.0f} ms"


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
    "load": (lambda: load.measure(PEOPLE, LOAD_SECONDS, CONVERSATIONS, MESSAGES_A_SECOND), about_load),
    "facts": (
        lambda: {str(conclusions): facts.measure(conclusions) for conclusions in HISTORIES},
        about_facts,
    ),
    "facts100": (lambda: facts.measure_tenfold(HISTORIES[-1]), about_facts100),
    "managers": (managers.measure, about_managers),
    "analysts": (analysts.measure, about_analysts),
}


def main(asked: list[str]) -> None:
    found: dict[str, Any] = json.loads(FOUND.read_text("utf-8")) if FOUND.exists() else {}
    for name in asked or [name for name in PARTS if name not in ON_REQUEST]:
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
