"""The outcomes page: what is asked stands in the address, what is answered comes from the reports."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from core import rules, services
from core.model import Category
from core.reports import outcomes as reports
from core.reports.filter import UNCLASSIFIED, ReportFilter
from core.reports.metrics import FEW, METRICS, NOTHING, Unit, shown, wilson
from core.text import N_, Text
from core.ui import chat, escape
from core.ui.session import Session

PERIOD, SINCE, UNTIL, CATEGORY, AGENT, ALL = "p", "from", "to", "category", "agent", "all"  # in the address
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
ROWS_SHOWN = 12
EARLIEST, AHEAD = rules.EARLIEST.date(), timedelta(days=366)  # what days can be asked about


# What is asked -------------------------------------------------------------------------------------


def asked(session: Session) -> ReportFilter:
    """The filter that the address says; what it cannot mean is left out."""
    organisation = services.outcomes_for(session.desk, session.caller)
    address = st.query_params
    since, until = _period(address.to_dict(), session.text.local_day(session.now))
    categories = [c for c in address.get_all(CATEGORY) if c == UNCLASSIFIED or c in list(Category)]
    agents = []
    for said in address.get_all(AGENT):
        try:
            agents.append(UUID(said))
        except ValueError:
            continue
    return ReportFilter(
        since, until, organisation.currency, tuple(categories), agents=tuple(agents), final=ALL not in address
    )


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


def filters(session: Session) -> ReportFilter:
    """The row of filters; a choice goes into the address, so that a view is a link."""
    text = session.text
    chosen = asked(session)
    said = st.query_params.get(PERIOD, USUAL)
    with st.container(horizontal=True, vertical_alignment="bottom", key="outcome-filters"):
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
        _choice(
            "categories", list(chosen.categories),
            lambda key: st.multiselect(
                text("Category"), [*Category, UNCLASSIFIED], key=key, placeholder=text("All categories"), width=280,
                format_func=lambda c: text.label(Category(c)) if c else text("Not classified"),
                on_change=_take_many, args=(key, CATEGORY),
            ),
        )  # fmt: skip
        names = {
            str(u.id): escape.printable(u.name) for u in services.list_users(session.desk, session.caller)
        }
        _choice(
            "agents", [str(agent) for agent in chosen.agents if str(agent) in names],
            lambda key: st.multiselect(
                text("Agent"), list(names), key=key, placeholder=text("All agents"), width=280,
                format_func=names.__getitem__, on_change=_take_many, args=(key, AGENT),
            ),
        )  # fmt: skip
        _choice(
            "final", chosen.final,
            lambda key: st.toggle(
                text("Final ones only"), key=key, on_change=_take_final, args=(key,),
                help=text("Where a conversation came back, only its last end counts in categories, rates and values."),
            ),
        )  # fmt: skip
    return chosen


def _choice(name: str, value: Any, draw: Callable[[str], Any]) -> None:
    """A widget that shows what the address says."""
    key = f"outcomes-{name}"
    st.session_state[key] = value
    draw(key)


def _take_period(key: str, before: ReportFilter) -> None:
    said = st.session_state[key]
    st.query_params[PERIOD] = said
    for name, day in ((SINCE, before.since), (UNTIL, before.until)):
        if said == FREE:
            st.query_params[name] = day.isoformat()
        else:
            st.query_params.pop(name, None)


def _take_days(key: str) -> None:
    days = st.session_state[key]
    if isinstance(days, tuple) and len(days) == 2:  # between the two clicks there is one
        st.query_params[SINCE], st.query_params[UNTIL] = (day.isoformat() for day in days)


def _take_many(key: str, name: str) -> None:
    chosen = list(st.session_state[key])
    if chosen:
        st.query_params[name] = chosen
    else:
        st.query_params.pop(name, None)


def _take_final(key: str) -> None:
    if st.session_state[key]:
        st.query_params.pop(ALL, None)
    else:
        st.query_params[ALL] = "1"


# What is answered ----------------------------------------------------------------------------------


def figures(session: Session, chosen: ReportFilter) -> bool:
    """The figures with their change from the period before; False where there is nothing to tell."""
    text, facts = session.text, session.application.facts
    facts.catch_up(session.desk)
    now_is = reports.figures(facts, chosen, now=session.now)
    if not now_is["conclusions"]:
        head, rest = text("No conclusions in this period"), text("Choose another period, or fewer filters.")
        st.html(f'<div class="df-empty"><strong>{head}</strong>{rest}</div>')
        return False
    before = reports.figures(facts, chosen.before(), now=session.now)
    with st.container(horizontal=True, key="figures"):
        for metric in METRICS:
            value, was = metric.of(now_is), metric.of(before)
            st.metric(
                text(metric.label),
                shown(value, metric.unit, text, chosen.currency),
                _change(value, was, metric.unit, text),
                delta_color={1: "normal", -1: "inverse", 0: "off"}[metric.more_is],  # type: ignore[arg-type]
                help=text(metric.definition),
                border=True,
                width="stretch",
            )
    notes = [text("Compared with the {days} days before.", days=chosen.days)]
    if interval := wilson(now_is["achieved"], now_is["achieved"] + now_is["lost"]):
        low, high = (text.percent(end) for end in interval)
        notes.append(
            text("The achieved rate is between {low} and {high}, with 95 % confidence.", low=low, high=high)
        )
    if now_is["may_reopen"]:
        notes.append(
            text.n(
                "{n} conclusion may still come back.",
                "{n} conclusions may still come back.",
                now_is["may_reopen"],
            )
        )
    st.caption(escape.markdown(" ".join(notes)))
    return True


def _change(value: Any, was: Any, unit: Unit, text: Text) -> str | None:
    """How a figure moved: shares by points, the others by their share."""
    if value is None or was is None or pd.isna(value) or pd.isna(was):
        return None
    if unit is Unit.SHARE:
        points = text.percent(abs(value - was)).rstrip("%").strip()
        moved = value - was
        said = text("{points} pp", points=points)
    elif not was:
        return None
    else:
        moved = float(value) / float(was) - 1
        said = text.percent(abs(moved))
    return f"{'-' if moved < 0 else '+'}{said}"


def over_time(session: Session, chosen: ReportFilter) -> None:
    text = session.text
    st.subheader(text("Outcomes over time"), anchor=False)
    found = reports.outcomes_over_time(session.application.facts, chosen)
    entries = "".join(
        f'<li><i style="background:{colour}"></i>{chat.plain(name)}</li>'
        for name, colour in zip(*reports.categories(text), strict=True)
    )
    st.html(f'<ul class="df-legend">{entries}</ul>')
    st.altair_chart(reports.outcomes_over_time_chart(found, text, chosen.step), width="stretch")
    with st.expander(text("As a table"), icon=":material/table:"):
        wide = found.assign(
            category=[reports.category_name(category, text) for category in found["category"]],
            period=[text.calendar_day(period) for period in found["period"]],
        ).pivot_table(index="period", columns="category", values="conclusions", sort=False)
        st.dataframe(wide.astype(int).rename_axis(text("Day") if chosen.step == "day" else text("From")))


def by_reason(session: Session, chosen: ReportFilter) -> None:
    text = session.text
    st.subheader(text("Reasons"), anchor=False)
    found = reports.outcomes_by_reason(session.application.facts, chosen)
    with_any = [category for category in Category if (found["category"] == category).any()]
    if not with_any:
        st.caption(text("Nothing was classified."))
        return
    for pair in (with_any[:2], with_any[2:]):
        for category, column in zip(pair, st.columns(2), strict=False):
            with column:
                rows = found[found["category"] == category]
                total = text.number(int(rows["conclusions"].sum()))
                st.markdown(f"**{escape.markdown(reports.category_name(category, text))}** · {total}")
                st.altair_chart(reports.outcomes_by_reason_chart(found, category, text), width="stretch")
    with st.expander(text("As a table"), icon=":material/table:"):
        st.dataframe(
            pd.DataFrame(
                {
                    text("Category"): [
                        reports.category_name(category, text) for category in found["category"]
                    ],
                    text("Reason"): found["reason"],
                    text("Conclusions"): found["conclusions"],
                    text("Share"): [text.percent(share) for share in found["share"]],
                    text("With those before"): [text.percent(share) for share in found["cumulative"]],
                    text("Value"): [text.money(value, chosen.currency) for value in found["value"]],
                }
            ),
            hide_index=True,
        )


def by_agent(session: Session, chosen: ReportFilter) -> None:
    """Side by side, not ranked; where a rate is of few, it says so."""
    text = session.text
    st.subheader(text("Agents"), anchor=False)
    found = reports.outcomes_by_agent(session.application.facts, chosen)

    def rate(row: Any) -> str:
        if not row.decided:
            return NOTHING
        said = f"{text.percent(row.achieved_rate)} ({text.percent(row.low)}–{text.percent(row.high)})"
        return " · ".join((said, text("few"))) if row.decided < FEW else said

    st.dataframe(
        pd.DataFrame(
            {
                text("Agent"): [name or text("Unknown") for name in found["name"]],
                text("Conclusions"): found["conclusions"],
                text("Classified"): [text.percent(share) for share in found["classified_share"]],
                text("Achieved rate"): [rate(row) for row in found.itertuples()],
                text("Value achieved"): [text.money(value, chosen.currency) for value in found["value"]],
                text("Came back"): [text.percent(share) for share in found["reopened_share"]],
            }
        ),
        hide_index=True,
        height="content" if len(found) <= ROWS_SHOWN else 36 * ROWS_SHOWN,
    )
    st.caption(
        text("In brackets, where the true rate lies in 95 of 100 cases. few: fewer than {n} decided.", n=FEW)
    )


def footnote(session: Session) -> None:
    st.caption(
        session.text("A past day changes when one of its conclusions is edited or comes back. Days are of {zone}.",
                     zone=session.organisation.timezone)
    )  # fmt: skip
