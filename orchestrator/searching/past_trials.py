"""Reads what the searches of another sweep have measured, and leaves that sweep alone."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.storage.files import JOURNAL
from orchestrator.storage.line_file import sealed_lines

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


@dataclass(frozen=True, slots=True)
class PastTrial:
    """A measured trial of a search: its method's label, its number there, and its job's hash."""

    label: str
    number: int
    job: str


def past_trials(folder: Path) -> tuple[PastTrial, ...]:
    """Returns the measured trials of the sweep in `folder`, by label and number.

    Raises:
        OSError: there is no journal, or it cannot be read.
        ValueError: it is not a journal.
    """
    sealed_lines(folder / JOURNAL)
    with tempfile.TemporaryDirectory() as aside:
        # Opening a journal writes beside it, and the folder may belong to somebody else.
        copy = shutil.copyfile(folder / JOURNAL, Path(aside) / JOURNAL)
        found = sorted(_read(copy), key=lambda trial: (trial.label, trial.number))
    return tuple(found)


def _read(journal: Path) -> Iterator[PastTrial]:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        storage = JournalStorage(JournalFileBackend(str(journal)))
        for label in optuna.get_all_study_names(storage):
            study = optuna.load_study(study_name=label, storage=storage)
            for trial in study.get_trials(deepcopy=False):
                if _is_whole(trial):
                    yield PastTrial(label, trial.user_attrs["number"], trial.user_attrs["job"])
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"an entry without {error}") from None


def _is_whole(trial: "FrozenTrial") -> bool:
    """Returns whether the trial was measured at its end: not stopped, nor another sweep's."""
    attributes = trial.user_attrs
    own = "number" in attributes and attributes.get("job")
    return bool(own) and trial.state.name == "COMPLETE" and "reason" not in attributes
