"""The page of questions in SQL: the question stands in the address, so that it is a link."""

from datetime import UTC
from urllib.parse import urlencode

import pyarrow as pa
import streamlit as st

from core import services
from core.analysts import Answer
from core.text import Text
from core.ui import (
    downloads,
    escape,
    question_beside,
    question_chart,
    question_grid,
    question_refusal,
    question_run,
)
from core.ui.chat import plain
from core.ui.question_chart import Picks
from core.ui.question_run import ROWS_IN_FILES, Asked, Running
from core.ui.session import Session, still_in

SQL = "sql"  # in the address
LONGEST_LINK = 6_000  # characters of an address that everything on its way takes
EDITOR = "question"  # of the widget; in the session, what it holds
ASK = "question-ask"  # in the session: what is to be asked in this run
ADDRESSED = "question-addressed"  # in the session: what the address said when it was last followed
DRAFT = "question-draft"  # in the session: what was never asked when another question took its place
ASKED_LAST = "question-last"  # in the session: what was last asked
EXAMPLE = """SELECT category, count(*) AS conclusions
FROM analytics.conclusions
WHERE NOT reopened
GROUP BY ALL
ORDER BY conclusions DESC"""
HEIGHT = 240  # pixels, of the editor
FEW_ROWS, GRID_HEIGHT = 14, 530


def show(session: Session) -> None:
    _follow_address()
    if (sql := st.session_state.pop(ASK, None)) is not None:
        question_run.start(session, sql)
    with st.container(key="question-page"):
        with st.container(key="question-editor"):
            _editor(session)
        with st.container(key="question-answer"):
            _answer(session, question_run.now(session))
        with st.container(key="question-beside"):
            question_beside.show(session, _choose)


# The question --------------------------------------------------------------------------------------


def _follow_address() -> None:
    """Ask what the address says, where that is new: somebody opened a link, or went back."""
    said = st.query_params.get(SQL, "").strip()
    if said and said != st.session_state.get(ADDRESSED):
        _take(said)
    st.session_state.setdefault(EDITOR, EXAMPLE)


def _take(sql: str) -> None:
    """Put a question into the editor and the address, to be asked in this run."""
    st.session_state[EDITOR] = st.session_state[ASK] = st.session_state[ASKED_LAST] = sql
    if is_link(sql):
        st.session_state[ADDRESSED] = sql
        if st.query_params.get(SQL) != sql:
            st.query_params[SQL] = sql
    else:
        st.session_state[ADDRESSED] = None
        st.query_params.pop(SQL, None)


def is_link(sql: str) -> bool:
    return len(urlencode({SQL: sql})) <= LONGEST_LINK


def _ask() -> None:
    if sql := st.session_state.get(EDITOR, "").strip():
        st.session_state.pop(DRAFT, None)
        _take(sql)


def _choose(sql: str) -> None:
    """Ask a worked question. What was written and never asked can be had back."""
    written = st.session_state.get(EDITOR, "").strip()
    known = (EXAMPLE, st.session_state.get(ASKED_LAST))
    if written and written not in known and not question_beside.recipe_of(written):
        st.session_state[DRAFT] = written
    _take(sql)


def _back_to_draft() -> None:
    st.session_state[EDITOR] = st.session_state.pop(DRAFT)


def _editor(session: Session) -> None:
    text = session.text
    st.text_area(
        text("Question in SQL"), key=EDITOR, height=HEIGHT, on_change="ignore", persist_state="session",
        label_visibility="collapsed", placeholder="SELECT … FROM analytics.conclusions",
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", key="question-buttons"):
        st.button(
            text("Ask"), key="question-run", type="primary", icon=":material/play_arrow:", shortcut="Ctrl+Enter",
            on_click=_ask,
        )  # fmt: skip
        if DRAFT in st.session_state:
            st.button(
                text("Back to my draft"), key="question-undo", type="tertiary", icon=":material/undo:",
                on_click=_back_to_draft,
            )  # fmt: skip
        last = st.session_state.get(ASKED_LAST)
        if last and not is_link(last):
            said = text("This question is too long for its address to be a link.")
        elif last and st.query_params.get(SQL) == last:
            said = text("The address of this page is the question's link.")
        else:
            said = text("The answer comes below, and the address of this page becomes the question's link.")
        st.caption(said, width="stretch")


# What became of it ---------------------------------------------------------------------------------


def _answer(session: Session, found: Running | Asked | None) -> None:
    text = session.text
    if found is None:
        _empty(
            text("Nothing asked yet"),
            text("Ask the question above with Ctrl+Enter, change it, or choose one of the worked ones."),
        )
    elif isinstance(found, Running):
        question_run.follow(session, _running)
    elif found.answer is not None:
        _about(session, found)
        _rows(session, found, found.answer)
    elif found.stopped:
        _empty(text("Stopped"), text("It was stopped after {time}.", time=_time(session, found.seconds)))
    else:
        _refused(session, found)


def _empty(head: str, rest: str) -> None:
    st.html(f'<div class="df-empty"><strong>{plain(head)}</strong>{plain(rest)}</div>')


def _running(session: Session, running: Running) -> None:
    text = session.text
    stopping = running.stop.is_set()
    with st.container(horizontal=True, vertical_alignment="center", key="question-running"):
        said = text("Stopping…") if stopping else text("Being answered…")
        limit = int(session.application.settings.analysts_seconds)
        time = f"{text.duration(int(running.seconds))} / {text.duration(limit)}"
        st.html(
            f'<div class="df-asking"><i></i><span role="status">{plain(said)}</span><span>{plain(time)}</span></div>',
            width="content",
        )
        st.button(
            text("Stop"), key="question-stop", icon=":material/stop:", disabled=stopping, on_click=running.stop.set
        )  # fmt: skip


def _refused(session: Session, asked: Asked) -> None:
    assert asked.refused is not None
    said = question_refusal.with_line(session.text.error(asked.refused), asked.sql)
    head, _, rest = said.partition("\n")
    st.error(escape.markdown(head), icon=":material/block:")
    if rest.strip():
        label, lines = plain(session.text("Where it is wrong")), plain(rest.strip("\n"))
        # Wider than a phone, so that the keyboard must reach and move it, which it cannot with st.code.
        st.html(f'<pre class="df-wrong" tabindex="0" role="region" aria-label="{label}">{lines}</pre>')


def _about(session: Session, asked: Asked) -> None:
    """What is told over an answer: the worked question it belongs to, how much came, how long it took, and as of when."""
    text, answer = session.text, asked.answer
    assert answer is not None
    if recipe := question_beside.recipe_of(asked.sql):
        st.markdown(f"**{escape.markdown(text(recipe.title))}.** {escape.markdown(text(recipe.meaning))}")
    parts = [
        text("more than {n} rows", n=answer.table.num_rows)
        if answer.more
        else text.n("{n} row", "{n} rows", answer.table.num_rows),
        text.n("{n} column", "{n} columns", answer.table.num_columns),
        text("answered in {time}", time=_time(session, answer.seconds)),
    ]
    if answer.as_of:
        at = answer.as_of if answer.as_of.tzinfo else answer.as_of.replace(tzinfo=UTC)
        parts.append(text("data up to {moment}", moment=at))
    st.caption(escape.markdown(" · ".join(parts)))


def _time(session: Session, seconds: float) -> str:
    """Short ones in milliseconds."""
    if seconds < 1:
        return session.text("{n} ms", n=round(seconds * 1000))
    return session.text.duration(seconds)


def _rows(session: Session, asked: Asked, answer: Answer) -> None:
    text, table = session.text, answer.table
    if not table.num_rows:
        _empty(text("No rows"), text("It was answered, and nothing is as it asks."))
        return
    if table.shape == (1, 1):
        _one_value(session, table)
    elif (usual := question_chart.usual(table)) is not None:
        as_table, as_chart = st.tabs([text("Table"), text("Chart")], key="question-views")
        with as_table:
            _grid(session, answer)
        with as_chart:
            _chart(session, question_grid.named(table), usual)
    else:
        _grid(session, answer)
    _downloads(session, asked, answer)


def _one_value(session: Session, table: pa.Table) -> None:
    value = table.column(0)[0]
    whole = pa.types.is_integer(value.type) and value.is_valid
    said = session.text.number(value.as_py()) if whole else question_grid.said(value)
    st.html(
        f'<div class="df-one"><span>{plain(table.column_names[0])}</span>'
        f"<strong>{plain('NULL' if said is None else said)}</strong></div>"
    )


def _grid(session: Session, answer: Answer) -> None:
    text, table = session.text, answer.table
    rows, drawn = question_grid.shown(table)
    if rows.num_rows < table.num_rows or answer.more:
        st.info(" ".join(_left_out(text, rows.num_rows, answer)), icon=":material/content_cut:")
    st.dataframe(
        rows, hide_index=True, column_config=drawn, height="content" if rows.num_rows <= FEW_ROWS else GRID_HEIGHT,
        alt=text("The answer as a table"), placeholder="NULL",
    )  # fmt: skip


def _left_out(text: Text, shown: int, answer: Answer) -> list[str]:
    """Which limit was met, and where the other rows are."""
    if shown < answer.table.num_rows:
        first = text("These are the first {n} rows: more would be too much for a browser.", n=shown)
    else:
        first = text("These are the first {n} rows, and there are more.", n=shown)
    if answer.more:
        return [first, text("A file asks the question anew and holds up to {n}.", n=ROWS_IN_FILES)]
    return [first, text("A file holds all of them.")]


# The chart and the files ---------------------------------------------------------------------------


@st.fragment
def _chart(session: Session, table: pa.Table, usual: Picks) -> None:
    """A chart that can be changed without the page being drawn anew."""
    still_in(session)
    text = session.text
    kinds = {at: question_chart.kind(field.type) for at, field in enumerate(table.schema)}
    possible = [at for at, kind in kinds.items() if kind]
    of = abs(hash(str(table.schema)))  # what was chosen for other columns means nothing for these

    def pick(label: str, name: str, among: list[int | None], chosen: int | None) -> int | None:
        found: int | None = st.selectbox(
            label, among, index=among.index(chosen), key=f"chart-{name}-{of}",
            format_func=lambda at: text("No colour") if at is None else escape.printable(table.column_names[at]),
        )  # fmt: skip
        return found

    with st.container(horizontal=True, key="question-picks"):
        x = pick(text("Across (x)"), "x", [*possible], usual.x)
        y = pick(text("Upwards (y)"), "y", [*possible], usual.y)
        colour = pick(text("Colour"), "colour", [None, *possible], usual.colour)
    if x is None or y is None:
        return
    drawn, rows = question_chart.draw(table, Picks(x, y, colour), text)
    st.altair_chart(drawn, width="stretch", alt=text("The answer as a chart"))
    if rows < table.num_rows:
        st.caption(text("Drawn of the first {n} rows of {of}.", n=rows, of=table.num_rows))


def _downloads(session: Session, asked: Asked, answer: Answer) -> None:
    """A button for each kind of file, made when it is asked for: of the answer that is here, or where that is not all,
    of the same question asked anew for more."""

    def rows() -> pa.Table:
        services.check_asks_sql(session.desk, session.caller)  # whoever asks now may still (R16)
        if not answer.more:
            return answer.table
        return session.application.analysts.ask(session.caller, asked.sql, rows=ROWS_IN_FILES).table

    at = session.now.astimezone(session.text.zone)
    downloads.buttons(session.text, "question", f"sql-{at:%Y-%m-%d-%H%M%S}", rows, question_grid.WRITERS)
