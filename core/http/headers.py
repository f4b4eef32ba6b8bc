"""What every answer tells the browser: ask no other host, run nothing that is not ours, keep and tell nothing."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The scripts that stand inside the pages of Streamlit and of Swagger, by the hash of their text: no other
# script that stands inside a page runs. A new version of theirs has other hashes; a test says which.
INLINE = (
    "'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='",  # Streamlit's page
    "'sha256-1I8qOd6RIfaPInCv8Ivv4j+J0C6d7I8+th40S5U/TVc='",  # Swagger's
)

CONTENT_POLICY = {
    "default-src": "'none'",
    # Streamlit loads the scripts of core/ui/components as blob:, and its messages speak WebAssembly. There is no
    # 'unsafe-eval': it has Vega interpret what charts say.
    "script-src": " ".join(["'self'", "blob:", "'wasm-unsafe-eval'", *INLINE]),
    "style-src": "'self' 'unsafe-inline'",  # Streamlit's styles are made while it runs
    "img-src": "'self' data:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
UNUSED = ("camera", "display-capture", "geolocation", "microphone", "payment", "serial", "usb")

HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in CONTENT_POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # addresses hold views and questions: nobody else learns them
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
YEAR = "max-age=31536000"
KEPT = ("/static/", "/api/static-docs/")  # scripts and fonts, the same for everybody


class SecurityHeaders:
    """Add them to every answer, whoever gave it. Where the browser came by https, it is told to stay with it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if not scope["path"].startswith(KEPT):
                    headers["Cache-Control"] = "no-store"
                if scope["scheme"] == "https":  # a proxy's word for it counts where uvicorn trusts the proxy
                    headers["Strict-Transport-Security"] = YEAR
            await send(message)

        await self.app(scope, receive, sending)
