"""How much a question may take, and what is said when it is more."""

from dataclasses import dataclass

from core.text import N_

WORKERS = 2
MEGABYTE = 2**20
LONGEST = 100_000  # characters of a question
OTHERS = 336  # megabytes of what is no worker: the analysts' process itself, and a worker that takes the place of another
LARGEST_ANSWER = 128  # megabytes, to the query page and the command line

TOO_WORDY = N_("The question is longer than {characters} characters.")
TOO_LONG = N_("The question took longer than {seconds} seconds and was stopped.")
TOO_MUCH = N_("The question needs more memory than it may have. Ask for less at once.")
TOO_LARGE = N_("The answer is larger than {megabytes} MB. Ask for fewer rows or columns.")
STOPPED = N_("The question was stopped.")
ENDED = N_("The question was ended with the process it ran in. If it happens again, ask for less at once.")
BUSY = N_("Too many questions are being answered. Ask again in a moment.")
LATE = N_("The answers for analysts are starting anew. Ask again in a moment.")


@dataclass(frozen=True, slots=True)
class Limits:
    seconds: float  # of a question
    memory: int  # megabytes of all of the analysts' processes together

    @property
    def share(self) -> int:
        """A worker's memory, in megabytes."""
        return (self.memory - OTHERS) // WORKERS
