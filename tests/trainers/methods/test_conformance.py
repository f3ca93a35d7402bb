"""Every plug-in in trainers/methods, by itself, on a tiny Llama with an adapter."""

import ast
import inspect
from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch

from evals import plugins
from evals.choice import choose
from evals.errors import ConfigError
from trainers.batch import with_norms
from trainers.decoder_call import ARGUMENTS
from trainers.hyperparameters import ranges
from trainers.joint_pass import read_together
from trainers.method import PACKAGE, Step, build_method
from trainers.requirements import ReferenceUse, Source
from trainers.views import NoReference, ReferenceView, StudentView

NAMES = plugins.names(PACKAGE)
MORE = [
    ("gd", {"retain_term": "kl"}),
    ("npo", {"retain_term": "nll"}),
    ("npo", {"retain_term": "kl"}),
    ("dpo", {"retain_term": "nll"}),
    ("dpo", {"retain_term": "kl"}),
    ("simnpo", {"retain_term": "none"}),
    ("simnpo", {"retain_term": "kl"}),
    ("gd_entropy_clear_repo", {"retain_term": "kl"}),
    ("dpo_clear_repo", {"order": "intended"}),
    ("llmu_clear_repo", {"order": "intended"}),
    ("twins", {"alpha": 2.0}),
]
PADDED = [
    ("gd", {"retain_term": "kl_padded"}),
    ("gd_kl_clear_repo", {"positions": "padded"}),
    ("rmu_clear_repo", {"positions": "padded"}),
    ("llmu_repo", {"num_random": 2}),
]
"""Those of which padding is a part, as in the published codes."""
CASES = [(name, {}) for name in NAMES] + MORE + PADDED
FORGET = [(3, 4), (2, 2), (4, 3), (2, 5)]
RETAIN = [(2, 3), (5, 2), (3, 1), (4, 4)]


def name_of(value):
    return value if isinstance(value, str) else None


every_method = pytest.mark.parametrize(("name", "settings"), CASES, ids=name_of)
even_and_odd_steps = pytest.mark.parametrize("index", [0, 1])


class ReadBatches(Mapping):
    """Says which sources were read."""

    def __init__(self, batches):
        self.batches = batches
        self.read = set()

    def __getitem__(self, source):
        self.read.add(source)
        return self.batches[source]

    def __iter__(self):
        return iter(self.batches)

    def __len__(self):
        return len(self.batches)


class RecordedView:
    """A view that remembers what it was asked for, and of which source's rows."""

    def __init__(self, inner, batches):
        self.inner = inner
        self.sources = {batch.ids: source for source, batch in batches.items()}
        self.asked = []

    def logits(self, batch):
        self.asked.append(("logits", self.sources[batch.ids]))
        return self.inner.logits(batch)

    def answer_logits(self, batch):
        self.asked.append(("answers", self.sources[batch.ids]))
        return self.inner.answer_logits(batch)

    def attended_logits(self, batch):
        self.asked.append(("attended", self.sources[batch.ids]))
        return self.inner.attended_logits(batch)

    def hidden(self, batch, layer):
        self.asked.append((f"layer {layer}", self.sources[batch.ids]))
        return self.inner.hidden(batch, layer)

    def both(self, batch, layer):
        self.asked.append((f"logits and layer {layer}", self.sources[batch.ids]))
        return self.inner.both(batch, layer)

    def sequence_nll(self, batch):
        self.asked.append(("likelihoods", self.sources[batch.ids]))
        return self.inner.sequence_nll(batch)


@pytest.fixture(scope="module")
def model(tiny_lora):
    return tiny_lora()


@pytest.fixture
def step(model, make_batch):
    return Step(
        batches=batches(make_batch, num_random=1),
        student=StudentView(model),
        reference=ReferenceView(model),
        index=0,
        num_steps=10,
        epoch=0,
        seed=5,
    )


def batches(make_batch, *, num_random, **padding):
    random = [shape for shape in FORGET for _ in range(num_random)]
    shapes = {Source.FORGET: FORGET, Source.RETAIN: RETAIN, Source.IDK: RETAIN[::-1]}
    shapes[Source.TWIN] = FORGET
    return {
        source: make_batch(shape, name=source.value, **padding)
        for source, shape in {**shapes, Source.RANDOM: random}.items()
    }


def build(name, settings):
    return build_method(choose(PACKAGE, {"name": name, **settings}, key="method"))


def with_random(step, method, make_batch, **padding):
    num_random = method.requirements.num_random
    return replace(step, batches=batches(make_batch, num_random=num_random, **padding))


def gradients(model, loss):
    model.zero_grad()
    loss.backward()
    return {
        name: parameter.grad.clone()
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }


@even_and_odd_steps
@every_method
def test_the_loss_is_a_finite_number_that_moves_the_adapter_alone(
    name, settings, index, model, step, make_batch
):
    method = build(name, settings)
    step = replace(with_random(step, method, make_batch), index=index)
    loss = method.loss(step)
    assert loss.shape == ()
    assert loss.isfinite()
    grads = gradients(model, loss)
    assert all("lora_" in parameter for parameter in grads)
    assert all(grad.isfinite().all() for grad in grads.values())
    assert any(grad.any() for grad in grads.values())


@every_method
def test_the_model_is_left_in_training_with_the_same_weights_trainable(
    name, settings, model, step, make_batch
):
    method = build(name, settings)
    before = [parameter.requires_grad for parameter in model.parameters()]
    method.loss(with_random(step, method, make_batch))
    assert model.training
    assert [parameter.requires_grad for parameter in model.parameters()] == before


@pytest.mark.slow
@even_and_odd_steps
@every_method
def test_equal_seeds_give_equal_losses(name, settings, index, step, make_batch):
    first, second = build(name, settings), build(name, settings)
    step = replace(with_random(step, first, make_batch), index=index)
    assert torch.equal(first.loss(step), second.loss(step))


@pytest.mark.slow
@even_and_odd_steps
@pytest.mark.parametrize(
    ("name", "settings"),
    [case for case in CASES if case not in PADDED and case[0] != "llmu_repo"],
    ids=name_of,
)
def test_more_padding_changes_nothing(name, settings, index, step, make_batch):
    method = build(name, settings)
    step = replace(with_random(step, method, make_batch), index=index)
    padded = with_random(step, method, make_batch, extra=3, pad=9)
    torch.testing.assert_close(method.loss(padded), method.loss(step), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@even_and_odd_steps
@every_method
def test_two_ranks_equal_one(name, settings, index, model, step, make_batch, rows_of):
    method = build(name, settings)
    whole = replace(with_random(step, method, make_batch), index=index)
    cut = {
        source: [
            rows_of(batch, slice(0, len(batch.ids) // 2)),
            rows_of(batch, slice(len(batch.ids) // 2, None)),
        ]
        for source, batch in whole.batches.items()
    }
    parts = [
        {source: with_norms(both[rank], both) for source, both in cut.items()} for rank in (0, 1)
    ]
    average = sum(method.loss(replace(whole, batches=part)) for part in parts) / 2
    loss = method.loss(whole)
    torch.testing.assert_close(average, loss, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        gradients(model, average), gradients(model, loss), rtol=1e-3, atol=1e-5
    )


@every_method
def test_a_method_reads_the_batches_that_it_says_it_needs(name, settings, step, make_batch):
    method = build(name, settings)
    read = ReadBatches(with_random(step, method, make_batch).batches)
    for index in (0, 1):
        method.loss(replace(step, batches=read, index=index))
    assert read.read == method.requirements.drawn


def asked_of_both(method, step, make_batch):
    """Returns what an even and an odd step ask of the student, and what they ask of the reference.

    A method that says it has no need of a reference gets none.
    """
    step = with_random(step, method, make_batch)
    is_free = method.requirements.reference_use == ReferenceUse.NONE
    inner = NoReference() if is_free else step.reference
    students, references = [], []
    for index in (0, 1):
        student = RecordedView(step.student, step.batches)
        reference = RecordedView(inner, step.batches)
        method.loss(replace(step, student=student, reference=reference, index=index))
        students.append(student.asked)
        references.append(reference.asked)
    return students, references


WHOLE = {"logits", "attended"}
"""Either way to read logits beyond the answers."""


def compared_outputs(requirements):
    """Returns what may be read of the reference in a pass, in the words of `RecordedView`."""
    layer = requirements.hidden_layer
    return WHOLE if layer is None else {f"layer {layer}"}


def readable_outputs(requirements):
    """Returns what may be read of the student in a pass, in the words of `RecordedView`."""
    alone = compared_outputs(requirements)
    if requirements.logits_too:
        return {*alone, "answers", *(f"logits and {each}" for each in alone)}
    return {*alone, "answers"} if requirements.hidden_layer is None else alone


@every_method
def test_the_student_passes_once_over_each_batch_that_is_needed(name, settings, step, make_batch):
    method = build(name, settings)
    students, _ = asked_of_both(method, step, make_batch)
    for asked in students:
        sources = [source for _, source in asked]
        assert len(sources) == len(set(sources))
    read = set().union(*students)
    assert {source for _, source in read} == method.requirements.needs
    outputs = {output for output, _ in read}
    assert outputs <= readable_outputs(method.requirements)
    layer = method.requirements.hidden_layer
    read_layer = {output for output in outputs if f"layer {layer}" in output}
    assert bool(read_layer) == (layer is not None)
    assert method.requirements.logits_too == (bool(read_layer) and len(outputs) > 1)


@every_method
def test_the_reference_is_asked_for_what_the_method_says_and_for_nothing_else(
    name, settings, step, make_batch
):
    method = build(name, settings)
    _, references = asked_of_both(method, step, make_batch)
    requirements, asked = method.requirements, set().union(*references)
    likelihoods = {("likelihoods", source) for source in requirements.likelihoods}
    assert likelihoods <= asked
    passes = asked - likelihoods
    assert {output for output, _ in passes} <= compared_outputs(requirements)
    assert {source for _, source in passes} == requirements.compared


@every_method
def test_logits_of_every_position_are_read_of_the_batches_that_it_names(
    name, settings, step, make_batch
):
    """Of the student; the reference's own are those it is compared with."""
    method = build(name, settings)
    students, _ = asked_of_both(method, step, make_batch)
    asked = set().union(*students)
    read = {source for output, source in asked if output.startswith(("logits", "attended"))}
    assert read == method.requirements.every_position


@pytest.mark.parametrize(
    ("name", "settings"),
    [case for case in CASES if case not in PADDED and case[0] != "llmu_repo"],
    ids=name_of,
)
def test_padding_has_no_logits_where_it_does_not_count(name, settings, step, make_batch):
    method = build(name, settings)
    students, references = asked_of_both(method, step, make_batch)
    assert "logits" not in {output for asked in students + references for output, _ in asked}


@every_method
def test_a_step_reads_one_batch_alone_where_the_method_says_so(name, settings, step, make_batch):
    method = build(name, settings)
    students, _ = asked_of_both(method, step, make_batch)
    several = len(method.requirements.needs) > 1
    alternates = several and all(len(asked) == 1 for asked in students)
    assert method.requirements.alternates == alternates


@every_method
def test_what_may_be_read_in_one_pass_is_read_in_every_step(name, settings, step, make_batch):
    method = build(name, settings)
    students, _ = asked_of_both(method, step, make_batch)
    asked_for, layer = method.requirements, method.requirements.hidden_layer
    for asked in students:
        for source in asked_for.together:
            output = "attended" if source in asked_for.every_position else "answers"
            assert (output if layer is None else f"layer {layer}", source) in asked


@every_method
def test_one_pass_for_several_batches_gives_the_same_loss_and_gradients(
    name, settings, model, step, make_batch
):
    method = build(name, settings)
    if len(method.requirements.together) < 2:
        return
    alone = with_random(step, method, make_batch)
    student, passes = StudentView(model, ARGUMENTS), []
    joint = replace(alone, student=read_together(student, method.requirements, alone.batches))
    losses, found = [], []
    hook = model.register_forward_pre_hook(lambda *_: passes.append(torch.is_grad_enabled()))
    for each in (replace(alone, student=student), joint):
        passes.clear()
        losses.append(method.loss(each))
        found.append((gradients(model, losses[-1]), sum(passes)))
    hook.remove()
    torch.testing.assert_close(losses[1], losses[0], rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(found[1][0], found[0][0], rtol=1e-4, atol=1e-6)
    assert found[1][1] == found[0][1] - len(method.requirements.together) + 1


@every_method
def test_the_layer_that_is_read_is_the_hyperparameter_of_that_name(name, settings):
    method = build(name, settings)
    assert method.requirements.hidden_layer == getattr(method.config, "layer", None)


@every_method
def test_likelihoods_are_of_what_the_student_reads_too(name, settings):
    asked = build(name, settings).requirements
    assert asked.likelihoods <= asked.needs


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_a_range_and_every_default_lies_in_it(name):
    config = plugins.load(PACKAGE, name, key="name").Config
    numbers = {key for key, value in config().model_dump().items() if type(value) in (int, float)}
    declared = ranges(config)
    term = {"retain_term": "nll"} if "retain_term" in config.model_fields else {}
    assert set(declared) == numbers
    for key, interval in declared.items():
        assert interval.low <= getattr(config(), key) <= interval.high
        assert interval.integer == isinstance(getattr(config(), key), int)
        config(**term, **{key: type(getattr(config(), key))(interval.low)})
        config(**term, **{key: type(getattr(config(), key))(interval.high)})


@pytest.mark.parametrize("name", NAMES)
def test_no_number_may_be_negative(name):
    for key in ranges(plugins.load(PACKAGE, name, key="name").Config):
        with pytest.raises(ConfigError, match=f"method.{key} must be"):
            choose(PACKAGE, {"name": name, key: -1}, key="method")


@pytest.mark.parametrize("name", NAMES)
def test_a_method_file_says_what_it_minimises_and_where_that_is_from(name):
    module = plugins.load(PACKAGE, name, key="name")
    docstring = ast.get_docstring(ast.parse(inspect.getsource(module)))
    assert docstring is not None
    assert "loss = " in docstring
    assert "arXiv" in docstring


def test_an_unknown_method_is_answered_with_the_nearest_name():
    with pytest.raises(ConfigError, match="did you mean 'simnpo'"):
        choose(PACKAGE, {"name": "simnop"}, key="method")
