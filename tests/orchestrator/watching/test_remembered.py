"""What was read before is not read again, unless its file has changed."""

import json

import pytest

from evals.errors import ConfigError
from orchestrator.storage.files import RESULT_FILE, SCORES_FILE
from orchestrator.storage.records import Storage
from orchestrator.watching.remembered import RememberedStorage


def test_a_result_is_read_once(stored_sweep, monkeypatch) -> None:
    sweep = stored_sweep().fill()
    storage, reads = RememberedStorage(sweep.config.folder), []
    plain = Storage.recorded
    monkeypatch.setattr(
        Storage, "recorded", lambda self, job: (reads.append(job), plain(self, job))[1]
    )
    job = sweep.original.hash
    assert storage.recorded(job) is storage.recorded(job)
    assert storage.recorded(job).metrics["retain"] == 0.8
    assert reads == [job]
    file = sweep.storage.job_folder(job) / RESULT_FILE
    file.write_text(file.read_text() + " ")
    storage.recorded(job)
    assert reads == [job, job]
    assert storage.recorded("0" * 16) is None


def test_scores_are_read_once_and_few_are_kept(stored_sweep, monkeypatch) -> None:
    sweep = stored_sweep().fill()
    monkeypatch.setattr("orchestrator.watching.remembered.MAX_SHEETS", 1)
    storage = RememberedStorage(sweep.config.folder)
    original, gold = sweep.original.hash, sweep.gold.hash
    first = storage.sheet(original)
    assert storage.sheet(original) is first
    storage.sheet(gold)
    assert storage.sheet(original) is not first
    file = sweep.storage.job_folder(original) / SCORES_FILE
    file.write_text(json.dumps({}))
    with pytest.raises(ConfigError):
        storage.sheet(original)
