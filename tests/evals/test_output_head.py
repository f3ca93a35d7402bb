import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

from evals.output_head import logits_at

WORDS = 61
SHAPE = {
    "vocab_size": WORDS,
    "hidden_size": 32,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "pad_token_id": None,
    "bos_token_id": 0,
    "eos_token_id": 1,
}
FLAT = {"vocab_size": WORDS, "n_embd": 32, "n_layer": 2, "n_head": 4}
ARCHITECTURES = {
    "llama": SHAPE,
    "mistral": SHAPE,
    "qwen2": {**SHAPE, "tie_word_embeddings": True},
    "qwen3": {**SHAPE, "head_dim": 8},
    "gemma": {**SHAPE, "head_dim": 8},
    "gemma2": {**SHAPE, "head_dim": 8, "final_logit_softcapping": 0.5},
    "gemma3_text": {**SHAPE, "head_dim": 8, "final_logit_softcapping": 0.5},
    "cohere": {**SHAPE, "logit_scale": 0.25},
    "granite": {**SHAPE, "logits_scaling": 4.0},
    "phi": SHAPE,
    "phi3": {**SHAPE, "pad_token_id": 0},
    "olmo2": SHAPE,
    "stablelm": SHAPE,
    "mixtral": {**SHAPE, "num_local_experts": 2},
    "gpt_neox": {**SHAPE, "num_key_value_heads": None},
    "gpt2": FLAT,
    "gptj": {**FLAT, "rotary_dim": 4},
    "bloom": {"vocab_size": WORDS, "hidden_size": 32, "n_layer": 2, "n_head": 4},
    "opt": {
        "vocab_size": WORDS,
        "hidden_size": 32,
        "word_embed_proj_dim": 16,
        "ffn_dim": 40,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    },
}
IDS_BT = torch.tensor([[3, 4, 5, 6, 7], [8, 9, 2, 1, 1]])
MASK_BT = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
WANTED_BT = torch.tensor([[0, 0, 1, 1, 0], [0, 1, 0, 0, 0]]).bool()
INPUTS = {"input_ids": IDS_BT, "attention_mask": MASK_BT, "use_cache": False}


def build(name: str) -> torch.nn.Module:
    shape = {key: value for key, value in ARCHITECTURES[name].items() if value is not None}
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(name, **shape)).eval()


def head_rows(model: torch.nn.Module) -> list[int]:
    """How many positions the output head sees in each call, from now on."""
    seen: list[int] = []
    model.get_output_embeddings().register_forward_hook(
        lambda _module, inputs, _output: seen.append(inputs[0].shape[:-1].numel())
    )
    return seen


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_wanted_logits_are_those_of_a_whole_pass_and_no_others_are_made(name):
    model = build(name)
    expected_NV = model(**INPUTS).logits[WANTED_BT]
    seen = head_rows(model)
    found_NV = logits_at(model, INPUTS, WANTED_BT)
    torch.testing.assert_close(found_NV, expected_NV, rtol=0, atol=1e-6)
    assert seen == [3]
    torch.testing.assert_close(model(**INPUTS).logits[WANTED_BT], expected_NV, rtol=0, atol=1e-6)
    assert seen[1] == IDS_BT.numel()


@pytest.mark.parametrize("name", ["llama", "qwen2", "gemma2"])
def test_gradients_are_those_of_a_whole_pass(name):
    model, gradients = build(name), []
    for logits_NV in (logits_at(model, INPUTS, WANTED_BT), model(**INPUTS).logits[WANTED_BT]):
        model.zero_grad()
        logits_NV.logsumexp(1).sum().backward()
        gradients.append([value.grad for value in model.parameters()])
    assert all(value.abs().sum() > 0 for value in gradients[0])
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-5, atol=1e-7)


def test_an_adapter_on_the_head_is_read_too():
    targets = ["q_proj", "lm_head"]
    model = get_peft_model(
        build("llama"), LoraConfig(r=2, target_modules=targets, init_lora_weights=False)
    )
    expected_NV = model(**INPUTS).logits[WANTED_BT]
    with model.disable_adapter():
        assert not torch.allclose(logits_at(model, INPUTS, WANTED_BT), expected_NV, atol=1e-4)
    torch.testing.assert_close(logits_at(model, INPUTS, WANTED_BT), expected_NV, rtol=0, atol=1e-6)


def test_no_position_at_all_has_no_logits_and_a_gradient_of_zero():
    model = build("llama")
    logits_NV = logits_at(model, INPUTS, torch.zeros_like(WANTED_BT))
    assert logits_NV.shape == (0, WORDS)
    logits_NV.sum().backward()
    assert not any(value.grad.any() for value in model.parameters() if value.grad is not None)


def test_a_head_that_is_called_otherwise_makes_all_logits():
    class Flat(torch.nn.Module):
        """Reads one row of all positions, as a head may that packs rows."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = build("llama")

        def get_output_embeddings(self) -> torch.nn.Module:
            return self.inner.lm_head

        def forward(self, **inputs):
            states_BTH = self.inner.model(**inputs).last_hidden_state
            flat = self.inner.lm_head(states_BTH.flatten(0, 1))
            return type("Output", (), {"logits": flat.view(*IDS_BT.shape, WORDS)})

    model = Flat()
    expected_NV = model(**INPUTS).logits[WANTED_BT]
    assert torch.equal(logits_at(model, INPUTS, WANTED_BT), expected_NV)
