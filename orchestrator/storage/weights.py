"""The weights that a job left in its folder: what they take, and how a trial's are taken away.

A job's result stays when its weights go. `adapter/` (or `model/`, where whole models are trained)
is renamed to `adapter.removed/` and emptied then, so that there is a whole adapter or none at every
instant, that a removal which was cut off can be gone on with, and that it needs no room. An
`adapter.removed/` without an `adapter/` says that there was one.
"""

import shutil
from contextlib import suppress
from pathlib import Path

from orchestrator.storage.files import REMOVED, WHY_FILE
from trainers.job import ADAPTER, MODEL

KINDS = (ADAPTER, MODEL)


def adapter_bytes(folder: Path) -> int:
    """Returns what the adapter of the job in `folder` takes; 0 where there is none."""
    return _bytes(folder / ADAPTER)


def model_bytes(folder: Path) -> int:
    """Returns what the model of the job in `folder` takes; 0 where there is none."""
    return _bytes(folder / MODEL)


def kept_weights(folder: Path) -> Path | None:
    """Returns the adapter or else the model of the job in `folder`; None where there is neither."""
    return next((folder / kind for kind in KINDS if (folder / kind).is_dir()), None)


def removed_weights(folder: Path) -> Path | None:
    """Returns what is left of weights of the job in `folder` that were removed, if they were."""
    left = (folder / f"{kind}{REMOVED}" for kind in KINDS)
    return None if kept_weights(folder) else next((each for each in left if each.is_dir()), None)


def is_removed(folder: Path) -> bool:
    """Returns whether the job in `folder` had weights that were removed."""
    return removed_weights(folder) is not None


def remove_weights(folder: Path, why: str) -> int:
    """Removes the weights of the job in `folder`, notes `why`, and returns the bytes they took.

    Goes on with a removal that was cut off.
    """
    kept, freed = kept_weights(folder), 0
    if kept is not None:
        freed, aside = _bytes(kept), kept.with_name(f"{kept.name}{REMOVED}")
        shutil.rmtree(aside, ignore_errors=True)
        kept.rename(aside)
    left = removed_weights(folder)
    if left is not None:
        _empty(left, why)
    return freed


def give_back(folder: Path, weights: Path) -> None:
    """Makes `weights`, made anew by the same job, those of the job in `folder` again."""
    home = folder / weights.name
    weights.rename(home)
    shutil.rmtree(home.with_name(f"{home.name}{REMOVED}"), ignore_errors=True)


def _empty(aside: Path, why: str) -> None:
    note = aside / WHY_FILE
    for path in aside.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path != note:
            path.unlink(missing_ok=True)
    if not note.exists():
        with suppress(OSError):  # the disk may be full, and the folder's name says enough
            note.write_text(f"{why}\n", encoding="utf-8")


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
