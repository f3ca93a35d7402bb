"""The command line that asks something of a sweep: what it says, and what it leaves behind."""

import json
import threading
import time

import pytest

from orchestrator.control import main
from orchestrator.limits.steering import Steered
from orchestrator.storage.commands import CommandReader
from orchestrator.storage.files import CONTROL_FILE
from orchestrator.storage.lock import FolderLock
from tests.fixtures.stored_sweep import StoredSweep


@pytest.fixture
def sweep(stored_sweep) -> StoredSweep:
    return stored_sweep("search.trials=4")


def test_a_sweep_that_nobody_runs_takes_it_for_when_it_goes_on(sweep, capsys) -> None:
    assert main([str(sweep.folder), "stop", "npo", "--note", "it only diverges"]) == 0
    said = capsys.readouterr().out
    assert "Nobody drives the sweep now" in said
    assert f"--resume {sweep.folder}" in said
    (command,) = CommandReader(sweep.folder).read()
    assert (command.verb, command.label, command.note) == ("stop", "npo", "it only diverges")


def test_what_cannot_be_asked_is_refused_and_leaves_nothing(sweep, tmp_path, capsys) -> None:
    for words, message in (
        (["anywhere", "halt"], "the command must be one of add, finish, pause, resume, stop"),
        ([str(sweep.folder), "stop", "npoo"], "did you mean 'npo'?"),
        ([str(sweep.folder), "add", "npo", "lr=-1"], "lr must be a number from"),
        ([str(sweep.folder), "trials", "npo", "-1"], "must be a whole number from 1"),
        ([str(tmp_path), "pause"], "DIR must be the folder of a sweep"),
        (["s3://bucket/sweeps/demo", "pause"], "run this on the driver's machine"),
    ):
        assert main(words) == 2
        assert message in capsys.readouterr().err
    assert not (sweep.folder / CONTROL_FILE).exists()


def test_a_sweep_that_is_over_is_refused_with_what_to_do(sweep, capsys) -> None:
    sweep.ledger.close(complete=True)
    assert main([str(sweep.folder), "pause"]) == 2
    assert "search.trials=<more>" in capsys.readouterr().err
    assert not (sweep.folder / CONTROL_FILE).exists()
    assert main([str(sweep.folder), "trials", "npo", "9"]) == 0
    assert "The sweep is over; it is obeyed when that goes on" in capsys.readouterr().out


@pytest.mark.parametrize(("refused", "code"), [("", 0), ("npo has no trial left to begin", 1)])
def test_a_driver_is_waited_for_and_what_it_says_is_said(sweep, capsys, refused, code) -> None:
    def obey() -> None:
        reader = CommandReader(sweep.folder)
        while not (found := reader.read()):
            time.sleep(0.02)
        facts = {"label": "npo", "trials": 1, "before": 4, "refused": refused}
        sweep.ledger.steer(Steered(id=found[0].id, verb=found[0].verb, **facts))

    with FolderLock(sweep.folder):
        driver = threading.Thread(target=obey)
        driver.start()
        assert main([str(sweep.folder), "stop", "npo"]) == code
        driver.join()
    said = capsys.readouterr()
    assert (refused or "npo is stopped after 1 of 4 trials") in said.out + said.err


def test_a_driver_that_does_not_answer_is_not_waited_for_for_long(
    sweep, capsys, monkeypatch
) -> None:
    monkeypatch.setattr("orchestrator.control.PATIENCE_S", 0.1)
    with FolderLock(sweep.folder):
        assert main([str(sweep.folder), "pause"]) == 0
    assert "has not obeyed yet" in capsys.readouterr().out
    (line,) = (sweep.folder / CONTROL_FILE).read_text().splitlines()
    assert json.loads(line)["verb"] == "pause"
