"""The weights that a job left in its folder: what they take, and how an adapter is taken away.

A job's result stays when its adapter goes. `adapter/` is renamed to `adapter.removed/` and emptied
then, so that there is a whole adapter or none at every instant, that a removal which was cut off
can be gone on with, and that it needs no room. An `adapter.removed/` without an `adapter/` says
that there was one.
"""

import shutil
from contextlib import suppress
from pathlib import Path

from orchestrator.storage.files import REMOVED, WHY_FILE
from trainers.job import ADAPTER, MODEL


def adapter_bytes(folder: Path) -> int:
    """Returns what the adapter of the job in `folder` takes; 0 where there is none."""
    return _bytes(folder / ADAPTER)


def model_bytes(folder: Path) -> int:
    """Returns what the model of the baseline in `folder` takes; 0 where there is none."""
    return _bytes(folder / MODEL)


def is_removed(folder: Path) -> bool:
    """Returns whether the job in `folder` had an adapter that was removed."""
    return (folder / REMOVED).is_dir() and not (folder / ADAPTER).is_dir()


def remove_adapter(folder: Path, why: str) -> int:
    """Removes the adapter of the job in `folder`, notes `why`, and returns the bytes it took.

    Goes on with a removal that was cut off.
    """
    freed = adapter_bytes(folder)
    aside = folder / REMOVED
    if (folder / ADAPTER).is_dir():
        shutil.rmtree(aside, ignore_errors=True)
        (folder / ADAPTER).rename(aside)
    if aside.is_dir():
        _empty(aside, why)
    return freed


def give_back(folder: Path, adapter: Path) -> None:
    """Makes `adapter`, made anew by the same job, that of the job in `folder` again."""
    adapter.rename(folder / ADAPTER)
    shutil.rmtree(folder / REMOVED, ignore_errors=True)


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
