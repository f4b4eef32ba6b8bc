"""The operational store: the truth about conversations, in DuckDB.

`Desk` opens it and runs transactions; the modules beside it hold the statements, one module a noun.
"""

from core.desk.store import Desk
from core.desk.transaction import Transact, Tx

__all__ = ["Desk", "Transact", "Tx"]
