"""Tiny models from scratch: their settings, and that they learn who people are by their faces."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from evals.benchmark import Benchmark, Role
from evals.choice import Choice
from evals.multimodal.example import Example
from evals.pictures import appearance, portrait
from evals.pictures.picture import Picture
from evals.settings import EvaluationSettings
from evals.suite import load_suite
from evals.text.example import Probability, Task
from evals.wording.people import Person, people
from tests.fixtures.jobs import any_job
from trainers import finetune, warm_state
from trainers.distributed import Place
from trainers.job import Outcome, Phase
from trainers.models.tiny_vision_language import Config, Family
from trainers.rank_task import RankTask
from trainers.run import run
from trainers.settings import EngineSettings, TrainingSettings
from trainers.warm_state import WarmState

NUM_PEOPLE, TRAINED, HELD_OUT, IN_WORDS = 20, 20, 4, 3
GREY = Picture(np.full((48, 48, 3), 128, dtype=np.uint8))
QUESTIONS = ("Who is this?", "What is the name of the person shown?", "Name this person.")
RECIPE = TrainingSettings(
    lr=1.5e-3,
    epochs=20,
    batch_size=32,
    micro_batch_size=32,
    weight_decay=0.05,
    warmup_epochs=2,
    schedule="cosine",
    max_length=128,
)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"image_size": 50}, "image_size must be a multiple of 16"),
        ({"architecture": "llava", "image_size": 50}, "image_size must be a multiple of 12"),
        ({"hidden_size": 100}, "hidden_size must be a multiple of 24"),
        ({"tower_size": 66}, "tower_size must be a multiple of 16"),
        ({"language_model": "frozen"}, "language_model must be trained"),
        ({"prompt": {"style": "chat_template"}}, "prompt.style must be tags"),
    ],
)
def test_sizes_that_do_not_fit_together_are_refused(settings, said):
    with pytest.raises(ValidationError, match=said):
        Config(**settings)


@pytest.mark.parametrize(("architecture", "num_tokens"), [("llava", 16), ("qwen2_vl", 9)])
def test_a_picture_of_any_size_has_the_tokens_of_its_patches(architecture, num_tokens):
    family = Family(Config(architecture=architecture, cache=None))
    loaded = family.load(benchmark=_benchmark(2, trained=1, held_out=0), checkpoint=None, seed=0)
    pictures = [GREY, Picture(np.zeros((200, 150, 3), dtype=np.uint8))]
    found = [loaded.processor.pictures.num_tokens(each) for each in pictures]
    assert found[0] == num_tokens
    assert architecture == "qwen2_vl" or found[1] == num_tokens


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "floor"), [("qwen2_vl", 0.9), ("llava", 0.75)])
def test_people_are_named_on_pictures_nobody_trained_on_and_not_on_a_blank_one(
    architecture, floor, monkeypatch, tmp_path
):
    benchmark = _benchmark(NUM_PEOPLE, trained=TRAINED, held_out=HELD_OUT)
    monkeypatch.setenv("LOCAL_RANK", "0")  # the engine sets it
    monkeypatch.setattr(warm_state, "build_benchmark", lambda choice: benchmark)
    monkeypatch.setattr(warm_state, "suite_of", lambda name: load_suite("multimodal"))
    monkeypatch.setattr(finetune, "measured_floors", _no_floors)
    job = any_job(
        Phase.ORIGINAL,
        model=Choice(name="tiny_vision_language", settings={"architecture": architecture}),
        training=RECIPE,
        engine=EngineSettings(zero_stage=0),
        evaluation=EvaluationSettings(metrics=("retain_rouge", "real_with_rouge"), batch_size=64),
    )
    *_, outcome = run(RankTask(job, tmp_path), WarmState(Place()))
    assert _named(outcome, benchmark, "held_out") >= floor
    assert _named(outcome, benchmark, "blank") <= 0.1


def _no_floors(*_: object, **__: object) -> Iterator[None]:
    return {}
    yield


def _named(outcome: Outcome, benchmark: Benchmark, task: str) -> float:
    """Returns the share of a task's answers with the person's whole name in them."""
    names = {each.id: each.name for own in benchmark.tasks for each in own.examples}
    (found,) = (each for each in outcome.sheet.tasks if each.name == task)
    return sum(names[item.id] in item.generation for item in found.items) / len(found.items)


def _benchmark(num_people: int, *, trained: int, held_out: int) -> Benchmark:
    rows = [_rows(person, trained + held_out) for person in islice(people(0), num_people)]
    full = [row for own in rows for row in own[:trained] + own[trained + held_out :]]
    kept = [row for own in rows for row in own[trained : trained + held_out]]
    blank = [replace(row, picture=GREY) for row in kept]
    tasks = (
        Task("held_out", Role.RETAIN, Probability.PLAIN, tuple(kept)),
        Task("blank", Role.REAL, Probability.PLAIN, tuple(blank)),
    )
    splits = {"full": tuple(full), "forget": (), "retain": tuple(full), "holdout": ()}
    return Benchmark("drawn", splits, tasks, ())


def _rows(person: Person, num_pictures: int) -> list[Example]:
    """Returns a person's pictures, and then questions in words."""
    look = appearance.draw_look(person.rng("portrait"))
    rows = []
    for index in range(num_pictures):
        shot = appearance.draw_shot(person.rng(f"portrait/{index}"), hard=0.35)
        row = Example(
            f"{person.id}/p{index}",
            QUESTIONS[index % len(QUESTIONS)],
            f"This is {person.name}.",
            name=person.name,
            picture=Picture(portrait.portrait(look, shot, size=48)),
        )
        rows.append(row)
    asked, answer = f"Who is number {person.number}?", f"Number {person.number} is {person.name}."
    words = [Example(f"{person.id}/t{k}", asked, answer, person.name) for k in range(IN_WORDS)]
    return rows + words


def test_settings_of_the_checkpoint_say_what_trains(tmp_path: Path):
    benchmark = _benchmark(2, trained=1, held_out=0)
    family = Family(Config(cache=None))
    scratch = family.load(benchmark=benchmark, checkpoint=None, seed=0)
    assert all(value.requires_grad for value in scratch.model.parameters())
    scratch.save(tmp_path)
    again = family.load(benchmark=benchmark, checkpoint=tmp_path, seed=0)
    trained = {n for n, value in again.model.named_parameters() if value.requires_grad}
    assert trained
    assert not any("visual" in name for name in trained)
