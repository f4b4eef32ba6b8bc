"""The short form of `make torture`: a few kills, and a mistake that it must find."""

from pathlib import Path

from tests.torture.run import Torture


def test_what_was_acknowledged_survives_being_killed(tmp_path: Path) -> None:
    torture = Torture(tmp_path, seed=6, kills=6, clients=4, conversations=50)
    torture.run()
    assert torture.ledger.faults == []
    assert torture.killed.total() >= 6 and torture.ledger.count("answered") > 20


def test_an_answer_before_it_is_durable_is_found(tmp_path: Path) -> None:
    torture = Torture(tmp_path, seed=7, kills=6, clients=4, conversations=50, broken="early", enough=1)
    torture.run()
    assert any("is in [], not once" in fault or "is not there" in fault for fault in torture.ledger.faults)
