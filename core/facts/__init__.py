"""The analytical store: derived from the desk, disposable, without texts, names or addresses of contacts."""

from core.facts.store import Facts

__all__ = ["Facts"]
