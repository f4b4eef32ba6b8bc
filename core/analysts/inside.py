"""What the application asks its analysts' process, over a socket that only the application's user can reach."""

import asyncio
import json
import shutil
import threading
from contextlib import suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.analysts import ABOUT
from core.analysts.door import Door
from core.analysts.limits import ENDED
from core.analysts.pool import Gone, Pool
from core.errors import Unavailable

ARROW = "application/vnd.apache.arrow.stream"


class Inside:
    def __init__(self, pool: Pool, door: Door, folder: Path) -> None:
        self._pool = pool
        self._door = door
        self._folder = folder
        self._copies = 0

    async def ask(self, request: Request) -> Response:
        """{question, rows, newest} → an Arrow stream; refused: {refused, params}."""
        asked = await request.json()
        try:
            worker = await self._pool.take(newest=asked["newest"])
        except Unavailable as error:
            return JSONResponse({"refused": error.message, "params": error.params}, 503)
        gone = threading.Event()
        watching = asyncio.create_task(_watch(request, gone))
        try:
            answer = await asyncio.to_thread(
                worker.ask, asked["question"], asked["rows"], self._pool.limits.seconds, gone.is_set
            )
        except (Gone, MemoryError):
            answer = {"refused": ENDED, "params": {}}
        finally:
            watching.cancel()
            await self._pool.give(worker)
        if "refused" in answer:
            return JSONResponse(answer, 422)
        stream = answer.pop("stream")
        return Response(
            stream, headers={ABOUT: json.dumps(answer | {"as_of": worker.as_of})}, media_type=ARROW
        )

    async def copy(self, request: Request) -> Response:
        """{file} → answer on a copy of this file of facts from now on. Its owner lets nobody write it while it waits."""
        asked = await request.json()
        self._copies += 1
        copy = self._folder / f"facts-{self._copies}.duckdb"
        part = copy.with_suffix(".part")
        if failed := await _copy(asked["file"], part):
            return failed
        if await request.is_disconnected():  # it did not wait so long: who knows what was written meanwhile
            part.unlink(missing_ok=True)
        else:
            self._pool.use(part.rename(copy))
        return JSONResponse({})

    async def copy_to(self, request: Request) -> Response:
        """{file, copy} → copy this file of facts, likewise, for a snapshot."""
        asked = await request.json()
        return await _copy(asked["file"], Path(asked["copy"])) or JSONResponse({})

    async def admit(self, request: Request) -> Response:
        """{tokens} → only these, told by their hashes, are admitted at the door."""
        self._door.tokens = frozenset((await request.json())["tokens"])
        return JSONResponse({})

    async def used(self, _: Request) -> Response:
        """{token's hash: seconds ago}, of the tokens used since this was asked before."""
        return JSONResponse(self._door.used())


async def _copy(file: str, copy: Path) -> Response | None:
    """None: it is there, whole."""
    try:
        await asyncio.to_thread(shutil.copyfile, file, copy)
    except OSError as error:
        with suppress(OSError):
            copy.unlink()
        return JSONResponse({"failed": error.strerror}, 507)
    return None


async def _watch(request: Request, gone: threading.Event) -> None:
    while not await request.is_disconnected():
        await asyncio.sleep(0.2)
    gone.set()


def create_inside(inside: Inside) -> Starlette:
    return Starlette(
        routes=[
            Route("/ask", inside.ask, methods=["POST"]),
            Route("/copy", inside.copy, methods=["POST"]),
            Route("/copy_to", inside.copy_to, methods=["POST"]),
            Route("/admit", inside.admit, methods=["POST"]),
            Route("/used", inside.used, methods=["POST"]),
        ]
    )
