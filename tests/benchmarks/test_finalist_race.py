"""What a method ends with after its candidates raced."""

import sys

import finalist_race
import numpy as np
from finalist_race import FLOOR, ended, searched
from search_surfaces import Measures, Surface
from stepped_surfaces import brink

from orchestrator.searching.constraints import Constraint

CONSTRAINTS = {"retain": Constraint(at_least=0.9)}


def slope(x, y):
    """The objective is -100 (1 - x), and the floor breaks above x = 0.5 by a long way."""
    return Measures(-100 * (1 - x), {FLOOR: x - 0.5})


def test_a_candidate_that_breaks_the_floor_gives_way_and_its_runs_are_counted() -> None:
    surface = Surface(slope, 0.0, CONSTRAINTS, -100.0)
    places = [(0.9, 0.5), (0.2, 0.5)]
    (raced,) = ended(surface, [0, 1], places, spare=3, seed=0)
    assert (raced.keeps, raced.truly, raced.runs) == (True, True, 4)
    assert np.isclose(raced.gain, 0.2)
    (alone,) = ended(surface, [0], places, spare=0, seed=0)
    assert (alone.keeps, alone.truly, alone.runs) == (False, False, 3)
    assert ended(surface, [], places, spare=3, seed=0) == []


def test_a_search_gives_its_candidates_and_the_best_as_measured() -> None:
    found = searched(brink(0), trials=6, seed=0, probability=0.9)
    assert len(found.places) == len(found.seen) == 6
    assert all(found.seen[n].feasible for n in found.candidates)
    (best,) = found.as_measured()
    assert all(found.seen[best].objective >= found.seen[n].objective for n in found.candidates)


def test_the_command_prints_a_row_a_kind(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["finalist_race.py", "--seeds", "1", "--trials", "4"])
    finalist_race.main()
    assert capsys.readouterr().out.count("asked 0.") == 4
