import hashlib
import math
from itertools import pairwise

from evals import plugins
from orchestrator.reporting.method_styles import COLOURS, MARKERS, NUM_MARKS, VARIANTS, marks_of
from trainers.method import PACKAGE

KNOWN = plugins.names(PACKAGE)


def mark_of(label):
    return marks_of([label])[label]


def test_every_method_has_a_mark_of_its_own():
    assert len(KNOWN) >= 11
    assert len(set(marks_of(KNOWN).values())) == len(KNOWN)


def test_walking_colours_and_markers_at_once_meets_every_pair():
    assert math.gcd(len(COLOURS), len(MARKERS)) == 1
    assert len(KNOWN) < NUM_MARKS


def test_an_unknown_label_looks_like_no_method():
    known = set(marks_of(KNOWN).values())
    for label in ("npo-strong", "ga_2", "mine"):
        assert mark_of(label) not in known


def test_a_labels_mark_does_not_depend_on_the_process():
    # The first 8 bytes of sha256("mine"), counted on over the marks that no method has.
    first = int(hashlib.sha256(b"mine").hexdigest()[:16], 16)
    index = len(KNOWN) + first % (NUM_MARKS - len(KNOWN))
    mark = mark_of("mine")
    assert (mark.colour, mark.marker) == (COLOURS[index % 7], MARKERS[index % 10])


def test_no_two_labels_of_a_sweep_share_a_mark_and_the_methods_keep_theirs():
    variants = [f"{name}_no_l1" for name in KNOWN]
    assert len({mark_of(label) for label in variants}) < len(variants), "alone, some are the same"
    made = marks_of([*variants, *KNOWN])
    looks = {(mark.colour, mark.marker) for mark in made.values()}
    assert len(looks) == len(made) == 2 * len(KNOWN)
    assert {name: made[name] for name in KNOWN} == marks_of(KNOWN)
    assert marks_of([*KNOWN, *reversed(variants)]) == made


def test_more_labels_than_there_are_marks_still_have_one_each():
    labels = [f"own{i}" for i in range(NUM_MARKS + 5)]
    assert marks_of(labels).keys() == set(labels)


def test_neighbours_among_the_methods_differ_in_colour_and_in_marker():
    plain = sorted(name for name in KNOWN if not any(part in name for part in VARIANTS))
    for first, second in pairwise(map(mark_of, plain)):
        assert first.colour != second.colour
        assert first.marker != second.marker


def test_methods_of_one_colour_have_lines_that_differ():
    lines = {(mark.colour, mark.dashes) for mark in marks_of(KNOWN).values()}
    assert len(lines) == len(KNOWN)
