"""Numbers of parameters and widths are those of the real classes, without a weight in memory."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, MistralConfig

from evals.errors import ConfigError
from trainers.kept_states import KEPT_BYTES
from trainers.memory.activations import (
    Decoder,
    Mode,
    generating_bytes,
    scoring_bytes,
    training_bytes,
)
from trainers.memory.decoder import DecoderSize, measure_decoder
from trainers.memory.flops import RIDGE_TOKENS, Load, forward_flops, training_flops
from trainers.memory.footprint import Weights
from trainers.memory.passes import Pass
from trainers.pretrained import Running
from trainers.requirements import Requirements, Source
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


def measure(config, adapter=None, *, bf16=False, dtype=torch.float32, **running):
    return measure_decoder(skeleton(config, dtype), Running(**running), adapter=adapter, bf16=bf16)


def test_llama_2_7b_has_its_published_number_of_parameters():
    size = measure(LLAMA_2_7B, bf16=True, dtype=torch.bfloat16)
    weights, decoder = size.weights, size.decoder
    assert weights.total == weights.trained == 6_738_415_616
    assert weights.largest == 32000 * 4096
    assert (weights.loaded_bytes, weights.entry_bytes) == (2, 2)
    assert (decoder.query_width, decoder.key_width, decoder.mlp_width) == (4096, 4096, 11008)


def test_lora_of_rank_8_on_llama_2_7b_trains_20_million_parameters():
    size = measure(LLAMA_2_7B, AdapterSettings(rank=8), bf16=True, dtype=torch.bfloat16)
    # Of each layer q, k, v, o: 8 x (4096 + 4096); gate, up, down: 8 x (4096 + 11008).
    assert size.weights.trained == 32 * 8 * (4 * 8192 + 3 * 15104) == 19_988_480
    assert size.weights.total == 6_738_415_616 + 19_988_480
    assert size.decoder.ranks == 32 * 7 * 8
    assert size.decoder.adapter_inputs == 32 * (6 * 4096 + 11008)


@pytest.mark.parametrize("targets", [(), ("q_proj", "down_proj")])
def test_an_adapters_parameters_are_those_that_peft_makes_of_a_loaded_model(targets):
    settings = AdapterSettings(rank=4, target_modules=targets)
    real = get_peft_model(
        AutoModelForCausalLM.from_config(SMALL_LLAMA),
        LoraConfig(r=4, target_modules=list(targets) or "all-linear", task_type="CAUSAL_LM"),
    )
    trained, total = real.get_nb_trainable_parameters()
    weights = measure(SMALL_LLAMA, settings).weights
    assert (weights.trained, weights.total) == (trained, total)


def test_keys_may_be_narrower_than_queries_and_an_engine_may_cast():
    size = measure(SMALL_LLAMA, bf16=True)
    assert (size.decoder.query_width, size.decoder.key_width) == (64, 32)
    assert (size.weights.loaded_bytes, size.weights.entry_bytes) == (4, 2)


def test_small_parameters_are_summed_up():
    weights = measure(SMALL_LLAMA).weights
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
    decoder = measure(config).decoder
    assert (decoder.num_layers, decoder.hidden, decoder.mlp_width) == (1, 64, mlp_width)


def test_target_modules_that_do_not_exist_are_refused_without_loading_anything():
    with pytest.raises(ConfigError, match=r"adapter\.target_modules must be names of linear"):
        measure(SMALL_LLAMA, AdapterSettings(target_modules=("qproj",)))


def test_how_it_runs_is_what_model_and_adapter_say():
    adapter = AdapterSettings(rank=2, dropout=0.1)
    found = measure(SMALL_LLAMA, adapter, bf16=True, attn_implementation="eager")
    assert found.mode == Mode(2, attention="eager", dropout=True)
    assert measure(SMALL_LLAMA, gradient_checkpointing=True).mode == Mode(
        4, checkpointing=True, whole=True
    )


DECODER = Decoder(2, 16, 2, 16, 16, 32, 100)
FORGET, RANDOM = frozenset({Source.FORGET}), frozenset({Source.RANDOM})
BOTH = Requirements(FORGET | RANDOM, compared=FORGET, every_position=FORGET, num_random=3)


def sized(*, whole=True):
    weights = Weights(1010, 1010 if whole else 10, 100, 0, 4, 4)
    return DecoderSize(weights, DECODER, Mode(4, whole=whole))


@pytest.mark.parametrize(
    ("asked", "passes"),
    [
        (Requirements(FORGET), [Pass(2, 2 * 10, 10)]),
        (Requirements(FORGET, likelihoods=FORGET), [Pass(2, 2 * 10, 10)]),
        (BOTH, [Pass(2, 8 * 16, 2 * 16), Pass(6, 2 * 30, 30)]),
    ],
)
def test_a_micro_batch_takes_what_its_passes_and_the_comparison_do(asked, passes):
    said = sized().training_bytes(asked, num_rows=2, length=8, num_labels=5)
    assert said == training_bytes(DECODER, Mode(4, whole=True), passes, length=8)


def test_a_step_that_reads_one_batch_takes_the_larger():
    both = FORGET | {Source.RETAIN}
    asked = Requirements(both, compared=both, every_position=FORGET, alternates=True)
    alone = Requirements(FORGET, compared=FORGET, every_position=FORGET)
    said, forget = (
        sized().training_bytes(each, num_rows=2, length=8, num_labels=5) for each in (asked, alone)
    )
    assert said == forget


def test_what_is_kept_of_a_reference_goes_by_rows_up_to_a_limit():
    compared = Requirements(FORGET, compared=FORGET, every_position=FORGET)
    layer = Requirements(FORGET, compared=FORGET, hidden_layer=1)
    likelihoods = Requirements(FORGET, likelihoods=FORGET)
    half = DecoderSize(sized().weights, DECODER, Mode(2))
    both = [(compared, 100), (layer, 50), (likelihoods, 100)]
    assert half.reference_bytes(both, length=8) == (100 * 2 + 50 * 4) * 8 * 16
    assert half.reference_bytes([(compared, 10**9)], length=8) == KEPT_BYTES
    assert half.reference_bytes([(likelihoods, 100)], length=8) == 0


def test_scoring_goes_by_rows():
    said = sized().evaluation_bytes(num_rows=3, length=8, num_labels=5, num_generated=0)
    mode = Mode(4, whole=True)
    assert said == scoring_bytes(DECODER, mode, num_rows=3, length=8, num_labels=5)


def test_generating_takes_more_than_scoring_once_it_may_go_on_for_long():
    scoring, short, long = (
        sized().evaluation_bytes(num_rows=3, length=8, num_labels=5, num_generated=n)
        for n in (0, 1, 9000)
    )
    assert scoring == short
    assert long == generating_bytes(DECODER, Mode(4, whole=True), num_rows=3, length=9008)


@pytest.mark.parametrize(("on_gpu", "least"), [(False, 0), (True, RIDGE_TOKENS)])
def test_work_is_that_of_the_frozen_weights_and_of_the_adapter(on_gpu, least):
    load, size = Load(1000, 10, least_tokens=least), sized(whole=False)
    said = size.training_flops(BOTH, num_rows=2, length=8.0, on_gpu=on_gpu)
    assert said == training_flops(load, passes=(16.0, 48.0), references=1)
    said = size.forward_flops(num_passes=5, num_rows=2, length=8.0, on_gpu=on_gpu)
    assert said == forward_flops(load, num_passes=5, tokens_each=16.0)


def test_without_an_adapter_all_weights_are_worked_on():
    said = sized().training_flops(Requirements(FORGET), num_rows=2, length=8.0, on_gpu=False)
    assert said == 6 * 1010 * 16


def test_layers_behind_what_a_loss_reads_are_no_work():
    size = sized()
    whole = size.training_flops(Requirements(FORGET), num_rows=2, length=8.0, on_gpu=False)
    for layer, share in enumerate(range(1, 1 + size.decoder.num_layers)):
        asked = Requirements(FORGET, hidden_layer=layer)
        said = size.training_flops(asked, num_rows=2, length=8.0, on_gpu=False)
        assert said == whole * share / size.decoder.num_layers
