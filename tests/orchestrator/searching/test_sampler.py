"""What is tried next follows from what was tried, and from nothing else."""

import math
import random

import pytest

from orchestrator.searching.sampler import Sampling
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.signals import Further, Signals
from orchestrator.searching.space import SearchChoices, SearchRange, holds
from orchestrator.searching.tried import Ending, Tried
from orchestrator.searching.unit_cube import Cube
from orchestrator.searching.view import MAX_SEEN, seen_by_process

SPACE = {"lr": SearchRange(low=1e-5, high=1e-3), "l1": SearchRange(low=1e-3, high=1.0)}
TREE = {
    **SPACE,
    "retain_term": SearchChoices(choices=("none", "nll", "kl")),
    "alpha": SearchRange(low=0.1, high=10.0, when={"retain_term": ("nll", "kl")}),
}


def sampling(space=SPACE, *, seed=0, **settings):
    return Sampling("npo", space=space, settings=SearchSettings(**settings), seed=seed)


def share(params, name, space=SPACE):
    low, high = math.log(space[name].low), math.log(space[name].high)
    return (math.log(params[name]) - low) / (high - low)


def measured(number, params, *, value=None, missed=None):
    """A trial whose objective grows with lr, and whose bound breaks at half of its range."""
    x = share(params, "lr")
    value = x if value is None else value
    violations = {"retain.at_least": x - 0.5 if missed is None else missed}
    return Tried(number, params, Ending.MEASURED, value, violations)


def scattered(space, num, *, seed=0):
    sampler = sampling(space, sampler="random", seed=seed)
    return [measured(i, sampler.point(i, [])) for i in range(num)]


def test_a_first_point_is_tried_as_it_is() -> None:
    made = sampling(first=[{"lr": 1e-4, "l1": 1}])
    assert made.point(0, []) == {"lr": 1e-4, "l1": 1.0}
    assert isinstance(made.point(0, [])["l1"], float)


@pytest.mark.parametrize("sampler", ["gp", "tpe", "random", "grid"])
def test_what_a_first_point_leaves_out_is_the_samplers(sampler) -> None:
    made = sampling(TREE, sampler=sampler, first=[{"lr": 1e-4, "retain_term": "kl"}], trials=30)
    point = made.point(0, scattered(TREE, 6))
    assert (point["lr"], point["retain_term"]) == (1e-4, "kl")
    assert holds(TREE, point)


def test_the_start_follows_the_first_points_and_is_spread() -> None:
    made = sampling(first=[{"lr": 1e-4, "l1": 0.1}], startup_trials=5)
    points = [made.point(number, []) for number in range(1, 6)]
    assert share(points[0], "lr") == pytest.approx(1 / 2)
    assert sorted(share(p, "lr") for p in points[1:]) == pytest.approx([1 / 8, 3 / 8, 5 / 8, 7 / 8])


def test_the_start_leaves_out_what_is_known_to_do_nothing() -> None:
    made = sampling(startup_trials=5)
    points = [made.point(number, []) for number in range(5)]
    corner = {"lr": SPACE["lr"].at(0.6), "l1": SPACE["l1"].at(0.3)}
    does_nothing = [
        n for n, p in enumerate(points) if p["lr"] <= corner["lr"] and p["l1"] >= corner["l1"]
    ]
    assert 0 < len(does_nothing) < 5
    idle = Tried(None, corner, Ending.MEASURED, -5.0, {"retain.at_least": -1.0}, Signals(idle=True))
    busy = Tried(None, corner, Ending.MEASURED, -5.0, {"retain.at_least": -1.0})
    for number in range(4):  # with one trial known, a start has one less
        start = points[number + 1]
        assert made.point(number, [busy]) == start
        assert (made.point(number, [idle]) == start) == (number + 1 not in does_nothing)


def test_what_another_sweep_measured_shortens_the_start() -> None:
    past = [measured(None, p.params) for p in scattered(SPACE, 3)]
    made, alone = sampling(startup_trials=4), sampling(startup_trials=4)
    assert made.point(0, past) == alone.point(3, [])
    # With four trials known, number 1 is the Gaussian process's and no point of the start.
    tried = [*past, measured(0, made.point(0, past))]
    starts = [alone.point(number, []) for number in range(4)]
    assert made.point(1, tried) not in starts


@pytest.mark.parametrize("sampler", ["gp", "tpe", "random"])
@pytest.mark.parametrize("space", [SPACE, TREE], ids=["plain", "conditional"])
def test_every_point_lies_in_the_space_and_repeats(sampler, space) -> None:
    tried = scattered(space, 12)
    points = [sampling(space, sampler=sampler).point(n, tried) for n in range(12, 16)]
    assert all(holds(space, point) for point in points)
    assert [sampling(space, sampler=sampler).point(n, tried) for n in range(12, 16)] == points


def test_the_order_in_which_trials_were_told_does_not_matter() -> None:
    tried = scattered(SPACE, 10)
    assert sampling().point(10, tried) == sampling().point(10, tried[::-1])


def test_the_gaussian_process_looks_below_the_bound_that_breaks_above() -> None:
    tried = scattered(SPACE, 14)
    points = [sampling(seed=seed).point(14, tried) for seed in range(3)]
    assert all(0.35 < share(point, "lr") < 0.6 for point in points)


def test_the_gaussian_process_learns_over_a_conditional_space_as_a_whole() -> None:
    # alpha, where it is active, is the better the larger it is; lr as ever, without a bound.
    def value(params):
        return share(params, "lr") + (share(params, "alpha", TREE) if "alpha" in params else 0.0)

    tried = [
        measured(t.number, t.params, value=value(t.params), missed=-1.0)
        for t in scattered(TREE, 30, seed=3)
    ]
    point = sampling(TREE).point(30, tried)
    assert point["retain_term"] in ("nll", "kl")
    assert share(point, "alpha", TREE) > 0.85
    assert share(point, "lr") > 0.85


def collapsing(ending):
    """Trials of which every one above half of lr's range has ended as `ending`, without a number.

    What was measured kept the bound by far, so nothing else tells where not to look.
    """
    tried = []
    for trial in scattered(SPACE, 14):
        if share(trial.params, "lr") < 0.5:
            tried.append(measured(trial.number, trial.params, missed=-0.2))
        else:
            tried.append(Tried(trial.number, trial.params, ending))
    return tried


def test_where_models_collapsed_is_not_tried_again_and_where_they_were_lost_is() -> None:
    collapsed = [sampling(seed=seed).point(14, collapsing(Ending.COLLAPSED)) for seed in range(3)]
    lost = [sampling(seed=seed).point(14, collapsing(Ending.FAILED)) for seed in range(3)]
    assert max(share(point, "lr") for point in collapsed) < 0.65
    assert min(share(point, "lr") for point in lost) > 0.7


def test_what_runs_is_not_suggested_again() -> None:
    tried = scattered(SPACE, 14)
    made = sampling()
    alone = made.point(14, tried)
    crowded = made.point(14, [*tried, Tried(13, alone, Ending.RUNNING)])
    assert math.dist([share(alone, n) for n in SPACE], [share(crowded, n) for n in SPACE]) > 0.02


def test_the_grid_goes_on_where_it_is_and_ends() -> None:
    made, tried = sampling(sampler="grid", trials=6), []
    while made.num_left(tried, trials=6):
        point = made.point(len(tried), tried)
        tried.append(Tried(len(tried), point, Ending.FAILED))
    assert len(tried) == 6
    assert len({str(trial.params) for trial in tried}) == 6
    assert sampling(sampler="grid", trials=6).point(2, tried[:2]) == tried[2].params


def test_a_larger_budget_adds_points_to_a_grid_and_repeats_none() -> None:
    small, tried = sampling(sampler="grid", trials=4), []
    while small.num_left(tried, trials=4):
        tried.append(Tried(len(tried), small.point(len(tried), tried), Ending.FAILED))
    large = sampling(sampler="grid", trials=9)
    assert large.num_left(tried, trials=9) == 5
    assert large.point(4, tried) not in [trial.params for trial in tried]


def test_a_budget_is_what_is_left_of_it() -> None:
    made = sampling(trials=5)
    assert [made.num_left(scattered(SPACE, num), trials=5) for num in (0, 3, 7)] == [5, 2, 0]


def test_many_trials_are_thinned_out_to_the_best_and_the_latest(monkeypatch) -> None:
    monkeypatch.setattr("orchestrator.searching.view.MAX_SEEN", 6)
    draw = random.Random(1)
    points = [{"lr": 1e-5 * 100 ** draw.random(), "l1": 0.1} for _ in range(20)]
    tried = [measured(i, point) for i, point in enumerate(points)]
    running = Tried(20, points[0], Ending.RUNNING)
    seen = seen_by_process([*tried, running], SearchSettings(), Cube(SPACE))
    shown = seen.values_N.tolist()
    feasible = [t for t in tried if t.violations["retain.at_least"] <= 0]
    best = sorted(feasible, key=lambda trial: -trial.value)[:3]
    assert {trial.value for trial in best} <= set(shown)
    assert (len(shown), len(seen.points_ND), len(seen.running_RD)) == (6, 6, 1)
    latest = [t.value for t in tried if t not in best][-3:]
    assert set(latest) <= set(shown)
    assert MAX_SEEN >= 200


def test_the_tree_estimator_follows_the_guide_among_equal_objectives() -> None:
    def tied(tried):
        """All as bad as each other and feasible; the guide is nearest to 0 at the top of lr."""
        return [
            Tried(t.number, t.params, t.ending, -5.0, {"retain.at_least": -1.0}, guided(t.params))
            for t in tried
        ]

    def guided(params):
        return Signals(guide=2.0 - 1.5 * share(params, "lr"))

    tried = scattered(SPACE, 16)
    blind = [Tried(t.number, t.params, t.ending, -5.0, {"retain.at_least": -1.0}) for t in tried]
    made = [sampling(sampler="tpe", trials=90, seed=seed) for seed in range(8)]
    by_guide = [share(each.point(16, tied(tried)), "lr") for each in made]
    without = [share(each.point(16, blind), "lr") for each in made]
    assert sum(by_guide) / 8 > sum(without) / 8 + 0.15
    assert sum(by_guide) / 8 > 0.65


BOTH = SearchSettings(objective=("log_forget_quality", "retain"))


def of_both(number, first, second, *, missed=-1.0, ending=Ending.MEASURED):
    """A trial with both objectives; the second as it was measured, the first as Optuna is told."""
    signals = Signals(guide=-first, guide_error=0.1, further=(Further(second, error=0.02),))
    params = {"lr": SPACE["lr"].at((number + 0.5) / 40), "l1": 0.1}
    return Tried(number, params, ending, first, {"retain.at_least": missed}, signals)


def test_of_several_objectives_each_is_seen_on_its_scale_with_its_errors_and_the_corner() -> None:
    tried = [of_both(0, -2.0, 0.64), of_both(1, -1.0, 0.36)]
    seen = seen_by_process(tried, BOTH, Cube(SPACE), (-9.0, 0.25))
    first, second = seen.objectives
    assert first.values_N.tolist() == [-2.0, -1.0]
    assert first.guides.guides_N.tolist() == [2.0, 1.0]
    assert second.values_N.tolist() == pytest.approx([0.8, 0.6])
    # The slope of a root is 1 / (2 root).
    assert second.errors_N.tolist() == pytest.approx([0.0125, 0.02 / 1.2], rel=1e-2)
    assert second.guides is None
    assert seen.corner == pytest.approx((-3.0, 0.5))


def test_of_several_objectives_a_collapsed_trial_is_middling_in_all() -> None:
    tried = [of_both(i, -float(i), 0.2 * i, missed=0.1) for i in range(3)]
    lost = Tried(3, tried[0].params, Ending.COLLAPSED)
    seen = seen_by_process([*tried, lost], BOTH, Cube(SPACE), (-9.0, 0.0))
    values = [each.values_N[3] for each in seen.objectives]
    assert values == pytest.approx([-1.0, math.sqrt(0.2)])


def test_of_several_objectives_those_are_kept_that_fewest_beat_in_all(monkeypatch) -> None:
    monkeypatch.setattr("orchestrator.searching.view.MAX_SEEN_OF_SEVERAL", 8)
    front = [of_both(i, -4.0 + i, 0.9 - 0.1 * i) for i in range(4)]
    behind = [of_both(i, -8.0 + 0.01 * i, 0.1) for i in range(4, 24)]
    seen = seen_by_process([*front, *behind], BOTH, Cube(SPACE), (-9.0, 0.0))
    assert seen.values_N.tolist()[:4] == [trial.value for trial in front]
    assert len(seen.values_N) == 8


@pytest.mark.parametrize("sampler", ["gp", "tpe"])
def test_a_point_of_several_objectives_lies_in_the_space_and_repeats(sampler) -> None:
    tried = [of_both(i, -4.0 + i, 0.9 - 0.1 * i, missed=0.1 * i - 0.2) for i in range(6)]
    made = sampling(sampler=sampler, objective=BOTH.objective)
    made.aim((-9.0, 0.1))
    point = made.point(6, tried)
    assert holds(SPACE, point)
    assert made.point(6, tried[::-1]) == point
