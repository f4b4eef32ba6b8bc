"""Where platforms deliver messages to. They act as `system` (R20)."""

import hmac
import json
import logging
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import PlainTextResponse

from core import services
from core.errors import Invalid, NotPermitted, Unauthenticated
from core.http import whatsapp
from core.http.problems import documented
from core.http.requests import Opened
from core.http.schemas import Taken
from core.model import SYSTEM, Outcome

log = logging.getLogger(__name__)

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


@router.get("/whatsapp", response_class=PlainTextResponse, responses=documented(403))
def verify(
    application: Opened,
    mode: Annotated[str, Query(alias="hub.mode")] = "",
    token: Annotated[str, Query(alias="hub.verify_token")] = "",
    challenge: Annotated[str, Query(alias="hub.challenge")] = "",
) -> str:
    """Meta's verification handshake."""
    expected = application.settings.whatsapp_verify_token
    if mode != "subscribe" or not expected or not hmac.compare_digest(token.encode(), expected.encode()):
        raise NotPermitted("The verification token does not match.")
    return challenge


async def _raw(request: Request) -> bytes:
    return await request.body()


@router.post(
    "/whatsapp",
    responses=documented(401, 413, 422, 503),
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    },
)
def deliver(
    application: Opened,
    raw: Annotated[bytes, Depends(_raw)],
    signature: Annotated[
        str, Header(alias="X-Hub-Signature-256", description="`sha256=`, and the HMAC of the body in hex")
    ] = "",
) -> Taken:
    """A signed delivery. A message that cannot be taken is skipped; the others are taken, each once."""
    if not whatsapp.signed(application.settings.whatsapp_app_secret, raw, signature):
        raise Unauthenticated("The signature does not match.")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise Invalid("The body is not valid JSON in UTF-8.") from None
    taken = Taken()
    for delivered in whatsapp.parse(body):
        try:
            done = services.receive_message(
                application.desk, SYSTEM, delivered.message, now=application.clock()
            )
        except Invalid as error:  # its sentence before the filling in: no text, name or phone is in the log
            log.warning("WhatsApp %s skipped: %s: %s", delivered.kind, error.field, error.message)
            taken.skipped += 1
            continue
        if done.outcome is Outcome.DUPLICATE:
            taken.duplicates += 1
        else:
            taken.received += 1
    return taken
