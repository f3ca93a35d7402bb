"""Every family, by itself: loads, saves, loads again and is the same, with rows of its suite.

Language models keep further promises, which follow at the end.
"""

import pytest
import torch
from peft import LoraConfig, get_peft_model

from evals import building, plugins
from evals.benchmark import Benchmark
from evals.choice import Choice, choose
from evals.collated import IGNORE
from evals.suite import load_suite
from evals.text.encoding import Encoder
from tests.fixtures.vision_language import pictured_people, save_vision_language
from trainers.batch import Batch, single
from trainers.family import PACKAGE, build_family
from trainers.loaded_model import LoadedModel
from trainers.pretrained import Running
from trainers.views import StudentView

FAMILIES = plugins.names(PACKAGE)


def config_of(family: str) -> type:
    return plugins.load(PACKAGE, family, key="name").Config


def suites_of(family: str) -> tuple[str, ...]:
    return tuple(plugins.load(PACKAGE, family, key="name").SUITES)


of_language_models = pytest.mark.parametrize(
    "choice",
    [n for n in FAMILIES if issubclass(config_of(n), Running) and "text" in suites_of(n)],
    indirect=True,
)


@pytest.fixture(scope="session")
def folder(save_checkpoint):
    return save_checkpoint("llama")


@pytest.fixture(scope="session")
def seeing_folder(tmp_path_factory):
    return save_vision_language(tmp_path_factory.mktemp("llava"), "llava")


@pytest.fixture(params=FAMILIES)
def choice(request, folder, seeing_folder) -> Choice:
    """The family with its defaults; one that must have a checkpoint gets a small one."""
    path = config_of(request.param).model_fields.get("path")
    small = folder if "text" in suites_of(request.param) else seeing_folder
    given = {"path": str(small)} if path is not None and path.is_required() else {}
    return choose(PACKAGE, {"name": request.param, **given}, key="model")


@pytest.fixture
def suite(choice) -> str:
    """The name of the first suite whose rows the family takes."""
    return suites_of(choice.name)[0]


@pytest.fixture
def benchmark(suite, benchmark_of_people) -> Benchmark:
    """A benchmark of that suite."""
    if suite == "text":
        return benchmark_of_people
    if suite == "multimodal":
        return pictured_people()
    assert suite == "faces", "a suite needs a benchmark here that takes no data"
    return building.build_benchmark(Choice(name="portraits"))


@pytest.fixture
def batch_of(suite, benchmark):
    """Returns `batch_of(loaded)`: two examples as the model takes them."""

    def make(loaded: LoadedModel) -> Batch:
        encoder = load_suite(suite).encoder(loaded.processor, max_length=128, key="max_length")
        examples = benchmark.splits["retain"][:2]
        rows = encoder.collate([encoder.answered(example) for example in examples])
        return single(tuple(example.id for example in examples), rows)

    return make


def load(choice, benchmark, checkpoint=None, *, seed=0, **changes) -> LoadedModel:
    changed = choice.model_copy(update={"settings": {**choice.settings, **changes}})
    return build_family(changed).load(benchmark=benchmark, checkpoint=checkpoint, seed=seed)


def logits(loaded: LoadedModel, batch: Batch) -> torch.Tensor:
    with torch.no_grad():
        return StudentView(loaded.model, loaded.arguments).logits(batch)


def equal(one: Batch, other: Batch) -> bool:
    return all(torch.equal(one.inputs[name], other.inputs[name]) for name in one.inputs)


def described(model):
    return {name: (value.shape, value.dtype) for name, value in model.named_parameters()}


def test_a_saved_model_loads_with_equal_logits_and_equal_rows(
    choice, benchmark, batch_of, tmp_path
):
    first = load(choice, benchmark)
    first.save(tmp_path)
    build_family(choice).check(tmp_path)
    again = load(choice, benchmark, tmp_path, seed=5)
    assert equal(batch_of(again), batch_of(first))
    assert torch.equal(logits(again, batch_of(again)), logits(first, batch_of(first)))
    assert described(again.model) == described(first.model)


def test_other_weights_than_its_own_are_saved_where_they_are_given(choice, benchmark, tmp_path):
    first = load(choice, benchmark)
    state = {name: torch.full_like(value, 2) for name, value in first.model.state_dict().items()}
    first.save(tmp_path, state=state)
    again = load(choice, benchmark, tmp_path).model
    assert all(bool((value == 2).all()) for value in again.parameters())


def test_it_starts_in_evaluation_mode_and_is_the_same_every_time(choice, benchmark, batch_of):
    first, second = (load(choice, benchmark) for _ in range(2))
    assert not any(module.training for module in first.model.modules())
    assert equal(batch_of(first), batch_of(second))
    assert torch.equal(logits(first, batch_of(first)), logits(second, batch_of(second)))


def test_loading_draws_nothing_from_the_callers_generator(choice, benchmark):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    load(choice, benchmark)
    assert torch.equal(torch.rand(3), expected)


def test_the_fingerprint_is_stable_and_needs_no_loading(choice):
    assert build_family(choice).fingerprint() == build_family(choice).fingerprint() != ""


def test_its_skeleton_has_every_shape_but_no_weights(choice, benchmark):
    skeleton = build_family(choice).skeleton(benchmark=benchmark, checkpoint=None)
    assert all(value.is_meta for value in skeleton.parameters())
    assert described(skeleton) == described(load(choice, benchmark).model)


def test_its_size_counts_every_weight_and_grows_with_the_rows(choice, benchmark):
    family = build_family(choice)
    skeleton = family.skeleton(benchmark=benchmark, checkpoint=None)
    size = family.measure(skeleton, adapter=None, bf16=False)
    weights = list(load(choice, benchmark).model.parameters())
    assert size.weights.total == sum(value.numel() for value in weights)
    assert size.weights.trained == sum(each.numel() for each in weights if each.requires_grad)
    one, three = (
        size.evaluation_bytes(num_rows=rows, length=8, num_labels=4, num_generated=0)
        for rows in (1, 3)
    )
    assert 0 < one < three


def test_methods_may_look_at_as_many_layers_as_its_shape_says(choice, benchmark, batch_of):
    loaded, stated = load(choice, benchmark), build_family(choice).shape(None)
    layers = loaded.arguments.layers(loaded.model)
    assert len(layers) == stated.num_layers
    batch = batch_of(loaded)
    with torch.no_grad():
        hidden = StudentView(loaded.model, loaded.arguments).hidden(batch, stated.num_layers - 1)
    assert hidden.shape[0] == len(batch.ids)
    assert hidden.dim() == 3


def row(loaded: LoadedModel):
    """A question and its answer as a language model takes them."""
    encoder = Encoder(loaded.processor.tokenizer, prompt=loaded.processor.prompt, max_length=128)
    return encoder.encode("Where does Hina Ameen live?", "In Karachi.")


@of_language_models
@pytest.mark.parametrize("dtype", ["auto", "fp32", "bf16"])
def test_the_skeleton_of_a_language_model_has_the_dtype_that_is_asked_for(choice, benchmark, dtype):
    changed = choice.model_copy(update={"settings": {**choice.settings, "dtype": dtype}})
    skeleton = build_family(changed).skeleton(benchmark=benchmark, checkpoint=None)
    assert all(value.is_meta for value in skeleton.parameters())
    assert described(skeleton) == described(load(choice, benchmark, dtype=dtype).model)


@of_language_models
def test_a_checkpoints_skeleton_is_the_checkpoints(choice, benchmark, save_checkpoint):
    folder = save_checkpoint("llama", hidden_size=48)
    skeleton = build_family(choice).skeleton(benchmark=benchmark, checkpoint=folder)
    assert skeleton.config.hidden_size == 48
    assert all(value.is_meta for value in skeleton.parameters())


@of_language_models
@pytest.mark.parametrize(("name", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_weights_have_the_dtype_that_is_asked_for(choice, benchmark, name, dtype):
    assert load(choice, benchmark, dtype=name).model.dtype == dtype


@of_language_models
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_attention_runs_as_asked_and_gives_the_same(choice, benchmark, batch_of, attention):
    loaded, plain = load(choice, benchmark, attn_implementation=attention), load(choice, benchmark)
    assert loaded.model.config._attn_implementation == attention
    batch = batch_of(loaded)
    assert torch.allclose(logits(loaded, batch), logits(plain, batch), atol=1e-5)


@of_language_models
def test_gradient_checkpointing_gives_the_gradients_of_an_adapter_on_a_frozen_base(
    choice, benchmark
):
    found = []
    for checkpointing in (False, True):
        loaded = load(choice, benchmark, gradient_checkpointing=checkpointing)
        assert loaded.model.is_activation_checkpointing == checkpointing
        torch.manual_seed(0)
        adapter = LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False)
        model = get_peft_model(loaded.model, adapter).train()
        example = row(loaded)
        model(
            input_ids=torch.tensor([example.input_ids]), labels=torch.tensor([example.labels])
        ).loss.backward()
        found.append({n: p.grad for n, p in model.named_parameters() if p.requires_grad})
    assert found[0]
    for name, gradient in found[0].items():
        assert gradient.abs().sum() > 0
        assert torch.allclose(gradient, found[1][name], atol=1e-6)


@of_language_models
def test_a_saved_tokenizer_pads_as_before(choice, benchmark, tmp_path):
    first = load(choice, benchmark)
    first.save(tmp_path)
    again = load(choice, benchmark, tmp_path)
    assert again.processor.tokenizer.pad_token_id == first.processor.tokenizer.pad_token_id


@of_language_models
def test_an_answer_is_labelled_and_nothing_else(choice, benchmark):
    loaded = load(choice, benchmark)
    labels = [label for label in row(loaded).labels if label != IGNORE]
    text = loaded.processor.tokenizer.decode(labels, skip_special_tokens=True)
    assert text.strip() == "In Karachi."
    assert labels[-1] == loaded.processor.tokenizer.eos_token_id
