"""Analysts' questions in SQL, answered by processes of their own on copies of the facts.

In the application: `service`. In the analysts' process: `__main__`, `pool`, `door` (Quack), `inside` (the application).
In a worker: `worker`, `guard`. As a process once: `snapshot`.
"""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

ABOUT = "X-Answer"  # the header in which the process says, as JSON, what is not in the Arrow stream


@dataclass(frozen=True, slots=True)
class Answer:
    """A question's result. `more`: there are rows besides these; `as_of`: the moment of the data, UTC."""

    table: pa.Table
    more: bool
    seconds: float
    as_of: datetime | None
