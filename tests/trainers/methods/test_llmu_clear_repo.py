from trainers.methods.llmu_clear_repo import Config, Method
from trainers.requirements import Source

STUDENT = {Source.FORGET: [[0.0]], Source.RETAIN: [[0.0]], Source.IDK: [[0.0]]}
REFERENCE = {Source.FORGET: [[1.0]], Source.RETAIN: [[1.0]], Source.IDK: [[1.0]]}


def signs(word_step, order):
    step = word_step(STUDENT, REFERENCE)
    Method(Config(order=order)).loss(step).backward()
    return {source: x.grad.sign().item() for source, x in step.student.x.items()}


def test_as_run_it_pushes_refusals_down_and_holds_the_forget_set(word_step):
    assert signs(word_step, "as_run") == {
        Source.IDK: 1.0,
        Source.FORGET: -1.0,
        Source.RETAIN: -1.0,
    }


def test_as_intended_it_pushes_the_forget_set_down(word_step):
    assert signs(word_step, "intended") == {
        Source.FORGET: 1.0,
        Source.RETAIN: -1.0,
        Source.IDK: -1.0,
    }
