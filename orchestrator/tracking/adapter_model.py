"""A job's adapter as one of MLflow's models: a line among the experiment's models.

Its files stay with the run (`runs:/<run>/adapter`), where `peft.PeftModel.from_pretrained` takes
them; the model says what they are, and what was measured with them.
"""

import re
from typing import TYPE_CHECKING

from orchestrator.tracking.child_run import ChildRun
from trainers.job import ADAPTER

if TYPE_CHECKING:
    from mlflow import MlflowClient

KIND = "lora-adapter"
TOLD = ("job", "base", "method", "phase", "feasible", "trial", "seed", "version")
"""Tags that the model has of its run."""


def add_model(
    client: "MlflowClient", experiment_id: str, run_id: str, run: ChildRun, *, fresh: bool
) -> str:
    """Returns the id of the run's model, which is made and linked unless it is there.

    A run that is `fresh` has none, and nothing is looked for.
    """
    from mlflow.entities import LoggedModelOutput

    found = None if fresh else _found(client, experiment_id, run_id, _name(run))
    model_id = found or _made(client, experiment_id, run_id, run)
    client.finalize_logged_model(model_id, "READY")
    if fresh or model_id not in _linked(client, run_id):
        client.log_outputs(run_id, [LoggedModelOutput(model_id, step=0)])
    return model_id


def remove_models(client: "MlflowClient", experiment_id: str, run_id: str) -> None:
    """Removes the models of a run whose adapter is gone; the run stays."""
    there = client.search_logged_models([experiment_id], f"source_run_id = '{run_id}'")
    for model in there:
        client.delete_logged_model(model.model_id)


def _found(client: "MlflowClient", experiment_id: str, run_id: str, name: str) -> str | None:
    there = client.search_logged_models([experiment_id], f"name = '{name}'")
    return next((str(m.model_id) for m in there if m.source_run_id == run_id), None)


def _made(client: "MlflowClient", experiment_id: str, run_id: str, run: ChildRun) -> str:
    tags = {name: run.tags[name] for name in TOLD if name in run.tags}
    files = f"runs:/{run_id}/{ADAPTER}"
    model = client.create_logged_model(
        experiment_id,
        name=_name(run),
        source_run_id=run_id,
        tags={**tags, "files": files, "mlflow.model.isExternal": "true"},
        params=dict(run.params),
        model_type=KIND,
    )
    return str(model.model_id)


def _linked(client: "MlflowClient", run_id: str) -> list[str]:
    outputs = client.get_run(run_id).outputs
    return [] if outputs is None else [str(model.model_id) for model in outputs.model_outputs]


def _name(run: ChildRun) -> str:
    """Returns a name of what MLflow allows in one; the hash makes it the job's own."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", f"{run.name}-{run.tags['job'][:8]}")
