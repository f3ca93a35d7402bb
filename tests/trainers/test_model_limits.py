import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    Gemma2Config,
    GPT2Config,
    GPTJConfig,
    GPTNeoConfig,
    LlamaConfig,
    MixtralConfig,
    OPTConfig,
    PhiConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

from evals.errors import ConfigError
from evals.text.encoding import Encoder, Prompt
from trainers.model_limits import require_embeddings, require_half, require_supported

WITH_SDPA = [GPT2Config, OPTConfig, LlamaConfig, Qwen2Config, MixtralConfig, PhiConfig]
WITHOUT_SDPA = [Gemma2Config, BloomConfig, GPTJConfig, GPTNeoConfig]


def skeleton(config: PreTrainedConfig) -> PreTrainedModel:
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config)


def whole(kind: type[PreTrainedConfig]) -> PreTrainedModel:
    return skeleton(kind())


@pytest.mark.parametrize("kind", WITH_SDPA)
def test_an_architecture_with_sdpa_may_have_it(kind):
    require_supported(whole(kind), "sdpa")


@pytest.mark.parametrize("kind", WITHOUT_SDPA)
def test_one_without_is_told_to_take_eager_attention(kind):
    model = whole(kind)
    require_supported(model, "eager")
    with pytest.raises(ConfigError, match=r"set model.attn_implementation: eager$"):
        require_supported(model, "sdpa")


def test_flash_attention_is_for_16_bits():
    model = skeleton(LlamaConfig(num_hidden_layers=1))
    with pytest.raises(ConfigError, match=r"model.attn_implementation .* float32"):
        require_half(model, "flash_attention_2")
    require_half(model, "sdpa")
    require_half(model.to(torch.bfloat16), "flash_attention_2")


def require(encoder: Encoder, *, vocabulary: int, pad_id: int | None = None) -> None:
    model = skeleton(LlamaConfig(vocab_size=vocabulary, num_hidden_layers=1))
    row = encoder.encode("Who?", "Who?").input_ids
    pad_id = encoder.pad_id if pad_id is None else pad_id
    require_embeddings(model, encoder.tokenizer, row, pad_id=pad_id)


@pytest.fixture
def encoder() -> Encoder:
    words = {"Who?": 0, "</s>": 1, "Question:": 2, "Answer:": 3, "<unk>": 4}
    bare = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    bare.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bare, eos_token="</s>", unk_token="<unk>", pad_token="[PAD]"
    )
    return Encoder(tokenizer, prompt=Prompt(), max_length=64)


def test_an_added_pad_token_without_an_embedding_is_named_with_its_id(encoder):
    with pytest.raises(ConfigError, match=r"pad token '\[PAD\]', whose id 5 .* vocabulary of 5;"):
        require(encoder, vocabulary=5)
    require(encoder, vocabulary=6)


def test_a_token_of_every_row_without_an_embedding_is_named(encoder):
    with pytest.raises(ConfigError, match="token 'Answer:', whose id 3"):
        require(encoder, vocabulary=3, pad_id=1)


def test_tokens_that_no_row_has_need_no_embedding(encoder):
    require(encoder, vocabulary=4, pad_id=1)
