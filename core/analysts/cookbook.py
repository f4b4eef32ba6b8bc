"""Questions that managers ask, worked out in SQL: to read, to ask as they are, and to begin one's own with.

Each is a file of `recipes/`, one SELECT over schema `analytics`. What it tells is said here, for the page and for
docs/cookbook.md (`make reference` writes that anew).
"""

from dataclasses import dataclass

from core.shipped import shipped
from core.text import N_


@dataclass(frozen=True, slots=True)
class Recipe:
    """A question. `title` and `meaning` (what it tells, and how to read it) are English, for `Text` to translate."""

    name: str
    title: str
    meaning: str

    @property
    def sql(self) -> str:
        """One SELECT, without a semicolon; it names no parameters."""
        return shipped("core.analysts", f"recipes/{self.name}.sql").strip()


RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "achieved_rate_by_month", N_("Achieved rate by month"),
        N_("Of what ended as achieved or lost, how much was achieved. In 95 of 100 cases the true rate is between at_least and at_most: two months whose intervals overlap widely may well be alike."),
    ),
    Recipe(
        "achieved_rate_by_reason_and_month", N_("Achieved rate by reason and month"),
        N_("What the rate of a month is made of. A reason belongs to one category and has no rate of its own, so each is shown with its share of all that was achieved or lost: the shares of the achieved ones add up to the rate, those of the lost ones to the rest."),
    ),
    Recipe(
        "achieved_rate_by_agent", N_("Achieved rate by agent"),
        N_("Agents beside the rate of the team. Only who is outside the interval is called above or below, which of twenty alike happens to one by chance; of fewer than 30 nothing is said. Who answers harder questions looks worse without being worse."),
    ),
    Recipe(
        "achieved_rate_by_channel", N_("Achieved rate by channel"),
        N_("Of what ended as achieved or lost on each channel, how much was achieved, and between which bounds the true rate is in 95 of 100 cases."),
    ),
    Recipe(
        "categories_this_month_and_before", N_("Categories, this month and the month before"),
        N_("The share of each category in the final conclusions of this month so far and of the whole month before. A change of 0.05 is five percentage points."),
    ),
    Recipe(
        "seven_day_average", N_("Conclusions, seven-day average"),
        N_("How many conclusions a day had, and the average of it and the six days before, which is free of the rhythm of the week. Drawn as a line it shows where things are going."),
    ),
    Recipe(
        "weekday_by_hour", N_("Conclusions by weekday and hour"),
        N_("When conversations are concluded. on_each_such_day is the average of the days on which that hour had any: it tells how many agents an hour needs, the sum tells how often it matters."),
    ),
    Recipe(
        "pareto_of_reasons", N_("The few reasons behind most conclusions"),
        N_("Reasons by frequency, with the share they reach together. Read down to where cumulative_share passes 0.8: those above are worth an answer prepared in advance."),
    ),
    Recipe(
        "main_reasons_of_each_agent", N_("Each agent's three main reasons"),
        N_("What each agent's final conclusions are mostly about, as a share of all they classified. An agent whose list looks unlike the others' has other work, or other habits of classifying."),
    ),
    Recipe(
        "reasons_unused_for_90_days", N_("Reasons that nobody used for 90 days"),
        N_("Reasons still offered that no classification named lately: candidates for retiring. last_used_at is empty where one was never used; it may also be new."),
    ),
    Recipe(
        "value_by_month_and_currency", N_("Value achieved and lost, by month and currency"),
        N_("What achieved goals are worth and lost ones would have been. Currencies stand in rows of their own and are never added. achieved_share is of the money, so a few large ones decide it."),
    ),
    Recipe(
        "value_achieved_so_far", N_("Value achieved so far in the month"),
        N_("A running total that begins anew with each month and currency. Drawn with a colour for each month it shows if this month is ahead of the others."),
    ),
    Recipe(
        "value_lost_by_reason", N_("Value lost by reason"),
        N_("What lost goals would have been worth, of those whose value is known. The median tells if a reason loses much by many small ones or by a few large ones."),
    ),
    Recipe(
        "edits_that_moved_value", N_("Edits that moved value"),
        N_("Conclusions whose classification was changed so that money counts elsewhere or otherwise than at first: another amount, category or currency. The largest difference comes first; where there is none to tell, the cell is empty."),
    ),
    Recipe(
        "first_and_last_category", N_("First and last category"),
        N_("Of the classifications that were changed, from which category to which. Where the two are the same the reason or the value was corrected. share_of_first is of all changed ones that began in that category."),
    ),
    Recipe(
        "never_classified_by_agent", N_("Conclusions never classified, by agent"),
        N_("How many conclusions have no reason, and how long ago they were made. The latest can still be classified by whoever concluded; many old ones say that the figures of outcomes leave something out."),
    ),
    Recipe(
        "time_to_conclusion", N_("Time to conclusion by category and channel"),
        N_("Half of the conclusions took at most median_minutes, nine of ten at most p90_minutes, counted from the opening or the reopening. Where the second is many times the first, a few wait very long."),
    ),
    Recipe(
        "time_to_reopening", N_("Time to reopening"),
        N_("How long after the conclusion conversations came back, by what brought them back. A contact's message reopens within 12 hours only; later ones were recovered by hand or come from an import."),
    ),
    Recipe(
        "reopened_within_12_hours_by_agent", N_("Reopened within 12 hours, by agent"),
        N_("Which share of each agent's conclusions came back within 12 hours. Those whose 12 hours are still running can still come back and are counted apart. Of fewer than 30, marked few, a share says little."),
    ),
    Recipe(
        "reasons_that_come_back", N_("Reasons that come back most"),
        N_("After which reasons conversations are reopened, and half of them within how many hours. A reason that often comes back may be concluded too early. Of fewer than 30, marked few, a share says little."),
    ),
    Recipe(
        "may_still_reopen", N_("Conclusions that may still reopen"),
        N_("Whose conclusions a message of the contact would reopen at the moment of as_of, how many of them are achieved goals, and when the first and the last of them are archived. Today's figures can change by so many."),
    ),
    Recipe(
        "window_of_24_hours", N_("What a window of 24 hours would have changed"),
        N_("Contacts who began a new conversation more than 12 and up to 24 hours after a conclusion would have come back to the one they had. A conversation that the team itself began is among them, and one that is still open is not."),
    ),
    Recipe(
        "archived_immediately", N_("Contacts who wrote again after archiving immediately"),
        N_("Of the conclusions archived at once, how many contacts began a new conversation within 12 hours: with the other preference they would have come back to the same agent. A conversation still open is not counted yet."),
    ),
    Recipe(
        "conversations_concluded_three_times", N_("Conversations concluded three times or more"),
        N_("Conversations that do not come to an end, with all their endings in order and the hours spent on them. Worth reading one by one."),
    ),
    Recipe(
        "contacts_with_most_conclusions", N_("Contacts with most conclusions"),
        N_("Who comes most often, without saying who: a contact is a key here. Many conclusions of few conversations are one matter that kept coming back, many conversations a faithful customer or an unsolved problem."),
    ),
)  # fmt: skip
