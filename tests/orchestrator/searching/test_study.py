import contextlib
import math
import subprocess
import sys

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from evals.errors import ConfigError
from orchestrator.searching.constraints import Constraint
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.signals import Further, Signals
from orchestrator.searching.space import SearchChoices, SearchRange, holds
from orchestrator.searching.study import MethodSearch
from orchestrator.searching.study_record import tried_of

SPACE = {
    "lr": SearchRange(low=1e-5, high=1e-3),
    "l1": SearchRange(low=1e-7, high=1e-2),
}
FLOOR = 0.63
CORNER = (-400.0, FLOOR)


def surface(lr, l1):
    """Returns (objective, retain): heavy-tailed forgetting, the optimum on the floor."""
    x, y = (math.log10(lr) + 5) / 2, (math.log10(l1) + 7) / 5
    objective = -400 * max(0.0, 0.8 - 1.1 * x + 0.5 * y) ** 2 - 2 * (x - 0.9) ** 2
    return objective, 0.7 * (1 - max(0.0, x - 0.35 - 0.4 * y))


def missed(retain):
    return {"retain.at_least": FLOOR - retain}


def begin(folder, *, label="npo", seed=0, space=SPACE, **settings):
    made = SearchSettings(**{"trials": 25, **settings})
    return MethodSearch(label, space=space, settings=made, folder=folder, seed=seed)


def play(search, num=None):
    """Runs `num` trials (default: all that remain) and returns their params and best feasible."""
    asked, best = [], -math.inf
    while search.remaining and (num is None or len(asked) < num):
        suggestion = search.ask()
        objective, retain = surface(**suggestion.params)
        search.tell(suggestion.number, objective=objective, violations=missed(retain))
        asked.append(suggestion)
        if retain >= FLOOR:
            best = max(best, objective)
    return asked, best


def stored(folder, label="npo"):
    storage = JournalStorage(JournalFileBackend(str(folder / "search.journal")))
    return optuna.load_study(study_name=label, storage=storage).get_trials(deepcopy=False)


def test_the_constrained_gp_finds_a_better_feasible_point_than_random_search(tmp_path):
    # A grid of 300 x 300 points puts the feasible optimum at -37.6.
    budget, seeds = 20, range(2)
    gp = [play(begin(tmp_path / f"gp{s}", seed=s, trials=budget))[1] for s in seeds]
    random = [
        play(begin(tmp_path / f"random{s}", seed=s, trials=budget, sampler="random"))[1]
        for s in seeds
    ]
    assert min(gp) > -39.5
    assert min(gp) > max(random)


def test_the_tree_sampler_can_be_chosen(tmp_path):
    asked, best = play(begin(tmp_path, sampler="tpe", trials=12))
    assert len(asked) == 12
    assert best > -math.inf


def test_the_same_seed_gives_the_same_search(tmp_path):
    first, _ = play(begin(tmp_path / "a", trials=8))
    again, _ = play(begin(tmp_path / "b", trials=8))
    other, _ = play(begin(tmp_path / "c", trials=8, seed=1))
    assert first == again
    assert first != other


def test_methods_of_one_sweep_search_on_their_own(tmp_path):
    npo = begin(tmp_path, label="npo", sampler="random")
    ga = begin(tmp_path, label="ga", sampler="random")
    assert npo.ask().params != ga.ask().params
    assert (npo.remaining, ga.remaining) == (24, 24)


@pytest.mark.parametrize("sampler", ["gp", "tpe"])
def test_a_search_that_learns_begins_with_points_spread_over_the_space(tmp_path, sampler):
    search = begin(tmp_path, sampler=sampler, startup_trials=5)
    asked, _ = play(search, num=5)
    middle, *others = (math.log10(suggestion.params["lr"]) for suggestion in asked)
    assert middle == pytest.approx(-4)
    assert sorted(others) == pytest.approx([-4.75, -4.25, -3.75, -3.25])


def test_a_first_point_that_was_interrupted_is_asked_again_and_the_others_follow(tmp_path):
    search = begin(tmp_path, startup_trials=4)
    lost = search.ask()
    again = begin(tmp_path, startup_trials=4)
    assert again.ask() == lost
    others = [again.ask() for _ in range(3)]
    assert [suggestion.number for suggestion in others] == [1, 2, 3]
    assert len({suggestion.params["lr"] for suggestion in (lost, *others)}) == 4


def test_a_resumed_search_goes_on_as_if_it_had_never_stopped(tmp_path):
    whole, _ = play(begin(tmp_path / "whole", trials=10))
    first, _ = play(begin(tmp_path / "parts", trials=10), num=6)
    resumed = begin(tmp_path / "parts", trials=10)
    assert resumed.remaining == 4
    assert list(resumed.finished) == first
    rest, _ = play(resumed)
    assert [suggestion.number for suggestion in rest] == [6, 7, 8, 9]
    assert first + rest == whole


def test_what_was_running_is_asked_again_first_and_costs_no_budget(tmp_path):
    killed = begin(tmp_path, trials=10)
    play(killed, num=5)
    lost = [killed.ask(), killed.ask()]
    # A second interruption, before anything was told, must not lose or double them either.
    begin(tmp_path, trials=10).ask()
    search = begin(tmp_path, trials=10)
    assert search.remaining == 5
    assert search.next_number == 5
    again = [search.ask(), search.ask()]
    assert again == lost
    assert [suggestion.again for suggestion in (*lost, *again)] == [False, False, True, True]
    assert search.ask().number == 7
    assert search.remaining == 2
    states = [trial.state for trial in stored(tmp_path)]
    assert states == [TrialState.COMPLETE] * 5 + [TrialState.RUNNING] * 3


def test_a_trial_that_was_taken_back_waits_and_is_asked_again_first(tmp_path):
    search = begin(tmp_path, trials=10)
    kept, returned = search.ask(), search.ask()
    search.withdraw(returned.number)
    assert [t.state for t in stored(tmp_path)] == [TrialState.RUNNING, TrialState.WAITING]
    assert (search.next_number, search.remaining) == (1, 9)
    search.tell(kept.number, objective=-1.0, violations=missed(0.7))
    assert search.ask() == returned
    assert search.ask().number == 2


class Killed(BaseException):
    """What a test raises in the place of a kill."""


def kill_at(monkeypatch, num_writes):
    """Lets the journal be written `num_writes` more times; the next one never happens."""
    append = JournalFileBackend.append_logs
    left = iter(range(num_writes))

    def limited(backend, logs):
        if next(left, None) is None:
            raise Killed
        append(backend, logs)

    monkeypatch.setattr(JournalFileBackend, "append_logs", limited)


def rows(folder):
    found = stored(folder)
    return [(t.number, t.state, t.params, t.values, t.constraints, t.user_attrs) for t in found]


def overlap(search):
    """Plays with one trial always ahead of the one that is told, as Tune draws them."""
    running = []
    while search.remaining or running:
        if search.remaining:
            running.append(search.ask())
        if len(running) > 1 or not search.remaining:
            suggestion = running.pop(0)
            objective, retain = surface(**suggestion.params)
            if suggestion.number == 2:
                search.fail(2, "rank 1 was lost")
            else:
                search.tell(suggestion.number, objective=objective, violations=missed(retain))


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["random", "tpe", "gp"])
def test_a_search_killed_before_any_write_of_its_journal_ends_like_one_that_was_not(
    tmp_path, monkeypatch, sampler
):
    settings = {"trials": 5, "startup_trials": 2, "sampler": sampler}
    overlap(begin(tmp_path / "whole", **settings))
    whole = rows(tmp_path / "whole")
    num_writes = (tmp_path / "whole" / "search.journal").read_text().count("\n")
    assert num_writes > 30
    for kill in range(0, num_writes, 1 if sampler == "random" else 9):
        folder = tmp_path / str(kill)
        with monkeypatch.context() as patch:
            kill_at(patch, kill)
            with contextlib.suppress(Killed):
                overlap(begin(folder, **settings))
        overlap(begin(folder, **settings))
        assert rows(folder) == whole, f"killed before write {kill}"


BOTH = ("log_forget_quality", "retain")


def play_front(folder, num=None, **settings):
    """Plays a search of the front between forgetting and retain, and returns what it found."""
    search = begin(folder, objective=BOTH, **settings)
    search.aim(CORNER)
    found = []
    while search.remaining and (num is None or len(found) < num):
        suggestion = search.ask()
        objective, retain = surface(**suggestion.params)
        signals = Signals(guide=math.sqrt(-objective), guide_error=0.1, further=(Further(retain),))
        told = {"objective": objective, "violations": missed(retain), "signals": signals}
        search.tell(suggestion.number, **told)
        found.append((objective, retain))
    return found


@pytest.mark.parametrize("sampler", ["gp", "tpe", "random", "grid"])
def test_a_search_of_two_objectives_that_is_resumed_ends_like_one_that_was_not(tmp_path, sampler):
    settings = {"trials": 5, "startup_trials": 2, "sampler": sampler}
    play_front(tmp_path / "whole", **settings)
    for killed in (1, 3):
        folder = tmp_path / str(killed)
        play_front(folder, num=killed, **settings)
        begin(folder, objective=BOTH, **settings)  # asks for nothing
        play_front(folder, **settings)
        assert rows(folder) == rows(tmp_path / "whole")
    last = stored(tmp_path / "whole")[-1]
    objective, retain = surface(**last.params)
    assert last.values == pytest.approx([-math.sqrt(-objective), math.sqrt(retain)])


def test_a_search_of_two_objectives_learns_both_from_another_sweep(tmp_path):
    search = begin(tmp_path, objective=BOTH, trials=1, startup_trials=1)
    signals = Signals(further=(Further(0.64),))
    params = {"lr": 1e-4, "l1": 1e-4}
    search.learn("a/0@b", params, objective=-9.0, violations=missed(0.64), signals=signals)
    (learnt,) = stored(tmp_path)
    assert learnt.values == pytest.approx([-3.0, 0.8])
    assert tried_of(learnt).signals == signals
    search.aim(CORNER)
    assert holds(SPACE, search.ask().params), "the process has seen it already"


def test_other_objectives_under_the_same_name_are_refused(tmp_path):
    play_front(tmp_path, num=1)
    with pytest.raises(ConfigError, match="the search of 'npo' must be the one"):
        begin(tmp_path)


def test_half_a_line_and_a_lock_of_a_killed_process_are_removed(tmp_path):
    play(begin(tmp_path, trials=5), num=3)
    journal = tmp_path / "search.journal"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"op_code": 5, "tri')
    (tmp_path / "search.journal.lock").symlink_to(journal)
    search = begin(tmp_path, trials=5)
    assert journal.read_bytes().startswith(whole)
    assert b"tri{" not in journal.read_bytes()
    assert len(play(search)[0]) == 2


def test_asking_again_gives_exactly_the_same_numbers(tmp_path):
    lost = begin(tmp_path).ask()
    assert begin(tmp_path).ask() == lost


def test_a_failed_trial_counts_and_keeps_its_reason(tmp_path):
    search = begin(tmp_path, trials=2)
    search.fail(search.ask().number, "the loss is nan at step 7", job="0123456789abcdef")
    assert search.remaining == 1
    assert begin(tmp_path, trials=2).remaining == 1
    trial = stored(tmp_path)[0]
    assert trial.state == TrialState.FAIL
    assert trial.user_attrs["reason"] == "the loss is nan at step 7"
    assert trial.user_attrs["job"] == "0123456789abcdef"


@pytest.mark.parametrize(
    "told",
    [
        {"objective": math.nan, "violations": {"retain.at_least": 0.1}},
        {"objective": -1.0, "violations": {"retain.at_least": math.inf}},
        {"objective": -1.0, "violations": {"retain.at_least": -0.1}, "stopped": "stopped"},
    ],
)
def test_numbers_that_do_not_count_are_not_told(told, tmp_path):
    search = begin(tmp_path)
    number = search.ask().number
    with pytest.raises(AssertionError):
        search.tell(number, **told)


@pytest.mark.parametrize("collapsed", [True, False])
def test_a_collapse_is_a_failure_that_is_marked(tmp_path, collapsed):
    search = begin(tmp_path)
    search.fail(search.ask().number, "the loss became nan at step 7", collapsed=collapsed)
    trial = stored(tmp_path)[0]
    assert (trial.state, trial.value, trial.constraints) == (TrialState.FAIL, None, {})
    assert trial.user_attrs.get("collapsed", False) is collapsed


def test_each_bound_is_a_constraint_by_its_name(tmp_path):
    constraints = {
        "retain": Constraint(at_least=0.5, at_most=0.8, relative_to="absolute"),
        "forget": Constraint(at_most=0.5),
    }
    search = begin(tmp_path, constraints=constraints)
    told = {"retain.at_least": -0.1, "retain.at_most": -0.2, "forget.at_most": 0.25}
    search.tell(search.ask().number, objective=-4.0, violations=told)
    trial = stored(tmp_path)[0]
    assert trial.constraints == told
    assert trial.user_attrs["feasible"] is False


def test_without_constraints_every_trial_is_feasible(tmp_path):
    search = begin(tmp_path, constraints={}, trials=7)
    while search.remaining:
        suggestion = search.ask()
        objective, _ = surface(**suggestion.params)
        search.tell(suggestion.number, objective=objective, violations={})
    assert all(trial.user_attrs["feasible"] for trial in stored(tmp_path))


def test_a_trial_that_was_stopped_is_infeasible_with_what_was_measured(tmp_path):
    search = begin(tmp_path, trials=2)
    why = "stopped at step 40: retain is below its floor"
    search.tell(search.ask().number, objective=-200.0, violations=missed(0.25), stopped=why)
    trial = stored(tmp_path)[0]
    assert (trial.state, trial.value) == (TrialState.COMPLETE, pytest.approx(-math.sqrt(200)))
    assert trial.constraints == {"retain.at_least": pytest.approx(0.38)}
    facts = {"feasible": False, "objective": -200.0, "reason": why}
    assert facts.items() <= trial.user_attrs.items()
    again = begin(tmp_path, trials=2)
    assert (again.remaining, [s.number for s in again.finished]) == (1, [0])


def test_a_search_that_is_closed_leaves_nothing_running(tmp_path):
    search = begin(tmp_path, trials=6)
    play(search, num=2)
    lost = [search.ask(), search.ask()]
    search.close()
    assert TrialState.RUNNING not in {trial.state for trial in stored(tmp_path)}
    again = begin(tmp_path, trials=6)
    assert again.remaining == 4
    assert [again.ask(), again.ask()] == lost


def test_trials_of_another_sweep_are_learnt_from_once_and_cost_no_budget(tmp_path):
    plain = begin(tmp_path / "plain", trials=6)
    for search in (begin(tmp_path / "warm", trials=6), begin(tmp_path / "warm", trials=6)):
        for number in range(8):
            point = {"lr": 1e-5 * 1.5**number, "l1": 1e-3}
            objective, retain = surface(**point)
            search.learn(
                f"old/{number}@hash", point, objective=objective, violations=missed(retain)
            )
        assert (search.remaining, search.finished) == (6, ())
    past = stored(tmp_path / "warm")
    assert [trial.user_attrs["origin"] for trial in past] == [f"old/{n}@hash" for n in range(8)]
    assert all(trial.state == TrialState.COMPLETE for trial in past)
    first = search.ask()
    assert first.number == 0
    assert first != plain.ask()
    search.tell(0, objective=-4.0, violations=missed(0.7))
    assert [suggestion.number for suggestion in search.finished] == [0]
    assert begin(tmp_path / "warm", trials=6).remaining == 5


def test_a_search_goes_through_first_points_then_its_start_then_its_sampler(tmp_path):
    point = {"lr": 2e-4, "l1": 1e-5}
    search = begin(tmp_path, first=[point], startup_trials=3, trials=5)
    asked, _ = play(search)
    assert asked[0].params == point
    start = [math.log10(suggestion.params["lr"]) for suggestion in asked[1:4]]
    assert start[0] == pytest.approx(-4)
    assert sorted(start[1:]) == pytest.approx([-4.5, -3.5])


def test_a_grid_is_gone_through_once_and_resumed(tmp_path):
    first, _ = play(begin(tmp_path, sampler="grid", trials=7), num=4)
    resumed = begin(tmp_path, sampler="grid", trials=7)
    assert resumed.remaining == 2
    rest, _ = play(resumed)
    assert len({str(suggestion.params) for suggestion in [*first, *rest]}) == 6
    whole, _ = play(begin(tmp_path / "whole", sampler="grid", trials=7))
    assert first + rest == whole


TREE = {
    **SPACE,
    "retain_term": SearchChoices(choices=("none", "nll", "kl")),
    "alpha": SearchRange(low=0.1, high=10.0, when={"retain_term": ("nll", "kl")}),
}


@pytest.mark.parametrize("sampler", ["gp", "tpe", "random", "grid"])
def test_a_conditional_space_is_searched_and_resumed(tmp_path, sampler):
    def play_tree(search, num):
        asked = []
        while search.remaining and len(asked) < num:
            suggestion = search.ask()
            objective, retain = surface(suggestion.params["lr"], suggestion.params["l1"])
            search.tell(suggestion.number, objective=objective, violations=missed(retain))
            asked.append(suggestion)
        return asked

    how = {"space": TREE, "sampler": sampler, "trials": 12}
    first = play_tree(begin(tmp_path / "parts", **how), num=6)
    killed = begin(tmp_path / "parts", **how)
    lost = killed.ask()
    rest = play_tree(begin(tmp_path / "parts", **how), num=12)
    assert rest[0] == lost
    assert [*first, *rest] == play_tree(begin(tmp_path / "whole", **how), num=12)
    assert all(holds(TREE, suggestion.params) for suggestion in [*first, *rest])


def test_failures_among_the_trials_do_not_stop_the_gp(tmp_path):
    search = begin(tmp_path, trials=12, startup_trials=3)
    while search.remaining:
        suggestion = search.ask()
        objective, retain = surface(**suggestion.params)
        if suggestion.params["lr"] > 5e-4:
            search.fail(suggestion.number, "the loss became nan", collapsed=True)
        else:
            search.tell(suggestion.number, objective=objective, violations=missed(retain))
    assert {trial.state for trial in stored(tmp_path)} == {TrialState.COMPLETE, TrialState.FAIL}


def test_several_trials_may_run_at_once_and_end_in_any_order(tmp_path):
    search = begin(tmp_path, trials=10, startup_trials=2)
    running = [search.ask() for _ in range(4)]
    for _ in range(6):
        suggestion = running.pop()
        objective, retain = surface(**suggestion.params)
        search.tell(suggestion.number, objective=objective, violations=missed(retain))
        running.insert(0, search.ask())
    assert search.remaining == 0
    assert len({str(suggestion.params) for suggestion in running}) == 4


def test_the_optuna_trial_keeps_the_raw_numbers(tmp_path):
    search = begin(tmp_path)
    search.tell(
        search.ask().number,
        objective=-200.0,
        violations={"retain.at_least": 0.25},
        job="0123456789abcdef",
    )
    trial = stored(tmp_path)[0]
    assert trial.value == pytest.approx(-math.sqrt(200))
    assert trial.constraints == {"retain.at_least": 0.25}
    expected = {"number": 0, "job": "0123456789abcdef", "feasible": False, "objective": -200.0}
    assert trial.user_attrs == expected


def test_what_is_known_beside_the_numbers_is_kept_for_the_next_process(tmp_path):
    signals = Signals(1.5, 0.1, 0.4, {"retain.at_least": 0.01})
    told = {"objective": -4.0, "violations": {"retain.at_least": -0.1}, "signals": signals}
    search = begin(tmp_path)
    search.tell(search.ask().number, **told)
    search.learn("old/0@1", {"lr": 1e-4, "l1": 1e-4}, **told)
    assert [tried_of(trial).signals for trial in stored(tmp_path)] == [signals, signals]


def test_a_metric_of_which_less_is_better_is_minimised(tmp_path):
    search = begin(tmp_path, objective="forget")
    assert search._study.direction == optuna.study.StudyDirection.MINIMIZE


def test_whole_numbers_are_searched_as_whole_numbers(tmp_path):
    space = {**SPACE, "layer": SearchRange(low=1, high=4, log=False, integer=True)}
    search = begin(tmp_path, space=space)
    layers = [search.ask().params["layer"] for _ in range(8)]
    assert all(isinstance(layer, int) and 1 <= layer <= 4 for layer in layers)
    assert len(set(layers)) > 1


def test_another_range_under_the_same_name_is_refused(tmp_path):
    begin(tmp_path)
    other = {**SPACE, "lr": SearchRange(low=1e-6, high=1e-3)}
    with pytest.raises(ConfigError, match="another name"):
        begin(tmp_path, space=other)


def test_other_constraints_under_the_same_name_are_refused(tmp_path):
    begin(tmp_path)
    with pytest.raises(ConfigError, match="another name"):
        begin(tmp_path, constraints={"retain": Constraint(at_most=0.9)})


def test_a_larger_budget_goes_on_where_the_smaller_ended(tmp_path):
    play(begin(tmp_path, trials=3))
    assert begin(tmp_path, trials=5).remaining == 2


def test_the_module_can_be_imported_without_optuna_and_torch():
    code = "import sys, orchestrator.searching.study; print({'optuna', 'torch'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
