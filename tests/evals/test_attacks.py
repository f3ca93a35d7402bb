"""Every attack keeps the promises of `evals.attack`, whoever wrote it."""

from dataclasses import replace

import numpy as np
import pytest

from evals import plugins
from evals.attack import PACKAGE, Scored, attacks_on, load_attack
from evals.benchmark import Role
from evals.errors import ConfigError
from evals.faces.scores import FaceScore, TaskScores
from evals.scores import ScoreSheet

NAMES = plugins.names(PACKAGE)
NUM_PICTURES = 5


def sheet(*, trained: float, other: float, chance: np.random.Generator) -> ScoreSheet:
    """Faces of a model that had been trained on its forget set: cosines about these."""

    def task(role: Role, ids: str, cosine: float) -> TaskScores:
        items = [
            FaceScore(f"{ids}{n}", ids, cosine + 0.01 * chance.normal(), 0.0, 0.0)
            for n in range(NUM_PICTURES)
        ]
        return TaskScores(str(role), role, tuple(items))

    return ScoreSheet((task(Role.FORGET, "a", trained), task(Role.HOLDOUT, "b", other)))


def swapped(found: ScoreSheet) -> ScoreSheet:
    """The same scores in the other world, in which what was forgotten is the holdout."""
    other = {Role.FORGET: Role.HOLDOUT, Role.HOLDOUT: Role.FORGET}
    return ScoreSheet(tuple(replace(task, role=other[task.role]) for task in found.tasks))


def worlds(*, trained: float, other: float, least: int = 8) -> tuple[Scored, Scored]:
    chance = np.random.default_rng(0)

    def sheets(trained: float, other: float) -> list[ScoreSheet]:
        return [sheet(trained=trained, other=other, chance=chance) for _ in range(least)]

    forget = Scored(sheets(trained, other), sheets(trained, other))
    holdout = [[swapped(one) for one in sheets(other, trained)] for _ in range(2)]
    return forget, Scored(*holdout)


@pytest.mark.parametrize("name", NAMES)
def test_who_is_forgotten_without_a_trace_is_guessed_and_who_is_not_is_known(name) -> None:
    attack = load_attack(name)
    known = attack.compute(*worlds(trained=0.9, other=0.2))
    assert known.value == attack.bounds[1] == 1.0
    assert known.note == ""
    alike = worlds(trained=0.5, other=0.5)
    assert attack.compute(*alike).value == pytest.approx(attack.chance, abs=0.12)
    same = Scored(alike[0].targets, alike[0].targets)
    mirrored = [swapped(one) for one in same.targets]
    assert attack.compute(same, Scored(mirrored, mirrored)).value == attack.chance


@pytest.mark.parametrize("name", NAMES)
def test_few_models_are_said_to_be_and_fewer_are_refused(name) -> None:
    attack = load_attack(name)
    assert (
        "tell steadier" in attack.compute(*worlds(trained=0.9, other=0.2, least=attack.least)).note
    )
    enough = attack.compute(*worlds(trained=0.9, other=0.2, least=attack.steady))
    assert enough.note == ""
    with pytest.raises(ConfigError, match=f"at least {attack.least} for an attack"):
        attack.compute(*worlds(trained=0.9, other=0.2, least=attack.least - 1))


@pytest.mark.parametrize("name", NAMES)
def test_scores_that_are_not_finite_are_of_no_use(name) -> None:
    attack = load_attack(name)
    whole = worlds(trained=0.9, other=0.2)[0].targets[0]
    assert attack.usable(whole)
    first = whole.tasks[0]
    odd = replace(first, items=(replace(first.items[0], cosine=float("nan")), *first.items[1:]))
    assert not attack.usable(ScoreSheet((odd, *whole.tasks[1:])))


@pytest.mark.parametrize("name", NAMES)
def test_an_attack_has_a_heading_and_says_what_it_is(name) -> None:
    attack = load_attack(name)
    assert attack.heading != name
    assert attack.note.count(" ") > 3
    assert attack.better in ("higher", "lower", "gold")
    assert attack in attacks_on(attack.suite).values()


def test_text_is_not_attacked() -> None:
    assert attacks_on("text") == {}
