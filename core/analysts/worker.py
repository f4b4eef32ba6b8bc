"""A worker: a process that answers one question at a time, read-only, on a copy of the facts.

Asked by the analysts' process over a pipe (the query page, the command line), or over Quack on a port that only that process
has the token of. Whatever a question does to this process, nothing else is in it. `pool.py` starts it and may kill it.
"""

import importlib.util
import json
import os
import resource
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from core import logs
from core.analysts import guard
from core.analysts.limits import LARGEST_ANSWER, MEGABYTE, STOPPED, TOO_LARGE, TOO_MUCH
from core.errors import AppError, Invalid

PIECE = 10_000  # rows
BESIDES = 250  # megabytes of a process that DuckDB does not count


def open_copy(copy: Path, memory: int, spill: Path) -> duckdb.DuckDBPyConnection:
    """Open a copy of the facts so that nothing can be changed, read or reached but itself. `memory`: megabytes."""
    connection = duckdb.connect(
        str(copy),
        read_only=True,
        config={
            "threads": 1,
            "memory_limit": f"{memory}MB",
            "temp_directory": str(spill),
            "max_temp_directory_size": "1GB",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "python_enable_replacements": False,
        },
    )
    for extension in ("httpfs", "quack"):  # without httpfs, Quack answers nothing once external access is off
        connection.execute(f"LOAD '{_file(extension)}'")
    connection.execute("SET GLOBAL quack_authorization_function = 'store.only_select'")
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET enable_external_access = false")
    return connection


def _file(extension: str) -> Path:
    """Comes with the pinned package: nothing is downloaded, nothing installed anywhere."""
    found = importlib.util.find_spec(f"duckdb_extension_{extension}")
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"duckdb_extension_{extension}")
    return (
        Path(found.origin).parent / "extensions" / f"v{duckdb.__version__}" / f"{extension}.duckdb_extension"
    )


def answer(cursor: duckdb.DuckDBPyConnection, question: str, rows: int) -> tuple[bytes, bool]:
    """An Arrow stream of at most so many rows, and whether there are more.

    Errors: `Invalid`, in words of ours or of DuckDB's, with the line at fault.
    """
    more = False
    try:
        guard.check(cursor, question)
        reader = cursor.execute(question).to_arrow_reader(PIECE)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, reader.schema) as stream:
            for batch in reader:
                more = batch.num_rows > rows
                stream.write_batch(batch.slice(0, rows))
                rows -= batch.num_rows
                if sink.tell() > LARGEST_ANSWER * MEGABYTE:
                    raise Invalid(TOO_LARGE, field="sql", megabytes=LARGEST_ANSWER)
                if more:
                    break
    except duckdb.InterruptException:
        raise Invalid(STOPPED, field="sql") from None
    except (duckdb.OutOfMemoryException, MemoryError):
        raise Invalid(TOO_MUCH, field="sql") from None
    except (duckdb.Error, pa.ArrowException, OSError) as error:  # OSError: a type that Arrow cannot hold
        raise Invalid("{error}", field="sql", error=str(error).strip()) from error
    return sink.getvalue().to_pybytes(), more


class Worker:
    """The process's end of the pipe. Requests are JSON; an answer is JSON, and an Arrow stream after that of `ask`."""

    def __init__(self, pipe: Connection, connection: duckdb.DuckDBPyConnection) -> None:
        self._pipe = pipe
        self._connection = connection
        self._asking = connection.cursor()

    def run(self) -> None:
        """Say that it is ready, and do what is requested until the pipe ends."""
        with suppress(EOFError, OSError):
            ((as_of,),) = self._connection.execute("SELECT as_of::VARCHAR FROM analytics.as_of").fetchall()
            self._send({"as_of": as_of})
            while True:
                request = json.loads(self._pipe.recv_bytes())
                if request["do"] == "stop":
                    with suppress(duckdb.ConnectionException):  # it has just ended by itself
                        self._asking.interrupt()
                elif request["do"] == "ask":  # beside this thread, which waits for a stop or the end
                    self._asking = self._connection.cursor()
                    threading.Thread(target=self._ask, args=(self._asking, request), daemon=True).start()
                elif request["do"] == "hold":
                    _hold_no_more_than(request["memory"] * MEGABYTE)
                else:
                    self._send({"check": self._check, "finished": self._finished}[request["do"]](request))

    def _ask(self, cursor: duckdb.DuckDBPyConnection, request: dict[str, Any]) -> None:
        try:
            stream, more = answer(cursor, request["question"], request["rows"])
        except AppError as refusal:
            self._send(_refused(refusal))
        except Exception as error:
            self._send(_refused(Invalid("{error}", error=f"{type(error).__name__}: {error}")))
        else:
            self._send({"more": more})
            self._pipe.send_bytes(stream)
        finally:
            cursor.close()

    def _check(self, request: dict[str, Any]) -> dict[str, Any]:
        """Whether a question that will come over Quack may be asked."""
        try:
            guard.check(self._connection, request["question"])
        except AppError as refusal:
            return _refused(refusal)
        except (duckdb.OutOfMemoryException, MemoryError):
            return _refused(Invalid(TOO_MUCH))
        return {}

    def _finished(self, _: dict[str, Any]) -> dict[str, Any]:
        """Whether everything that Quack has to give of the last question was fetched."""
        states = self._connection.execute("SELECT state FROM quack_active_connections()").fetchall()
        return {"finished": ("active",) not in states}

    def _send(self, what: dict[str, Any]) -> None:
        self._pipe.send_bytes(json.dumps(what).encode())


def _refused(refusal: AppError) -> dict[str, Any]:
    return {
        "refused": refusal.message,
        "params": {name: str(value) for name, value in refusal.params.items()},
    }


def _hold_no_more_than(memory: int) -> None:
    """Let this process hold so many bytes: a single value can be of gigabytes, and DuckDB counts its tables only.

    What is limited is what is reserved, most of which, as the stacks of Quack's threads, is never touched.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    kilobytes = {
        name: int(rest.split()[0])
        for name, _, rest in (line.partition(":") for line in lines)
        if name in ("VmData", "VmRSS")
    }
    limit = memory + (kilobytes["VmData"] - kilobytes["VmRSS"]) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def main(pipe_number: str) -> None:
    """Become a worker; the pipe's first request says of what copy, with how much memory, on which port."""
    logs.configure(os.environ.get(logs.VARIABLE, logs.TEXT))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # of all processes, this one can be missed best
    with Connection(int(pipe_number)) as pipe:
        asked = json.loads(pipe.recv_bytes())
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            connection = open_copy(Path(asked["copy"]), asked["memory"] - BESIDES, Path(asked["spill"]))
            served = [f"quack:127.0.0.1:{asked['port']}", asked["token"]]
            connection.execute("CALL quack_serve(?, token = ?)", served)
            connection.execute("SET lock_configuration = true")
        except duckdb.Error as error:
            with suppress(OSError):
                pipe.send_bytes(json.dumps({"failed": str(error).splitlines()[0]}).encode())
            return
        first = threading.Thread(target=answer, args=(connection.cursor(), "SELECT 1", 1))
        first.start()  # what any question reserves, before it is counted who reserves how much
        first.join()
        Worker(pipe, connection).run()
    os._exit(0)  # a question may still be running


if __name__ == "__main__":
    main(sys.argv[1])
