"""What both sides of a comparison with others have, and how their times are compared."""

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import open_unlearning
import torch
from peft.tuners.lora.layer import Linear
from torch.nn.functional import pad

from evals.benchmark import Benchmark
from evals.building import build_benchmark
from evals.choice import choose
from evals.collated import IGNORE
from evals.suite import suite_of
from evals.text.encoding import Encoder
from evals.text.example import Example
from trainers.family import build_family
from trainers.loaded_model import LoadedModel
from trainers.lora_linear import LoraLinear
from trainers.settings import TrainingSettings

LR = 1e-4


@dataclass(frozen=True, slots=True)
class Bench:
    """What both sides have: the benchmark, a loaded model, its encoder and the settings."""

    benchmark: Benchmark
    loaded: LoadedModel
    encoder: Encoder
    training: TrainingSettings
    device: str
    dtype: Literal["fp32", "bf16"]


def bench_of(options: argparse.Namespace) -> Bench:
    """Returns a model with random weights, and sixteen people to be asked for."""
    benchmark = build_benchmark(
        choose("evals.benchmarks", {"name": "characters", "num_people": 16}, key="benchmark")
    )
    size = {
        "hidden_size": options.hidden_size,
        "num_layers": options.num_layers,
        "intermediate_size": 3 * options.hidden_size,
        "dtype": options.dtype,
    }
    family = build_family(choose("trainers.models", {"name": "tiny_llama", **size}, key="model"))
    loaded = family.load(benchmark=benchmark, checkpoint=None, seed=0)
    loaded.model.to(options.device)
    encoder = suite_of("characters").encoder(loaded.processor, max_length=128, key="max_length")
    training = TrainingSettings(
        lr=LR, batch_size=options.rows, micro_batch_size=options.rows, max_length=128
    )
    return Bench(benchmark, loaded, cast(Encoder, encoder), training, options.device, options.dtype)


def learn(bench: Bench, epochs: int) -> None:
    """Trains the model on all people, so that it says of them about what there is to say."""
    model, examples, size = bench.loaded.model, bench.benchmark.splits["full"], 16
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.0)
    batches = [
        peer_rows(bench, examples[start : start + size], 0)
        for start in range(0, len(examples), size)
    ]
    model.train()
    for _ in range(epochs):
        for rows in batches:
            model(**rows).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    model.eval()


def peer_rows(bench: Bench, examples: Sequence[Example], place: int) -> open_unlearning.Inputs:
    """Returns rows of the examples with each one's answer at a place, as others collate them."""
    rows = [bench.encoder.row(each, each.answers[place]) for each in examples]
    collated = bench.encoder.collate(rows)
    return labelled_rows(collated.inputs, collated.labels_BT, bench.device)


def labelled_rows(
    inputs: Mapping[str, torch.Tensor], labels_BT: torch.Tensor, device: str
) -> open_unlearning.Inputs:
    """Returns rows with labels of every position."""
    rows = {**inputs, "labels": pad(labels_BT, (1, 0), value=IGNORE)}
    return {name: value.to(device) for name, value in rows.items()}


def as_peft_runs_it(model: torch.nn.Module) -> None:
    """Takes from the layers of a model's adapter what they have of Lethe's own."""
    for module in model.modules():
        if isinstance(module, LoraLinear):
            module.__class__ = Linear
        getattr(module, "lora_variant", {}).clear()


def compared(
    what: str,
    ours: Callable[[int], None],
    theirs: Callable[[int], None],
    pairs: int,
    device: str,
) -> list[str]:
    """Times both in turns, each once for every pair before it is timed."""
    for turn in range(pairs):
        ours(turn)
        theirs(turn)
    times: list[tuple[float, float, float, float]] = []
    for turn in range(pairs):
        sides = [(0, ours), (1, theirs)]
        found = [(0.0, 0.0), (0.0, 0.0)]
        for side, run in sides if turn % 2 else sides[::-1]:
            found[side] = timed(run, turn, device)
        times.append((*found[0], *found[1]))
    cpu = statistics.median(one[0] / one[2] for one in times)
    wall = statistics.median(one[1] / one[3] for one in times)
    ms = (f"{1000 * statistics.median(one[place] for one in times):.1f}" for place in (0, 2))
    return [what, *ms, f"{cpu:.2f}", f"{wall:.2f}"]


def timed(run: Callable[[int], None], turn: int, device: str) -> tuple[float, float]:
    """Returns seconds of the processor and of the clock."""
    cpu, wall = time.process_time(), time.perf_counter()
    run(turn)
    if device != "cpu":
        torch.cuda.synchronize()
    return time.process_time() - cpu, time.perf_counter() - wall
