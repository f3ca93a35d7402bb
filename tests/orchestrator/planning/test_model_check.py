"""What a model cannot do is refused by a plan, before anything starts."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    GPT2Config,
    LlamaConfig,
    OPTConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
)

from evals.building import build_benchmark
from evals.text.encoding import Prompt
from orchestrator.sweep import main
from tests.fixtures.jobs import few_people
from trainers.byte_pairs import train_byte_pairs

SIZE = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
}
PEOPLE = "benchmark={name: characters, num_people: 4, forget_people: 1, holdout_people: 0}"

Plan = Callable[..., str]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_byte_pairs(build_benchmark(few_people()), Prompt(), vocab_size=300)


@pytest.fixture
def plan(tmp_path: Path, checkout: Path, tokenizer, capsys, monkeypatch) -> Plan:
    """Returns `plan(config, *words, ...)`: why the sweep of such a model is refused, if it is."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)

    def of(
        config: PreTrainedConfig,
        *words: str,
        added: tuple[str, ...] = (),
        style: str = "tags",
        dtype: torch.dtype = torch.float32,
        states_dtype: bool = True,
    ) -> str:
        folder = tmp_path / "model"
        save(config, folder, dtype=dtype, states_dtype=states_dtype)
        save_tokenizer(tokenizer, folder, added)
        model = f"model={{name: causal_lm, path: {folder}, prompt: {{style: {style}}}}}"
        plain = (PEOPLE, "methods=[ga]", "finalists=null", "gang={ranks: 1}", "--plan")
        code = main([model, *plain, *words])
        said = capsys.readouterr().err.splitlines()
        error = "".join(line for line in said if line.startswith("lethe: "))
        assert code == (2 if error else 0)
        assert not checkout.exists()
        return error

    return of


def save(config: PreTrainedConfig, folder: Path, *, dtype: torch.dtype, states_dtype: bool) -> None:
    AutoModelForCausalLM.from_config(config).to(dtype).save_pretrained(folder)
    if not states_dtype:
        file = folder / "config.json"
        stated = json.loads(file.read_text())
        file.write_text(json.dumps({k: v for k, v in stated.items() if "dtype" not in k}))


def save_tokenizer(
    tokenizer: PreTrainedTokenizerFast, folder: Path, added: tuple[str, ...]
) -> None:
    tokenizer.save_pretrained(folder)
    if added:
        larger = PreTrainedTokenizerFast.from_pretrained(folder)
        larger.add_tokens(list(added))
        larger.save_pretrained(folder)


def llama(**settings) -> LlamaConfig:
    return LlamaConfig(**{**SIZE, "vocab_size": 300, **settings})


def gpt2(num_positions: int) -> GPT2Config:
    return GPT2Config(
        n_embd=16,
        n_layer=2,
        n_head=2,
        n_positions=num_positions,
        vocab_size=300,
        bos_token_id=0,
        eos_token_id=1,
    )


def opt(num_positions: int) -> OPTConfig:
    size = {**SIZE, "ffn_dim": 16, "word_embed_proj_dim": 16, "vocab_size": 300}
    return OPTConfig(**size, max_position_embeddings=num_positions)


def test_a_model_that_can_do_what_is_asked_is_planned_with(plan):
    assert plan(llama(max_position_embeddings=16)) == ""


def test_learned_positions_bound_generations(plan):
    said = plan(gpt2(220), "evaluation.max_new_tokens=220")
    assert "evaluation.max_new_tokens must be at most" in said
    assert "for GPT2LMHeadModel, which has 220 positions" in said


def test_learned_positions_bound_rows(plan):
    said = plan(opt(30), "evaluation.max_new_tokens=1")
    assert "training.max_length must be at most 30 for OPTForCausalLM" in said


def test_a_token_of_a_row_needs_an_embedding(plan):
    said = plan(llama(), added=("born",))
    assert "token 'born', whose id 300 is beyond a vocabulary of 300" in said


@pytest.mark.parametrize("states_dtype", [True, False])
def test_weights_in_float16_are_refused(plan, states_dtype):
    said = plan(llama(), dtype=torch.float16, states_dtype=states_dtype)
    assert "model.dtype must be fp32 or bf16 for weights in float16" in said


def test_weights_in_bfloat16_that_are_not_said_to_be_so_are_refused_by_an_engine_of_float32(plan):
    said = plan(llama(), "engine.dtype=fp32", dtype=torch.bfloat16, states_dtype=False)
    assert "engine.dtype must be that of the weights (bfloat16) but got 'fp32'" in said


def test_a_chat_template_must_be_there(plan):
    assert "model.prompt.style must be tags for a tokenizer without a chat template" in plan(
        llama(), style="chat_template"
    )


def test_an_attention_that_the_architecture_lacks_is_refused(plan):
    said = plan(Gemma2Config(**SIZE, head_dim=8, vocab_size=300))
    assert "set model.attn_implementation: eager" in said


def test_a_layer_must_be_one_of_the_model(plan):
    assert "methods.rmu.layer must be a layer" in plan(llama(), "methods={rmu: {layer: 2}}")
