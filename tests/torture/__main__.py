"""`python -m tests.torture`: exit 0 where it held, 1 where anything was found."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.torture.run import Torture


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--keep", type=Path, help="a new folder to work in, which stays as it is at the end")
    parser.add_argument(
        "--broken", default="", help="a mistake made on purpose: early, split, forgetful, astray, wal"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="desfecho-torture-") as folder:
        torture = Torture(
            asked.keep or Path(folder),
            asked.seed,
            asked.kills,
            asked.clients,
            broken=asked.broken,
            tell=lambda line: print(line, flush=True),
        )
        held = torture.run()
    print("It held." if held else f"{len(torture.ledger.faults)} faults.")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
