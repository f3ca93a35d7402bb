"""What a rank keeps warm between jobs: benchmark, model, engine and reference likelihoods.

Loading a model and starting an engine cost far more than a small trial. So the warm state keeps
the last of each and gives it out again when the next job asks for the same.
"""

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from evals.benchmark import Benchmark
from evals.building import build_benchmark
from evals.choice import Choice
from evals.held_out import searched_tasks
from evals.measure import merge
from evals.scores import ScoreSheet
from evals.selection import selected_tasks
from evals.shard import Shard
from evals.suite import Encoder, Suite, suite_of
from trainers.adapters import add_adapter, parameter_groups
from trainers.distributed import Place, gather
from trainers.early_stopping import Guard
from trainers.engine import Engine
from trainers.family import build_family
from trainers.in_step import in_step
from trainers.job import Beat, Job, Report
from trainers.kept_states import KeptStates
from trainers.loaded_model import LoadedModel
from trainers.loop import TrainingSetup
from trainers.probe import Probe, Scorer, probed
from trainers.training_run import Trained, TrainingRun
from trainers.tuning.choice import build_tuning
from trainers.weight_files import check_fingerprint


@dataclass(frozen=True, slots=True)
class WarmModel:
    """A model under an engine, ready to be trained.

    `reference_nll` caches the reference's sequence likelihoods by row id, `reference_states` what
    its layers give for rows, as far as there is room, and `before` the scores of what probes look
    at; they are valid as long as the base weights are, so they live and die with them.
    """

    loaded: LoadedModel
    module: torch.nn.Module
    engine: Engine
    reference_nll: dict[str, float] = field(default_factory=dict)
    reference_states: KeptStates = field(default_factory=KeptStates)
    before: dict[str, ScoreSheet] = field(default_factory=dict)


class WarmState:
    """What one rank keeps."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._benchmarks: dict[str, Benchmark] = {}
        self._models: dict[str, WarmModel] = {}
        self._encoders: dict[tuple[str, int, str], tuple[Any, Encoder]] = {}
        self._frozen: torch.nn.Module | None = None
        self._training_run: TrainingRun | None = None

    def benchmark(self, choice: Choice) -> Benchmark:
        """Returns the benchmark, built once."""
        key = choice.model_dump_json()
        if key not in self._benchmarks:
            self._benchmarks = {key: build_benchmark(choice)}
        return self._benchmarks[key]

    def trial_model(
        self, job: Job, base: Path, *, weights: str = ""
    ) -> Generator[Beat, None, WarmModel]:
        """Returns the base model of `job` as it is tuned, under a fresh-as-new engine.

        Raises:
            ConfigError: it is loaded, and has another fingerprint than `weights`.
        """
        key = _model_key(job)
        tuning = build_tuning(job.adapter, seed=job.seed)
        if key not in self._models:
            self.clear()
            if weights:
                check_fingerprint(base, weights)
            self._models[key] = yield from self._new_model(job, base)
            tuning.keep_start(self._models[key].engine)
        warm_model = self._models[key]
        tuning.restart(warm_model.engine, job.training)
        return warm_model

    def frozen_copy(self, job: Job, base: Path) -> torch.nn.Module:
        """Returns the base model of `job` a second time, as the engine holds it; it never trains.

        Every rank holds all of it, at any ZeRO stage.
        """
        (warm_model,) = self._models.values()
        if self._frozen is None:
            dtype = next(warm_model.module.parameters()).dtype
            self._frozen = self._load(job, base).prepared().model.to(dtype).requires_grad_(False)
        return self._frozen

    def free_copy(self) -> None:
        """Frees the second model, if there is one."""
        self._frozen = None

    def finetuning_model(self, job: Job) -> Generator[Beat, None, WarmModel]:
        """Returns the starting model of `job`, with an adapter if it has one; never kept."""
        self.clear()
        warm_model = yield from self._new_model(job, None)
        self._models = {"finetune": warm_model}
        return warm_model

    def merged(self, job: Job, state: Mapping[str, torch.Tensor]) -> LoadedModel:
        """Returns the starting model of `job` with a trained adapter folded into its weights.

        A fresh copy is loaded for it, so that it works whatever the engine did to the first.
        """
        assert job.adapter is not None
        loaded = self._load(job, None).prepared()
        model = add_adapter(loaded.model.cpu(), job.adapter, seed=job.seed)
        own = dict(model.named_parameters())
        for name, value in state.items():
            own[name].data.copy_(value)
        return replace(loaded, model=model.merge_and_unload())

    def given_model(self, job: Job) -> Generator[Beat, None, LoadedModel]:
        """Returns the model of the checkpoint that `job` names."""
        assert job.checkpoint is not None
        self.clear()
        loaded = self._load(job, Path(job.checkpoint))
        return (yield from in_step(loaded.preparing(), self.place))

    def encoder(self, job: Job, loaded: LoadedModel, *, max_length: int, key: str) -> Encoder:
        """Returns the encoder of the model, the same as long as the model is loaded.

        `key` is the setting that `max_length` comes from.
        """
        place = job.benchmark.name, max_length, key
        processor, encoder = self._encoders.get(place, (None, None))
        if encoder is None or processor is not loaded.processor:
            encoder = _suite(job).encoder(loaded.processor, max_length=max_length, key=key)
            self._encoders[place] = loaded.processor, encoder
        return encoder

    def shown_row(self, job: Job, loaded: LoadedModel) -> str:
        """Returns the first row of the job's split as the model is given it, for people to read."""
        first = self.benchmark(job.benchmark).splits[job.split][0]
        return _suite(job).shown(self._scoring_encoder(job, loaded), first)

    def floor_sheets(self, job: Job) -> Mapping[str, ScoreSheet]:
        """Returns the scores that the job's tasks get by what stands in a model's place."""
        return _suite(job).floors(selected_tasks(self.benchmark(job.benchmark), job.evaluation))

    def prober(
        self, job: Job, warm_model: WarmModel, guard: Guard | None, *, since: int = 0
    ) -> Probe | None:
        """Returns what watches a training that has not begun; None without a guard.

        No probe is due before step `since`. The scores before training are the base model's, as a
        fresh adapter changes nothing.
        """
        if guard is None:
            return None
        scored = selected_tasks(self.benchmark(job.benchmark), job.evaluation)
        tasks = searched_tasks(scored, job.held_out)
        max_length, size = job.evaluation.max_length, job.evaluation.batch_size
        encoder = self._scoring_encoder(job, warm_model.loaded)
        scorer = Scorer(_suite(job), warm_model.module, encoder, size, self.place)
        scored_on = f"{job.evaluation.max_items} {job.held_out} {max_length}"
        key = f"{guard.items} {guard.metrics} {scored_on}"
        if key not in warm_model.before:
            warm_model.before[key] = scorer.sheet(probed(tasks, guard))
        return Probe(guard, scorer, tasks, before=warm_model.before[key], since=since)

    def train(
        self,
        engine: Engine,
        setup: TrainingSetup,
        *,
        resume: Path | None,
        prober: Probe | None = None,
    ) -> Generator[Report | Beat, None, Trained]:
        """Trains, from the checkpoint `resume` if one is given, as long as `prober` sees sense."""
        self._training_run = TrainingRun(engine, setup, self.place, prober=prober)
        try:
            if resume is not None:
                self._training_run.restore(resume)
            return (yield from self._training_run.run())
        finally:
            self._training_run = None

    def save(self, folder: Path) -> str:
        """Writes a checkpoint of the training that is under way, if one is, into `folder`.

        Returns why it could not be written, or nothing.
        """
        return "" if self._training_run is None else self._training_run.save(folder)

    def evaluate(
        self, module: torch.nn.Module, loaded: LoadedModel, job: Job
    ) -> Generator[Beat, None, tuple[ScoreSheet, dict[str, float]]]:
        """Scores `module` on the benchmark's tasks, each rank its share; beats in between.

        Returns the whole sheet, on every rank, and the facts: eval_s (the seconds that it took)
        and what the suite has to say.
        """
        started = time.perf_counter()
        benchmark, suite = self.benchmark(job.benchmark), _suite(job)
        scored = []
        for scores in suite.evaluate(
            module,
            self._scoring_encoder(job, loaded),
            benchmark,
            settings=job.evaluation,
            shard=Shard(self.place.rank, self.place.world),
            device=torch.device(self.place.device),
        ):
            if scores is not None:
                scored.append(scores)
            yield Beat()
        expected = selected_tasks(benchmark, job.evaluation)
        parts = gather(ScoreSheet(tuple(scored)), self.place)
        sheet = merge(parts, expected=expected)
        seconds = time.perf_counter() - started
        return sheet, {"eval_s": seconds, **suite.facts(sheet)}

    def clear(self) -> None:
        """Frees the model and its engine."""
        for warm_model in self._models.values():
            warm_model.engine.close()
        self._models = {}
        self._encoders = {}
        self._frozen = None

    def _scoring_encoder(self, job: Job, loaded: LoadedModel) -> Encoder:
        length = job.evaluation.max_length
        return self.encoder(job, loaded, max_length=length, key="evaluation.max_length")

    def _load(self, job: Job, checkpoint: Path | None) -> LoadedModel:
        loaded = build_family(job.model).load(
            benchmark=self.benchmark(job.benchmark), checkpoint=checkpoint, seed=job.seed
        )
        loaded.model.to(self.place.device)
        return loaded

    def _new_model(self, job: Job, checkpoint: Path | None) -> Generator[Beat, None, WarmModel]:
        """Returns the model of `checkpoint` as it is tuned, under a new engine."""
        loaded = self._load(job, checkpoint)
        model = yield from in_step(loaded.preparing(), self.place)
        tuning = build_tuning(job.adapter, seed=job.seed)
        module = tuning.applied(model.model)
        # A loaded model is in evaluation mode, which ignores gradient checkpointing and dropout.
        module.train()
        engine = Engine.start(
            module,
            settings=job.engine,
            training=job.training,
            world=self.place.world,
            groups=parameter_groups(
                module,
                l1=job.training.l1,
                l1_mode=job.training.l1_mode,
                weight_decay=job.training.weight_decay,
            ),
        )
        return WarmModel(model, module, engine)


def _suite(job: Job) -> Suite:
    return suite_of(job.benchmark.name)


def _model_key(job: Job) -> str:
    """Returns what must be equal for a model under its engine to serve another job."""
    kept = {"batch_size", "micro_batch_size", "max_length", "optimizer", "momentum"}
    same_engine = job.training.model_dump_json(include=kept)
    parts = [job.benchmark, job.model, job.adapter, job.engine]
    texts = [part.model_dump_json() for part in parts if part is not None]
    return "|".join([str(job.base), job.data, job.weights, same_engine, *texts])
