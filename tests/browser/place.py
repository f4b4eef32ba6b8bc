"""A server of a test module's own, and where to look at it as whom."""

from dataclasses import dataclass

from core.model import User
from tests.server import Server


@dataclass(frozen=True)
class Place:
    server: Server
    people: dict[str, User]
    opened: dict[str, object]  # conversations by what the tests call them

    def address(self, who: str, path: str = "", conversation: str | None = None) -> str:
        """A page as somebody sees it, with a conversation opened or without."""
        opened = f"&c={self.opened[conversation]}" if conversation else ""
        return f"{self.server.url}/{path}?as={self.people[who].id}{opened}"
