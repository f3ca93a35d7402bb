"""A whole sweep beside a queue of processes: one for each trial, as many at once; see README.md.

Both run the same trials from the same baselines, which are there before. The sweep is the program
itself, from its command to its end, tables and MLflow included.
"""

import argparse
import ctypes
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil
from machine import setting, table

from orchestrator.storage.files import JOB_FILE, RESULT_FILE, job_path
from trainers.job import MODEL

ROOT = Path(__file__).parents[1]
TRIAL = Path(__file__).with_name("queued_trial.py")
BECOME_SUBREAPER = 36
"""Linux's PR_SET_CHILD_SUBREAPER: whoever loses its parent becomes this process's child."""
STRAGGLERS_S = 60
SAMPLE_S = 0.2
"""Seconds between two looks at what processes have used."""
HEAD = ["what", "ours s", "theirs s", "CPU", "wall"]
CONFIG = (
    "benchmark.num_people=16",
    "benchmark.forget_people=4",
    "benchmark.holdout_people=2",
    "evaluation.metrics=[retain,retain_with_rouge,real_with_rouge,forget]",
    "evaluation.batch_size=32",
    "evaluation.max_new_tokens=48",
    "search.objective=forget",
    "search.sampler=random",
    "search.stopping=null",
    "search.l1=null",
    "finalists=null",
)
"""The demo with fewer people, all of whose metrics have ROUGE, and no trial stopped early."""
METHODS = "gd", "simnpo", "npo_rt"
TRIALS, EPOCHS = 2, 9.0
"""Of each method, and of a trial."""


def main() -> None:
    options = _parser().parse_args()
    print(setting("lethe", "ray", "torch", "transformers", "peft", "deepspeed"), flush=True)
    row = queue_row(options.pairs, trials=options.trials, epochs=options.epochs)
    print(f"\n{len(METHODS) * options.trials} trials, {options.pairs} pairs\n")
    print(table(HEAD, [row]))


def queue_row(pairs: int, *, trials: int = TRIALS, epochs: float = EPOCHS) -> list[str]:
    """Returns the medians over the pairs of what both take; each sweep goes before its queue."""
    adopt_orphans()
    found = []
    with tempfile.TemporaryDirectory(prefix="lethe-") as place:
        prepared = Path(place, "prepared")
        words = "name=baselines", "methods=[ga]", "search.trials=1", "training.epochs=1"
        cost(partial(_sweep, prepared, *words))
        for turn in range(pairs):
            storage = Path(place, f"sweep-{turn}")
            shutil.copytree(prepared, storage)
            found.append(_pair(storage, [f"search.trials={trials}", f"training.epochs={epochs:g}"]))
    return _row(found)


def _pair(storage: Path, words: Sequence[str]) -> tuple[float, float, float, float]:
    """Runs a sweep in `storage`, then its trials as a queue, and returns what both cost."""
    before = {job.name for job in _jobs(storage)}
    methods = f"methods=[{','.join(METHODS)}]"
    ours = cost(partial(_sweep, storage, "name=queue", methods, *words))
    ran = [job for job in _jobs(storage) if job.name not in before]
    out = storage.with_suffix(".queue")
    out.mkdir()
    theirs = cost(partial(_queue, ran, _original(storage), out))
    for side, (wall_s, cpu_s) in (("ours", ours), ("theirs", theirs)):
        print(f"{len(ran)} trials, {side}: {wall_s:.1f} s, CPU {cpu_s:.1f} s", flush=True)
    return (*ours, *theirs)


def adopt_orphans() -> None:
    """Has Linux make this process the parent of those that lose theirs, so that it counts them."""
    assert ctypes.CDLL(None).prctl(BECOME_SUBREAPER, 1, 0, 0, 0) == 0


def cost(run: Callable[[], None]) -> tuple[float, float]:
    """Returns seconds of the clock until it has run, and of the processor until all are gone.

    What is left behind, such as Ray's own processes, is waited for, and counts. Of the processor's
    two counts, each of which may lack something, it is the larger one: the system's is without
    those that ended where nobody waits for them, as Ray's workers do, the other one without what a
    process did after it was last looked at.
    """
    before, begun = _children_s(), time.perf_counter()
    with _looked_at() as used:
        run()
        wall_s = time.perf_counter() - begun
        _wait_for_stragglers()
    return wall_s, max(_children_s() - before, sum(used.values()))


@contextmanager
def _looked_at() -> Iterator[dict[psutil.Process, float]]:
    """Yields what every process that there is below this one meanwhile has used of a processor."""
    used: dict[psutil.Process, float] = {}
    over, this = threading.Event(), psutil.Process()

    def look() -> None:
        while not over.wait(SAMPLE_S):
            for process in this.children(recursive=True):
                with suppress(psutil.Error):  # it is gone
                    used[process] = sum(process.cpu_times()[:2])

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield used
    finally:
        over.set()
        looking.join()


def _wait_for_stragglers() -> None:
    until = time.monotonic() + STRAGGLERS_S
    with suppress(ChildProcessError):  # no child is left
        while time.monotonic() < until:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.1)
        raise SystemExit("a process that was left behind does not end")


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _sweep(storage: Path, *words: str) -> None:
    command = [sys.executable, "-m", "orchestrator.sweep", "demo", f"storage={storage}", *CONFIG]
    _run([*command, *words], storage.with_suffix(".log"))


def _queue(jobs: Sequence[Path], checkpoint: Path, out: Path) -> None:
    """Runs a process for each job, as many at once as there are processors for the sweep."""

    def trial(job: Path) -> None:
        words = (
            f"--job={job / JOB_FILE}",
            f"--checkpoint={checkpoint}",
            f"--out={out / job.name}",
        )
        _run([sys.executable, str(TRIAL), *words], out / f"{job.name}.log")

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as workers:
        list(workers.map(trial, jobs))


def _run(command: Sequence[str], log: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    environment.pop("RAY_ADDRESS", None)  # an embedded Ray, whatever cluster is at hand
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiled once, as where people work
    with log.open("w") as file:
        done = subprocess.run(command, stdout=file, stderr=file, env=environment, check=False)
    if done.returncode not in (0, 3):  # 3: nothing is feasible
        raise SystemExit(
            f"{' '.join(command)} ended with {done.returncode}:\n{log.read_text()[-2000:]}"
        )


def _jobs(storage: Path) -> list[Path]:
    return sorted(path.parent for path in storage.glob(job_path("[!.]*", RESULT_FILE)))


def _original(storage: Path) -> Path:
    """Returns the model that trials start from."""
    (found,) = (
        job / MODEL
        for job in _jobs(storage)
        if json.loads((job / JOB_FILE).read_text())["phase"] == "original"
    )
    return found


def _row(found: Sequence[tuple[float, float, float, float]]) -> list[str]:
    """Returns the line of (wall, CPU) of ours and of theirs."""
    wall = statistics.median(one[0] / one[2] for one in found)
    cpu = statistics.median(one[1] / one[3] for one in found)
    seconds = (f"{statistics.median(one[place] for one in found):.1f}" for place in (0, 2))
    return ["a sweep of trials", *seconds, f"{cpu:.2f}", f"{wall:.2f}"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="A whole sweep beside a queue of processes.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--pairs", type=int, default=3, help="sweeps, each before its queue")
    parser.add_argument("--trials", type=int, default=TRIALS, help="of each of three methods")
    parser.add_argument("--epochs", type=float, default=EPOCHS, help="of a trial")
    return parser


if __name__ == "__main__":
    main()
