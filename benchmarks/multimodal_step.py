"""What kept image features save in a training step: time and memory, against running the tower.

Every case runs in a process of its own; see README.md.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from machine import setting, table

from evals.benchmark import Benchmark
from evals.collated import Collated
from evals.multimodal.example import Example
from evals.pictures.picture import Picture
from evals.suite import load_suite
from trainers import losses
from trainers.adapters import add_adapter, trainable
from trainers.batch import Batch, single
from trainers.loaded_model import LoadedModel
from trainers.memory.measured import forget_peak, peak_bytes
from trainers.models.tiny_vision_language import Config, Family
from trainers.multimodal.settings import PartState
from trainers.settings import AdapterSettings
from trainers.views import StudentView

MIB = 2**20
CASES = ("features kept", "tower in each step", "tower trains, too")


@dataclass(frozen=True, slots=True)
class Case:
    """What one process measured: the median step, the most memory, and making the features."""

    step_s: float
    peak_bytes: int
    preparing_s: float


def main() -> None:
    options = _parser().parse_args()
    if options.case:
        print(json.dumps(asdict(_measured(options))))
        return
    print(setting("lethe", "torch", "transformers", "peft"), flush=True)
    found = {case: _started(case) for case in CASES}
    base = found[CASES[1]]
    rows = [
        [
            case,
            f"{each.step_s:.3f}",
            f"{each.step_s / base.step_s:.2f}",
            f"{each.peak_bytes / MIB:.0f}",
            f"{each.preparing_s:.2f}",
        ]
        for case, each in found.items()
    ]
    print(f"\n{vars(options)}\n")
    head = ["what a step does", "step s", "of running the tower", "peak MiB", "features once, s"]
    print(table(head, rows))


def _started(case: str) -> Case:
    command = [sys.executable, __file__, f"--case={case}", *sys.argv[1:]]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Case(**json.loads(done.stdout.splitlines()[-1]))


def _measured(options: argparse.Namespace) -> Case:
    torch.set_num_threads(options.threads)
    benchmark = _pictures(options)
    with tempfile.TemporaryDirectory() as folder:
        saved, cache = Path(folder) / "checkpoint", str(Path(folder) / "cache")
        scratch = Family(_config(options, cache=None, tower="frozen"))
        scratch.load(benchmark=benchmark, checkpoint=None, seed=0).save(saved)
        kept = cache if options.case == CASES[0] else None
        tower: PartState = "trained" if options.case == CASES[2] else "frozen"
        family = Family(_config(options, cache=kept, tower=tower))
        loaded = family.load(benchmark=benchmark, checkpoint=saved, seed=0)
        loaded.model.to(options.device)
        started = time.perf_counter()
        loaded = loaded.prepared()
        preparing_s = time.perf_counter() - started
        return _stepped(loaded, benchmark, options, preparing_s=preparing_s)


def _stepped(
    loaded: LoadedModel, benchmark: Benchmark, options: argparse.Namespace, *, preparing_s: float
) -> Case:
    model = add_adapter(loaded.model, AdapterSettings(rank=8), seed=0).train()
    encoder = load_suite("multimodal").encoder(loaded.processor, max_length=4096, key="key")
    rows = [encoder.answered(each) for each in benchmark.splits["full"]]
    optimizer = torch.optim.AdamW([value for _, value in trainable(model)], lr=1e-4)
    forget_peak(options.device)
    # On a CPU that others use as well, what is told is the processor's own time.
    clock = time.process_time if options.device == "cpu" else time.perf_counter
    times = []
    for step in range(options.steps + 1):
        begun = clock()
        start = step * options.rows % len(rows)
        batch = _batch(encoder.collate((rows + rows)[start:][: options.rows]), options.device)
        logits_NV = StudentView(model, loaded.arguments).answer_logits(batch)
        losses.mean_nll(logits_NV, batch).backward()
        optimizer.step()
        optimizer.zero_grad()
        if options.device != "cpu":
            torch.cuda.synchronize()
        times.append(clock() - begun)
    return Case(statistics.median(times[1:]), peak_bytes(options.device), preparing_s)


def _batch(rows: Collated, device: str) -> Batch:
    inputs = {name: tensor.to(device) for name, tensor in rows.inputs.items()}
    placed = Collated(inputs, rows.attended_BT.to(device), rows.labels_BT.to(device))
    return single(("row",) * len(rows.labels_BT), placed)


def _config(options: argparse.Namespace, *, cache: str | None, tower: PartState) -> Config:
    return Config(
        architecture=options.architecture,
        image_size=options.image_size,
        patch_size=options.patch_size,
        tower_size=options.tower_size,
        tower_layers=options.tower_layers,
        hidden_size=options.hidden_size,
        intermediate_size=int(options.hidden_size * 2.6875),
        num_layers=options.num_layers,
        max_position_embeddings=4096,
        cache=cache,
        tower=tower,
        projector=tower,
        dtype=options.dtype,
    )


def _pictures(options: argparse.Namespace) -> Benchmark:
    """Returns twice as many pictures as a step has rows, of noise, each with a caption."""
    rng = np.random.default_rng(0)
    side = options.image_size
    caption = "A person with short dark hair stands before a green wall and looks to the left."
    rows = tuple(
        Example(
            f"p{index}",
            "What is shown in this picture?",
            caption,
            picture=Picture(rng.integers(256, size=(side, side, 3), dtype=np.uint8)),
        )
        for index in range(2 * options.rows)
    )
    splits = {"full": rows, "forget": rows, "retain": rows, "holdout": ()}
    return Benchmark("pictures", splits, (), ())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="A step with kept image features against one that runs the vision tower."
    )
    parser.add_argument("--architecture", default="llava", choices=["llava", "qwen2_vl"])
    parser.add_argument("--image-size", type=int, default=336)
    parser.add_argument("--patch-size", type=int, default=14)
    parser.add_argument("--tower-size", type=int, default=64)
    parser.add_argument("--tower-layers", type=int, default=24)
    parser.add_argument("--hidden-size", type=int, default=256)
    parser.add_argument("--num-layers", type=int, default=32)
    parser.add_argument("--rows", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--case", default="", choices=["", *CASES], help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
