"""Who is using it.

Signed in with OpenID Connect (`DESFECHO_AUTH=oidc`): whom the session in the cookie belongs to. In the demonstration
(`demo`): whoever sits at this machine acts as any active user.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core import services
from core.desk import Desk, people
from core.model import Caller, Role, User
from core.services import Standing
from core.settings import Settings

FIRST_TO_BE = (Role.AGENT, Role.MANAGER, Role.ADMIN, Role.ANALYST)
CALLBACK = "/oauth2callback"


def provider(settings: Settings) -> dict[str, Any] | None:
    """What Streamlit is to know of the provider; None where nobody signs in."""
    if not settings.oidc:
        return None
    return {
        "auth": {
            "redirect_uri": settings.origin + CALLBACK,
            "cookie_secret": cookie_secret(settings),
            "client_id": settings.oidc_client_id,
            "client_secret": settings.oidc_client_secret,
            "server_metadata_url": settings.oidc_metadata_url,
        }
    }


def cookie_secret(settings: Settings) -> str:
    """What signs cookies: nothing to keep anywhere, and another one where the client's secret is."""
    return hmac.digest(settings.oidc_client_secret.encode(), b"desfecho cookies", hashlib.sha256).hex()


def signed_in(desk: Desk, settings: Settings, cookie: Mapping[str, Any], now: datetime) -> User | Standing:
    """Who comes with this cookie, as they are now, or why nobody."""
    if refused := cookie.get("refused"):
        return Standing(refused)
    if key := cookie.get("session"):
        return services.signed_in(desk, key, settings.session_lasts, now=now)
    return Standing.SIGNED_OUT


def people_to_be(desk: Desk) -> list[User]:
    """Everybody somebody can act as in the demonstration, agents first."""
    active = [user for user in desk.read(people.users) if user.active and user.email]
    return sorted(active, key=lambda user: FIRST_TO_BE.index(user.role))


def act_as(chosen: User) -> Caller:
    """The demonstration's sign-in: what was chosen is who it is."""
    return Caller(chosen.id)
