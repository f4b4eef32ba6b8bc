"""What the outcomes page is asked: it stands in the address, so that a view is a link."""

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import streamlit as st

from core import rules, services
from core.model import Category, Organisation
from core.reports.choices import Choices, choices
from core.reports.filter import UNCLASSIFIED, ReportFilter
from core.text import N_
from core.ui import escape
from core.ui.session import Session

# In the address.
PERIOD, SINCE, UNTIL, ALL, AGAINST, TOPIC, AMOUNT = "p", "from", "to", "all", "vs", "topic", "by"
CATEGORY, REASON, AGENT, CHANNEL, SOURCE, CURRENCY = (
    "category", "reason", "agent", "channel", "source", "currency",
)  # fmt: skip
NARROWING = (CATEGORY, REASON, AGENT, CHANNEL, SOURCE, CURRENCY, ALL, AGAINST)  # all but the period
FREE = "free"
DAYS: dict[str, str] = {
    "1": N_("Today"),
    "7": N_("Last 7 days"),
    "28": N_("Last 28 days"),
    "90": N_("Last 90 days"),
    "month": N_("This month"),
    "year": N_("This year"),
    FREE: N_("Choose days"),
}
USUAL = "28"
BEFORE, A_YEAR_BEFORE = "before", "year"  # what the period is compared with
COMPARED = {BEFORE: N_("The period before"), A_YEAR_BEFORE: N_("A year before")}
EARLIEST, AHEAD = rules.EARLIEST.date(), timedelta(days=366)  # what days can be asked about
MARK = "mark"  # the selection of a chart: what was clicked
WIDTH = 244  # of most filters: four fit beside each other
CLICKS = "outcomes-clicks"  # in the session: how many clicks have been taken


# What the address says ----------------------------------------------------------------------------


def asked(
    session: Session, organisation: Organisation, known: Choices, names: dict[str, str]
) -> ReportFilter:
    """The filter that the address says; what it cannot mean is left out. `names`: of the agents, by id."""
    address = st.query_params
    since, until = _period(address.to_dict(), session.text.local_day(session.now))
    currency = address.get(CURRENCY)
    return ReportFilter(
        since,
        until,
        currency if currency in known.currencies else organisation.currency,
        _known(CATEGORY, [*Category, UNCLASSIFIED]),
        _known(REASON, known.reasons),
        tuple(UUID(agent) for agent in _known(AGENT, names)),
        _known(CHANNEL, known.channels),
        _known(SOURCE, known.sources),
        final=ALL not in address,
    )


def compared_with(chosen: ReportFilter) -> ReportFilter:
    """The same about the period that the chosen one is compared with."""
    return chosen.a_year_before() if _against() == A_YEAR_BEFORE else chosen.before()


def _against() -> str:
    return A_YEAR_BEFORE if st.query_params.get(AGAINST) == A_YEAR_BEFORE else BEFORE


def _known(name: str, among: Sequence[str] | dict[str, str]) -> tuple[str, ...]:
    """What the address says under a name, each once, without what there is not."""
    return tuple(said for said in dict.fromkeys(st.query_params.get_all(name)) if said in among)


def _period(address: dict[str, str], today: date) -> tuple[date, date]:
    said = address.get(PERIOD, USUAL)
    if said == FREE:
        try:
            first, last = date.fromisoformat(address[SINCE]), date.fromisoformat(address[UNTIL])
        except (KeyError, ValueError):
            first, last = today, today
        first, last = (min(max(day, EARLIEST), today + AHEAD) for day in (first, last))
        return min(first, last), max(first, last)
    if said == "month":
        return today.replace(day=1), today
    if said == "year":
        return today.replace(month=1, day=1), today
    days = int(said if said in DAYS else USUAL)
    return today - timedelta(days=days - 1), today


def _say(changes: Mapping[str, Sequence[str]]) -> None:
    """Write what was chosen into the address; of nothing, nothing. It is one step, for the browser's way back too."""
    before = {name: st.query_params.get_all(name) for name in st.query_params}
    after = before | {name: list(values) for name, values in changes.items()}
    st.query_params.from_dict({name: values for name, values in after.items() if values})


# The widgets --------------------------------------------------------------------------------------


def filters(session: Session) -> ReportFilter:
    """The filters as the address says them; a choice goes into the address."""
    text = session.text
    organisation = services.outcomes_for(session.desk, session.caller)
    known = choices(session.application.facts, st.query_params.get_all(REASON))
    names = {str(u.id): escape.printable(u.name) for u in services.list_users(session.desk, session.caller)}
    chosen = asked(session, organisation, known, names)
    with st.container(horizontal=True, vertical_alignment="bottom", key="outcome-filters"):
        _days(session, chosen)
        _many(
            CATEGORY, text("Category"), [*Category, UNCLASSIFIED], chosen.categories, text("All categories"),
            lambda c: text.label(Category(c)) if c else text("Not classified"),
        )  # fmt: skip
        _many(REASON, text("Reason"), known.reasons, chosen.reasons, text("All reasons"), escape.printable)
        _many(
            AGENT, text("Agent"), list(names), [str(agent) for agent in chosen.agents], text("All agents"),
            names.__getitem__,
        )  # fmt: skip
    left, right = st.columns([3, 2])
    with left:
        rare = _rare(session, organisation, known, chosen)
    often = (chosen.categories, chosen.reasons, chosen.agents, not chosen.final)
    with right, st.container(horizontal=True, vertical_alignment="center", key="outcome-switches"):
        _choice(
            "final", chosen.final,
            lambda key: st.toggle(
                text("Final ones only"), key=key, on_change=_take_final, args=(key,),
                help=text("Where a conversation came back, only its last end counts in categories, rates and values."),
            ),
        )  # fmt: skip
        if rare or any(often):
            st.button(
                text("Clear filters"), key="clear-filters", icon=":material/filter_alt_off:", type="tertiary",
                on_click=_clear,
            )  # fmt: skip
    return chosen


def _days(session: Session, chosen: ReportFilter) -> None:
    text = session.text
    said = st.query_params.get(PERIOD, USUAL)
    _choice(
        "period", said if said in DAYS else USUAL,
        lambda key: st.selectbox(
            text("Period"), list(DAYS), format_func=lambda p: text(DAYS[p]), key=key, width=190,
            on_change=_take_period, args=(key, chosen),
        ),
    )  # fmt: skip
    if said == FREE:
        _choice(
            "days", (chosen.since, chosen.until),
            lambda key: st.date_input(
                text("Days"), key=key, on_change=_take_days, args=(key,), width=240, format="DD/MM/YYYY"
            ),
        )  # fmt: skip


def _rare(session: Session, organisation: Organisation, known: Choices, chosen: ReportFilter) -> int:
    """The filters that are seldom set, behind a line that says how many are, which is returned too."""
    text = session.text
    currencies = sorted({organisation.currency, *known.currencies})
    rare = (chosen.channels, chosen.sources, chosen.currency != organisation.currency, _against() != BEFORE)
    label, set_ = text("More filters"), sum(map(bool, rare))
    if set_:
        label = f"{label} · **{text.number(set_)}**"
    with (
        st.expander(label, key="more-filters", icon=":material/tune:"),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        _many(CHANNEL, text("Channel"), known.channels, chosen.channels, text("All channels"))
        _many(SOURCE, text("Source"), known.sources, chosen.sources, text("All sources"), escape.printable)
        if len(currencies) > 1:
            _one(CURRENCY, text("Currency"), currencies, chosen.currency, organisation.currency)
        _one(
            AGAINST, text("Compared with"), list(COMPARED), _against(), BEFORE, lambda said: text(COMPARED[said])
        )  # fmt: skip
    return set_


def _choice(name: str, value: Any, draw: Callable[[str], Any]) -> None:
    """A widget that shows what the address says."""
    key = f"outcomes-{name}"
    st.session_state[key] = value
    draw(key)


def _many(
    name: str, label: str, options: Sequence[str], chosen: Sequence[str], nothing: str,
    shown: Callable[[str], str] = str,
) -> None:  # fmt: skip
    """A filter of any number of names, where there is something to choose."""
    if len(options) > 1:
        _choice(
            name, list(chosen),
            lambda key: st.multiselect(
                label, options, key=key, placeholder=nothing, width=WIDTH, format_func=shown,
                on_change=_take_many, args=(key, name),
            ),
        )  # fmt: skip


def _one(
    name: str, label: str, options: Sequence[str], chosen: str, usual: str,
    shown: Callable[[str], str] = str,
) -> None:  # fmt: skip
    """A filter of one of a few; the usual one is not in the address."""
    _choice(
        name, chosen,
        lambda key: st.selectbox(
            label, options, key=key, width=WIDTH, format_func=shown, on_change=_take_one, args=(key, name, usual)
        ),
    )  # fmt: skip


def _take_period(key: str, before: ReportFilter) -> None:
    said = st.session_state[key]
    days = [before.since.isoformat()], [before.until.isoformat()]
    since, until = days if said == FREE else ([], [])
    _say({PERIOD: [said], SINCE: since, UNTIL: until})


def _take_days(key: str) -> None:
    days = st.session_state[key]
    if isinstance(days, tuple) and len(days) == 2:  # between the two clicks there is one
        since, until = days
        _say({SINCE: [since.isoformat()], UNTIL: [until.isoformat()]})


def _take_many(key: str, name: str) -> None:
    _say({name: st.session_state[key]})


def _take_one(key: str, name: str, usual: str) -> None:
    said = st.session_state[key]
    _say({name: [] if said == usual else [said]})


def _take_final(key: str) -> None:
    _say({ALL: [] if st.session_state[key] else ["1"]})


def _clear() -> None:
    """Ask about everything again; days chosen one by one, or by a click on a bar, are forgotten too."""
    days = (PERIOD, SINCE, UNTIL) if st.query_params.get(PERIOD) == FREE else ()
    _say({name: [] for name in (*NARROWING, *days)})


def one_of(name: str, label: str, options: dict[str, str], session: Session) -> str:
    """Something that the page shows one of, named in the address but for the first."""
    usual, text = next(iter(options)), session.text
    said = st.query_params.get(name, usual)
    chosen = said if said in options else usual
    _choice(
        name, chosen,
        lambda key: st.segmented_control(
            label, list(options), key=key, required=True, format_func=lambda said: text(options[said]),
            label_visibility="collapsed", on_change=_take_one, args=(key, name, usual),
        ),
    )  # fmt: skip
    return chosen


# Clicks on what is shown --------------------------------------------------------------------------

Narrower = dict[str, list[str]]  # what a click changes in the address


def by_bar(mark: dict[str, Any], chosen: ReportFilter) -> Narrower:
    """A piece of a bar over time: its category, and its days as far as they are among the chosen ones."""
    category = _category(mark)
    try:
        first = date.fromisoformat(str(mark.get("period")))
    except ValueError:
        return {}
    last = {
        "day": first,
        "week": first + timedelta(days=6),
        "month": first.replace(day=monthrange(first.year, first.month)[1]),
    }[chosen.step]
    first, last = max(first, chosen.since), min(last, chosen.until)
    if category is None or first > last:
        return {}
    return {CATEGORY: [category], PERIOD: [FREE], SINCE: [first.isoformat()], UNTIL: [last.isoformat()]}


def by_reason(mark: dict[str, Any]) -> Narrower:
    """A reason's bar: its category and itself; the bar of all others: its category."""
    category, reason = _category(mark), mark.get("reason")
    if category is None:
        return {}
    return {CATEGORY: [category]} | ({REASON: [reason]} if isinstance(reason, str) else {})


def by_category(mark: dict[str, Any]) -> Narrower:
    category = _category(mark)
    return {} if category is None else {CATEGORY: [category]}


def by_user(mark: dict[str, Any]) -> Narrower:
    """An agent's bar; nothing for the bar of all others, and where nobody knows who it was."""
    return {AGENT: [mark["user_id"]]} if mark.get("user_id") else {}


def by_agent(row: int, agents: Sequence[str | None]) -> Narrower:
    """A row of the agents' table; `agents`: their ids in its order, None where nobody knows who it was."""
    agent = agents[row] if 0 <= row < len(agents) else None
    return {AGENT: [agent]} if agent else {}


def _category(mark: dict[str, Any]) -> str | None:
    said = mark.get("category") or UNCLASSIFIED
    return said if said == UNCLASSIFIED or said in list(Category) else None


def clickable(name: str) -> str:
    """The key of something that can be clicked: another after each click, so that none lingers."""
    return f"{name}-{st.session_state.get(CLICKS, 0)}"


def on_mark(key: str, meaning: Callable[[dict[str, Any]], Narrower]) -> Callable[[], None]:
    """What a chart does when one of its marks is clicked."""
    return partial(_take_click, key, lambda selection: [meaning(mark) for mark in selection.get(MARK, [])])


def on_row(key: str, agents: Sequence[str | None]) -> Callable[[], None]:
    """What the agents' table does when a row is."""
    return partial(
        _take_click, key, lambda selection: [by_agent(row, agents) for row in selection.get("rows", [])]
    )


def _take_click(key: str, meanings: Callable[[Any], list[Narrower]]) -> None:
    selection = st.session_state[key].get("selection", {})
    for changes in meanings(selection)[:1]:
        _say(changes)
    st.session_state[CLICKS] = st.session_state.get(CLICKS, 0) + 1
