"""The text files that come with the code: SQL, scripts, style sheets."""

from functools import cache
from importlib import resources


@cache
def shipped(package: str, name: str) -> str:
    """The text of a file beside the modules of `package`, read once."""
    return resources.files(package).joinpath(name).read_text("utf-8")
