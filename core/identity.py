"""Who is using it: the seam where real sign-in comes later.

Today there is the demonstration (`DESFECHO_AUTH=demo`): whoever sits at this machine acts as any active user.
"""

from core.desk import Desk, people
from core.model import Caller, Role, User

FIRST_TO_BE = (Role.AGENT, Role.MANAGER, Role.ADMIN, Role.ANALYST)


def people_to_be(desk: Desk) -> list[User]:
    """Everybody somebody can act as in the demonstration, agents first."""
    active = [user for user in desk.read(people.users) if user.active and user.email]
    return sorted(active, key=lambda user: FIRST_TO_BE.index(user.role))


def act_as(chosen: User) -> Caller:
    """The demonstration's sign-in: what was chosen is who it is."""
    return Caller(chosen.id)
