"""Settings: environment variables read once, at start-up. The README lists every one; a test compares."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from core import logs
from core.errors import Unavailable


def _setting(default: str, help: str, *, secret: bool = False) -> str:
    """Declare one setting; a secret one is not shown where settings are."""
    made: str = field(default=default, metadata={"help": help}, repr=not secret)
    return made


# Settings that are whole numbers: the least and the most.
NUMBERS = {
    "port": (1, 65535),
    "requests_per_minute": (1, 1_000_000),
    "session_hours": (1, 720),
    "analysts_port": (0, 65535),
    "analysts_lag": (5, 86_400),
    "analysts_seconds": (1, 3_600),
    "analysts_memory": (1_000, 1_000_000),
    "retention_days": (7, 36_500),
}
MAY_BE_EMPTY = ("retention_days",)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says. Each field `name` is the variable `DESFECHO_NAME`."""

    auth: str = _setting(
        "",
        "How people sign in. `oidc`: with OpenID Connect. `demo`: anybody on this machine acts as any invented person.",
    )
    url: str = _setting("", "The address people reach it at, such as `https://desfecho.example.com`.")
    oidc_metadata_url: str = _setting(
        "", "The provider's discovery document: its address and `/.well-known/openid-configuration`."
    )
    oidc_client_id: str = _setting("", "What the provider calls this application.")
    oidc_client_secret: str = _setting("", "The secret that the provider gave it.", secret=True)
    oidc_verified: str = _setting(
        "claim",
        "Whose e-mails count. `claim`: those the provider says are verified. `provider`: all it names, for one that"
        " verifies each.",
    )
    admin: str = _setting("", "The e-mail of the first administrator, while there is no other.")
    session_hours: str = _setting("12", "How many hours after signing in one signs in again.")
    data_dir: str = _setting("data/local", "The folder that holds `desk.duckdb` and `facts.duckdb`.")
    host: str = _setting("127.0.0.1", "The address `python -m core serve` listens on.")
    port: str = _setting("8501", "The port `python -m core serve` listens on.")
    language: str = _setting(
        "pt_BR", "The language of the screen for browsers that speak none of ours: `pt_BR`, `en` or `es`."
    )
    requests_per_minute: str = _setting("6000", "How many requests a minute one token may send over HTTP.")
    analysts_host: str = _setting("127.0.0.1", "The address the analysts' live server listens on.")
    analysts_port: str = _setting("9494", "The port it listens on; 0: there is none.")
    analysts_lag: str = _setting("30", "How many seconds old the data may be that analysts ask.")
    analysts_seconds: str = _setting("20", "How many seconds an analyst's question may take.")
    analysts_memory: str = _setting(
        "1536", "How many megabytes the processes of analysts' questions may take together."
    )
    whatsapp_app_secret: str = _setting(
        "", "The app secret that signs WhatsApp deliveries; empty: none is taken.", secret=True
    )
    whatsapp_verify_token: str = _setting(
        "", "The token of WhatsApp's verification handshake; empty: refused.", secret=True
    )

    retention_days: str = _setting(
        "", "After how many days without a message or a conclusion a contact's data is erased; empty: never."
    )
    log: str = _setting(
        "text", "How the processes log, on standard error: `text` or `json`, one object a line."
    )

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        return cls(**{s.name: environment.get(variable(s.name), str(s.default)).strip() for s in fields(cls)})

    @property
    def folder(self) -> Path:
        return Path(self.data_dir).expanduser().resolve()

    @property
    def demo(self) -> bool:
        return self.auth == "demo"

    @property
    def oidc(self) -> bool:
        return self.auth == "oidc"

    @property
    def origin(self) -> str:
        """`url` as browsers write it: `https://desfecho.example.com`."""
        return self.url.rstrip("/").lower()

    @property
    def session_lasts(self) -> timedelta:
        return timedelta(hours=int(self.session_hours))

    def check_serving(self, host: str | None = None) -> None:
        """Refuse to serve without a way to know people, or the demonstration beyond this machine.

        `host`: the address really listened on, where something else than `host` decides it.
        """
        for name, (least, most) in NUMBERS.items():
            value = getattr(self, name)
            if not value and name in MAY_BE_EMPTY:
                continue
            if not (value.isdecimal() and least <= int(value) <= most):
                raise Unavailable(
                    "{setting} must be a number from {least} to {most}, not {value}.",
                    setting=variable(name), least=least, most=most, value=value or "empty",
                )  # fmt: skip
        if self.log not in (logs.TEXT, logs.JSON):
            raise Unavailable(
                "{setting} must be text or json, not {value}.",
                setting=variable("log"), value=self.log or "empty",
            )  # fmt: skip
        if self.demo:
            self._check_demo(self.host if host is None else host)
        elif self.oidc:
            self._check_oidc()
        else:
            raise Unavailable("DESFECHO_AUTH must be oidc, or demo for the demonstration.")

    def _check_demo(self, host: str) -> None:
        for listens_on in (host, self.analysts_host):
            if not is_loopback(listens_on):
                raise Unavailable(
                    "With DESFECHO_AUTH=demo the application only listens on this machine, not on {host}.",
                    host=listens_on or "every address",
                )

    def _check_oidc(self) -> None:
        for name in ("url", "oidc_metadata_url", "oidc_client_id", "oidc_client_secret"):
            if not getattr(self, name):
                raise Unavailable("With DESFECHO_AUTH=oidc, {setting} must be set.", setting=variable(name))
        for name in ("url", "oidc_metadata_url"):
            if not _is_safe(getattr(self, name)):
                raise Unavailable(
                    "{setting} must be an https address (http only on this machine), not {value}.",
                    setting=variable(name), value=getattr(self, name),
                )  # fmt: skip
        if self.origin.partition("://")[2] != urlsplit(self.origin).netloc:
            raise Unavailable("DESFECHO_URL must end after the host or its port, unlike {url}.", url=self.url)
        if self.admin and "@" not in self.admin:
            raise Unavailable("DESFECHO_ADMIN must be an e-mail address, not {value}.", value=self.admin)
        if self.oidc_verified not in ("claim", "provider"):
            raise Unavailable(
                "DESFECHO_OIDC_VERIFIED must be claim or provider, not {value}.", value=self.oidc_verified
            )


def variable(name: str) -> str:
    return f"DESFECHO_{name.upper()}"


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_safe(address: str) -> bool:
    """Whether nobody on the way can read along: https, or this machine's own."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
