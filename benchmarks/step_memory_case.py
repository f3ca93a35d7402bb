"""Measures one side of step_memory.py, in a process of its own, and prints it as JSON.

Both train the same LoRA on the same Llama of random weights by the same rows. `ours` is a trial's
own loop of GD on DeepSpeed's engine; `theirs` is what Trainer does with open-unlearning's GradDiff:
loss, backward, clipping, torch's AdamW. Rows are drawn when a step asks for them, on both sides.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import open_unlearning
import torch
from peer_bench import LR, as_peft_runs_it, labelled_rows
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from evals.choice import choose
from evals.collated import IGNORE
from evals.text.encoding import model_inputs
from trainers.adapters import add_adapter, parameter_groups, trainable
from trainers.batch import Batch, single
from trainers.decoder_call import ARGUMENTS
from trainers.memory.measured import peak_bytes, resident_bytes
from trainers.requirements import Source
from trainers.settings import AdapterSettings, EngineSettings, L1Mode, TrainingSettings

SEED = 0
Batches = Mapping[Source, Batch]


class RandomRows:
    """Stands in for a sampler: random rows of one length, the last part of which is the answer."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self.num_rows = options.rows * options.steps
        self.steps_per_epoch: int = options.steps

    def epoch(self, index: int) -> int:
        """Returns 0: there is but one."""
        return index // self.steps_per_epoch

    def step(self, index: int) -> Sequence[Batches]:
        """Returns the one micro-batch of a step."""
        generator = torch.Generator().manual_seed(index)
        return [{s: self._batch(f"{s}-{index}", generator) for s in (Source.FORGET, Source.RETAIN)}]

    def _batch(self, name: str, generator: torch.Generator) -> Batch:
        given = self._options
        size = (given.rows, given.length)
        ids_BT = torch.randint(given.vocab_size, size, generator=generator).to(given.device)
        labels_BT = ids_BT.clone()
        labels_BT[:, : given.length - round(given.answer * given.length)] = IGNORE
        names = tuple(f"{name}-{row}" for row in range(given.rows))
        return single(names, model_inputs(ids_BT, torch.ones_like(ids_BT), labels_BT))


def main() -> None:
    options = _parser().parse_args()
    torch.set_num_threads(1)
    train = {"ours": _ours, "theirs": _theirs}[options.side]()
    on_gpu = options.device != "cpu"
    before = 0 if on_gpu else resident_bytes()
    model = add_adapter(_llama(options), AdapterSettings(), seed=SEED).train()
    train(model, RandomRows(options), options)
    json.dump({"before_bytes": before, "peak_bytes": peak_bytes(options.device)}, sys.stdout)


def _ours() -> Callable[[PreTrainedModel, RandomRows, argparse.Namespace], None]:
    """Returns a trial's own training; what it imports is held before there is a model."""
    from trainers.checkpoint import Bookmark
    from trainers.distributed import Place
    from trainers.engine import Engine
    from trainers.loop import TrainingSetup, train
    from trainers.method import PACKAGE, build_method
    from trainers.views import NoReference, StudentView

    method = build_method(choose(PACKAGE, {"name": "gd"}, key="method"))

    def run(model: PreTrainedModel, rows: RandomRows, options: argparse.Namespace) -> None:
        size = options.rows
        training = TrainingSettings(
            lr=LR,
            epochs=1,
            batch_size=size,
            micro_batch_size=size,
            warmup_epochs=0,
            schedule="constant",
        )
        groups = parameter_groups(model, l1=0.0, l1_mode=L1Mode.PROXIMAL, weight_decay=0.0)
        settings = EngineSettings(dtype="fp32")
        engine = Engine.start(model, settings=settings, training=training, world=1, groups=groups)
        student = StudentView(engine.module, ARGUMENTS)
        sampler = cast(Any, rows)
        setup = TrainingSetup(method, sampler, student, NoReference(), training, SEED)
        for _ in train(engine, setup, Place(device=options.device), mark=Bookmark()):
            pass

    return run


def _theirs() -> Callable[[PreTrainedModel, RandomRows, argparse.Namespace], None]:
    """Returns Trainer's loop around GradDiff, on the adapter as peft runs it."""

    def run(model: PreTrainedModel, rows: RandomRows, options: argparse.Namespace) -> None:
        as_peft_runs_it(model)
        weights = [value for _, value in trainable(model)]
        optimizer = torch.optim.AdamW(weights, lr=LR, weight_decay=0.0)
        for index in range(options.steps):
            (batches,) = rows.step(index)
            forget, retain = (
                labelled_rows(batches[s].inputs, batches[s].labels_BT, options.device)
                for s in (Source.FORGET, Source.RETAIN)
            )
            open_unlearning.gd(model, model, forget, retain).backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            optimizer.zero_grad()

    return run


def _llama(options: argparse.Namespace) -> PreTrainedModel:
    shape = LlamaConfig(
        vocab_size=options.vocab_size,
        hidden_size=options.hidden_size,
        intermediate_size=8 * options.hidden_size // 3,
        num_hidden_layers=options.num_layers,
        num_attention_heads=6,
        num_key_value_heads=6,
    )
    torch.manual_seed(SEED)
    with torch.device(options.device):
        return LlamaForCausalLM(shape)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", choices=["ours", "theirs"], required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--answer", type=float, required=True)
    for name in ("hidden-size", "num-layers", "vocab-size", "rows", "length", "steps"):
        parser.add_argument(f"--{name}", type=int, required=True)
    return parser


if __name__ == "__main__":
    main()
