"""An error as an answer: RFC 9457 problems, `application/problem+json`."""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from core.errors import AppError, Invalid, NotFound, TooLarge, TooManyRequests, Unauthenticated
from core.http.schemas import Problem

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class MethodNotAllowed(AppError):
    code, status = "method_not_allowed", 405


class Internal(AppError):
    """Not something a person caused: a bug, known to them by its reference only."""

    code, status = "internal", 500


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)


def as_json(error: AppError) -> str:
    """Return the problem's JSON: its sentence in English, its code, its field, and what the error adds."""
    problem = {
        "type": f"urn:desfecho:problem:{error.code}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": error.status,
        "detail": error.message.format(**{name: _text(value) for name, value in error.params.items()}),
        "code": error.code,
    }
    if error.field:
        problem["field"] = error.field
    problem |= error.facts
    return json.dumps(problem, ensure_ascii=False, default=_text)


def response(error: AppError, headers: Mapping[str, str] | None = None) -> Response:
    sent = dict(headers or {})
    if isinstance(error, Unauthenticated):
        sent["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyRequests):
        sent["Retry-After"] = str(error.seconds)
    # a problem repeats what was sent, and must not fail on a lone surrogate in it
    return Response(as_json(error).encode("utf-8", "replace"), error.status, sent, MEDIA_TYPE)


def internal(request: Request, error: Exception) -> Response:
    """Log a bug with its trace; tell the person the reference under which it is found, and nothing else."""
    reference = uuid4()
    route = getattr(request.scope.get("route"), "path", "?")  # not the address, which can hold anything
    log.error("Internal error %s on %s %s", reference, request.method, route, exc_info=error)
    return response(
        Internal(
            "Something went wrong on our side. The reference is {reference}.",
            reference=reference,
            facts={"reference": reference},
        )
    )


# What FastAPI and Starlette raise -----------------------------------------------------------------

SENTENCES = {  # by pydantic's error type; the others are said in pydantic's own words
    "missing": "This field is missing.",
    "extra_forbidden": "There is no such field here.",
    "model_attributes_type": "A JSON object is due here.",
    "model_type": "A JSON object is due here.",
    "string_pattern_mismatch": "A key is 1 to 200 printable ASCII characters.",  # of Idempotency-Key alone
}


def of_validation(error: RequestValidationError) -> AppError:
    """Say the first thing wrong with a request."""
    wrong = error.errors()
    if any(each["loc"][0] == "path" for each in wrong):
        return NotFound("There is nothing at this address.")
    first = wrong[0]
    where, *inside = first["loc"]
    if first["type"] == "json_invalid":
        return Invalid("The body is not valid JSON: {why}.", why=first["ctx"]["error"])
    if where == "body" and not inside:
        if isinstance(first.get("input"), bytes):
            return Invalid("The body must be JSON, sent with Content-Type: application/json.")
        if first["type"] == "string_unicode":
            return Invalid("The body has a name that is no valid Unicode.")
        return Invalid("The body must be a JSON object.")
    field = ".".join(str(part) for part in inside)
    sentence = SENTENCES.get(first["type"]) or f"{first['msg']}."
    return Invalid("{input}: {sentence}", field=field, input=field, sentence=sentence)


def of_status(error: HTTPException) -> AppError:
    if error.status_code == 400:  # FastAPI could not read the body at all: broken UTF-8, endless nesting
        return Invalid("The body is not valid JSON in UTF-8.")
    if error.status_code == 405:
        return MethodNotAllowed("This address does not take that method.")
    if error.status_code == 413:
        return TooLarge("The body is too large.")
    return NotFound("There is nothing at this address.")


def _methods(request: Request) -> list[str]:
    """What the address takes: Starlette would name those of its first route alone."""
    asked = ({**request.scope, "method": method} for method in ("GET", "PATCH", "POST", "PUT"))
    routes = request.app.routes
    return [each["method"] for each in asked if any(route.matches(each)[0] is Match.FULL for route in routes)]


def answer_with_problems(api: FastAPI) -> None:
    """Let every error that a request causes be answered with a problem."""

    @api.exception_handler(AppError)
    async def _(_request: Request, error: AppError) -> Response:
        return response(error)

    @api.exception_handler(RequestValidationError)
    async def _(_request: Request, error: RequestValidationError) -> Response:
        return response(of_validation(error))

    @api.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> Response:
        allowed = {"Allow": ", ".join(_methods(request))} if error.status_code == 405 else None
        return response(of_status(error), allowed)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's description of the problems a route can answer with."""
    schema = Problem.model_json_schema()
    return {
        status: {"description": DESCRIPTIONS[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


DESCRIPTIONS = {
    401: "`unauthenticated`: no token, or one that is not known, has expired, or was revoked",
    403: "`not_permitted`: the rules do not let this user do it",
    404: "`not_found`",
    409: "`already_concluded`, `open_conversation_exists`, `concurrent_change` or `classification_off`",
    413: "`too_large`",
    422: "`invalid`; `field` names the input at fault",
    429: "`too_many_requests`; `Retry-After` says in how many seconds to ask again",
    503: "`unavailable`",
}
