"""The outcomes page: what is asked stands in the address, what is answered comes from the reports."""

from typing import Any, Literal

import pandas as pd
import streamlit as st

from core.reports import outcomes as reports
from core.reports import trends
from core.reports.filter import ReportFilter
from core.reports.metrics import METRICS, Metric, Unit, shown, wilson
from core.text import Text
from core.ui import escape, outcome_details, outcome_filters
from core.ui.session import Session


def filters(session: Session) -> ReportFilter:
    """What is asked, of facts that know everything up to now: what can be chosen comes from them too."""
    facts = session.application.facts
    facts.catch_up(session.desk)
    return outcome_filters.filters(session)


def figures(session: Session, chosen: ReportFilter) -> bool:
    """The figures with how they moved, and their change from another period; False where there is nothing to tell."""
    text, facts = session.text, session.application.facts
    now_is = reports.figures(facts, chosen)
    if not now_is["conclusions"]:
        head, rest = text("No conclusions in this period"), text("Choose another period, or fewer filters.")
        st.html(f'<div class="df-empty"><strong>{head}</strong>{rest}</div>')
        return False
    against = outcome_filters.compared_with(chosen)
    before = reports.figures(facts, against)
    moved = trends.lines(trends.figures_over_time(facts, chosen))
    with st.container(horizontal=True, key="figures"):
        for metric in METRICS:
            value, was = metric.of(now_is), metric.of(before)
            change = _change(value, was, metric.unit, text)
            with st.container(border=True, gap="xsmall", key=f"figure-{metric.name}"):
                st.metric(
                    text(metric.label),
                    shown(value, metric.unit, text, chosen.currency),
                    change,
                    delta_color=_colour(metric, change),
                    delta_arrow="auto" if change and change[0] in "+-" else "off",
                    help=text(metric.definition),
                    chart_data=moved[metric.name] if len(moved[metric.name]) > 1 else None,
                )
                outcome_details.button(session, metric.name)
    notes = [
        text(
            "Compared with {since} to {until}.",
            since=text.calendar_day(against.since),
            until=text.calendar_day(against.until),
        )
    ]
    if interval := wilson(now_is["achieved"], now_is["achieved"] + now_is["lost"]):
        low, high = (text.percent(end) for end in interval)
        notes.append(
            text("The achieved rate is between {low} and {high}, with 95 % confidence.", low=low, high=high)
        )
    if waiting := reports.may_reopen(facts, chosen, now=session.now):
        notes.append(
            text.n(
                "{n} conclusion may still come back.",
                "{n} conclusions may still come back.",
                waiting,
            )
        )
    st.caption(escape.markdown(" ".join(notes)))
    outcome_details.show(session, chosen)
    return True


def _change(value: Any, was: Any, unit: Unit, text: Text) -> str | None:
    """How a figure moved: shares by points, the others by their share; without a sign where that rounds to nothing."""
    if value is None or was is None or pd.isna(value) or pd.isna(was) or (unit is not Unit.SHARE and not was):
        return None
    moved = float(value - was) if unit is Unit.SHARE else float(value) / float(was) - 1
    said = text.percent(abs(moved))
    sign = "" if said == text.percent(0) else "-" if moved < 0 else "+"
    return sign + (text("{points} pp", points=said.rstrip("%").strip()) if unit is Unit.SHARE else said)


def _colour(metric: Metric, change: str | None) -> Literal["normal", "inverse", "off"]:
    """Green where it got better, red where worse, grey where neither can be said."""
    if not change or change[0] not in "+-":
        return "off"
    return {1: "normal", -1: "inverse"}.get(metric.more_is, "off")  # type: ignore[return-value]


def footnote(session: Session) -> None:
    st.caption(
        session.text("A past day changes when one of its conclusions is edited or comes back. Days are of {zone}.",
                     zone=session.organisation.timezone)
    )  # fmt: skip
