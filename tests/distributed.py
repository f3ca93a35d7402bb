"""Runs `study` of a file as one rank of a process group; started by the fixture `on_ranks`.

usage: distributed.py FILE RANK WORLD FOLDER TIMEOUT_S

The ranks find each other through a file and talk over loopback. The result is written to
FOLDER/<rank>.pt. A rank ends itself after TIMEOUT_S, whatever becomes of whoever started it.
"""

import importlib.util
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path


def main(file: str, rank: int, world: int, folder: Path, timeout_s: int) -> None:
    signal.alarm(timeout_s)
    sys.path.insert(0, str(Path(__file__).parents[1]))  # for fixtures of the tests
    os.environ.update(DS_ACCELERATOR="cpu", GLOO_SOCKET_IFNAME="lo")
    from cluster.collection import uncollected

    with uncollected():
        import torch

        spec = importlib.util.spec_from_file_location(Path(file).stem, file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo",
        store=torch.distributed.FileStore(str(folder / "store"), world),
        rank=rank,
        world_size=world,
        timeout=timedelta(seconds=timeout_s),
    )
    result = module.study(rank, world, folder)
    torch.save(result, folder / f"{rank}.pt")
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    file, rank, world, folder, timeout_s = sys.argv[1:]
    main(file, int(rank), int(world), Path(folder), int(timeout_s))
