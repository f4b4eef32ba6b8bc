"""The analysts' process: the door, the inside and the workers. The application starts it, and it ends with it.

On its standard input come one line of JSON, {folder, inside, door, key, seconds, memory}, and, when the application ends, the end.
`inside` and `door` are numbers of listening sockets that the application made, so that who asks while this process starts
anew is not refused but waits. Nothing here knows the desk.
"""

import asyncio
import json
import os
import shutil
import socket
import sys
import threading
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from core import logs
from core.analysts.door import Door, create_door
from core.analysts.inside import Inside, create_inside
from core.analysts.limits import Limits
from core.analysts.pool import Pool


async def serve(
    folder: Path, inside: socket.socket, door: socket.socket | None, key: str, limits: Limits
) -> None:
    pool = Pool(folder, limits)
    at_the_door = Door(pool, key)
    work = [pool.keep_full(), _server(create_inside(Inside(pool, at_the_door, folder))).serve([inside])]
    if door is not None:
        work.append(_server(create_door(at_the_door)).serve([door]))
    await asyncio.gather(*work)


def _server(app: Starlette) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(app, access_log=False, log_level="warning", log_config=None, lifespan="off")
    )


def _end_with_the_application() -> None:
    sys.stdin.read()
    os._exit(0)  # the workers end with their pipes


def main() -> None:
    os.nice(10)
    logs.configure(os.environ.get(logs.VARIABLE, logs.TEXT))
    asked = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_application, daemon=True).start()
    folder = Path(asked["folder"])
    shutil.rmtree(folder, ignore_errors=True)  # of a process before this one
    folder.mkdir(mode=0o700)
    inside = socket.socket(fileno=asked["inside"])
    door = socket.socket(fileno=asked["door"]) if asked["door"] is not None else None
    asyncio.run(serve(folder, inside, door, asked["key"], Limits(asked["seconds"], asked["memory"])))


if __name__ == "__main__":
    main()
