"""How a method looks in every figure: colour, marker and line, the same whatever a sweep holds."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from evals import plugins
from orchestrator.config.method_settings import METHODS

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#44337A")
"""Okabe and Ito's palette for every kind of colour vision, with a dark violet for its yellow,
which cannot be read on white, and without its black, which is the baselines'."""
MARKERS = ("o", "s", "^", "D", "v", "P", "p", "<", ">", "h")
NUM_MARKS = len(COLOURS) * len(MARKERS)
"""The two lengths share no factor, so that walking both at once meets every pair once."""
DASHES = ((), (5.0, 1.8), (1.2, 1.5), (6.0, 1.5, 1.2, 1.5), (6.0, 1.5, 1.2, 1.5, 1.2, 1.5))
"""Lengths of dashes and gaps, in widths of the line: those of one colour differ in them."""
VARIANTS = ("_clear_", "_repo", "_open_unlearning")
"""Parts of the names of methods that follow a published code."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How a method looks: a colour (hex), a marker as matplotlib names it, a line's dashes."""

    colour: str
    marker: str
    dashes: tuple[float, ...] = ()


def marks_of(labels: Collection[str]) -> Mapping[str, Mark]:
    """Returns the mark of each label of a sweep; no two are the same while there are enough.

    The methods of `trainers/methods` take their own marks in alphabetical order, those that
    follow a published code after the plain ones. Any other label takes one of the rest: the one
    that its hash points at, or the next that no other label before it in the alphabet has.
    """
    known = sorted(plugins.names(METHODS), key=lambda name: (_is_variant(name), name))
    found = {label: known.index(label) for label in labels if label in known}
    num_free = max(1, NUM_MARKS - len(known))
    taken: set[int] = set()
    for label in sorted({*labels} - {*known}):
        free = _free(_hash(label) % num_free, taken, num_free)
        taken.add(free)
        found[label] = len(known) + free
    return {label: _mark(index) for label, index in found.items()}


def _is_variant(name: str) -> bool:
    return any(part in name for part in VARIANTS)


def _hash(label: str) -> int:
    return int.from_bytes(hashlib.sha256(label.encode()).digest()[:8], "big")


def _free(first: int, taken: set[int], num: int) -> int:
    """Returns the first place from `first` on, round in a circle, that is not taken."""
    places = ((first + i) % num for i in range(num))
    return next((place for place in places if place not in taken), first)


def _mark(index: int) -> Mark:
    num_colours = len(COLOURS)
    return Mark(
        colour=COLOURS[index % num_colours],
        marker=MARKERS[index % len(MARKERS)],
        dashes=DASHES[index // num_colours % len(DASHES)],
    )
