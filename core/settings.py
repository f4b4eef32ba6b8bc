"""Settings: environment variables read once, at start-up. The README lists every one; a test compares."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from core import logs
from core.errors import Unavailable


def _setting(default: str, help: str) -> str:
    """Declare one setting."""
    made: str = field(default=default, metadata={"help": help})
    return made


# Settings that are whole numbers: the least and the most.
NUMBERS = {
    "port": (1, 65535),
    "requests_per_minute": (1, 1_000_000),
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
        "", "How people sign in. `demo`: anybody on this machine acts as any invented person."
    )
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
        "", "The app secret that signs WhatsApp deliveries; empty: none is taken."
    )
    whatsapp_verify_token: str = _setting(
        "", "The token of WhatsApp's verification handshake; empty: refused."
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

    def check_serving(self, host: str | None = None) -> None:
        """Refuse to serve without a way to know people, or the demonstration beyond this machine.

        `host`: the address really listened on, where something else than `host` decides it.
        """
        if not self.demo:
            raise Unavailable("DESFECHO_AUTH must be set to demo: no other way to sign in exists yet.")
        for listens_on in (self.host if host is None else host, self.analysts_host):
            if not is_loopback(listens_on):
                raise Unavailable(
                    "With DESFECHO_AUTH=demo the application only listens on this machine, not on {host}.",
                    host=listens_on or "every address",
                )
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


def variable(name: str) -> str:
    return f"DESFECHO_{name.upper()}"


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
