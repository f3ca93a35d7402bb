"""What two ranks do while the first one finds no room three times."""

from pathlib import Path

from trainers.distributed import Place
from trainers.saving import written


def study(rank: int, world: int, folder: Path) -> dict[str, int]:
    tries = 0

    def write() -> None:
        nonlocal tries
        tries += 1
        (folder / "adapter").mkdir()
        if tries < 4:
            raise OSError(28, "No space left on device")

    beats = list(written(write, folder / "adapter", Place(rank, world)))
    assert (folder / "adapter").is_dir()
    return {"beats": len(beats), "wrote": tries}
