"""Steps and likelihoods side by side with open-unlearning's: the same model, rows and weights.

Both take turns in one process with one thread; see README.md.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import open_unlearning
import torch
from machine import setting, table
from torch.nn.functional import pad

from evals.benchmark import Benchmark, Example
from evals.building import build_benchmark
from evals.choice import choose
from evals.collated import IGNORE
from evals.shard import Shard
from evals.suite import Encoder, suite_of
from trainers.adapters import add_adapter, parameter_groups, trainable
from trainers.batch import Batch
from trainers.distributed import Place
from trainers.engine import Engine
from trainers.family import build_family
from trainers.kept_states import KeptStates
from trainers.loaded_model import LoadedModel
from trainers.method import PACKAGE, Step, build_method
from trainers.requirements import Source
from trainers.sampler import Sampler, Shape, TrainingData
from trainers.settings import AdapterSettings, EngineSettings, L1Mode, TrainingSettings
from trainers.views import ReferenceView, StudentView

LR = 1e-4
METHODS: Mapping[str, Mapping[str, object]] = {
    "ga": {"name": "ga"},
    "gd": {"name": "gd"},
    "simnpo": {"name": "simnpo"},
    "npo": {"name": "npo", "retain_term": "nll"},
    "kl": {"name": "kl"},
    "rmu": {"name": "rmu", "layer": 1},
}
PEERS = {
    "ga": open_unlearning.ga,
    "gd": open_unlearning.gd,
    "simnpo": open_unlearning.simnpo,
    "npo": open_unlearning.npo,
    "kl": open_unlearning.kl,
    "rmu": open_unlearning.rmu(1),
}


@dataclass(frozen=True, slots=True)
class Bench:
    """What both sides have: the benchmark, a loaded model, its encoder and the settings."""

    benchmark: Benchmark
    loaded: LoadedModel
    encoder: Encoder
    training: TrainingSettings
    device: str
    dtype: Literal["fp32", "bf16"]


def main() -> None:
    options = _parser().parse_args()
    torch.set_num_threads(1)
    print(setting("lethe", "torch", "transformers", "peft", "deepspeed"), flush=True)
    bench = _bench(options)
    numbers = sum(value.numel() for value in bench.loaded.model.parameters())
    rows = [_likelihoods(bench, options.pairs), *_steps(bench, options.pairs)]
    size = f"{numbers / 1e6:.1f} million parameters in {options.dtype}"
    print(f"\n{size}, {options.rows} rows a pass, {options.pairs} pairs, {bench.device}\n")
    print(table(["what", "ours ms", "theirs ms", "CPU", "wall"], rows))


def _bench(options: argparse.Namespace) -> Bench:
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
    return Bench(benchmark, loaded, encoder, training, options.device, options.dtype)


def _likelihoods(bench: Bench, pairs: int) -> list[str]:
    """All answers of all tasks; theirs come kind by kind and in their order, 32 at once."""
    suite, model = suite_of("characters"), bench.loaded.model
    device, tasks = torch.device(bench.device), bench.benchmark.tasks
    batches = [
        _peer_rows(bench, alike[start : start + 32], place)
        for task in tasks
        for place in range(max(len(each.answers) for each in task.examples))
        for alike in ([each for each in task.examples if place < len(each.answers)],)
        for start in range(0, len(alike), 32)
    ]

    def ours(_turn: int) -> None:
        for _ in suite.score(
            model, bench.encoder, tasks, batch_size=32, shard=Shard(), device=device
        ):
            pass

    def theirs(_turn: int) -> None:
        open_unlearning.probabilities(model, batches)

    return _row("likelihoods", ours, theirs, pairs, bench.device)


def _peer_rows(bench: Bench, examples: Sequence[Example], place: int) -> open_unlearning.Inputs:
    rows = [bench.encoder.row(each, each.answers[place]) for each in examples]
    collated = bench.encoder.collate(rows)
    return _labelled(collated.inputs, collated.labels_BT, bench.device)


def _labelled(
    inputs: Mapping[str, torch.Tensor], labels_BT: torch.Tensor, device: str
) -> open_unlearning.Inputs:
    rows = {**inputs, "labels": pad(labels_BT, (1, 0), value=IGNORE)}
    return {name: value.to(device) for name, value in rows.items()}


def _steps(bench: Bench, pairs: int) -> list[list[str]]:
    """Optimizer steps of a LoRA adapter, a micro-batch each, of rows that both have drawn already.

    Each side makes every step once before it is timed; then the reference knows its rows, as it
    does from a gang's second trial on.
    """
    reference, model = copy.deepcopy(bench.loaded.model), copy.deepcopy(bench.loaded.model)
    peer = add_adapter(model, AdapterSettings(), seed=0)
    for module in peer.modules():
        getattr(module, "lora_variant", {}).clear()  # as peft has it
    peer.train()
    student = add_adapter(bench.loaded.model, AdapterSettings(), seed=0).train()
    engine = Engine.start(
        student,
        settings=EngineSettings(dtype=bench.dtype),
        training=bench.training,
        world=1,
        groups=parameter_groups(student, l1=0.0, l1_mode=L1Mode.PROXIMAL, weight_decay=0.0),
    )
    drawn = _drawn(bench, pairs)
    found = []
    for name, settings in METHODS.items():
        ours = _our_step(bench, engine, settings, drawn)
        theirs = _their_step(bench, PEERS[name], peer, reference, drawn)
        found.append(_row(f"step, {name}", ours, theirs, pairs, bench.device))
    engine.close()
    return found


def _drawn(bench: Bench, num: int) -> list[Mapping[Source, Batch]]:
    splits = bench.benchmark.splits
    rows = {Source.FORGET: splits["forget"], Source.RETAIN: splits["retain"]}
    sampler = Sampler(
        TrainingData(rows, bench.benchmark.refusals, Source.FORGET),
        bench.encoder,
        needs=frozenset(rows),
        shape=Shape(bench.training.batch_size, bench.training.micro_batch_size),
        place=Place(device=bench.device),
        seed=0,
    )
    return [sampler.step(index)[0] for index in range(num)]


def _our_step(
    bench: Bench,
    engine: Engine,
    settings: Mapping[str, object],
    drawn: Sequence[Mapping[Source, Batch]],
) -> Callable[[int], None]:
    method = build_method(choose(PACKAGE, dict(settings), key="method"))
    arguments = bench.loaded.arguments
    student = StudentView(engine.module, arguments)
    reference = ReferenceView(engine.module, arguments, states=KeptStates())
    together = sorted(method.requirements.together)

    def step(turn: int) -> None:
        batches = drawn[turn]
        view = student.over([batches[source] for source in together])
        engine.backward(method.loss(Step(batches, view, reference, turn, len(drawn), 0, seed=0)))
        engine.step(LR)

    return step


def _their_step(
    bench: Bench,
    loss: Callable[..., torch.Tensor],
    peer: torch.nn.Module,
    reference: torch.nn.Module,
    drawn: Sequence[Mapping[Source, Batch]],
) -> Callable[[int], None]:
    weights = [value for _, value in trainable(peer)]
    optimizer = torch.optim.AdamW(weights, lr=LR, weight_decay=0.0)
    rows = [
        [
            _labelled(batches[source].inputs, batches[source].labels_BT, bench.device)
            for source in (Source.FORGET, Source.RETAIN)
        ]
        for batches in drawn
    ]

    def step(turn: int) -> None:
        loss(peer, reference, *rows[turn]).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


def _row(
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
            found[side] = _timed(run, turn, device)
        times.append((*found[0], *found[1]))
    cpu = statistics.median(one[0] / one[2] for one in times)
    wall = statistics.median(one[1] / one[3] for one in times)
    ms = (f"{1000 * statistics.median(one[place] for one in times):.1f}" for place in (0, 2))
    return [what, *ms, f"{cpu:.2f}", f"{wall:.2f}"]


def _timed(run: Callable[[int], None], turn: int, device: str) -> tuple[float, float]:
    """Returns seconds of the processor and of the clock."""
    cpu, wall = time.process_time(), time.perf_counter()
    run(turn)
    if device != "cpu":
        torch.cuda.synchronize()
    return time.process_time() - cpu, time.perf_counter() - wall


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Steps and likelihoods side by side with open-unlearning's.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--pairs", type=int, default=9, help="turns of both, five or more")
    parser.add_argument("--rows", type=int, default=4, help="rows of each source in a pass")
    parser.add_argument("--hidden-size", type=int, default=128, help="a multiple of eight")
    parser.add_argument("--num-layers", type=int, default=4, help="decoder layers, two or more")
    parser.add_argument("--device", default="cpu", help="cuda:0 for a GPU")
    parser.add_argument("--dtype", choices=("fp32", "bf16"), default="fp32", help="of the model")
    return parser


if __name__ == "__main__":
    main()
