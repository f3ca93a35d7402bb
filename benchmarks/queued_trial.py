"""One trial as a researcher's script runs it, in a process of its own: load, train, evaluate.

It trains the rows of a trial that a sweep has run (`<storage>/jobs/<hash>`), in the same order and
at the same rates, by open-unlearning's losses on a LoRA as peft has it, evaluates as
open-unlearning does, and writes the adapter and a JSON. Model, tokenizer and rows are loaded by
Lethe's own functions, which take no longer than Trainer's.
"""

import argparse
import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import open_unlearning
import torch
from peer_bench import Bench, as_peft_runs_it, labelled_rows
from peer_evaluations import open_unlearnings_parts
from peft import PeftModel
from torch import nn

from evals.building import build_benchmark
from evals.evaluating import evaluating
from evals.suite import suite_of
from evals.text.encoding import Encoder
from trainers.adapters import add_adapter, trainable
from trainers.distributed import Place
from trainers.family import build_family
from trainers.job import Job
from trainers.requirements import Source
from trainers.sampler import Sampler, Shape, TrainingData
from trainers.schedule import learning_rate

LOSSES: Mapping[str, Callable[..., torch.Tensor]] = {
    "gd": open_unlearning.gd,
    "npo": open_unlearning.npo,
    "simnpo": open_unlearning.simnpo,
}
WITH_REFERENCE = {"npo"}
SOURCES = Source.FORGET, Source.RETAIN


def main() -> None:
    options = _parser().parse_args()
    torch.set_num_threads(1)
    text = json.loads(options.job.read_text())
    job = Job.model_validate({name: value for name, value in text.items() if name != "hash"})
    assert job.method is not None
    assert job.adapter is not None
    bench = _loaded(job, options.checkpoint)
    reference = copy.deepcopy(bench.loaded.model) if job.method.name in WITH_REFERENCE else None
    adapted = add_adapter(bench.loaded.model, job.adapter, seed=job.seed)
    as_peft_runs_it(adapted)
    losses = _train(job, bench, adapted, reference)
    with evaluating(adapted):
        parts = open_unlearnings_parts(bench)
        parts.likelihoods(0)
        parts.answers(0)
    options.out.mkdir()
    adapted.save_pretrained(options.out)
    (options.out / "losses.json").write_text(json.dumps({"losses": losses}))


def _loaded(job: Job, checkpoint: Path) -> Bench:
    benchmark = build_benchmark(job.benchmark)
    loaded = build_family(job.model).load(benchmark=benchmark, checkpoint=checkpoint, seed=0)
    training = job.training
    encoder = suite_of(job.benchmark.name).encoder(
        loaded.processor, max_length=training.max_length, key="max_length"
    )
    return Bench(benchmark, loaded, cast(Encoder, encoder), training, "cpu", "fp32")


def _train(job: Job, bench: Bench, adapted: PeftModel, reference: nn.Module | None) -> list[float]:
    """Trains the adapter on every step's rows and returns the losses."""
    assert job.method is not None
    loss, training = LOSSES[job.method.name], job.training
    weights = [value for _, value in trainable(adapted)]
    optimizer = torch.optim.AdamW(weights, lr=training.lr, weight_decay=training.weight_decay)
    sampler = _sampler(job, bench)
    total = training.num_steps(sampler.num_rows)
    warmup = training.warmup_epochs * sampler.steps_per_epoch
    adapted.train()
    losses = []
    for index in range(total):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(training, index, total=total, warmup=warmup)
        (batches,) = sampler.step(index)
        rows = (
            labelled_rows(batches[source].inputs, batches[source].labels_BT, bench.device)
            for source in SOURCES
        )
        step_loss = loss(adapted, reference, *rows)
        step_loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(step_loss.item())
    return losses


def _sampler(job: Job, bench: Bench) -> Sampler:
    splits = bench.benchmark.splits
    rows = {Source.FORGET: splits[job.split], Source.RETAIN: splits["retain"]}
    training = job.training
    return Sampler(
        TrainingData(rows, bench.benchmark.refusals, Source.FORGET),
        bench.encoder,
        needs=frozenset(rows),
        shape=Shape(training.batch_size, training.micro_batch_size),
        place=Place(device=bench.device),
        seed=job.seed,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--job", type=Path, required=True, help="job.json of a sweep's trial")
    parser.add_argument("--checkpoint", type=Path, required=True, help="what it starts from")
    parser.add_argument("--out", type=Path, required=True, help="a folder that is not there yet")
    return parser


if __name__ == "__main__":
    main()
