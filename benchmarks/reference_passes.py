"""What a sweep's reference takes, and what gangs would save that share what it says; see README.md.

Draws the rows of every job by the sweep's own sampler and gives the jobs, in the order of the
methods' turns, to the gang that is free first. Nothing is trained. Work is in rows: one is a
forward pass over one row of a micro-batch.
"""

import argparse
import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from machine import table

from evals.benchmark import Benchmark
from evals.building import build_benchmark
from evals.selection import selected_tasks
from evals.suite import suite_of
from orchestrator.config.loading import load_config
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.finalists import final_seeds
from trainers.distributed import Place
from trainers.family import build_family
from trainers.kept_states import KEPT_BYTES
from trainers.memory.flops import RIDGE_TOKENS
from trainers.method import build_method
from trainers.requirements import Requirements, Source
from trainers.sampler import Sampler, Shape, TrainingData

Key = tuple[str, int]
"""A row and its width; a state depends on its place in a padded row."""
Part = tuple[Key, ...]
"""The rows of one source in a micro-batch."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What a job takes beside its reference, in rows of a rank."""

    per_row: float
    evaluation: float
    num_layers: int
    state_bytes: float


class Kept:
    """What was said of rows, in one store for each rank, or in one for all that share it."""

    def __init__(self, num_stores: int, *, most_bytes: float) -> None:
        self.numbers: list[set[str]] = [set() for _ in range(num_stores)]
        self._states: list[set[tuple[Key, int]]] = [set() for _ in range(num_stores)]
        self._left = [most_bytes] * num_stores

    def lacking(self, rank: int, part: Part) -> list[str]:
        """Returns the rows whose likelihoods are not known."""
        known = self.numbers[rank % len(self.numbers)]
        return [row for row, _ in part if row not in known]

    def add(self, rank: int, part: Part) -> None:
        """Keeps likelihoods."""
        self.numbers[rank % len(self.numbers)].update(row for row, _ in part)

    def lacks_states(self, rank: int, part: Part, *, layer: int, size: float) -> bool:
        """Returns whether a state of these rows is not known; then all are, as far as they fit."""
        store = rank % len(self._states)
        wanted = {(key, layer) for key in part}
        unknown = wanted - self._states[store]
        for each in sorted(unknown):
            if size <= self._left[store]:
                self._states[store].add(each)
                self._left[store] -= size
        return bool(unknown)


class Draws:
    """The rows that a sweep's jobs draw, by rank, step and micro-batch."""

    def __init__(self, config: SweepConfig, benchmark: Benchmark, encoder: Any) -> None:
        self._config, self._encoder = config, encoder
        examples = {
            Source.FORGET: benchmark.splits["forget"],
            Source.RETAIN: benchmark.splits["retain"],
        }
        self._data = TrainingData(examples, benchmark.refusals, Source.FORGET)
        self.num_steps = config.training.num_steps(len(examples[Source.FORGET]))
        self.of = cache(self._of)

    def _of(self, source: Source, seed: int, num_random: int, every: int) -> list[list[list[Part]]]:
        recipe, world = self._config.training, self._config.gang.ranks
        shape = Shape(recipe.batch_size, recipe.micro_batch_size, num_random, every)
        size = recipe.micro_batch_size * (num_random if source == Source.RANDOM else 1)
        samplers = [
            Sampler(
                self._data,
                self._encoder,
                needs=frozenset({source}),
                shape=shape,
                place=Place(rank, world),
                seed=seed,
            )
            for rank in range(world)
        ]
        steps = range(self.num_steps)
        return [[list(self._parts(s, source, i, size)) for i in steps] for s in samplers]

    def _parts(self, sampler: Sampler, source: Source, index: int, size: int) -> Iterator[Part]:
        if self._encoder is None:
            rows = [(row, 0) for row in sampler.row_ids(index)]
            yield from (tuple(rows[at : at + size]) for at in range(0, len(rows), size))
            return
        for batches in sampler.step(index):
            batch = batches[source]
            yield tuple((row, batch.attended_BT.shape[1]) for row in batch.ids)


def reference_rows(asked: Requirements, seed: int, draws: Draws, kept: Kept, costs: Costs) -> float:
    """Returns what the reference takes of a job that finds `kept`, of the rank that waits longest.

    Where one rank lacks a likelihood, all compute; states are each rank's own affair.
    """
    layer = -1 if asked.hidden_layer is None else asked.hidden_layer
    depth = 1.0 if layer < 0 else (layer + 1) / costs.num_layers
    random = asked.num_random, asked.forget_every
    numbers = [draws.of(source, seed, *random) for source in sorted(asked.likelihoods)]
    states = [draws.of(source, seed, *random) for source in sorted(asked.compared)]
    total = 0.0
    for index in range(draws.num_steps):
        for by_rank in numbers:
            for parts in zip(*(steps[index] for steps in by_rank), strict=True):
                total += _likelihoods(parts, kept)
        if states:
            total += depth * max(
                sum(
                    len(part)
                    for by_rank in states
                    for part in by_rank[rank][index]
                    if kept.lacks_states(rank, part, layer=layer, size=costs.state_bytes)
                )
                for rank in range(len(states[0]))
            )
    return total


def _likelihoods(parts: Sequence[Part], kept: Kept) -> int:
    lacking = [kept.lacking(rank, part) for rank, part in enumerate(parts)]
    if not any(lacking):
        return 0
    for rank, part in enumerate(parts):
        kept.add(rank, part)
    return max(len(rows) or len(part) for rows, part in zip(lacking, parts, strict=True))


def simulated(
    config: SweepConfig, draws: Draws, costs: Costs, gangs: Sequence[Kept]
) -> tuple[float, float, float]:
    """Returns the work of all jobs, that of the reference in it, and when the last job ends.

    Who shares a store finds there what a job that has begun is still to compute, which is more than
    it could.
    """
    asked = {n: build_method(m.choice({})).requirements for n, m in config.methods.items()}
    seeds = () if config.finalists is None else final_seeds(config)
    search = [(label, config.seed) for _ in range(config.search.trials) for label in asked]
    finals = [(label, seed) for seed in seeds for label in asked]
    work = reference = ends = 0.0
    for stage in (search, finals):
        free = [(ends, gang) for gang in range(len(gangs))]
        for label, seed in stage:
            now, gang = heapq.heappop(free)
            rows = reference_rows(asked[label], seed, draws, gangs[gang], costs)
            whole = rows + _own_work(asked[label], config, draws, costs)
            work, reference = work + whole, reference + rows
            heapq.heappush(free, (now + whole, gang))
        ends = max(end for end, _ in free)
    return work, reference, ends


def _own_work(asked: Requirements, config: SweepConfig, draws: Draws, costs: Costs) -> float:
    ends_early = asked.hidden_layer is not None and not asked.logits_too
    share = ((asked.hidden_layer or 0) + 1) / costs.num_layers if ends_early else 1.0
    rows = draws.num_steps * config.training.batch_size / config.gang.ranks
    return sum(asked.passes) * rows * costs.per_row * share + costs.evaluation


def costs_of(config: SweepConfig, benchmark: Benchmark, options: argparse.Namespace) -> Costs:
    """Returns what jobs take, by the plan's arithmetic: a pass over few tokens counts as more."""
    suite, recipe, asked = suite_of(config.benchmark.name), config.training, config.evaluation
    sizes, world = suite.sizes, config.gang.ranks
    least = RIDGE_TOKENS if config.gang.gpus_per_rank else 0
    length = sizes.mean_positions(benchmark.splits["full"], max_length=recipe.max_length)
    whole, micro = recipe.micro_batch_size * length, recipe.micro_batch_size
    tokens = 0.0
    for task in selected_tasks(benchmark, asked):
        mean = sizes.mean_positions(task.examples, max_length=asked.max_length)
        calls = math.ceil(math.ceil(len(task.examples) / world) / asked.batch_size)
        written = calls * sizes.num_generated(task, asked) * max(asked.batch_size, least)
        tokens += sizes.num_scored(task) * mean / world + written
    return Costs(
        per_row=(3 if config.adapter is None else 2) + options.checkpointing,
        evaluation=tokens / (max(whole, least) / micro),
        num_layers=options.layers,
        state_bytes=length * options.hidden * options.entry_bytes,
    )


def main() -> None:
    options = _parser().parse_args()
    config = load_config(options.config, options.overrides)
    benchmark, encoder = build_benchmark(config.benchmark), None
    if options.widths:
        loaded = build_family(config.model).load(benchmark=benchmark, checkpoint=None, seed=0)
        encoder = suite_of(config.benchmark.name).encoder(
            loaded.processor, max_length=config.training.max_length, key="training.max_length"
        )
    draws, costs = Draws(config, benchmark, encoder), costs_of(config, benchmark, options)
    ranks, rows = config.gang.ranks, []
    for num in options.gangs:
        own = [Kept(ranks, most_bytes=KEPT_BYTES) for _ in range(num)]
        work, reference, ends = simulated(config, draws, costs, own)
        row = [str(num), f"{100 * reference / work:.1f} %"]
        for most_bytes in (float(ranks * KEPT_BYTES), float("inf")):
            shared = [Kept(1, most_bytes=most_bytes)] * num
            less, _, sooner = simulated(config, draws, costs, shared)
            row += [f"{100 * (1 - less / work):.1f} %", f"{100 * (1 - sooner / ends):.1f} %"]
        rows.append(row)
    head = ["gangs", "reference now", "shared: work", "time", "without limit: work", "time"]
    print(f"{config.name}, gangs of {ranks}\n\n{table(head, rows)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="What sharing the reference's passes would save.")
    parser.add_argument("config", help="a sweep's YAML, or the name of one of Lethe's")
    parser.add_argument("overrides", nargs="*", help="key=value")
    parser.add_argument("--gangs", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--widths", action="store_true", help="load the model for its encoder")
    parser.add_argument("--hidden", type=int, default=128, help="width of the model")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--entry-bytes", type=int, default=4, help="of an entry of a state")
    parser.add_argument("--checkpointing", action="store_true", help="passes run forward twice")
    return parser


if __name__ == "__main__":
    main()
