import math

from evals import plugins
from orchestrator.reporting.marks import COLOURS, MARKERS, NUM_MARKS, mark_of
from trainers.method import PACKAGE


def test_every_method_has_a_mark_of_its_own():
    names = plugins.names(PACKAGE)
    assert len(names) >= 11
    assert len({mark_of(name) for name in names}) == len(names)


def test_walking_colours_and_markers_at_once_meets_every_pair():
    assert math.gcd(len(COLOURS), len(MARKERS)) == 1
    assert len(plugins.names(PACKAGE)) < NUM_MARKS


def test_an_unknown_label_always_looks_the_same_and_like_no_method():
    known = {mark_of(name) for name in plugins.names(PACKAGE)}
    for label in ("npo-strong", "ga_2", "mine"):
        assert mark_of(label) == mark_of(label)
        assert mark_of(label) not in known


def test_a_labels_mark_does_not_depend_on_the_process():
    # The first 8 bytes of sha256("mine"), counted on over the marks that no method has.
    import hashlib

    num_known = len(plugins.names(PACKAGE))
    first = int(hashlib.sha256(b"mine").hexdigest()[:16], 16)
    index = num_known + first % (NUM_MARKS - num_known)
    mark = mark_of("mine")
    assert (mark.colour, mark.marker) == (COLOURS[index % 7], MARKERS[index % 10])


def test_neighbours_among_the_methods_differ_in_colour_and_in_marker():
    marks = [mark_of(name) for name in ("dpo", "ga", "gd", "idk", "kl")]
    assert len({mark.colour for mark in marks}) == 5
    assert len({mark.marker for mark in marks}) == 5
