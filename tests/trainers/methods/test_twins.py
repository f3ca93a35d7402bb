import pytest

from trainers.methods.twins import Config, Method
from trainers.requirements import ReferenceUse, Source

# Hidden states of the fake at layer 0 are its logits: (x, 0) and (0, 0) for each row.
STUDENT = {
    Source.FORGET: [[1.0], [2.0]],
    Source.RETAIN: [[3.0], [0.0]],
    Source.TWIN: [[8.0], [9.0]],
}
REFERENCE = {
    Source.FORGET: [[1.0], [2.0]],
    Source.RETAIN: [[1.0], [0.0]],
    Source.TWIN: [[-1.0], [4.0]],
}


def test_the_loss_by_hand(word_step):
    # forget: the two x are 2 away from the twins', over 8 entries: (4 + 4) / 8 = 1.
    # retain: one x is 2 away from itself: 4 / 8, times alpha = 6 is 3.
    step = word_step(STUDENT, REFERENCE)
    assert Method(Config()).loss(step).item() == pytest.approx(1.0)
    assert Method(Config(alpha=6.0)).loss(step).item() == pytest.approx(4.0)


def test_it_moves_each_row_to_what_the_reference_made_of_its_own_twin(word_step):
    step = word_step(STUDENT, REFERENCE)
    Method(Config(alpha=1.0)).loss(step).backward()
    assert step.student.x[Source.FORGET].grad.sign().tolist() == [[1.0], [-1.0]]
    assert step.student.x[Source.RETAIN].grad.sign().tolist() == [[1.0], [0.0]]
    assert step.student.x[Source.TWIN].grad is None


def test_without_a_retain_term_it_reads_no_retain_rows():
    asked = Method(Config()).requirements
    assert (asked.needs, asked.drawn) == ({Source.FORGET}, {Source.FORGET, Source.TWIN})
    assert asked.reference_use == ReferenceUse.MODEL
    assert Method(Config(alpha=1.0)).requirements.needs == {Source.FORGET, Source.RETAIN}
