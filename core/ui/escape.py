"""Making outside text inert where Streamlit reads Markdown: labels of buttons, radios, toasts, messages."""

import re
import unicodedata

MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")
# What Streamlit finds in text however it is escaped: addresses, its own logo, arrows and dashes.
FOUND = re.compile(
    r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)|(?<=:)(?=streamlit:)|(?<=[-<>~])(?=[-=>])", re.IGNORECASE
)
JOINER = "\u2060"  # unseen, and no place to break a line


def markdown(text: str | None) -> str:
    """The text so that Markdown shows it as it is, on one line."""
    one_line = " ".join(printable(text or "").split())
    return MARKDOWN.sub(r"\\\1", FOUND.sub(JOINER, one_line))


def printable(text: str) -> str:
    """The text without what reorders or hides its neighbours: bidirectional overrides, zero widths, controls."""
    return "".join(
        c if c in "\n\t\u200d" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else "\ufffd"
        for c in text
    )
