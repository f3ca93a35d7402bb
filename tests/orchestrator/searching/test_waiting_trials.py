"""What waits to be asked: what a person has added before what never ended, before anything new."""

from optuna.trial import TrialState

from tests.orchestrator.searching.test_study import begin, missed, play, stored


def tell(search, number) -> None:
    search.tell(number, objective=-1.0, violations=missed(0.7))


def test_what_is_added_is_asked_before_what_was_cut_off(tmp_path) -> None:
    search = begin(tmp_path)
    cut_off = search.ask()
    search.withdraw(cut_off.number)
    assert search.add("m1", {"lr": 1e-4, "l1": 1e-3}) == 1
    assert search.next_number == 1
    added = search.ask()
    assert (added.number, added.params, added.again) == (1, {"lr": 1e-4, "l1": 1e-3}, False)
    tell(search, added.number)
    assert search.ask() == cut_off
    assert [t.state for t in stored(tmp_path)] == [TrialState.RUNNING, TrialState.COMPLETE]


def test_what_is_added_twice_under_one_mark_is_added_once_in_any_process(tmp_path) -> None:
    search = begin(tmp_path)
    assert search.add("m1", {"lr": 1e-4, "l1": 1e-3}) == 0
    assert search.add("m1", {"lr": 1e-4, "l1": 1e-3}) == 0
    again = begin(tmp_path)
    assert again.add("m1", {"lr": 1e-4, "l1": 1e-3}) == 0
    assert again.remaining == 25
    assert again.ask().number == 0


def test_what_is_added_leaves_the_searchs_own_points_as_they_were(tmp_path) -> None:
    first = [{"lr": 2e-5, "l1": 1e-5}, {"lr": 3e-5, "l1": 1e-5}]
    settings = {"first": first, "trials": 7, "sampler": "random"}
    plain, _ = play(begin(tmp_path / "plain", **settings))
    search = begin(tmp_path / "steered", **settings)
    start, _ = play(search, 1)
    search.add("m1", {"lr": 5e-4, "l1": 1e-3})
    rest, _ = play(search)
    own = [s.params for s in [*start, *rest] if s.number != 1]
    assert own == [s.params for s in plain][:6]


def test_a_grid_loses_no_point_to_what_is_added(tmp_path) -> None:
    search = begin(tmp_path, sampler="grid", grid_points=2, trials=25)
    search.add("m1", {"lr": 1e-4, "l1": 1e-3})
    assert search.num_trials == 5
    search.limit(40)
    assert search.num_trials == 5, "there are no more points"
    asked, _ = play(search)
    assert len(asked) == 5
    assert len({str(each.params) for each in asked}) == 5


def test_a_limit_ends_a_search_where_it_is_and_may_be_lifted(tmp_path) -> None:
    search = begin(tmp_path)
    play(search, 2)
    running, waiting = search.ask(), search.ask()
    search.withdraw(waiting.number)
    assert search.num_taken == 3
    search.limit(3)
    assert search.remaining == 0
    again = begin(tmp_path)
    again.limit(3)
    assert again.remaining == 1
    assert again.ask() == running
    assert again.remaining == 0
    again.add("m1", {"lr": 1e-4, "l1": 1e-3})
    assert (again.remaining, again.num_trials) == (1, 4)
    assert again.ask().params == {"lr": 1e-4, "l1": 1e-3}
    again.limit(6)
    assert again.remaining == 2
    assert again.ask() == waiting
