"""What is counted is the trial from which on a search's choice is near the optimum."""

import pytest
import search_efficiency
from search_efficiency import Counts, report, trials_needed
from search_rivals import CONSTRAINED, NAMES, searcher
from search_surfaces import SPACE, Measures, Surface

from orchestrator.searching.constraints import Constraint

BEST, ORIGINAL = 0.0, -100.0


def slope(x, y):
    """The objective is -100 x, near where x <= 0.05; feasible is y <= 0.5."""
    return Measures(-100 * x, {"retain.at_least": y - 0.5})


class Scripted:
    """Suggests the given shares of both ranges, and then no more."""

    def __init__(self, *points):
        self.points, self.heard = list(points), []

    def ask(self):
        if not self.points:
            return None
        x, y = self.points.pop(0)
        return {"lr": SPACE["lr"].at(x), "l1": SPACE["l1"].at(y)}

    def tell(self, measured):
        self.heard.append(float(measured.objective))

    def choice(self):
        return None


def surface(observed=None):
    constraints = {"retain": Constraint(at_least=0.9)}
    return Surface(slope, BEST, constraints, ORIGINAL, observed=observed)


def test_the_first_feasible_setting_that_is_near_counts_and_ends_the_search() -> None:
    script = Scripted((0.5, 0.2), (0.01, 0.9), (0.06, 0.2), (0.04, 0.2), (0.0, 0.0))
    assert trials_needed(script, surface(), trials=9) == 4
    assert script.heard == pytest.approx([-50, -1, -6, -4])


def test_a_search_that_never_comes_near_counts_more_than_its_budget() -> None:
    assert trials_needed(Scripted(*[(0.5, 0.2)] * 5), surface(), trials=3) == 4
    assert trials_needed(Scripted((0.5, 0.2)), surface(), trials=3) == 4


def lying(lies):
    """Shows trial i the objective lies[i], whatever the truth is, and all of them feasible."""
    return surface(lambda x, y, number: Measures(lies[number], {"retain.at_least": -1.0}))


def test_under_noise_the_truth_at_what_would_be_chosen_is_judged() -> None:
    near, far = (0.0, 0.0), (0.5, 0.0)
    assert trials_needed(Scripted(far, near), lying([-1.0, -2.0]), trials=2) == 3
    assert trials_needed(Scripted(far, near), lying([-2.0, -1.0]), trials=2) == 2


def test_under_noise_a_choice_that_is_given_up_again_does_not_count() -> None:
    near, far = (0.0, 0.0), (0.5, 0.0)
    script = Scripted(near, far, near, far)
    assert trials_needed(script, lying([-9.0, -8.0, -7.0, -7.5]), trials=4) == 3
    assert trials_needed(Scripted(near, far), lying([-9.0, -8.0]), trials=2) == 3


def test_under_noise_a_choice_that_only_seems_feasible_is_not_near() -> None:
    assert trials_needed(Scripted((0.0, 0.9)), lying([-1.0]), trials=1) == 2


def test_under_noise_a_search_is_judged_by_what_it_would_replicate() -> None:
    near, far = (0.0, 0.0), (0.5, 0.0)

    class Doubtful(Scripted):
        def choice(self):
            return 0  # whatever has looked best since

    assert trials_needed(Doubtful(near, far), lying([-9.0, -1.0]), trials=2) == 1
    assert trials_needed(Doubtful(far, near), lying([-9.0, -1.0]), trials=2) == 3
    assert trials_needed(Doubtful(far, near), surface(), trials=2) == 2, "without noise it is so"


def test_quartiles_are_counts_of_seeds_and_what_was_cut_off_is_marked() -> None:
    counts = Counts((1, 2, 3, 61), 60)
    assert [counts.at(share) for share in (0.25, 0.5, 0.75)] == [1, 2, 3]
    assert Counts((5, 61, 61, 61), 60).text == ">60 [5, >60] (5 to >60)"


def test_the_interval_of_a_median_narrows_with_the_number_of_seeds() -> None:
    few, many = Counts(tuple(range(1, 20)), 60), Counts(tuple(range(1, 20)) * 30, 60)
    assert Counts((7,) * 9, 60).interval() == (7, 7)
    # The median of 19 lies between the 6th and the 14th with 93.6 %, the 5th and the 15th with 98.
    assert few.interval() in [(5, 15), (6, 14), (6, 15), (5, 14)]
    assert many.interval()[1] - many.interval()[0] <= 4


def test_the_report_holds_lethe_against_the_best_of_the_others() -> None:
    found = {name: Counts((40,), 60) for name in NAMES} | {"penalty": Counts((20,), 60)}
    row = report({"floor": {**found, "lethe": Counts((11,), 60)}}).splitlines()[-1]
    assert [cell.strip() for cell in row.split("|")[-4:-1]] == ["0.55", "0.5", "no"]
    row = report({"easy": {**found, "lethe": Counts((20,), 60)}}).splitlines()[-1]
    assert [cell.strip() for cell in row.split("|")[-4:-1]] == ["1.00", "1", "yes"]


@pytest.mark.parametrize("name", [*NAMES, *CONSTRAINED])
def test_every_searcher_asks_within_the_space_and_repeats_for_its_seed(name) -> None:
    def play(seed):
        points = []
        with searcher(name, surface(), trials=6, seed=seed) as searching:
            while len(points) < 6 and (params := searching.ask()) is not None:
                points.append(dict(params))
                searching.tell(slope(0.5, 0.7))
        return points

    first = play(0)
    assert first == play(0) != play(1)
    assert all(SPACE[key].holds(value) for point in first for key, value in point.items())


def test_a_penalty_is_heard_of_by_the_searcher_that_has_one() -> None:
    for name, told in (("tpe", -50.0), ("penalty", -250.0)):
        with searcher(name, surface(), trials=2, seed=0) as searching:
            searching.ask()
            searching.tell(slope(0.5, 0.7))
            assert searching._study.trials[0].value == pytest.approx(told)


def test_the_command_prints_a_row_a_surface_and_writes_nothing_unasked(
    tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    argv = ["search_efficiency.py", "--seeds", "1", "--trials", "3", "--surfaces", "easy"]
    monkeypatch.setattr("sys.argv", argv)
    search_efficiency.main()
    printed = capsys.readouterr().out
    assert printed.count("| easy ") == 1
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr("sys.argv", [*argv, "--out", "found.md"])
    search_efficiency.main()
    assert "| easy " in (tmp_path / "found.md").read_text(encoding="utf-8")
