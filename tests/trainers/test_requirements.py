"""What a method asks for follows from what it says."""

import subprocess
import sys

import pytest

from trainers.requirements import ReferenceUse, Requirements, Source

FORGET, RETAIN = frozenset({Source.FORGET}), frozenset({Source.RETAIN})


@pytest.mark.parametrize(
    ("requirements", "use"),
    [
        (Requirements(FORGET), ReferenceUse.NONE),
        (Requirements(FORGET, likelihoods=FORGET), ReferenceUse.LIKELIHOODS),
        (Requirements(FORGET, compared=FORGET), ReferenceUse.MODEL),
        (Requirements(FORGET | RETAIN, likelihoods=FORGET, compared=RETAIN), ReferenceUse.MODEL),
    ],
)
def test_the_most_demanding_use_of_the_reference_counts(requirements, use):
    assert requirements.reference_use == use


def test_every_batch_is_a_pass_and_random_rows_come_as_often_as_they_are_drawn():
    every = Requirements(frozenset(Source), num_random=3)
    assert sorted(every.passes) == [1, 1, 1, 1, 3]


def test_a_step_that_reads_one_batch_alone_is_a_pass_of_the_largest():
    every = Requirements(FORGET | {Source.RANDOM}, num_random=3, alternates=True)
    assert every.passes == (3,)


def test_what_the_reference_alone_reads_is_drawn_and_is_no_pass_of_the_student():
    asked = Requirements(FORGET, compared=frozenset({Source.TWIN}))
    assert asked.drawn == {Source.FORGET, Source.TWIN}
    assert asked.passes == (1,)


def test_a_term_adds_what_it_reads_and_leaves_the_rest():
    own = Requirements(FORGET, likelihoods=FORGET, forget_every=2)
    both = own.with_term(Requirements(RETAIN, compared=RETAIN))
    assert both == Requirements(
        FORGET | RETAIN, likelihoods=FORGET, compared=RETAIN, forget_every=2
    )
    assert own.with_term(Requirements()) == own


def test_requirements_can_be_read_without_torch():
    code = "import sys, trainers.requirements; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
