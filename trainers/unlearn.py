"""Runs one unlearning trial: one model, one method, one evaluation."""

import math
from collections.abc import Generator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial

from evals.benchmark import Benchmark
from trainers.job import Beat, Job, Outcome, Report
from trainers.loop import TrainingSetup, seed_dropout
from trainers.method import build_method
from trainers.rank_task import RankTask
from trainers.requirements import ReferenceUse, Requirements, Source
from trainers.saliency import Saliency, salient
from trainers.sampler import Sampler, Shape, TrainingData
from trainers.tuning.choice import build_tuning
from trainers.tuning.tuning import ReferenceNeeds, Tuning
from trainers.views import StudentView
from trainers.warm_state import WarmModel, WarmState


def unlearn(task: RankTask, warm_state: WarmState) -> Generator[Report | Beat, None, Outcome]:
    """Tunes the base with the job's method, evaluates, saves what was trained in the folder."""
    assert task.base is not None
    job = task.job
    tuning = build_tuning(job.adapter, seed=job.seed)
    warm_model = yield from warm_state.trial_model(job, task.base, weights=task.base_weights)
    setup = yield from _setup(task, warm_state, warm_model, tuning)
    guard = task.guard
    if guard is not None and Source.RETAIN not in setup.method.requirements.needs:
        guard = guard.without_recovery
    negation = setup.method.requirements.negation
    if negation:
        guard = None  # what a model knows that will be turned round says nothing
    prober = warm_state.prober(job, warm_model, guard, since=_first_telling_step(setup))
    with _saliency_over(setup, warm_model):
        trained = yield from warm_state.train(
            warm_model.engine, setup, resume=task.resume, prober=prober
        )
    if negation:
        tuning.negate(warm_model.engine, negation)
    sheet, measured = yield from warm_state.evaluate(warm_model.module, warm_model.loaded, job)
    learned = yield from tuning.save(
        warm_model.engine, warm_model.loaded, task.folder, warm_state.place
    )
    facts = {**trained.facts, **measured, **learned}
    first_row = warm_state.shown_row(job, warm_model.loaded)
    return Outcome(sheet, facts, trained.stopped, first_row)


def _setup(
    task: RankTask, warm_state: WarmState, warm_model: WarmModel, tuning: Tuning
) -> Generator[Beat, None, TrainingSetup]:
    job = task.job
    assert job.method is not None
    assert task.base is not None
    method = build_method(job.method)
    asked = method.requirements
    sampler = _sampler(job, warm_state, warm_model, asked, sources=asked.drawn)
    needs = ReferenceNeeds(
        use=asked.reference_use,
        compared=_sampler(job, warm_state, warm_model, asked, sources=asked.likelihoods),
        num_steps=job.training.num_steps(sampler.num_rows),
        cache=warm_model.reference_nll,
        states=warm_model.reference_states,
        arguments=warm_model.loaded.arguments,
        frozen_copy=partial(warm_state.frozen_copy, job, task.base),
        place=warm_state.place,
    )
    if asked.reference_use != ReferenceUse.MODEL:
        warm_state.free_copy()
    reference = yield from tuning.reference(warm_model.module, needs)
    student = StudentView(warm_model.module, warm_model.loaded.arguments)
    setup = TrainingSetup(method, sampler, student, reference, job.training, job.seed)
    if not asked.saliency:
        return setup
    seed_dropout(job.seed, warm_state.place)
    every = asked.forget_every
    masks = yield from salient(
        warm_model.engine,
        student,
        sampler,
        threshold=asked.saliency,
        every=every,
        place=warm_state.place,
    )
    tuning.restart(warm_model.engine, job.training)
    return replace(setup, saliency=Saliency(masks, every=every))


def _saliency_over(setup: TrainingSetup, warm_model: WarmModel) -> AbstractContextManager[None]:
    return nullcontext() if setup.saliency is None else setup.saliency.over(warm_model.module)


def _sampler(
    job: Job,
    warm_state: WarmState,
    warm_model: WarmModel,
    asked: Requirements,
    *,
    sources: frozenset[Source],
) -> Sampler:
    max_length = job.training.max_length
    return Sampler(
        _training_data(job, warm_state.benchmark(job.benchmark)),
        warm_state.encoder(
            job, warm_model.loaded, max_length=max_length, key="training.max_length"
        ),
        needs=sources,
        shape=_shape(job, asked),
        place=warm_state.place,
        seed=job.seed,
    )


def _first_telling_step(setup: TrainingSetup) -> int:
    """Returns the step from which what the model still knows says how the training will end."""
    return math.ceil(setup.method.requirements.repairs_from * setup.sampler.steps_per_epoch)


def _training_data(job: Job, benchmark: Benchmark) -> TrainingData:
    examples = {
        Source.FORGET: benchmark.splits[job.split],
        Source.RETAIN: benchmark.splits["retain"],
    }
    return TrainingData(examples, benchmark.refusals, Source.FORGET)


def _shape(job: Job, asked: Requirements) -> Shape:
    """Returns how rows are drawn."""
    return Shape(
        job.training.batch_size,
        job.training.micro_batch_size,
        num_random=asked.num_random,
        forget_every=asked.forget_every,
    )
