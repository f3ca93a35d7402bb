"""Runs one unlearning trial: a fresh adapter, one method, one evaluation."""

import math
from collections.abc import Generator
from functools import partial
from pathlib import Path

from peft import PeftModel

from evals.benchmark import Benchmark
from trainers.adapters import adapter_facts, save_adapter
from trainers.job import Beat, Job, Outcome, Report
from trainers.loop import Lesson
from trainers.method import build_method
from trainers.rank_task import Order
from trainers.requirements import Requirements, Source
from trainers.sampler import Material, Sampler, Shape
from trainers.saving import written
from trainers.views import ReferenceView, StudentView
from trainers.warm_state import Station, Workbench


def unlearn(order: Order, bench: Workbench) -> Generator[Report | Beat, None, Outcome]:
    """Trains an adapter on the base with the job's method, evaluates, saves folder/adapter."""
    assert order.base is not None
    job = order.job
    station = bench.adapter_station(job, order.base)
    lesson = _lesson(job, bench, station)
    guard = order.guard
    if guard is not None and Source.RETAIN not in lesson.method.requirements.needs:
        guard = guard.without_recovery
    prober = bench.prober(job, station, guard, since=_first_telling_step(lesson))
    trained = yield from bench.train(station.engine, lesson, resume=order.resume, prober=prober)
    sheet, measured = yield from bench.evaluate(station.module, station.language_model, job)
    learned = yield from _keep_adapter(job, bench, station, order.folder / "adapter")
    return Outcome(sheet, {**trained.facts, **measured, **learned}, trained.stopped)


def _lesson(job: Job, bench: Workbench, station: Station) -> Lesson:
    assert job.method is not None
    benchmark = bench.benchmark(job.benchmark)
    method = build_method(job.method)
    max_length = job.training.max_length
    sampler = Sampler(
        _material(benchmark),
        bench.encoder(station.language_model, max_length=max_length, key="training.max_length"),
        needs=method.requirements.needs,
        shape=_shape(job, method.requirements),
        place=bench.place,
        seed=job.seed,
    )
    student = StudentView(station.module)
    reference = ReferenceView(station.module, cache=station.reference_nll, place=bench.place)
    return Lesson(method, sampler, student, reference, job.training, job.seed)


def _first_telling_step(lesson: Lesson) -> int:
    """Returns the step from which what the model still knows says how the training will end."""
    return math.ceil(lesson.method.requirements.repairs_from * lesson.sampler.steps_per_epoch)


def _material(benchmark: Benchmark) -> Material:
    examples = {
        Source.FORGET: benchmark.splits["forget"],
        Source.RETAIN: benchmark.splits["retain"],
    }
    return Material(examples, benchmark.refusals, Source.FORGET)


def _shape(job: Job, asked: Requirements) -> Shape:
    """Returns how rows are drawn."""
    return Shape(
        job.training.batch_size,
        job.training.micro_batch_size,
        num_random=asked.num_random,
        forget_every=asked.forget_every,
    )


def _keep_adapter(
    job: Job, bench: Workbench, station: Station, folder: Path
) -> Generator[Beat, None, dict[str, float]]:
    """Saves the trained adapter (rank 0) and returns what is to be said about it."""
    assert job.adapter is not None
    assert isinstance(station.module, PeftModel)
    state = station.engine.trainable_state()
    write = partial(save_adapter, state, station.module.peft_config["default"], folder)
    yield from written(write, folder, bench.place)
    return adapter_facts(state, job.adapter, base_norm=station.engine.base_norm)
