"""Where a search keeps its study: in the journal of its sweep's folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evals.errors import ConfigError
from orchestrator.searching.constraints import bound_names
from orchestrator.searching.settings import Direction, SearchSettings
from orchestrator.searching.space import Space
from orchestrator.storage.line_file import Wait

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import JournalStorage

    from orchestrator.searching.journal import Journal


def open_journal(file: Path, wait: Wait) -> "Journal":
    """Returns the journal, made if it is not there; see `Journal`."""
    from orchestrator.searching.journal import Journal  # imports Optuna

    return Journal(file, wait=wait)


def storage_in(journal: "Journal") -> "JournalStorage":
    """Returns Optuna's storage over the journal."""
    from optuna.storages import JournalStorage

    return JournalStorage(journal)


def open_study(label: str, directions: Sequence[Direction], storage: "JournalStorage") -> "Study":
    """Returns the study of that label, made if it is not there."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(
        study_name=label,
        storage=storage,
        sampler=optuna.samplers.RandomSampler(seed=0),
        directions=list(directions),
        load_if_exists=True,
    )


def check_unchanged(study: "Study", label: str, *, space: Space, settings: SearchSettings) -> None:
    """Refuses a journal of another search: old trials would silently mislead the sampler.

    Raises:
        ConfigError: names the search, as it was and as it is to be, and the cure.
    """
    described = {name: searched.model_dump(mode="json") for name, searched in space.items()}
    objective = settings.objective
    now = {
        "objective": objective if isinstance(objective, str) else list(objective),
        "constraints": list(bound_names(settings.constraints)),
        "space": dict(sorted(described.items())),
    }
    before = study.user_attrs.get("search")
    if before is None:
        study.set_user_attr("search", now)
    elif before != now:
        raise ConfigError(
            f"the search of {label!r} must be the one this sweep began with, {before}, "
            f"but got {now}; restore it or give the sweep another name"
        )
