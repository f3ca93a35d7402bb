"""How much of a front a search has found."""

import sys

import numpy as np
import pytest
import search_fronts
from search_fronts import FLOOR, best_of, shares
from search_surfaces import SPACE, Measures, Surface

from orchestrator.searching.constraints import Constraint


def slope(x, y):
    """Forgetting rises with x from -1 to 0 as retain falls; the floor breaks at x = 0.5."""
    return Measures(x - 1 + 0 * y, {FLOOR: x - 0.5})


SURFACE = Surface(slope, 0.0, {"retain": Constraint(at_least=0.9)}, -1.0)


class Steps:
    """Tries these shares of the learning rate's range in turn."""

    def __init__(self, *xs):
        self._xs, self.told = list(xs), []

    def ask(self):
        return {"lr": SPACE["lr"].at(self._xs.pop(0)), "l1": 0.1}

    def tell(self, measured):
        self.told.append(measured)


def test_the_front_of_a_lattice_dominates_the_triangle_below_it() -> None:
    # Above the corner (-1, floor) the front runs from (0, 0.5) to (0.5, 0).
    assert best_of(SURFACE) == pytest.approx(0.5**3, rel=0.02)


def test_what_was_found_is_a_share_of_that_and_infeasible_trials_add_nothing() -> None:
    searching = Steps(0.25, 0.9, 0.4)
    found = shares(searching, SURFACE, trials=3)
    # One point has a square of 0.25 x 0.25, the third adds 0.15 x 0.1.
    assert np.array(found) * best_of(SURFACE) == pytest.approx([0.0625, 0.0625, 0.0775])
    assert len(searching.told) == 3


def test_the_command_prints_a_row_a_surface(monkeypatch, capsys) -> None:
    words = "search_fronts.py --seeds 1 --trials 3 --surfaces floor stepped --searchers lethe tpe"
    monkeypatch.setattr(sys, "argv", words.split())
    search_fronts.main()
    out = capsys.readouterr().out
    assert [line.split()[1] for line in out.splitlines()[-2:]] == ["floor", "stepped"]
