"""Runs one unlearning trial: one model, one method, one evaluation."""

import math
from collections.abc import Generator
from functools import partial

from evals.benchmark import Benchmark
from trainers.job import Beat, Job, Outcome, Report
from trainers.loop import Lesson
from trainers.method import build_method
from trainers.rank_task import Order
from trainers.requirements import ReferenceUse, Requirements, Source
from trainers.sampler import Material, Sampler, Shape
from trainers.tuning.choice import build_tuning
from trainers.tuning.tuning import ReferenceNeeds, Tuning
from trainers.views import StudentView
from trainers.warm_state import Station, Workbench


def unlearn(order: Order, bench: Workbench) -> Generator[Report | Beat, None, Outcome]:
    """Tunes the base with the job's method, evaluates, saves what was trained in the folder."""
    assert order.base is not None
    job = order.job
    tuning = build_tuning(job.adapter, seed=job.seed)
    station = bench.trial_station(job, order.base)
    lesson = yield from _lesson(order, bench, station, tuning)
    guard = order.guard
    if guard is not None and Source.RETAIN not in lesson.method.requirements.needs:
        guard = guard.without_recovery
    prober = bench.prober(job, station, guard, since=_first_telling_step(lesson))
    trained = yield from bench.train(station.engine, lesson, resume=order.resume, prober=prober)
    sheet, measured = yield from bench.evaluate(station.module, station.loaded, job)
    learned = yield from tuning.save(station.engine, station.loaded, order.folder, bench.place)
    return Outcome(sheet, {**trained.facts, **measured, **learned}, trained.stopped)


def _lesson(
    order: Order, bench: Workbench, station: Station, tuning: Tuning
) -> Generator[Beat, None, Lesson]:
    job = order.job
    assert job.method is not None
    assert order.base is not None
    method = build_method(job.method)
    asked = method.requirements
    sampler = _sampler(job, bench, station, asked, sources=asked.needs)
    needs = ReferenceNeeds(
        use=asked.reference_use,
        compared=_sampler(job, bench, station, asked, sources=asked.likelihoods),
        num_steps=job.training.num_steps(sampler.num_rows),
        cache=station.reference_nll,
        arguments=station.loaded.arguments,
        frozen_copy=partial(bench.frozen_copy, job, order.base),
        place=bench.place,
    )
    if asked.reference_use != ReferenceUse.MODEL:
        bench.free_copy()
    reference = yield from tuning.reference(station.module, needs)
    student = StudentView(station.module, station.loaded.arguments)
    return Lesson(method, sampler, student, reference, job.training, job.seed)


def _sampler(
    job: Job, bench: Workbench, station: Station, asked: Requirements, *, sources: frozenset[Source]
) -> Sampler:
    max_length = job.training.max_length
    return Sampler(
        _material(bench.benchmark(job.benchmark)),
        bench.encoder(job, station.loaded, max_length=max_length, key="training.max_length"),
        needs=sources,
        shape=_shape(job, asked),
        place=bench.place,
        seed=job.seed,
    )


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
