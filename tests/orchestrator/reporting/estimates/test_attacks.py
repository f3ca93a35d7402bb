"""Attacks are on all models that there are, and say of the others why they are left out."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from evals.benchmark import Role
from evals.faces.scores import FaceScore, TaskScores
from evals.scores import ScoreSheet
from evals.splits import World, splits_of
from orchestrator.config.loading import load_config
from orchestrator.jobs.shadows import attack_splits
from orchestrator.reporting.estimates.attacks import by_job, with_attacks
from orchestrator.reporting.sweep_record import ShadowModel, SweepRecord
from orchestrator.results.entry import Entry
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job
from trainers.job import Phase

CONFIG = Path(__file__).parents[4] / "configs" / "vision_tiny.yaml"
WORDS = ["methods=[gd,scrub]", "attacks={targets: 16, shadows: 16}"]
FORGOTTEN, STRANGERS = ("a0", "a1", "a2"), ("b0", "b1")


SAID_OF_ALL = (
    "Attacks: on 16 models of a row by means of 16 others, each trained at a split of its own "
    "under the row's setting; on all items."
)


def sheet(world: World, *, gap: float, seed: int) -> ScoreSheet:
    """Cosines of a model that recognises what it was trained on by `gap` more."""
    chance = np.random.default_rng(seed)
    own, others = FORGOTTEN, STRANGERS
    if world == World.HOLDOUT:
        own, others = others, own

    def task(role: Role, ids: tuple[str, ...], height: float) -> TaskScores:
        items = [FaceScore(id, id[0], height + 0.02 * chance.normal(), 0.0, 0.0) for id in ids]
        return TaskScores(str(role), role, tuple(items))

    return ScoreSheet((task(Role.FORGET, own, 0.3 + gap), task(Role.HOLDOUT, others, 0.3)))


class Models:
    """A sweep's record with models of Original, which is known, and Gold and a method, alike."""

    def __init__(self) -> None:
        self.config = load_config(str(CONFIG), WORDS)
        self.sheets: dict[str, ScoreSheet] = {}
        self.shadows: list[ShadowModel] = []
        original, trial = any_job(Phase.ORIGINAL), any_job(Phase.TRIAL, seed=1)
        self.entries = (
            Entry("original", self.result(original)),
            Entry("gd", self.result(trial), 3, {}, {"retain_accuracy.at_least": -0.1}),
        )
        splits = splits_of(self.config.benchmark)
        searched = self.config.search.splits
        self.splits = attack_splits(self.config.attacks, splits, searched=searched)
        for world, kinds in self.splits.items():
            for split in kinds.all:
                self.add("original", None, world, split, gap=0.5)
                self.add("gold", None, world, split, gap=0.0)
                self.add("gd", 3, world, split, gap=0.25)
                self.add("gd", 1, world, split, gap=0.0)  # once the best

    def result(self, job: object) -> Result:
        metrics = {"accuracy_gap": 0.1, "retain_accuracy": 0.9}
        return Result(job, State.DONE, "", metrics, {}, 1.0, (), 0.0)

    def add(self, label: str, number: int | None, world: World, split: int, *, gap: float) -> None:
        job = any_job(Phase.GOLD, seed=len(self.shadows) + 10)
        self.sheets[job.hash] = sheet(world, gap=gap, seed=len(self.shadows))
        self.shadows.append(ShadowModel(label, number, split, self.result(job)))

    def changed(self, label: str, count: int, change: Callable[[ShadowModel], None]) -> None:
        """Changes the models of a label at the first `count` splits of the forget world."""
        splits = self.splits[World.FORGET].all[:count]
        for model in [m for m in self.shadows if m.label == label and m.split in splits]:
            change(model)

    def record(self) -> SweepRecord:
        storage = SimpleNamespace(sheet=self.sheets.__getitem__)
        record = SweepRecord(
            self.config,
            Path(),
            storage,
            None,
            self.entries,
            (),
            None,
            None,
            shadows=tuple(self.shadows),
        )
        return with_attacks(record)

    def fail(self, model: ShadowModel) -> None:
        failed = replace(model.result, state=State.FAILED, reason="the loss is nan", metrics={})
        self.shadows[self.shadows.index(model)] = replace(model, result=failed)

    def spoil(self, model: ShadowModel) -> None:
        job = model.result.job.hash
        first, *others = self.sheets[job].tasks
        items = (replace(first.items[0], cosine=math.nan), *first.items[1:])
        self.sheets[job] = ScoreSheet((replace(first, items=items), *others))


@pytest.fixture
def models() -> Models:
    return Models()


def test_original_is_known_and_gold_is_guessed(models) -> None:
    record = models.record()
    assert record.attacks["original"] == {"u_lira": 1.0, "u_mia": 1.0}
    assert record.attacks["gold"]["u_lira"] == pytest.approx(0.5, abs=0.15)
    assert record.attacks["gd"] == {"u_lira": 1.0, "u_mia": 1.0}
    assert "scrub" not in record.attacks, "it has no feasible trial"
    assert record.attack_notes == (SAID_OF_ALL,)


def test_a_sweep_that_goes_on_without_attacks_has_none_of_before(models) -> None:
    models.config = models.config.model_copy(update={"attacks": None})
    record = models.record()
    assert (record.attacks, record.attack_notes) == ({}, ())


def test_models_that_failed_are_left_out_and_that_is_said(models) -> None:
    models.changed("original", 1, models.fail)
    models.changed("gd", 2, models.spoil)
    record = models.record()
    assert record.attacks["original"]["u_lira"] == 1.0
    assert record.attack_notes == (
        SAID_OF_ALL,
        "Attacks on original: 1 of 32 models failed and are left out (the loss is nan); attacked "
        "with 7 target models of the forget world; 8 and more tell steadier.",
        "Attacks on gd: 2 of 32 models failed and are left out (its scores are not finite); "
        "attacked with 6 target models of the forget world; 8 and more tell steadier.",
    )


def test_with_too_few_models_left_there_is_no_number(models) -> None:
    models.changed("original", 5, models.fail)
    record = models.record()
    assert all(math.isnan(value) for value in record.attacks["original"].values())
    assert (
        "of target models of the forget world 3 are left, and 4 are the least"
        in (record.attack_notes[1])
    )
    assert record.attacks["gd"]["u_lira"] == 1.0


def test_models_that_are_not_done_yet_are_said_to_be_missing(models) -> None:
    models.changed("gold", 5, models.shadows.remove)
    record = models.record()
    assert math.isnan(record.attacks["gold"]["u_mia"])
    assert "Attacks on gold: 5 of 32 models are not done yet;" in record.attack_notes[1]


def test_what_they_come_to_is_that_of_the_job_whose_setting_they_have(models) -> None:
    record = models.record()
    original, trial = (entry.result.job.hash for entry in models.entries)
    assert by_job(record) == {original: record.attacks["original"], trial: record.attacks["gd"]}


def test_without_models_nobody_is_attacked(models) -> None:
    models.shadows = []
    record = models.record()
    assert record.attacks == {}
    assert by_job(record) == {}
