"""A method's colour and marker in every figure: the same ones whatever the sweep holds."""

import hashlib
from dataclasses import dataclass

from evals import plugins
from orchestrator.method_settings import METHODS

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#44337A")
"""Okabe and Ito's palette for every kind of colour vision, with a dark violet for its yellow,
which cannot be read on white, and without its black, which is the baselines'."""
MARKERS = ("o", "s", "^", "D", "v", "P", "p", "<", ">", "h")
NUM_MARKS = len(COLOURS) * len(MARKERS)
"""The two lengths share no factor, so that walking both at once meets every pair once."""
VARIANT = "_repo"


@dataclass(frozen=True, slots=True)
class Mark:
    """How a method's points look: a colour (hex) and a marker, as matplotlib names it."""

    colour: str
    marker: str


def mark_of(label: str) -> Mark:
    """Returns the mark of a method's label.

    The methods of `trainers/methods` take their own marks in alphabetical order, those that
    follow a published code after the plain ones. Any other label takes one of the rest by its
    hash, which two such labels may share.
    """
    known = sorted(plugins.names(METHODS), key=lambda name: (name.endswith(VARIANT), name))
    if label in known:
        return _mark(known.index(label))
    num_free = max(1, NUM_MARKS - len(known))
    digest = int.from_bytes(hashlib.sha256(label.encode()).digest()[:8], "big")
    return _mark(len(known) + digest % num_free)


def _mark(index: int) -> Mark:
    return Mark(COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)])
