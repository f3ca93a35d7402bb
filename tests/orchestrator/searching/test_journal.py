"""Optuna reads from the journal what was appended to it, and nothing that was not."""

from pathlib import Path

import pytest

from evals.errors import ConfigError
from orchestrator.searching.journal import Journal
from orchestrator.storage.line_file import at_once

LOGS = [{"op_code": 4, "params": {"lr": 0.1 + 0.2}}, {"op_code": 8, "user_attr": {"seen": {}}}]


def test_records_come_back_as_they_were_appended(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "search.journal", wait=at_once)
    journal.append_logs(LOGS)
    journal.append_logs(LOGS[:1])
    again = Journal(tmp_path / "search.journal", wait=at_once)
    found = [{k: v for k, v in log.items() if k != "seal"} for log in again.read_logs(0)]
    assert found == [*LOGS, LOGS[0]]
    assert [log["op_code"] for log in journal.read_logs(2)] == [4]


def test_a_journal_that_lost_a_record_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "search.journal"
    Journal(file, wait=at_once).append_logs(LOGS)
    file.write_text(file.read_text().split("\n", 1)[1])
    with pytest.raises(ConfigError, match=r"search\.journal must be .*line 1"):
        Journal(file, wait=at_once)
