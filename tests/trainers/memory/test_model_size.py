"""Numbers of parameters and widths are those of the real classes, without a weight in memory."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, MistralConfig

from evals.errors import ConfigError
from trainers.memory.model_size import dissect
from trainers.settings import AdapterSettings

LLAMA_2_7B = LlamaConfig(
    hidden_size=4096,
    intermediate_size=11008,
    num_hidden_layers=32,
    num_attention_heads=32,
    num_key_value_heads=32,
    vocab_size=32000,
    tie_word_embeddings=False,
)
SMALL_LLAMA = LlamaConfig(
    hidden_size=64,
    intermediate_size=160,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=2,
    vocab_size=500,
)


def skeleton(config, dtype=torch.float32):
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config, dtype=dtype)


def test_llama_2_7b_has_its_published_number_of_parameters():
    anatomy = dissect(skeleton(LLAMA_2_7B, torch.bfloat16), None, bf16=True)
    weights, decoder = anatomy.weights, anatomy.decoder
    assert weights.total == weights.trained == 6_738_415_616
    assert weights.largest == 32000 * 4096
    assert (weights.loaded_bytes, weights.entry_bytes) == (2, 2)
    assert (decoder.query_width, decoder.key_width, decoder.mlp_width) == (4096, 4096, 11008)


def test_lora_of_rank_8_on_llama_2_7b_trains_20_million_parameters():
    anatomy = dissect(skeleton(LLAMA_2_7B, torch.bfloat16), AdapterSettings(rank=8), bf16=True)
    # Of each layer q, k, v, o: 8 x (4096 + 4096); gate, up, down: 8 x (4096 + 11008).
    assert anatomy.weights.trained == 32 * 8 * (4 * 8192 + 3 * 15104) == 19_988_480
    assert anatomy.weights.total == 6_738_415_616 + 19_988_480
    assert anatomy.decoder.ranks == 32 * 7 * 8
    assert anatomy.decoder.adapter_inputs == 32 * (6 * 4096 + 11008)


@pytest.mark.parametrize("targets", [(), ("q_proj", "down_proj")])
def test_an_adapters_parameters_are_those_that_peft_makes_of_a_loaded_model(targets):
    settings = AdapterSettings(rank=4, target_modules=targets)
    real = get_peft_model(
        AutoModelForCausalLM.from_config(SMALL_LLAMA),
        LoraConfig(r=4, target_modules=list(targets) or "all-linear", task_type="CAUSAL_LM"),
    )
    trained, total = real.get_nb_trainable_parameters()
    weights = dissect(skeleton(SMALL_LLAMA), settings, bf16=False).weights
    assert (weights.trained, weights.total) == (trained, total)


def test_keys_may_be_narrower_than_queries_and_an_engine_may_cast():
    anatomy = dissect(skeleton(SMALL_LLAMA), None, bf16=True)
    assert (anatomy.decoder.query_width, anatomy.decoder.key_width) == (64, 32)
    assert (anatomy.weights.loaded_bytes, anatomy.weights.entry_bytes) == (4, 2)


def test_small_parameters_are_summed_up():
    weights = dissect(skeleton(SMALL_LLAMA), None, bf16=False).weights
    assert weights.small == weights.total  # the largest has 500 x 64 entries


@pytest.mark.parametrize(
    ("config", "mlp_width"),
    [
        (MistralConfig(hidden_size=64, intermediate_size=96, num_hidden_layers=1), 96),
        (GPT2Config(n_embd=64, n_layer=1, n_head=4), 256),
    ],
    ids=["mistral", "gpt2"],
)
def test_other_families_say_their_widths_in_their_own_words(config, mlp_width):
    decoder = dissect(skeleton(config), None, bf16=False).decoder
    assert (decoder.num_layers, decoder.hidden, decoder.mlp_width) == (1, 64, mlp_width)


def test_target_modules_that_do_not_exist_are_refused_without_loading_anything():
    with pytest.raises(ConfigError, match=r"adapter\.target_modules must be names of linear"):
        dissect(skeleton(SMALL_LLAMA), AdapterSettings(target_modules=("qproj",)), bf16=False)
