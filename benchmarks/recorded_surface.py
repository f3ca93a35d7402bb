"""A surface over learning rate and L1 of real trials, GD on the offline demo; see README.md.

Shares of the way through both ranges are as in `search_surfaces`.
"""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from search_surfaces import KEPT, Array, Measures, Surface, Values, seeded

from orchestrator.searching.constraints import Constraint

RECORDED = Path(__file__).with_name("recorded") / "gd_characters.csv"
RECORDED_ORIGINAL = {"log_forget_quality": -26.169124, "retain": 0.885241}
WINDOW = 0.85
"""The share of each recorded range that is searched, at a place drawn from the seed."""


def recorded(seed: int) -> Surface:
    """What real trials measured on an even grid, and in between by bilinear interpolation."""
    left, low = seeded("recorded", seed).uniform(0.0, 1.0 - WINDOW, 2)
    tables = _recorded_tables()

    def truth(x: Values, y: Values) -> Measures:
        where = left + WINDOW * x, low + WINDOW * y
        objective, retain = (_between(tables[name], *where) for name in RECORDED_ORIGINAL)
        limit = KEPT * RECORDED_ORIGINAL["retain"]
        return Measures(objective, {"retain.at_least": limit - retain})

    axis = np.linspace(0.0, 1.0, 801)
    found = truth(*np.meshgrid(axis, axis))
    best = float(np.where(found.feasible, found.objective, -np.inf).max())
    original = RECORDED_ORIGINAL["log_forget_quality"]
    return Surface(truth, best, {"retain": Constraint(at_least=KEPT)}, original)


def _recorded_tables() -> dict[str, Array]:
    """Returns each metric by learning rate and L1."""
    with RECORDED.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (float(row["lr"]), float(row["l1"])))
    num = len({row["lr"] for row in rows})
    return {
        name: np.array([float(row[name]) for row in rows]).reshape(num, -1)
        for name in RECORDED_ORIGINAL
    }


def _between(table: Array, x: Values, y: Values) -> Values:
    """Returns the bilinear interpolation of a table over [0, 1] x [0, 1]."""
    (i, u), (j, v) = (_cell(share, size) for share, size in zip((x, y), table.shape, strict=True))
    near = (1 - v) * table[i, j] + v * table[i, j + 1]
    far = (1 - v) * table[i + 1, j] + v * table[i + 1, j + 1]
    found: Values = (1 - u) * near + u * far
    return found


def _cell(share: Values, size: int) -> tuple[NDArray[np.intp], Array]:
    """Returns the number of the interval that the share falls into, and how far it lies in it."""
    place = np.asarray(share) * (size - 1)
    number = np.clip(place.astype(np.intp), 0, size - 2)
    return number, place - number
