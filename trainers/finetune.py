"""Fine-tunes a baseline: the original on everything, the gold model on what is retained."""

from collections.abc import Generator
from pathlib import Path

from evals.scores import ScoreSheet
from trainers.job import MODEL, Beat, Job, Outcome, Report
from trainers.loop import Lesson
from trainers.methods import retain_ft
from trainers.rank_task import Order
from trainers.requirements import Source
from trainers.sampler import Material, Sampler, Shape
from trainers.saving import written
from trainers.tuning.full import save_model
from trainers.views import NoReference, StudentView
from trainers.warm_state import Station, Workbench


def finetune(order: Order, bench: Workbench) -> Generator[Report | Beat, None, Outcome]:
    """Trains on the split, evaluates, and saves the model (an adapter merged) to folder/model."""
    job = order.job
    station = bench.finetune_station(job)
    lesson = _lesson(job, bench, station)
    trained = yield from bench.train(station.engine, lesson, resume=order.resume)
    folder = order.folder / MODEL
    if job.adapter is None:
        sheet, measured = yield from bench.evaluate(station.module, station.loaded, job)
        yield from save_model(station.engine, station.loaded, folder, bench.place)
    else:
        yield from _save_merged(job, bench, station, folder)
        sheet, measured = yield from _evaluate_saved(job, bench, folder)
    bench.clear()
    return Outcome(sheet, {**trained.facts, **measured})


def _lesson(job: Job, bench: Workbench, station: Station) -> Lesson:
    benchmark = bench.benchmark(job.benchmark)
    method = retain_ft.Method(retain_ft.Config())
    max_length, key = job.training.max_length, "baselines.training.max_length"
    sampler = Sampler(
        Material({Source.RETAIN: benchmark.splits[job.split]}, benchmark.refusals, Source.RETAIN),
        bench.encoder(job, station.loaded, max_length=max_length, key=key),
        needs=method.requirements.needs,
        shape=Shape(job.training.batch_size, job.training.micro_batch_size),
        place=bench.place,
        seed=job.seed,
    )
    student = StudentView(station.module, station.loaded.arguments)
    return Lesson(method, sampler, student, NoReference(), job.training, job.seed)


def _save_merged(
    job: Job, bench: Workbench, station: Station, folder: Path
) -> Generator[Beat, None, None]:
    state = station.engine.trainable_state()
    merged = bench.merged(job, state) if bench.place.rank == 0 else None

    def write() -> None:
        assert merged is not None
        merged.save(folder)

    yield from written(write, folder, bench.place)  # nobody reads before all is written


def _evaluate_saved(
    job: Job, bench: Workbench, folder: Path
) -> Generator[Beat, None, tuple[ScoreSheet, dict[str, float]]]:
    """Scores the merged model: merging rounds, and the merged one is what trials start from."""
    model = bench.given_model(job.model_copy(update={"checkpoint": str(folder)}))
    return (yield from bench.evaluate(model.model, model, job))
