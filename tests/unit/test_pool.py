"""Which copies of the facts are kept."""

import asyncio
import threading
from pathlib import Path

import pytest

from core.analysts import pool
from core.analysts.limits import Limits


def test_a_copy_is_removed_when_it_is_replaced_unless_a_worker_is_about_to_open_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = [tmp_path / f"facts-{n}.duckdb" for n in range(4)]
    begun, go_on = threading.Event(), threading.Event()

    def start(copy: Path, *_: object) -> None:
        begun.set()
        assert go_on.wait(10) and copy.exists()
        raise pool.Gone

    async def replace() -> None:
        workers = pool.Pool(tmp_path, Limits(1, 1000))
        for copy in copies:
            copy.touch()
        workers.use(copies[0])
        workers.use(copies[1])
        assert kept() == copies[1:]
        adding = asyncio.create_task(workers._add(copies[1]))
        await asyncio.to_thread(begun.wait, 10)
        workers.use(copies[2])
        workers.use(copies[3])
        assert kept() == [copies[1], copies[3]]
        go_on.set()
        with pytest.raises(pool.Gone):
            await adding
        assert kept() == [copies[3]]

    def kept() -> list[Path]:
        return sorted(tmp_path.iterdir())

    monkeypatch.setattr(pool, "Worker", start)
    asyncio.run(replace())
