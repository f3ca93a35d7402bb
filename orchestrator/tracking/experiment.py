"""The experiments of an MLflow store: where a sweep's run may be, and where it is made."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from evals.errors import ConfigError
from orchestrator.config.tracking import TrackingSettings
from orchestrator.storage.files import ARTIFACTS
from orchestrator.tracking.session import Place

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

SWEEP_ID = "sweep_id"
"""The tag of a sweep's run, and of the experiment that is its own: the identity of its folder."""
KIND = {"mlflow.experimentKind": "custom_model_development"}
"""The tag by which an MLflow that asks for it shows runs of models, not traces of agents."""


def searched_experiments(client: "MlflowClient", settings: TrackingSettings) -> list[str]:
    """Returns the ids of those in which a sweep's run may be: the one that is set, or else all."""
    if settings.experiment is not None:
        found = client.get_experiment_by_name(settings.experiment)
        return [] if found is None else [str(found.experiment_id)]
    ids: list[str] = []
    token: str | None = None
    while token != "":
        page: Any = client.search_experiments(page_token=token)
        ids += [str(each.experiment_id) for each in page]
        token = page.token or ""
    return ids


def experiment_for(
    client: "MlflowClient", settings: TrackingSettings, place: Place, identity: str
) -> str:
    """Returns the id of the experiment in which a sweep's run is to be made, which is made first.

    One of its own is called like the sweep. Another sweep, or somebody else, may have that name on
    the same server: then it has the first digits of the sweep's identity, too.

    Raises:
        ConfigError: it was deleted.
    """
    if settings.experiment is not None:
        return _active(_named(client, settings.experiment, place, KIND))
    tags = {**KIND, SWEEP_ID: identity}
    found = _named(client, place.name, place, tags)
    if found.tags.get(SWEEP_ID) != identity:
        found = _named(client, f"{place.name} {identity[:8]}", place, tags)
    return _active(found)


def _named(
    client: "MlflowClient", name: str, place: Place, tags: Mapping[str, str]
) -> "Experiment":
    """Returns the experiment of that name, deleted or not, or makes it with `tags`.

    A store that is no server keeps artifacts in our storage.
    """
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is not None:
        return found
    served = client.tracking_uri.startswith("http")
    folder = None if served else (place.storage / ARTIFACTS).as_uri()
    try:
        made = client.create_experiment(name, artifact_location=folder, tags=dict(tags))
    except MlflowException:
        found = client.get_experiment_by_name(name)
        if found is None:  # else another sweep has just made it
            raise
        return found
    return client.get_experiment(made)


def _active(found: "Experiment") -> str:
    if found.lifecycle_stage != "active":
        raise ConfigError(
            f"tracking.experiment must be an active experiment but got {found.name!r}, which was "
            f"deleted; restore it (mlflow experiments restore -x {found.experiment_id}), or choose "
            "another name"
        )
    return str(found.experiment_id)
