"""The logits that a method's passes have, counted by hand."""

from trainers.memory.passes import Pass, passes_of
from trainers.requirements import Requirements, Source

FORGET, RETAIN = frozenset({Source.FORGET}), frozenset({Source.RETAIN})
BOTH = FORGET | RETAIN
SHAPE = {"num_rows": 2, "length": 10, "num_labels": 4}


def test_a_likelihood_has_logits_at_the_answers_alone():
    assert passes_of(Requirements(FORGET), **SHAPE) == (Pass(2, 2 * 8, 8),)


def test_no_answer_is_longer_than_its_row():
    assert passes_of(Requirements(FORGET), num_rows=2, length=3, num_labels=9) == (Pass(2, 12, 6),)


def test_batches_in_one_pass_have_the_logits_of_all():
    asked = Requirements(BOTH, together=BOTH)
    assert passes_of(asked, **SHAPE) == (Pass(4, 2 * 16, 16),)
    assert passes_of(asked, **SHAPE, joins=False) == (Pass(2, 16, 8), Pass(2, 16, 8))
    three = BOTH | {Source.IDK}
    assert passes_of(Requirements(three, together=three), **SHAPE) == (Pass(6, 2 * 24, 24),)


def test_a_divergence_has_both_models_logits_at_every_position():
    asked = Requirements(BOTH, compared=RETAIN, every_position=RETAIN)
    assert passes_of(asked, **SHAPE) == (Pass(2, 16, 8), Pass(2, 8 * 20, 2 * 20))


def test_a_divergence_may_share_a_pass_with_answers():
    # 8 vectors of answers and 20 of whole rows, of which the divergence has five more
    asked = Requirements(BOTH, compared=RETAIN, every_position=RETAIN, together=BOTH)
    assert passes_of(asked, **SHAPE) == (Pass(4, 28 + 5 * 20, 28 + 2 * 20),)


def test_layers_outputs_may_come_of_one_pass():
    asked = Requirements(BOTH, compared=RETAIN, together=BOTH, hidden_layer=1)
    assert passes_of(asked, **SHAPE) == (Pass(4, 4, num_layers=2),)


def test_an_entropy_has_the_students():
    asked = Requirements(FORGET, every_position=FORGET)
    assert passes_of(asked, **SHAPE) == (Pass(2, 4 * 20, 2 * 20),)


def test_a_layers_output_is_read_without_logits_unless_they_are_too():
    asked = Requirements(BOTH, compared=BOTH, hidden_layer=1)
    assert passes_of(asked, **SHAPE) == (Pass(2, 2, num_layers=2),) * 2
    too = Requirements(BOTH, compared=BOTH, every_position=RETAIN, hidden_layer=1, logits_too=True)
    assert passes_of(too, **SHAPE) == (Pass(2, 2, num_layers=2), Pass(2, 20 + 2 * 8, 8))


def test_random_answers_have_as_many_rows_as_are_asked_for():
    asked = Requirements(FORGET | {Source.RANDOM}, num_random=3)
    assert passes_of(asked, **SHAPE) == (Pass(2, 16, 8), Pass(6, 48, 24))
