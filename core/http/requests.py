"""What a route is given: the application, who is asking, and for commands the way to answer once."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from core import rules, services
from core.application import Application
from core.desk import Tx, idempotency, people
from core.errors import AppError, ConcurrentChange, Invalid, Unauthenticated
from core.http import problems
from core.http.limits import Limits
from core.ids import secret_hash
from core.model import Caller

bearer = HTTPBearer(auto_error=False, description="A token; it acts as its user.")


async def _application(request: Request) -> Application:
    opened: Application = request.app.state.application()
    return opened


Opened = Annotated[Application, Depends(_application)]


async def _caller(
    request: Request,
    application: Opened,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Caller:
    limits: Limits = request.app.state.limits
    try:
        if credentials is None:
            raise Unauthenticated("This needs a token: Authorization: Bearer TOKEN.")
        caller = await _sent_by(credentials.credentials, application)
    except Unauthenticated:
        await limits.failed(request.client.host if request.client else "")
        raise
    await limits.asked(secret_hash(credentials.credentials), int(application.settings.requests_per_minute))
    return caller


async def _sent_by(token: str, application: Application) -> Caller:
    """Who sent it: mostly known at once, without a thread to change to and from."""
    now = application.clock()
    caller = services.authenticate_at_once(application.desk, token, now=now)
    if caller is None:
        caller = await run_in_threadpool(services.authenticate, application.desk, token, now=now)
    return caller


Asking = Annotated[Caller, Depends(_caller)]

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="The same request with the same key, within 7 days, gets the first answer again.",
        pattern="^[ -~]{1,200}$",
    ),
]


@dataclass(frozen=True, slots=True)
class Command:
    """A request that changes something. `answer` runs it, and runs it once for an Idempotency-Key (R14)."""

    application: Application
    caller: Caller
    now: datetime
    route: str
    key: str | None
    request_hash: str

    def answer(self, work: Callable[[Tx], BaseModel], status: int = 200) -> Response:
        """Run `work` and answer what it returns; the answer is kept in the transaction of what it did."""

        def once(tx: Tx) -> Response:
            if self.key is None:
                return _response(work(tx).model_dump_json(), status)
            since = self.now - rules.IDEMPOTENCY_KEPT
            # Whoever may do less by now, or comes with a token for something else, is judged anew.
            user = people.user(tx, self.caller.user_id)
            route = f"{self.route} {self.caller.scope} {user and user.active and user.role}"
            if first := idempotency.answer(tx, self.caller.user_id, route, self.key, since):
                return self._again(*first)
            try:
                kept, body = status, work(tx).model_dump_json()
            except (ConcurrentChange, Unauthenticated):
                raise  # another time it may be answered otherwise
            except AppError as error:
                kept, body = error.status, problems.as_json(error)
            self._keep(tx, route, kept, body)
            return _response(body, kept)

        return self.application.desk.transact(once)

    def _again(self, request_hash: str, status: int, body: str) -> Response:
        if request_hash != self.request_hash:
            raise Invalid(
                "This Idempotency-Key was already used for a request with another body.",
                field="Idempotency-Key",
            )
        return _response(body, status, {"Idempotent-Replayed": "true"})

    def _keep(self, tx: Tx, route: str, status: int, body: str) -> None:
        assert self.key is not None
        user: UUID = self.caller.user_id
        idempotency.keep(tx, user, route, self.key, self.request_hash, status, body, self.now)


def _response(body: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, headers, "application/json" if status < 400 else problems.MEDIA_TYPE)


async def _command(
    request: Request, application: Opened, caller: Asking, key: IdempotencyKey = None
) -> Command:
    return Command(
        application=application,
        caller=caller,
        now=application.clock(),
        route=f"{request.method} {request.scope['path']}",
        key=key,
        request_hash=_hash(await request.body()),
    )


Changing = Annotated[Command, Depends(_command)]


def _hash(body: bytes) -> str:
    """What two bodies that say the same have in common, whatever their spaces and the order of their members."""
    with suppress(ValueError, RecursionError):  # a route without a body may be sent anything
        body = json.dumps(json.loads(body), sort_keys=True).encode()
    return hashlib.sha256(body).hexdigest()
