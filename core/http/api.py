"""The HTTP application. app.py mounts it beside the pages, its paths unchanged."""

import logging
from collections.abc import Callable

from fastapi import APIRouter, FastAPI, Request
from fastapi_offline import FastAPIOffline

from core import services
from core.application import Application
from core.errors import Unavailable
from core.http import problems, routes, webhooks
from core.http.limits import Limits
from core.http.middleware import Apology, BodyLimit
from core.http.schemas import Health
from core.model import SYSTEM

log = logging.getLogger(__name__)

health = APIRouter(tags=["health"])


@health.get("/healthz")
async def alive() -> Health:
    """The process is alive."""
    return Health()


@health.get("/readyz", responses=problems.documented(503))
def ready(request: Request) -> Health:
    """The desk can be read."""
    try:
        services.get_organisation(request.app.state.application().desk, SYSTEM)
    except Exception as error:  # whatever it is, who asks this wants a yes or a no
        log.exception("The desk cannot be read")
        raise Unavailable("The desk cannot be read.") from error
    return Health()


def create_api(application: Callable[[], Application]) -> FastAPI:
    """Build the application. `application` is asked on each request: at import nothing is open yet.

    Its own start-up never runs, since it is mounted as a route: everything it needs comes from `application`.
    """
    api: FastAPI = FastAPIOffline(
        docs_url="/api/docs",
        redoc_url=None,  # one description is enough, and ReDoc asks a host of the internet for its logo
        openapi_url="/api/openapi.json",
        static_url="/api/static-docs",
        swagger_ui_oauth2_redirect_url="/api/docs/oauth2-redirect",
        title="Desfecho",
        description="The desk where conversations are ended well. Errors are RFC 9457 problems.",
        version="1",
        redirect_slashes=False,
        strict_content_type=False,
    )
    api.state.application = application
    api.state.limits = Limits()
    problems.answer_with_problems(api)
    for innermost_first in (BodyLimit, Apology):
        api.add_middleware(innermost_first)
    for router in (routes.router, webhooks.router, health):
        api.include_router(router)
    return api
