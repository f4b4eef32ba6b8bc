"""Perguntas: what the page makes of answers, refusals and limits. The answers are the tests' own."""

import csv
import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from html import escape
from typing import Any
from urllib.parse import urlencode

import altair as alt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.analysts import Answer
from core.analysts.cookbook import RECIPES
from core.application import Application
from core.errors import Invalid, NotPermitted, Unavailable
from core.model import Caller, Role
from core.text import Text
from core.ui import question_chart, question_grid, question_run, questions, runtime
from core.ui.pages import PAGES
from core.ui.question_chart import Picks
from core.ui.question_refusal import with_line
from tests.attacks import ATTACKS
from tests.conftest import Team, answer, change_user
from tests.pages.conftest import Look
from tests.unit.test_files import cells_of_excel

PAGE = str(PAGES / "analyst" / "questions.py")
AT = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
COUNTS = pa.table({"category": ["achieved", "lost", None], "n": [3, 2, 1]})
ENGLISH = Text("en", "UTC")


@dataclass
class Analysts:
    """In place of the real ones: answers what the test says, and remembers what it was asked."""

    table: pa.Table = field(default_factory=lambda: COUNTS)
    more: bool = False
    as_of: datetime | None = AT
    refuse: Exception | None = None
    until: threading.Event | None = None  # to be answered only then, or when it is stopped
    asked: list[tuple[str, int]] = field(default_factory=list)
    stops: list[threading.Event] = field(default_factory=list)

    def ask(
        self, caller: Caller, question: str, *, rows: int, newest: bool = False,
        stop: threading.Event | None = None,
    ) -> Answer:  # fmt: skip
        self.asked.append((question, rows))
        if stop:
            self.stops.append(stop)
        while self.until and not self.until.wait(0.01):
            if stop and stop.is_set():
                raise Invalid("The question was stopped.", field="sql")
        if self.refuse:
            raise self.refuse
        return Answer(self.table.slice(0, rows), self.more, 0.012, self.as_of)


@pytest.fixture
def analysts(application: Application, monkeypatch: pytest.MonkeyPatch) -> Iterator[Analysts]:
    theirs = Analysts()
    threads = ThreadPoolExecutor(2)
    monkeypatch.setattr(question_run, "_threads", threads)
    runtime.start(replace(application, analysts=theirs))  # type: ignore[arg-type]
    yield theirs
    for stop in theirs.stops:
        stop.set()
    threads.shutdown()


@pytest.fixture
def page(look: Look, team: Team, analysts: Analysts) -> Callable[..., AppTest]:
    def opened(sql: str | None = None, who: Caller = team.nadia) -> AppTest:
        test = look(who, page=PAGE, language="en")
        if sql is not None:
            test.query_params["sql"] = sql
            test.run()
        assert not test.exception
        return test

    return opened


def ask(test: AppTest, sql: str) -> AppTest:
    test.text_area(key="question").set_value(sql)
    test.button(key="question-run").click().run()
    assert not test.exception
    return test


def in_address(test: AppTest) -> str | None:
    said: Any = test.query_params.get("sql")
    return said[0] if isinstance(said, list) else said


def html(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def captions(test: AppTest) -> str:
    return "\n".join(caption.value for caption in test.caption).replace("\\", "")


# Asking --------------------------------------------------------------------------------------------


def test_who_comes_first_finds_an_example_and_nothing_is_asked(
    page: Callable[..., AppTest], analysts: Analysts
) -> None:
    test = page()
    assert test.text_area(key="question").value.startswith("SELECT category, count(*)")
    assert "Nothing asked yet" in html(test)
    assert analysts.asked == [] and not test.dataframe


def test_asking_puts_the_question_into_the_address(page: Callable[..., AppTest], analysts: Analysts) -> None:
    test = ask(page(), "  SELECT 1 AS um, 2  ")
    assert analysts.asked == [("SELECT 1 AS um, 2", 10_000)]
    assert in_address(test) == "SELECT 1 AS um, 2"
    assert test.dataframe[0].value["n"].tolist() == [3, 2, 1]
    assert "3 rows · 2 columns · answered in 12 ms" in captions(test)
    assert "data up to 3/2/26" in captions(test)


def test_administrators_ask_too(page: Callable[..., AppTest], team: Team, analysts: Analysts) -> None:
    test = ask(page(who=team.clara), "SELECT 2")
    assert len(analysts.asked) == 1 and len(test.dataframe) == 1


def test_a_link_is_asked_when_it_is_opened_and_once(page: Callable[..., AppTest], analysts: Analysts) -> None:
    test = page("FROM analytics.users")
    assert test.text_area(key="question").value == "FROM analytics.users"
    assert analysts.asked == [("FROM analytics.users", 10_000)]
    test.run()
    assert len(analysts.asked) == 1 and len(test.dataframe) == 1, "the answer stays"
    test.query_params["sql"] = "FROM analytics.reasons"  # as going back does
    test.run()
    assert analysts.asked[1:] == [("FROM analytics.reasons", 10_000)]
    assert test.text_area(key="question").value == "FROM analytics.reasons"


def test_the_same_again_is_asked_again(page: Callable[..., AppTest], analysts: Analysts) -> None:
    test = ask(page(), "SELECT 1")
    ask(test, "SELECT 1")
    assert [question for question, _ in analysts.asked] == ["SELECT 1", "SELECT 1"]


def test_nothing_written_is_not_asked(page: Callable[..., AppTest], analysts: Analysts) -> None:
    ask(page(), "  \n ")
    assert analysts.asked == []


def test_a_long_question_is_asked_but_is_no_link(page: Callable[..., AppTest], analysts: Analysts) -> None:
    longest = "x" * (questions.LONGEST_LINK - len("sql="))
    assert questions.is_link(longest) and not questions.is_link(longest + "x")
    assert not questions.is_link("é" * 1_000 + "x"), "letters beyond ASCII take six characters"
    test = ask(page("SELECT 1"), longest + "x")
    assert analysts.asked[-1][0] == longest + "x"
    assert in_address(test) is None
    assert "too long" in captions(test)
    ask(test, longest)
    assert in_address(test) == longest and len(urlencode({"sql": longest})) == 6_000
    assert "too long" not in captions(test)


def test_a_worked_question_is_asked_and_explained(page: Callable[..., AppTest], analysts: Analysts) -> None:
    test = page()
    assert {b.key for b in test.button if b.key and b.key.startswith("recipe-")} == {
        f"recipe-{recipe.name}" for recipe in RECIPES
    }
    recipe = RECIPES[1]
    test.button(key=f"recipe-{recipe.name}").click().run()
    assert analysts.asked == [(recipe.sql, 10_000)]
    assert test.text_area(key="question").value == recipe.sql
    assert any(recipe.meaning[:25] in m.value.replace("\\", "") for m in test.markdown)
    assert not [b for b in test.button if b.key == "question-undo"], "nothing of one's own was lost"


def test_a_draft_can_be_had_back(page: Callable[..., AppTest], analysts: Analysts) -> None:
    test = page()
    test.text_area(key="question").set_value("SELECT half of")
    test.button(key=f"recipe-{RECIPES[0].name}").click().run()
    test.button(key="question-undo").click().run()
    assert test.text_area(key="question").value == "SELECT half of"
    assert len(analysts.asked) == 1, "it was not asked"
    assert not [b for b in test.button if b.key == "question-undo"]


def test_the_tables_are_beside_it_with_their_comments(
    page: Callable[..., AppTest], application: Application
) -> None:
    test = page()
    assert {e.label for e in test.expander} >= {"`analytics.conclusions`", "`analytics.daily_outcomes`"}
    assert "<code>handling_seconds</code> <span>BIGINT</span>" in html(test)
    comments = " UNION ".join(
        f"SELECT comment FROM {of}() WHERE schema_name = 'analytics'"
        for of in ("duckdb_views", "duckdb_columns")
    )
    for (said,) in answer(application.facts, comments):
        assert escape(said) in html(test)


# On its way ----------------------------------------------------------------------------------------


def test_a_question_that_takes_longer_runs_on_and_can_be_stopped(
    page: Callable[..., AppTest], analysts: Analysts
) -> None:
    analysts.until = threading.Event()
    test = ask(page(), "SELECT 1")
    assert "Being answered…" in html(test) and "/ 20 s" in html(test)
    assert not test.dataframe
    running = test.session_state[question_run.RUNNING]
    test.button(key="question-stop").click().run()
    assert isinstance(running.answer.exception(timeout=10), Invalid)
    test.run()
    assert "Stopped" in html(test) and "Being answered" not in html(test)
    assert not test.error and not [b for b in test.button if b.key == "question-stop"]


def test_a_question_that_takes_longer_is_shown_when_it_ends(
    page: Callable[..., AppTest], analysts: Analysts
) -> None:
    analysts.until = threading.Event()
    test = ask(page(), "SELECT 1")
    assert not test.dataframe
    running = test.session_state[question_run.RUNNING]
    analysts.until.set()
    running.answer.result(timeout=10)
    test.run()
    assert len(test.dataframe) == 1 and len(analysts.asked) == 1


def test_leaving_the_page_and_coming_back(page: Callable[..., AppTest], analysts: Analysts) -> None:
    test = ask(page(), "SELECT 1")
    test.text_area(key="question").set_value("SELECT half of").run()
    test.switch_page(str(PAGES / "manager" / "outcomes.py")).run()
    assert not test.exception and "question" not in {area.key for area in test.text_area}
    test.query_params.clear()
    test.switch_page(PAGE).run()
    assert not test.exception
    assert test.text_area(key="question").value == "SELECT half of"
    assert len(test.dataframe) == 1 and len(analysts.asked) == 1


def test_one_question_at_a_time(page: Callable[..., AppTest], analysts: Analysts) -> None:
    analysts.until = threading.Event()
    test = ask(page(), "SELECT 1")
    ask(test, "SELECT 2")
    assert [stop.is_set() for stop in analysts.stops] == [True, False]


def test_somebody_else_in_the_same_window_sees_no_answer(
    page: Callable[..., AppTest], team: Team, analysts: Analysts
) -> None:
    test = ask(page(), "SELECT 1")
    assert test.dataframe
    test.session_state["person"] = team.clara.user_id
    test.run()
    assert not test.dataframe and question_run.ASKED not in test.session_state


# Refused -------------------------------------------------------------------------------------------


def test_duckdb_s_message_with_its_line(page: Callable[..., AppTest], analysts: Analysts) -> None:
    said = 'Binder Error: Column "x*y_" not found!\nCandidate bindings: "xy"\n\nLINE 2:   x*y_\n          ^'
    analysts.refuse = Invalid("{error}", field="sql", error=said)
    test = ask(page(), "SELECT\n  x*y_\nFROM t")
    assert test.error[0].value.replace("\\", "") == 'Binder Error: Column "x*y_" not found!'
    assert "x\\*y\\_" in test.error[0].value, "as it is, not as Markdown"
    lines = ["", "  1 │ SELECT", "&gt; 2 │   x*y_", "    │   ^", "  3 │ FROM t</pre>"]
    assert "\n".join(["Candidate bindings: &quot;xy&quot;", *lines]) in html(test)


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (Invalid("The question took longer than {seconds} seconds and was stopped.", seconds=20), "20 seconds"),
        (NotPermitted("Your role does not ask questions in SQL."), "Your role"),
        (Unavailable("Ask again in a moment."), "Ask again"),
    ],
)  # fmt: skip
def test_limits_and_other_refusals_are_sentences(
    page: Callable[..., AppTest], analysts: Analysts, refusal: Exception, said: str
) -> None:
    analysts.refuse = refusal
    test = ask(page(), "SELECT 1")
    assert said in test.error[0].value
    assert not test.dataframe


def test_a_bug_is_an_apology_and_the_page_goes_on(page: Callable[..., AppTest], analysts: Analysts) -> None:
    analysts.refuse = KeyError("secret")
    test = ask(page(), "SELECT 1")
    assert "Something went wrong" in test.error[0].value and "secret" not in test.error[0].value
    analysts.refuse = None
    assert ask(test, "SELECT 2").dataframe


@pytest.mark.parametrize(
    ("message", "question", "shown"),
    [
        ("Only one SELECT can be asked.", "DROP", "Only one SELECT can be asked."),
        ("Oops\n\nLINE 1: SELEC 1\n        ^", "SELEC 1", "Oops\n\n> 1 │ SELEC 1\n    │ ^"),
        # The caret counts no width for tabs and two for wide letters.
        ("Oops\n\nLINE 1: A\t\tx\n         ^", "A\t\tx", "Oops\n\n> 1 │ A  x\n    │    ^"),
        ("Oops\n\nLINE 1: '東京' x\n                ^", "'東京' x", "Oops\n\n> 1 │ '東京' x\n    │       ^"),
        # Long lines come cut.
        ("Oops\n\nLINE 1: ...cde, x, f...\n                ^", "abcde, x, fgh", "Oops\n\n> 1 │ abcde, x, fgh\n    │        ^"),
        ("Oops\n\nLINE 9: x\n        ^", "x", "Oops\n\nLINE 9: x\n        ^"),
        ("Oops\n\nLINE 1: " + "y" * 9 + "\n          ^", "z", "Oops\n\n> 1 │ z\n    │  ^"),
    ],
)  # fmt: skip
def test_where_a_message_points(message: str, question: str, shown: str) -> None:
    assert with_line(message, question) == shown


def test_a_very_long_line_is_shown_around_the_caret() -> None:
    question = "SELECT " + "a" * 500 + ", wrong"
    at = question.index("wrong")
    message = f"Oops\n\nLINE 1: {question}\n{' ' * (len('LINE 1: ') + at)}^"
    _, _, line, caret = with_line(message, question).split("\n")
    assert len(line) < 200 and line[caret.index("^") :] == "wrong"


# The answer ----------------------------------------------------------------------------------------


def test_no_rows(page: Callable[..., AppTest], analysts: Analysts) -> None:
    analysts.table = COUNTS.slice(0, 0)
    test = ask(page(), "SELECT 1")
    assert "No rows" in html(test) and not test.dataframe


def test_one_value_is_shown_large_and_as_text(page: Callable[..., AppTest], analysts: Analysts) -> None:
    analysts.table = pa.table({"<b>n</b>": [1234567]})
    test = ask(page(), "SELECT 1")
    assert "<strong>1,234,567</strong>" in html(test) and "&lt;b&gt;n&lt;/b&gt;" in html(test)
    assert not test.dataframe
    analysts.table = pa.table({"n": pa.array([None], pa.int32())})
    assert "<strong>NULL</strong>" in html(ask(test, "SELECT 2"))


def test_what_is_missing_is_told_as_in_sql(page: Callable[..., AppTest], analysts: Analysts) -> None:
    assert ask(page(), "SELECT 1").dataframe[0].proto.placeholder == "NULL"


def test_a_capped_answer_says_so(
    page: Callable[..., AppTest], analysts: Analysts, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Callable[[], bytes]] = {}
    monkeypatch.setattr(
        st, "download_button", lambda label, data, *others, **more: seen.__setitem__(label, data)
    )
    analysts.table, analysts.more = pa.table({"n": list(range(20_000))}), True
    test = ask(page(), "SELECT 1")
    assert "first 10,000 rows, and there are more" in test.info[0].value
    assert "holds up to 100,000" in test.info[0].value
    assert "more than 10,000 rows" in captions(test)
    assert len(test.dataframe[0].value) == 10_000
    assert analysts.asked == [("SELECT 1", 10_000)]
    assert seen["CSV"]().count(b"\r\n") == 20_001, "a file asks anew, for more"
    assert analysts.asked[1:] == [("SELECT 1", 100_000)]


def test_rows_left_out_for_the_browser_are_in_the_files(
    page: Callable[..., AppTest], analysts: Analysts
) -> None:
    analysts.table = pa.table({f"c{n}": ["x" * 900] * 100 for n in range(200)})
    test = ask(page(), "SELECT 1")
    assert "too much for a browser" in test.info[0].value and "holds all of them" in test.info[0].value
    assert "100 rows · 200 columns" in captions(test)


def test_of_a_huge_answer_the_application_keeps_a_part(
    page: Callable[..., AppTest], analysts: Analysts
) -> None:
    analysts.table = pa.table({"text": ["x" * 100_000] * 500, "n": list(range(500))})
    test = ask(page(), "SELECT 1")
    kept = test.session_state[question_run.ASKED].answer
    assert kept.table.nbytes <= question_run.LARGEST_KEPT and kept.table.num_rows > 100
    assert kept.table.column("n").to_pylist() == list(range(kept.table.num_rows))
    assert kept.more and "holds up to 100,000" in test.info[0].value
    analysts.table = pa.table({"text": ["x" * 40_000_000], "n": [1]})
    test = ask(page(), "SELECT 2")
    assert not test.session_state[question_run.ASKED].answer.more and len(test.dataframe[0].value) == 1


def test_files_hold_what_is_shown(
    page: Callable[..., AppTest],
    team: Team,
    desk: Any,
    analysts: Analysts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: dict[str, Callable[[], bytes]] = {}
    monkeypatch.setattr(
        st, "download_button", lambda label, data, *others, **more: seen.__setitem__(label, data)
    )
    ask(page(), "SELECT 1")
    rows = list(csv.reader(io.StringIO(seen["CSV"]().decode("utf-8-sig"))))
    assert rows == [["category", "n"], ["achieved", "3"], ["lost", "2"], ["", "1"]]
    assert pq.read_table(io.BytesIO(seen["Parquet"]())).equals(COUNTS)
    cells, _ = cells_of_excel(seen["Excel"]())
    assert cells[1] == {"A": "achieved", "B": 3}
    assert len(analysts.asked) == 1
    change_user(desk, team.nadia, Role.AGENT)
    with pytest.raises(NotPermitted):
        seen["CSV"]()


ODD = pa.table(
    [
        pa.array([2**53, None]), pa.array([1, 2]), pa.array([Decimal("0.10"), None]),
        pa.array([Decimal("12345678901234567.89"), None]), pa.array([[1, None], None]),
        pa.array([{"a": "é"}, None]), pa.array([pa.MonthDayNano((1, 2, 7_200_500_000_000)), None]),
        pa.array(["a", None]).dictionary_encode(), pa.array([date(1, 1, 1), None]),
        pa.array([None, None], pa.null()), pa.array([b"\x00\xff", None]),
        pa.array([datetime(2026, 1, 1, 5, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
        pa.array([2**62, None], pa.timestamp("us")), pa.array([0.5, float("nan")]),
        pa.array(["x" * 5_000, "=1+1"]),
    ],
    names=["n", "n", "money", "much", "list", "struct", "interval", "enum", "old", "null", "blob", "at", "far",
           "float", "n"],
)  # fmt: skip


def test_every_type_and_name_has_its_place_in_the_grid() -> None:
    shown, drawn = question_grid.shown(ODD)
    assert shown.column_names[:2] == ["n", "n (2)"] and shown.column_names[-1] == "n (3)"
    first = shown.slice(0, 1).to_pylist()[0]
    assert first["n"] == "9007199254740992", "a browser's numbers are exact up to there only"
    assert first["n (2)"] == 1 and first["money"] == Decimal("0.10")
    assert first["much"] == "12345678901234567.89"
    assert (first["list"], first["struct"]) == ("[1, null]", '{"a": "é"}')
    assert first["interval"] == "1 month 2 days 02:00:00.500000"
    assert (first["enum"], first["old"], first["null"]) == ("a", "0001-01-01", None)
    assert len(first["n (3)"]) == question_grid.LONGEST_CELL and first["n (3)"].endswith("x…")
    assert None not in drawn.values(), "which would hide the column"
    assert drawn["money"]["type_config"]["format"] == "%.2f"
    assert shown.slice(1).to_pylist()[0]["interval"] is None


def test_every_type_has_its_place_in_files() -> None:
    rows = list(csv.reader(io.StringIO(question_grid.as_csv(ODD).decode("utf-8-sig"))))
    assert len(rows) == 3 and len(rows[0]) == ODD.num_columns
    said = dict(zip(rows[0], rows[1], strict=True))
    assert (said["n"], said["much"], said["old"]) == (
        "9007199254740992",
        "12345678901234567.89",
        "0001-01-01",
    )
    assert rows[2][-1] == "'=1+1", "no spreadsheet runs it"
    cells, _ = cells_of_excel(question_grid.as_excel(ODD))
    assert len(cells) == 3 and len(cells[0]) == ODD.num_columns
    kept = pq.read_table(io.BytesIO(question_grid.as_parquet(ODD)))
    assert kept.column("list").type == pa.list_(pa.int64())
    assert kept.column("interval").to_pylist() == ["1 month 2 days 02:00:00.500000", None]


def test_what_a_browser_cannot_bear_is_left_out() -> None:
    wide = pa.table({f"c{n}": ["x" * 2_000] * 100 for n in range(200)})
    shown, _ = question_grid.shown(wide)
    assert shown.num_columns == 200 and 0 < shown.num_rows < 100
    assert shown.nbytes <= question_grid.LARGEST_GRID
    tall = pa.table({"n": list(range(10_000))})
    assert question_grid.shown(tall)[0].num_rows == 10_000


# The chart -----------------------------------------------------------------------------------------

DAY = pa.array([date(2026, 1, 1), date(2026, 1, 2)])


@pytest.mark.parametrize(
    ("table", "picks"),
    [
        (pa.table({"n": [1, 2], "day": DAY}), Picks(1, 0)),
        (pa.table({"day": DAY, "who": ["a", "b"], "n": [1, 2]}), Picks(0, 2, 1)),
        (pa.table({"who": ["a", "b"], "n": [1, 2]}), Picks(1, 0)),
        (pa.table({"who": ["a", "b"], "same": ["x", "x"], "kind": ["p", "q"], "n": [1, 2]}), Picks(3, 0, 2)),
        (pa.table({"n": [1, 2], "m": [1, 2]}), Picks(0, 1)),
        (pa.table({"n": [1, 2]}), None),
        (pa.table({"who": ["a", "b"], "day": DAY}), None),
        (pa.table({"who": ["a"], "n": [1]}), None),
        (pa.table({"list": [[1], [2]], "n": [1, 2]}), None),
    ],
)
def test_what_a_chart_is_usually_of(table: pa.Table, picks: Picks | None) -> None:
    assert question_chart.usual(table) == picks


def test_a_colour_for_each_of_many_is_not_usual() -> None:
    names = [str(n) for n in range(13)]
    table = pa.table({"who": names, "also": names, "n": list(range(13))})
    assert question_chart.usual(table) == Picks(2, 0)


def encoded(table: pa.Table, picks: Picks) -> dict[str, Any]:
    drawn, _ = question_chart.draw(table, picks, ENGLISH)
    assert isinstance(drawn, alt.Chart)
    found: dict[str, Any] = drawn.to_dict()
    return found


def test_bars_by_name_in_the_order_of_the_answer() -> None:
    found = encoded(COUNTS, Picks(1, 0, 0))
    assert found["mark"]["type"] == "bar"
    assert found["encoding"]["y"]["sort"] is None
    colours = found["encoding"]["color"]["scale"]
    assert dict(zip(colours["domain"], colours["range"], strict=True)) == {
        "achieved": "#009e73", "lost": "#d55e00", "—": "#9a9a9a",
    }  # fmt: skip


def test_a_line_over_time_and_points_where_a_moment_has_several() -> None:
    found = encoded(pa.table({"day": DAY, "n": [1, 2]}), Picks(0, 1))
    assert found["mark"]["type"] == "line" and found["encoding"]["x"]["scale"]["type"] == "utc"
    (rows,) = found["datasets"].values()
    assert rows[0]["x"] == "2026-01-01T00:00:00.000Z" and rows[0]["x_said"] == "2026-01-01"
    twice = pa.table({"day": pa.array([date(2026, 1, 1)] * 2), "n": [1, 2]})
    assert encoded(twice, Picks(0, 1))["mark"]["type"] == "circle"


def test_a_column_called_image_is_no_picture_of_a_tooltip() -> None:
    found = encoded(pa.table({"image": ["http://example.com/x.png", "b"], "title": [1, 2]}), Picks(1, 0))
    titles = [one["title"] for one in found["encoding"]["tooltip"]]
    assert not {"image", "title"} & set(titles)
    assert [title.rstrip("\u2060") for title in titles] == ["title", "image"]


def test_a_chart_of_many_rows_is_of_the_first() -> None:
    many = pa.table({"who": [str(n) for n in range(100)], "n": list(range(100))})
    assert question_chart.draw(many, Picks(1, 0), ENGLISH)[1] == 40
    points = pa.table({"n": list(range(5_000)), "m": list(range(5_000))})
    assert question_chart.draw(points, Picks(0, 1), ENGLISH)[1] == 2_000
    names = pa.table({"who": ["a", "b"] * 100, "kind": [str(n) for n in range(200)], "n": list(range(200))})
    assert question_chart.draw(names, Picks(2, 0, 1), ENGLISH)[1] == 200


@pytest.mark.parametrize("x", range(6))
@pytest.mark.parametrize("y", range(6))
@pytest.mark.parametrize("colour", [None, 0, 1, 2])
def test_any_choice_can_be_drawn(x: int, y: int, colour: int | None) -> None:
    table = pa.table(
        {
            "day": pa.array([date(2026, 1, 1), None]), "who": ["a", None], "n": [None, Decimal("1.5")],
            "at": pa.array([datetime(2026, 1, 1, 5, tzinfo=UTC), None], pa.timestamp("us", "UTC")), "yes": [True, None],
            "f": [float("nan"), float("inf")],
        }
    )  # fmt: skip
    assert encoded(table, Picks(x, y, colour))["encoding"]["x"]


def test_the_chart_follows_what_is_picked(page: Callable[..., AppTest], analysts: Analysts) -> None:
    analysts.table = pa.table({"who": ["a", "b"], "n": [1, 2], "m": [3, 4]})
    test = ask(page(), "SELECT 1")
    picks = {box.label: box for box in test.selectbox if box.key and box.key.startswith("chart-")}
    assert [picks[name].value for name in ("Across (x)", "Upwards (y)", "Colour")] == [1, 0, None]
    picks["Across (x)"].set_value(2).run()
    assert not test.exception
    ask(test, "SELECT 2")
    assert next(box.value for box in test.selectbox if box.label == "Across (x)") == 2, "the same columns"
    analysts.table = pa.table({"n": [1, 2], "other": ["a", "b"]})
    ask(test, "SELECT 3")
    assert next(box.value for box in test.selectbox if box.label == "Across (x)") == 0


# The real ones ---------------------------------------------------------------------------------------


def test_attacks_are_refused_with_a_sentence_here_too(look: Look, team: Team) -> None:
    """Some of each kind; every one is asked of the live server and of the command line in tests/live."""
    test = look(team.nadia, page=PAGE, language="en")
    ask(test, "SELECT 42 AS answer")
    assert "42" in html(test)
    for name, attack in ATTACKS[::5]:
        if not attack.replace("\n", "").isprintable() or attack != attack.strip():
            continue  # a browser sends no such characters, and the page takes spaces away
        ask(test, attack)
        while question_run.RUNNING in test.session_state:
            test.run()
        assert test.error and test.error[0].value.strip(), name
        assert not test.dataframe, name
    ask(test, "SELECT 43 AS answer")
    assert "43" in html(test)
