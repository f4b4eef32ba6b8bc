"""The door: one ASGI application with the pages, the HTTP interface, start-up and shut-down.

`python -m core serve` and `streamlit run app.py` both serve it.
"""

import gc
import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
import streamlit.logger
from starlette.middleware import Middleware

from core import identity, logs
from core.application import TURN, Application
from core.control import Control
from core.http.api import create_api
from core.http.headers import SecurityHeaders
from core.http.loopback import OnlyThisMachine
from core.http.middleware import Apology, OwnPagesOnly, OwnRoutes
from core.http.signin import SignIn
from core.settings import Settings
from core.ui import clicks, runtime
from core.upkeep import Upkeep

log = logging.getLogger(__name__)

settings = Settings.read()
logs.configure(settings.log)
streamlit.logger.setup_formatter = logs.pass_on  # which Streamlit calls for each of its loggers
streamlit.logger.update_formatter()
clicks.keep()


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Open the stores, unless who serves has done it already, and close them at the end."""
    if not runtime.started():
        settings = Settings.read()
        settings.check_serving(st.get_option("server.address") or "")  # empty: Streamlit listens everywhere
        runtime.start(Application.open_to_serve(settings, "serving"))
    application = runtime.application()
    application.analysts.start()
    control = Control.start(application)
    upkeep = Upkeep.start(application)
    gc.collect()
    sys.setswitchinterval(TURN)
    gc.freeze()  # what is here by now need not be looked at again
    gc.set_threshold(20_000, 20, 20)  # seldomer than Python's 700, 10, 10: collecting stops everybody
    log.info("Serving %s.", application.settings.folder)
    try:
        yield
    finally:
        upkeep.stop()
        control.stop()
        runtime.stop()
        application.close()
        log.info("Stopped.")


api = create_api(runtime.application)

MIDDLEWARE = [
    Middleware(SecurityHeaders),
    Middleware(Apology),
    Middleware(OnlyThisMachine, only_if=lambda: runtime.application().settings.demo),
    Middleware(OwnRoutes, routes=api),
    Middleware(OwnPagesOnly),
]
if settings.oidc:
    MIDDLEWARE.append(Middleware(SignIn, application=runtime.application))
    # So that a restart does not lose who is at the provider's just then. `streamlit run` has read its own by now.
    os.environ.setdefault("STREAMLIT_SERVER_COOKIE_SECRET", identity.cookie_secret(settings))

app = st.App(
    Path(__file__).parent / "core" / "ui" / "shell.py",
    middleware=MIDDLEWARE,
    lifespan=lifespan,
    secrets=identity.provider(settings),
)
