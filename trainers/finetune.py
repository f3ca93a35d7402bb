"""Fine-tunes a baseline: the original on everything, the gold model on what is retained."""

import shutil
from collections.abc import Generator
from pathlib import Path

from torch import Tensor

from trainers.batch import Batch
from trainers.distributed import Place
from trainers.floors import measured_floors
from trainers.job import MODEL, Beat, Job, Outcome, Phase, Report
from trainers.loaded_model import LoadedModel
from trainers.loop import TrainingSetup
from trainers.merging import MergeFailed, require_same_answers, row_nlls
from trainers.methods import retain_ft
from trainers.rank_task import RankTask
from trainers.requirements import Source
from trainers.sampler import Sampler, Shape, TrainingData
from trainers.saving import written
from trainers.tuning.full import save_model
from trainers.views import NoReference, StudentView
from trainers.warm_state import WarmModel, WarmState


def finetune(task: RankTask, warm_state: WarmState) -> Generator[Report | Beat, None, Outcome]:
    """Trains on the split, evaluates, and saves the model (an adapter merged) to folder/model."""
    job = task.job
    warm_model = yield from warm_state.finetuning_model(job)
    setup = _setup(job, warm_state, warm_model)
    floors = {}
    if job.phase == Phase.ORIGINAL:
        floors = yield from measured_floors(warm_state, job, network=warm_model)
    trained = yield from warm_state.train(warm_model.engine, setup, resume=task.resume)
    folder = task.folder / MODEL
    if job.adapter is None:
        sheet, measured = yield from warm_state.evaluate(warm_model.module, warm_model.loaded, job)
        yield from save_model(warm_model.engine, warm_model.loaded, folder, warm_state.place)
    else:
        rows = setup.sampler.step(0)[0][Source.RETAIN]
        before_B = row_nlls(warm_model.module, rows, warm_model.loaded.arguments)
        yield from _save_merged(job, warm_state, warm_model, folder)
        given = job.model_copy(update={"checkpoint": str(folder)})
        merged = yield from warm_state.given_model(given)
        _check_merged(merged, rows, before_B, folder=folder, place=warm_state.place)
        # The merged model is scored: merging rounds, and it is what trials start from.
        sheet, measured = yield from warm_state.evaluate(merged.model, merged, job)
    first_row = warm_state.shown_row(job, warm_model.loaded)
    warm_state.clear()
    return Outcome(sheet, {**trained.facts, **measured, **floors}, first_row=first_row)


def _setup(job: Job, warm_state: WarmState, warm_model: WarmModel) -> TrainingSetup:
    benchmark = warm_state.benchmark(job.benchmark)
    method = retain_ft.Method(retain_ft.Config())
    max_length, key = job.training.max_length, "baselines.training.max_length"
    sampler = Sampler(
        TrainingData(
            {Source.RETAIN: benchmark.splits[job.split]}, benchmark.refusals, Source.RETAIN
        ),
        warm_state.encoder(job, warm_model.loaded, max_length=max_length, key=key),
        needs=method.requirements.needs,
        shape=Shape(job.training.batch_size, job.training.micro_batch_size),
        place=warm_state.place,
        seed=job.seed,
    )
    student = StudentView(warm_model.module, warm_model.loaded.arguments)
    return TrainingSetup(method, sampler, student, NoReference(), job.training, job.seed)


def _save_merged(
    job: Job, warm_state: WarmState, warm_model: WarmModel, folder: Path
) -> Generator[Beat, None, None]:
    state = warm_model.engine.trainable_state()
    merged = warm_state.merged(job, state) if warm_state.place.rank == 0 else None

    def write() -> None:
        assert merged is not None
        merged.save(folder)

    yield from written(write, folder, warm_state.place)  # nobody reads before all is written


def _check_merged(
    merged: LoadedModel, rows: Batch, before_B: Tensor, *, folder: Path, place: Place
) -> None:
    """Removes what was saved in `folder` if it does not answer as the trained model did.

    Raises:
        MergeFailed: it does not; raised on every rank at once.
    """
    after_B = row_nlls(merged.model, rows, merged.arguments)
    dtype = next(merged.model.parameters()).dtype
    try:
        require_same_answers(before_B, after_B, dtype, place)
    except MergeFailed:
        if place.rank == 0:
            shutil.rmtree(folder)
        raise
