"""Models are attacked by one logit a picture, whichever world they are of, or refused."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from evals.attack import Scored
from evals.benchmark import Role
from evals.errors import ConfigError
from evals.faces.scores import FaceScore, TaskScores
from evals.faces.worlds import World, Worlds, logits, worlds
from evals.scores import ScoreSheet
from tests.fixtures.golden import GOLDEN

FORGOTTEN = np.array([True, True, False])


def equal(num_targets: int = 8, num_shadows: int = 8) -> World:
    return World(np.zeros((num_targets, 3)), np.zeros((num_shadows, 3)))


def sheet(forget: Sequence[str], holdout: Sequence[str], *, shift: float = 0.0) -> ScoreSheet:
    """Pictures whose cosine is `shift` more than the number in their id."""

    def task(role: Role, ids: Sequence[str]) -> TaskScores:
        items = (FaceScore(id, "A", int(id[1:]) / 10 + shift, 0.0, 1.0) for id in ids)
        return TaskScores(str(role), role, tuple(items))

    retain = TaskScores("retain", Role.RETAIN, ())
    return ScoreSheet((task(Role.HOLDOUT, holdout), retain, task(Role.FORGET, forget)))


def test_logits_are_the_published_codes() -> None:
    given = GOLDEN["vision_ulira_scrubbio_misc"]
    found = logits(given["inputs"]["cosines"])
    assert found == pytest.approx(given["expected"]["logits"], abs=given["tolerance"])


def test_logits_of_cosines_beyond_the_range_are_finite_and_nan_stays() -> None:
    assert logits([0.0, -1.0, -1e-9]) == pytest.approx([-103.6163] * 3, abs=1e-4)
    assert logits([1.0, 1 + 1e-9]) == pytest.approx([103.6163] * 2, abs=1e-4)
    assert np.isnan(logits([0.5, np.nan])).tolist() == [False, True]


def test_sheets_of_both_worlds_are_matched_by_picture_whatever_their_order() -> None:
    ours = [sheet(["p3", "p1"], ["p5"], shift=k / 100) for k in range(8)]
    theirs = [sheet(["p5"], ["p1", "p3"], shift=k / 50) for k in range(12)]
    found = worlds(Scored(ours[:4], ours[4:]), Scored(theirs[:4], theirs[4:]))
    assert found.forgotten_N.tolist() == [True, True, False]
    assert found.forget.targets[0] == pytest.approx(logits([0.3, 0.1, 0.5]))
    assert found.forget.shadows[3] == pytest.approx(logits([0.37, 0.17, 0.57]))
    assert found.holdout.targets[1] == pytest.approx(logits([0.32, 0.12, 0.52]))
    assert found.holdout.shadows.shape == (8, 3)


def test_models_that_were_not_scored_on_one_anothers_pictures_are_refused() -> None:
    ours, theirs = [sheet(["p1", "p3"], ["p5"])] * 4, [sheet(["p5"], ["p1", "p3"])] * 4
    with pytest.raises(ConfigError, match="the target model 0 .* 'p1' is not holdout in both"):
        worlds(Scored(ours, ours), Scored(ours, ours))
    odd = [*theirs[:3], sheet(["p5"], ["p1"])]
    with pytest.raises(ConfigError, match="the shadow model 3 .* 'p3' is not holdout in both"):
        worlds(Scored(ours, ours), Scored(theirs, odd))


def test_fewer_than_four_models_of_a_kind_are_refused() -> None:
    ours, theirs = [sheet(["p1"], ["p5"])] * 4, [sheet(["p5"], ["p1"])] * 4
    for forget, holdout, what in (
        (Scored([], ours), Scored(theirs, theirs), "target models of the forget .* got 0"),
        (Scored(ours, ours[:3]), Scored(theirs, theirs), "shadow models of the forget .* got 3"),
        (Scored(ours, ours), Scored(theirs[:1], theirs), "target models of the holdout .* got 1"),
        (Scored(ours, ours), Scored(theirs, []), "shadow models of the holdout .* got 0"),
    ):
        with pytest.raises(ConfigError, match=f"the {what}; train more"):
            worlds(forget, holdout)


def test_fewer_than_eight_models_of_a_kind_draw_a_word_of_warning() -> None:
    assert Worlds(equal(), equal(9, 64), FORGOTTEN).caveat == ""
    said = Worlds(equal(8, 7), equal(4, 8), FORGOTTEN).caveat
    assert "7 shadow models of the forget world, 4 target models of the holdout world;" in said


def test_what_is_no_logit_is_refused_by_model_and_picture() -> None:
    spoiled = [sheet(["p1", "p3"], ["p5"])] * 4
    [task] = spoiled[2].by_role(Role.FORGET)
    items = (task.items[0], replace(task.items[1], cosine=float("nan")))
    spoiled[2] = ScoreSheet((*spoiled[2].tasks[:2], replace(task, items=items)))
    fine, theirs = [sheet(["p1", "p3"], ["p5"])] * 4, [sheet(["p5"], ["p1", "p3"])] * 4
    with pytest.raises(ValueError, match="picture 1 is nan for the model 2 of the shadow models"):
        worlds(Scored(fine, spoiled), Scored(theirs, theirs))
    endless = World(np.full((4, 3), np.inf), np.zeros((4, 3)))
    with pytest.raises(ValueError, match="picture 0 is inf for the model 0 of the target models"):
        Worlds(endless, equal(), FORGOTTEN)


def test_shapes_that_do_not_fit_and_no_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(8, 3\) of 2 pictures: target models"):
        Worlds(equal(), equal(), FORGOTTEN[:2])
    with pytest.raises(ValueError, match="no pictures"):
        Worlds(World(np.zeros((8, 0)), np.zeros((8, 0))), equal(), FORGOTTEN[:0])
