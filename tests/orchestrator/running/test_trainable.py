"""A trainable's errors go on record without what its environment keeps to itself."""

from pathlib import Path

import pytest

from cluster.rank_failure import Cause, RankLost
from evals.settings import EvaluationSettings
from orchestrator.config.gang import GangSettings
from orchestrator.config.loading import load_config
from orchestrator.jobs.ticket import Ticket, hidden_names
from orchestrator.running import trainable
from orchestrator.storage.records import Storage, version
from tests.fixtures.jobs import any_job
from trainers.job import Phase

TOKEN, VALUE = "hf_planted4711", "planted-in-an-address"
SAID = f"GET of model?x={TOKEN} by {VALUE} was refused"


class Gang:
    """Ranks that raise as they begin."""

    error: Exception = RuntimeError()

    def has_room(self) -> bool:
        return True

    def begin(self, *_: object) -> None:
        raise self.error

    def close(self) -> None:
        """Has nothing to end."""


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Returns `failing(error)`: the storage, and the last step of a job whose ranks raise that."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HIDDEN", VALUE)
    monkeypatch.setattr(trainable, "WarmGang", Gang)
    config = load_config(None, [f"storage={tmp_path}", "tracking.uri=http://host/?token=${HIDDEN}"])
    metrics = EvaluationSettings(metrics=("retain",))
    job = any_job(Phase.ORIGINAL, evaluation=metrics, version=version())
    gang = GangSettings(ranks=1, max_retries=0)
    ticket = Ticket(job=job, storage=str(tmp_path), gang=gang, hidden=hidden_names(config))

    def run(error: Exception) -> tuple[Storage, Ticket, dict[str, object]]:
        monkeypatch.setattr(Gang, "error", error)
        made = trainable.JobTrainable.__new__(trainable.JobTrainable)
        made.setup({"ticket": ticket.model_dump_json()})
        step: dict[str, object] = {"done": False}
        while not step["done"]:
            step = made.step()
        return Storage(tmp_path), ticket, step

    return run


def test_what_the_ranks_said_is_kept_without_secrets_of_the_environment(failing) -> None:
    lost = RankLost(f"rank 0 was lost: {SAID}", Cause.FAULT, traceback=f"rank 0:\n{SAID}\n  at x")
    storage, ticket, _ = failing(lost)
    kept = (storage.job_folder(ticket.job.hash) / "failure.txt").read_text("utf-8")
    assert kept == "rank 0:\nGET of model?x=*** by *** was refused\n  at x"
    result = storage.recorded(ticket.job.hash)
    assert result is not None
    assert result.reason.startswith("rank 0 was lost: GET of model?x=*** by *** was refused")


def test_so_is_what_the_trainable_itself_said(failing) -> None:
    _, _, step = failing(ValueError(SAID))
    assert step["error"] == "ValueError: GET of model?x=*** by *** was refused"
