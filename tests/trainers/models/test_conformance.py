"""Every family of language models, by itself: loads, saves, loads again and is the same."""

import pytest
import torch
from peft import LoraConfig, get_peft_model

from evals import plugins
from evals.choice import Choice, choose
from evals.collated import IGNORE
from evals.text.encoding import Encoder
from trainers.family import PACKAGE, build_family
from trainers.loaded_model import LoadedModel

FAMILIES = [
    name
    for name in plugins.names(PACKAGE)
    if "prompt" in plugins.load(PACKAGE, name, key="name").Config.model_fields
]


@pytest.fixture(scope="session")
def folder(save_checkpoint):
    return save_checkpoint("llama")


@pytest.fixture(params=FAMILIES)
def choice(request, folder) -> Choice:
    """The family with its defaults; one that starts from a checkpoint gets a small one."""
    fields = plugins.load(PACKAGE, request.param, key="name").Config.model_fields
    given = {"path": str(folder)} if "path" in fields else {}
    return choose(PACKAGE, {"name": request.param, **given}, key="model")


def load(choice, benchmark, checkpoint=None, *, seed=0, **changes) -> LoadedModel:
    changed = choice.model_copy(update={"settings": {**choice.settings, **changes}})
    return build_family(changed).load(benchmark=benchmark, checkpoint=checkpoint, seed=seed)


def row(loaded: LoadedModel):
    encoder = Encoder(loaded.processor.tokenizer, prompt=loaded.processor.prompt, max_length=128)
    return encoder.encode("Where does Hina Ameen live?", "In Karachi.")


def logits(loaded: LoadedModel) -> torch.Tensor:
    with torch.no_grad():
        return loaded.model(torch.tensor([row(loaded).input_ids])).logits


def test_a_saved_model_loads_with_equal_logits_and_equal_rows(
    choice, benchmark_of_people, tmp_path
):
    first = load(choice, benchmark_of_people)
    first.model.save_pretrained(tmp_path)
    first.processor.tokenizer.save_pretrained(tmp_path)
    build_family(choice).check(tmp_path)
    again = load(choice, benchmark_of_people, tmp_path, seed=5)
    assert row(again) == row(first)
    assert torch.equal(logits(again), logits(first))
    assert again.model.dtype == first.model.dtype
    assert again.processor.tokenizer.pad_token_id == first.processor.tokenizer.pad_token_id


def test_it_starts_in_evaluation_mode_and_is_the_same_every_time(choice, benchmark_of_people):
    first, second = (load(choice, benchmark_of_people) for _ in range(2))
    assert not any(module.training for module in first.model.modules())
    assert torch.equal(logits(first), logits(second))
    assert row(first) == row(second)


def test_loading_draws_nothing_from_the_callers_generator(choice, benchmark_of_people):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    load(choice, benchmark_of_people)
    assert torch.equal(torch.rand(3), expected)


def test_the_fingerprint_is_stable_and_needs_no_loading(choice):
    assert build_family(choice).fingerprint() == build_family(choice).fingerprint() != ""


@pytest.mark.parametrize("dtype", ["auto", "bf16"])
def test_its_skeleton_has_every_shape_and_the_dtype_but_no_weights(
    choice, benchmark_of_people, dtype
):
    changed = choice.model_copy(update={"settings": {**choice.settings, "dtype": dtype}})
    skeleton = build_family(changed).skeleton(benchmark=benchmark_of_people, checkpoint=None)
    loaded = load(choice, benchmark_of_people, dtype=dtype).model
    assert all(value.is_meta for value in skeleton.parameters())
    assert described(skeleton) == described(loaded)


def described(model):
    return {name: (value.shape, value.dtype) for name, value in model.named_parameters()}


def test_a_checkpoints_skeleton_is_the_checkpoints(choice, benchmark_of_people, save_checkpoint):
    folder = save_checkpoint("llama", hidden_size=48)
    skeleton = build_family(choice).skeleton(benchmark=benchmark_of_people, checkpoint=folder)
    assert skeleton.config.hidden_size == 48
    assert all(value.is_meta for value in skeleton.parameters())


@pytest.mark.parametrize(("name", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_weights_have_the_dtype_that_is_asked_for(choice, benchmark_of_people, name, dtype):
    assert load(choice, benchmark_of_people, dtype=name).model.dtype == dtype


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_attention_runs_as_asked_and_gives_the_same(choice, benchmark_of_people, attention):
    loaded = load(choice, benchmark_of_people, attn_implementation=attention)
    assert loaded.model.config._attn_implementation == attention
    assert torch.allclose(logits(loaded), logits(load(choice, benchmark_of_people)), atol=1e-5)


def test_gradient_checkpointing_gives_the_gradients_of_an_adapter_on_a_frozen_base(
    choice, benchmark_of_people
):
    found = []
    for checkpointing in (False, True):
        loaded = load(choice, benchmark_of_people, gradient_checkpointing=checkpointing)
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


def test_an_answer_is_labelled_and_nothing_else(choice, benchmark_of_people):
    loaded = load(choice, benchmark_of_people)
    labels = [label for label in row(loaded).labels if label != IGNORE]
    text = loaded.processor.tokenizer.decode(labels, skip_special_tokens=True)
    assert text.strip() == "In Karachi."
    assert labels[-1] == loaded.processor.tokenizer.eos_token_id
