"""What a plan refuses of rows, before anything starts."""

from dataclasses import replace

import numpy as np
import pytest

from evals.errors import ConfigError
from evals.pictures.picture import Picture
from evals.settings import EvaluationSettings
from trainers.family import Use
from trainers.models import tiny_vision_language, vision_language
from trainers.settings import TrainingSettings

LONG = EvaluationSettings(max_length=512, metrics=("retain",))


@pytest.fixture
def check(folders, pictured):
    """Returns `check(architecture, ...)`: has a family look at rows."""

    def rows(architecture, benchmark=None, *, evaluation=LONG, **lengths):
        trainings = {key: TrainingSettings(max_length=length) for key, length in lengths.items()}
        use = Use(benchmark or pictured, trainings or {"training": TrainingSettings()}, evaluation)
        config = vision_language.Config(path=str(folders[architecture]))
        vision_language.Family(config).check_rows(None, use)

    return rows


@pytest.mark.parametrize("architecture", ["llava", "qwen2_vl"])
def test_rows_that_fit_are_taken(check, architecture):
    check(architecture)


@pytest.mark.parametrize("architecture", ["llava", "qwen2_vl"])
def test_the_shortest_limit_of_all_trainings_decides(check, architecture):
    with pytest.raises(ConfigError, match=r"baselines_training\.max_length must be at least"):
        check(architecture, training=400, baselines_training=16)


def test_the_evaluations_limit_is_looked_at_too(check):
    short = EvaluationSettings(max_length=16, metrics=("retain",))
    with pytest.raises(ConfigError, match=r"evaluation\.max_length must be at least"):
        check("llava", evaluation=short)


def test_another_rows_answer_may_be_what_is_too_long(check, pictured):
    first, *others = pictured.splits["full"]
    long = replace(first, question="Who?", answer="It is " + "a very long name " * 8, picture=None)
    asked = replace(others[0], question="Who is this person in the picture? " * 3)
    full = (long, asked)
    benchmark = replace(pictured, splits={**pictured.splits, "full": full}, tasks=())
    check("llava", benchmark, training=400)
    with pytest.raises(ConfigError, match=rf"for the row {asked.id}"):
        check("llava", benchmark, training=150)


def test_a_picture_too_large_for_the_context_is_named_with_its_tokens(check, pictured):
    large = Picture(np.zeros((48, 48, 3), dtype=np.uint8))
    first = replace(pictured.splits["full"][0], picture=large)
    benchmark = replace(pictured, splits={**pictured.splits, "full": (first,)}, tasks=())
    with pytest.raises(ConfigError, match=r"of whose tokens 9 are its picture's"):
        check("qwen2_vl", benchmark, training=40)


def test_random_weights_are_checked_without_a_checkpoint(pictured):
    family = tiny_vision_language.Family(tiny_vision_language.Config())
    family.check_rows(None, Use(pictured, {"training": TrainingSettings()}, LONG))
    with pytest.raises(ConfigError, match=r"training\.max_length must be at least"):
        family.check_rows(None, Use(pictured, {"training": TrainingSettings(max_length=12)}, LONG))
