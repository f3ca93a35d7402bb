"""The child runs of a sweep that are in the store already."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient

STATUS = {"done": "FINISHED", "stopped": "FINISHED", "failed": "FAILED"}
"""How MLflow calls the end of a run, by its tag `status`."""


@dataclass(slots=True)
class Recorded:
    """A child run as it is in the store.

    `started_ms` tells one run of a job from another; it is empty until the job has ended. `curve`
    are the points of training that are there, by name and step; None is that nobody knows.
    """

    run_id: str
    status: str
    started_ms: str = ""
    on_front: bool = False
    curve: set[tuple[str, int]] | None = None


def recorded_runs(client: "MlflowClient", experiment_id: str, run_id: str) -> dict[str, Recorded]:
    """Returns the child runs of a sweep's run that are there, by job hash.

    Of two runs of one job, which a call that was made twice left behind, one is removed.
    """
    mine = f"tags.mlflow.parentRunId = '{run_id}'"
    known: dict[str, Recorded] = {}
    token: str | None = None
    while token != "":
        page: Any = client.search_runs([experiment_id], mine, page_token=token)
        for run in page:
            job, found = run.data.tags["job"], _recorded(run)
            if job in known:
                spare, found = sorted((known[job], found), key=_is_whole)
                client.delete_run(spare.run_id)
            known[job] = found
        token = page.token or ""
    return known


def _recorded(run: Any) -> Recorded:
    tags = run.data.tags
    return Recorded(
        run.info.run_id,
        run.info.status,
        tags.get("started_ms", ""),
        on_front=tags.get("on_front") == "true",
    )


def _is_whole(found: Recorded) -> bool:
    return found.status in STATUS.values()
