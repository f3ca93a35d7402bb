"""Overhead of a model for attacks: packed into a warm gang, and one process a model; see README.md.

    overhead of a model = its share of the time - its training - its evaluation

Both kinds train the same models of drawn people in one run, on the machine as it is.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import ray
from machine import setting, table
from trial_overhead import TicketList

from evals.choice import Choice
from orchestrator.config.loading import CONFIGS, load_config
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.build import starting_weights
from orchestrator.jobs.shadows import Shadow, shadows_at
from orchestrator.jobs.ticket import Ticket, ticket_for
from orchestrator.results.entry import Basis, Entry
from orchestrator.running.ray_connection import connect
from orchestrator.running.scheduler import run_queue
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from trainers.family import build_family
from trainers.job import Job, Outcome, Phase, Report

GOAL_RATIO = 0.1
METHODS = ("retain_ft", "scrub")


@dataclass(frozen=True, slots=True)
class Timing:
    """Models of one kind: how many, and seconds for each, in all and of training and scoring."""

    number: int
    whole_s: float
    work_s: float

    @property
    def overhead_s(self) -> float:
        """What else each took."""
        return self.whole_s - self.work_s


class OneByOne(TicketList):
    """Gives out each pack once the one before it has ended, so that one gang takes all."""

    def __init__(self, packs: Sequence[Sequence[Ticket]]) -> None:
        super().__init__([p[0].model_copy(update={"following": tuple(p[1:])}) for p in packs])
        self._running = 0

    def next(self) -> Ticket | None:
        """Returns the next pack, if no other is running."""
        ticket = None if self._running else super().next()
        self._running += 0 if ticket is None else 1 + len(ticket.following)
        return ticket

    def finish(self, job: Job, *, error: str) -> None:
        """Notes the time."""
        super().finish(job, error=error)
        self._running -= 1


def main() -> None:
    options = _parser().parse_args()
    if options.one is not None:
        print(json.dumps(_alone(Ticket.model_validate_json(Path(options.one).read_text()))))
        return
    os.environ.pop("RAY_ADDRESS", None)  # an embedded Ray, whatever cluster is at hand
    print(setting("lethe", "ray", "torch", "deepspeed", "transformers"), flush=True)
    with tempfile.TemporaryDirectory(prefix="lethe-") as folder:
        config = _config(Path(folder), options.epochs)
        storage = Storage(config.folder)
        connect(config.gang)
        print("a first pack, which forms the gang, and a timed one ...", flush=True)
        packs = [list(_tickets(config, storage, split)) for split in range(1, 2 + options.splits)]
        packed = _packed(packs, config, storage)
        ray.shutdown()
        print(f"{len(packs[0])} models, a process each ...", flush=True)
        alone = _alone_each(packs[0], Path(folder))
    print(report(packed, alone))


def report(packed: Timing, alone: Timing) -> str:
    """Returns the table, the ratios and what was aimed at."""
    head = ["models", "number", "s a model", "training + evaluation s", "overhead s"]
    ratio = packed.overhead_s / alone.overhead_s
    lines = [
        "",
        table(head, [_row("packed", packed), _row("one process each", alone)]),
        "",
        f"overhead, packed / one process each: {ratio:.3f} (goal: {GOAL_RATIO:g} or less)",
        f"the whole, packed / one process each: {packed.whole_s / alone.whole_s:.3f}",
        f"goal met: {'yes' if ratio <= GOAL_RATIO else 'no'}",
    ]
    return "\n".join(lines)


def _row(name: str, timing: Timing) -> list[str]:
    seconds = (timing.whole_s, timing.work_s, timing.overhead_s)
    return [name, str(timing.number), *(f"{each:.2f}" for each in seconds)]


def _packed(packs: Sequence[Sequence[Ticket]], config: SweepConfig, storage: Storage) -> Timing:
    """Runs the first split's models, which form the gang, and then all others as one pack."""
    first, timed = packs[0], [ticket for pack in packs[1:] for ticket in pack]
    tickets = OneByOne([first, timed])
    place = storage.sweep_folder("packs")
    run_queue(tickets, config.gang, folder=place, on_report=_ignore)
    whole_s = tickets.ends_s[timed[-1].job.hash] - tickets.ends_s[first[-1].job.hash]
    work_s = sum(_work_s(storage.find(ticket.job)) for ticket in timed)
    return Timing(len(timed), whole_s / len(timed), work_s / len(timed))


def _ignore(job: Job, report: Report) -> None:
    """Looks at no report."""


def _work_s(result: Result | None) -> float:
    if result is None or result.state == State.FAILED:
        raise SystemExit(f"a job failed: {result and result.reason}")
    return result.facts["train_s"] + result.facts["eval_s"]


def _alone_each(tickets: Sequence[Ticket], folder: Path) -> Timing:
    """Trains the models again, in a process each, one after the other."""
    whole_s, work_s = [], []
    for ticket in tickets:
        file = folder / "ticket.json"
        file.write_text(ticket.model_dump_json(), encoding="utf-8")
        started = time.perf_counter()
        command = [sys.executable, __file__, "--one", str(file)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        whole_s.append(time.perf_counter() - started)
        work_s.append(json.loads(said.splitlines()[-1]))
    return Timing(len(tickets), statistics.mean(whole_s), statistics.mean(work_s))


def _alone(ticket: Ticket) -> float:
    """Trains one model in this process; returns the seconds of its training and evaluation."""
    import torch
    import torch.distributed as dist
    from torch._C._distributed_c10d import FileStore  # where its types are

    from trainers.distributed import Place
    from trainers.rank_task import RankTask
    from trainers.run import run
    from trainers.warm_state import WarmState

    torch.set_num_threads(1)
    base = None if ticket.base is None else Path(ticket.base)
    with tempfile.TemporaryDirectory(prefix="lethe-") as folder:
        store = FileStore(f"{folder}/store", 1)
        dist.init_process_group("gloo", store=store, rank=0, world_size=1)
        os.environ |= {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0"}
        for news in run(
            RankTask(ticket.job, Path(folder), base=base), WarmState(Place(0, 1, "cpu"))
        ):
            if isinstance(news, Outcome):
                return news.facts["train_s"] + news.facts["eval_s"]
    raise SystemExit("the job came to no outcome")


def _tickets(config: SweepConfig, storage: Storage, split: int) -> Iterator[Ticket]:
    """Yields the tickets of a split's models, as a sweep's stage gives them out."""
    best = {label: _best(config, label) for label in config.methods}
    weights = starting_weights(config, build_family(config.model))
    for shadow in shadows_at(config, split, best, weights=weights):
        yield ticket_for(shadow.job, _basis(shadow), config=config, storage=storage)


def _basis(shadow: Shadow) -> Basis | None:
    if shadow.original is None or shadow.gold is None:
        return None
    return Basis(shadow.original, shadow.gold)


def _best(config: SweepConfig, label: str) -> Entry:
    job = Job(
        phase=Phase.TRIAL,
        benchmark=Choice(name=config.benchmark.name),
        model=config.model,
        training=config.training,
        adapter=None,
        engine=config.engine,
        evaluation=config.evaluation,
        seed=0,
        data="",
        weights="",
        version="",
    )
    return Entry(label, Result(job, State.DONE, "", {}, {}, 0.0, (), 0.0), 0, {"lr": 0.03})


def _config(folder: Path, epochs: int) -> SweepConfig:
    """Returns the sweep of drawn people, made shorter: work is subtracted, so it is no matter."""
    overrides = [
        f"storage={folder}",
        f"methods=[{','.join(METHODS)}]",
        f"baselines.training.epochs={epochs}",
        "baselines.training.warmup_epochs=0",
        f"training.epochs={epochs}",
        "search.l1=null",
    ]
    return load_config(str(CONFIGS / "vision_tiny.yaml"), overrides)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Models for attacks, packed and one by one.")
    parser.add_argument("--splits", type=int, default=6, help="timed splits, of four models each")
    parser.add_argument("--epochs", type=int, default=10, help="of each training")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
