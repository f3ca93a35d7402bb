"""Trials of a finished sweep are recorded in both ways, with their files."""

import pytest
import tracking_cost
from mlflow_store import address
from value_by_value import one_by_one

from tests.fixtures.stored_sweep import StoredSweep
from trainers.job import ADAPTER

TRIALS = 6
"""Of the stored sweep, those of its finalists included."""


@pytest.mark.slow
def test_trials_are_recorded_with_all_values_at_once_and_value_by_value(tmp_path) -> None:
    storage = StoredSweep(tmp_path / "storage").fill().storage
    entries = tracking_cost._trials(storage)
    assert len(entries) == TRIALS
    for entry in entries:
        adapter = storage.job_folder(entry.result.job.hash) / ADAPTER
        adapter.mkdir()
        (adapter / "weights").write_bytes(b"0")
    with address("SQLite file", tmp_path / "store") as uri:
        at_once_s = tracking_cost._values_at_once(entries, tmp_path / "values", uri)
        values_s, all_s = one_by_one(entries, storage, tmp_path, uri)
    assert at_once_s > 0
    assert 0 < values_s < all_s
    assert len(list((tmp_path / "one-by-one").rglob(ADAPTER))) == TRIALS
