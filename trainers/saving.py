"""How ranks leave files behind: whole, on the disk, and as soon as there is room for them."""

import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path

from trainers.disk_full import lacks_room
from trainers.distributed import Place, gather
from trainers.job import Beat


def written(write: Callable[[], None], folder: Path, place: Place) -> Generator[Beat, None, None]:
    """Has rank 0 `write` into `folder`, again and again for as long as there is no room for it.

    Each time that there is none, what was written is removed and every rank gives a Beat that
    says so; who takes it decides how long to wait. `write` must not talk to other ranks. In the
    end everything is on the disk, not only in its cache: some disks say there that they are full.
    """
    while complaint := gather(_complaint(write, folder, place), place)[0]:
        yield Beat(no_room=complaint)


def _complaint(write: Callable[[], None], folder: Path, place: Place) -> str:
    """Returns why rank 0 found no room, or nothing."""
    if place.rank != 0:
        return ""
    try:
        write()
        _sync_all(folder)
    except Exception as error:
        if not lacks_room(error):
            raise
        shutil.rmtree(folder, ignore_errors=True)
        return f"{type(error).__name__}: {error}"
    return ""


def _sync_all(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
