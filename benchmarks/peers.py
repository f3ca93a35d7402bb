"""Steps and evaluations side by side with others': the same model, rows and weights.

Both take turns in one process with one thread; see README.md.
"""

import argparse
import copy
from collections.abc import Callable, Mapping, Sequence

import open_unlearning
import torch
from machine import setting, table
from peer_bench import LR, Bench, as_peft_runs_it, bench_of, compared, labelled_rows, learn
from peer_evaluations import evaluations
from process_queue import HEAD, queue_row

from evals.choice import choose
from trainers.adapters import add_adapter, parameter_groups, trainable
from trainers.batch import Batch
from trainers.distributed import Place
from trainers.engine import Engine
from trainers.joint_pass import read_together
from trainers.kept_states import KeptStates
from trainers.method import PACKAGE, Step, build_method
from trainers.requirements import Source
from trainers.sampler import Sampler, Shape, TrainingData
from trainers.settings import AdapterSettings, EngineSettings, L1Mode
from trainers.views import ReferenceView, StudentView

METHODS: Mapping[str, Mapping[str, object]] = {
    "ga": {"name": "ga"},
    "gd": {"name": "gd"},
    "simnpo": {"name": "simnpo"},
    "npo": {"name": "npo", "retain_term": "nll"},
    "dpo": {"name": "dpo", "retain_term": "nll"},
    "kl": {"name": "kl"},
    "rmu": {"name": "rmu", "layer": 1},
}
PEERS: Mapping[str, Callable[..., torch.Tensor]] = {
    "ga": open_unlearning.ga,
    "gd": open_unlearning.gd,
    "simnpo": open_unlearning.simnpo,
    "npo": open_unlearning.npo,
    "dpo": open_unlearning.dpo,
    "kl": open_unlearning.kl,
    "rmu": open_unlearning.rmu(1),
}
READ = {"dpo": (Source.FORGET, Source.RETAIN, Source.IDK)}
"""The rows that a peer's loss is given, where they are not forget rows and retain rows."""


def main() -> None:
    options = _parser().parse_args()
    torch.set_num_threads(1)
    print(setting("lethe", "torch", "transformers", "peft", "deepspeed"), flush=True)
    bench = bench_of(options)
    learn(bench, options.epochs)
    numbers = sum(value.numel() for value in bench.loaded.model.parameters())
    rows = [] if options.only_steps else [*evaluations(bench, options.pairs)]
    rows += _steps(bench, options.pairs)
    size = f"{numbers / 1e6:.1f} million parameters in {options.dtype}"
    print(f"\n{size}, {options.rows} rows a pass, {options.pairs} pairs, {bench.device}\n")
    print(table(["what", "ours ms", "theirs ms", "CPU", "wall"], rows))
    if options.queue:
        print(f"\n{table(HEAD, [queue_row(options.queue)])}")


def _steps(bench: Bench, pairs: int) -> list[list[str]]:
    """Optimizer steps of a LoRA adapter, a micro-batch each, of rows that both have drawn already.

    Each side makes every step once before it is timed; then the reference knows its rows, as it
    does from a gang's second trial on.
    """
    reference, model = copy.deepcopy(bench.loaded.model), copy.deepcopy(bench.loaded.model)
    peer = add_adapter(model, AdapterSettings(), seed=0)
    as_peft_runs_it(peer)
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
        theirs = _their_step(bench, name, peer, reference, drawn)
        found.append(compared(f"step, {name}", ours, theirs, pairs, bench.device))
    engine.close()
    return found


def _drawn(bench: Bench, num: int) -> list[Mapping[Source, Batch]]:
    splits = bench.benchmark.splits
    rows = {Source.FORGET: splits["forget"], Source.RETAIN: splits["retain"]}
    sampler = Sampler(
        TrainingData(rows, bench.benchmark.refusals, Source.FORGET),
        bench.encoder,
        needs=frozenset({*rows, Source.IDK}),
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

    def step(turn: int) -> None:
        batches = drawn[turn]
        view = read_together(student, method.requirements, batches)
        engine.backward(method.loss(Step(batches, view, reference, turn, len(drawn), 0, seed=0)))
        engine.step(LR)

    return step


def _their_step(
    bench: Bench,
    name: str,
    peer: torch.nn.Module,
    reference: torch.nn.Module,
    drawn: Sequence[Mapping[Source, Batch]],
) -> Callable[[int], None]:
    weights = [value for _, value in trainable(peer)]
    optimizer = torch.optim.AdamW(weights, lr=LR, weight_decay=0.0)
    loss, sources = PEERS[name], READ.get(name, (Source.FORGET, Source.RETAIN))
    rows = [
        [
            labelled_rows(batches[source].inputs, batches[source].labels_BT, bench.device)
            for source in sources
        ]
        for batches in drawn
    ]

    def step(turn: int) -> None:
        loss(peer, reference, *rows[turn]).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Steps and evaluations side by side with open-unlearning's and CLEAR's.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--pairs", type=int, default=9, help="turns of both, five or more")
    parser.add_argument(
        "--queue",
        type=int,
        default=0,
        help="pairs of a whole sweep and a queue, which take minutes",
    )
    parser.add_argument("--only-steps", action="store_true", help="leave out evaluations")
    parser.add_argument("--rows", type=int, default=4, help="rows of each source in a pass")
    parser.add_argument("--hidden-size", type=int, default=128, help="a multiple of eight")
    parser.add_argument("--num-layers", type=int, default=4, help="decoder layers, two or more")
    parser.add_argument("--epochs", type=int, default=54, help="what the model learns at first")
    parser.add_argument("--device", default="cpu", help="cuda:0 for a GPU")
    parser.add_argument("--dtype", choices=("fp32", "bf16"), default="fp32", help="of the model")
    return parser


if __name__ == "__main__":
    main()
