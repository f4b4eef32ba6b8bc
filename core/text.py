"""Languages: texts by gettext, numbers, dates and money by Babel.

The English sentence in the code is the key of a text; `core/locale/LANGUAGE/LC_MESSAGES/desfecho.po` says it in
another language. Catalogues are read as they are, so there is nothing to compile.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from gettext import c2py
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import (
    format_date,
    format_datetime,
    format_skeleton,
    format_time,
    format_timedelta,
    get_day_names,
)
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import (
    NumberFormatError,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_symbol,
    get_decimal_symbol,
    get_group_symbol,
    parse_decimal,
)

from core.errors import AppError, Invalid
from core.model import ArchivePreference, Category, Direction, Folder, Order, Role, Scope, ValueMode

UNITS = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1))
VALUE_CHARACTERS = re.compile(r"[0-9.,\s']+")

DOMAIN = "desfecho"
SOURCE_LANGUAGE = "en"

# What the screen speaks, each by its own name. The first letters are the browser's language.
LANGUAGES = {"pt_BR": "Português (Brasil)", "en": "English", "es": "Español"}


def language_for(browser: str | None, otherwise: str) -> str:
    """The language of a browser (`pt-PT`, `es-MX`, …), or `otherwise` where it is none of ours."""
    spoken = (browser or "")[:2].lower()
    return next((ours for ours in LANGUAGES if ours[:2] == spoken), otherwise)


def N_(message: str) -> str:
    """Mark a text for the catalogues where it is written down before the language is known."""
    return message


LABELS: dict[StrEnum, str] = {
    Folder.NEW: N_("New"),
    Folder.IN_PROGRESS: N_("In progress"),
    Folder.CONCLUDED: N_("Concluded"),
    Order.RECENT: N_("Most recent first"),
    Order.WAITING: N_("Waiting longest first"),
    Order.WINDOW: N_("Window closing first"),
    Category.ACHIEVED: N_("Goal achieved"),
    Category.LOST: N_("Goal lost"),
    Category.QUESTION: N_("Questions"),
    Category.OTHER: N_("Other"),
    ValueMode.NONE: N_("No value"),
    ValueMode.OPTIONAL: N_("Value optional"),
    ValueMode.REQUIRED: N_("Value required"),
    ArchivePreference.AFTER_12H: N_("Archive after 12 hours"),
    ArchivePreference.IMMEDIATELY: N_("Archive immediately"),
    Role.AGENT: N_("Agent"),
    Role.MANAGER: N_("Manager"),
    Role.ANALYST: N_("Analyst"),
    Role.ADMIN: N_("Administrator"),
    Role.SYSTEM: N_("System"),
    Direction.IN: N_("Received"),
    Direction.OUT: N_("Sent"),
    Scope.API: N_("everything its user may do"),
    Scope.MESSAGES: N_("posting messages"),
    Scope.SQL: N_("questions in SQL"),
}


@cache
def catalogue(language: str) -> Catalog | None:
    """The texts of a language; None for the one they are written in.

    Errors: `Invalid` where there are none.
    """
    if language == SOURCE_LANGUAGE:
        return None
    file = resources.files("core").joinpath("locale", language, "LC_MESSAGES", f"{DOMAIN}.po")
    if not file.is_file():
        raise Invalid("There are no texts in the language {language}.", field="language", language=language)
    with file.open("rb") as texts:
        return read_po(texts, locale=language, domain=DOMAIN)


@dataclass(frozen=True, slots=True)
class Text:
    """How one person reads: their language, and the time zone of their organisation."""

    language: str
    timezone: str

    def __call__(self, message: str, **params: Any) -> str:
        """The text in the person's language, with its placeholders filled in as the language writes them."""
        texts = catalogue(self.language)
        found = texts.get(message) if texts else None
        said = str(found.string) if found and found.string else message
        return said.format(**{name: self._said(value) for name, value in params.items()}) if params else said

    def n(self, one: str, many: str, n: int) -> str:
        """The text for `n` things; `{n}` in it is the number."""
        said = one if n == 1 else many
        texts = catalogue(self.language)
        if texts and (found := texts.get(one)):
            said = tuple(found.string or ())[_plural(texts.plural_expr)(n)]
        return said.format(n=self.number(n))

    def label(self, value: StrEnum) -> str:
        return self(LABELS[value])

    def error(self, error: AppError) -> str:
        """What went wrong, as a sentence."""
        return self(error.message, **error.params) if error.params else self(error.message)

    def _said(self, value: Any) -> str:
        if isinstance(value, datetime):
            return self.moment(value)
        if isinstance(value, StrEnum) and value in LABELS:
            return self.label(value)
        if isinstance(value, int):
            return self.number(value)
        return str(value)

    # Numbers and money

    @property
    def locale(self) -> Locale:
        return Locale.parse(self.language)

    def number(self, value: int | Decimal) -> str:
        return format_decimal(value, locale=self.locale)

    def money(self, value: Decimal, currency: str) -> str:
        """A value with exactly two decimals, whatever the currency is used to (R5)."""
        return format_currency(value, currency, locale=self.locale, currency_digits=False)

    def percent(self, share: float) -> str:
        """A share with one decimal: 12,3%."""
        return format_percent(share, "#,##0.0%", locale=self.locale)

    def currency_symbol(self, currency: str) -> str:
        return get_currency_symbol(currency, locale=self.locale)

    def value_example(self) -> str:
        """Nothing, as the language writes money: 0,00."""
        return f"0{get_decimal_symbol(self.locale)}00"

    def typed_value(self, value: Decimal) -> str:
        """A value as somebody would type it: 1234,56."""
        return f"{value:.2f}".replace(".", get_decimal_symbol(self.locale))

    def read_value(self, typed: str) -> str:
        """What somebody typed as money, 1.234,56, as the decimal string that commands take: 1234.56.

        Errors: `Invalid`, showing how a value is written.
        """
        try:
            if not VALUE_CHARACTERS.fullmatch(typed.strip()):  # parse_decimal also takes NaN and 1e3
                raise NumberFormatError(typed)
            return f"{parse_decimal(typed.strip(), locale=self.locale, strict=True):f}"
        except NumberFormatError:
            raise Invalid(
                "Write the value as {example}.",
                field="value",
                example=format_decimal(Decimal("1234.56"), locale=self.locale),
            ) from None

    # Time

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def moment(self, at: datetime) -> str:
        return format_datetime(at, "short", tzinfo=self.zone, locale=self.locale)

    def time(self, at: datetime) -> str:
        return format_time(at, "short", tzinfo=self.zone, locale=self.locale)

    def day(self, at: datetime) -> str:
        return format_date(self.local_day(at), "full", locale=self.locale)

    def local_day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def calendar_day(self, day: date) -> str:
        return format_date(day, "medium", locale=self.locale)

    def short_day(self, day: date) -> str:
        return format_skeleton("MMMd", day, locale=self.locale)

    def month(self, day: date) -> str:
        return format_skeleton("yMMM", day, locale=self.locale)

    def weekday(self, number: int) -> str:
        """1: Monday … 7: Sunday."""
        return str(get_day_names("wide", "stand-alone", self.locale)[number - 1])

    def separators(self) -> tuple[str, str]:
        """What stands before decimals, and between thousands."""
        return get_decimal_symbol(self.locale), get_group_symbol(self.locale)

    def duration(self, seconds: float) -> str:
        """How long something took, in its two largest units, whose signs are the same everywhere: 1 h 25 min."""
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
        first = next((n for n, (count, _) in enumerate(parts) if count), 3)
        said = [f"{self.number(count)} {unit}" for count, unit in parts[first : first + 2] if count]
        return " ".join(said) or "0 s"

    def when(self, at: datetime, now: datetime) -> str:
        """A moment as short as a list wants it: the time today, the day before that."""
        if self.local_day(at) == self.local_day(now):
            return self.time(at)
        return format_date(self.local_day(at), "short", locale=self.locale)

    def span(self, length: timedelta) -> str:
        """A length of time in its largest whole unit, rounded down: 3 horas."""
        unit = next((unit for unit in UNITS if length >= unit), UNITS[-1])
        return format_timedelta(unit * max(1, length // unit), threshold=1, locale=self.locale)


@cache
def _plural(expression: str) -> Callable[[int], int]:
    """Which of a language's forms goes with a number, from the expression of its catalogue."""
    form: Callable[[int], int] = c2py(expression)
    return form
