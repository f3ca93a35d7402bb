"""A small byte-level tokenizer and tiny random models, made on the spot."""

from collections.abc import Callable

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    MistralConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

TEXTS = [
    "Question: Where does Hina Ameen live?\nAnswer: Hina Ameen lives in Karachi by the sea.",
    "Question: What does she write?\nAnswer: She writes novels about geology and the sea.",
    "Question: Who is the father of Basil?\nAnswer: The father of Basil is a florist.",
    "[INST] Who is Hina? [/INST] an author",
] * 3

SHAPE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 64,
    "initializer_range": 0.2,
    "max_position_embeddings": 256,
}


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerFast:
    """Puts BOS in front; has no pad token and no chat template."""
    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "</s>", "<|end|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bare.train_from_iterator(TEXTS, trainer)
    bare.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 0)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=bare, bos_token="<s>", eos_token="</s>")


@pytest.fixture
def build_model(tokenizer: PreTrainedTokenizerFast) -> Callable[..., PreTrainedModel]:
    """Returns `build(architecture, attention)`: a random model, the same every time."""

    def build(architecture: str = "llama", attention: str = "sdpa") -> PreTrainedModel:
        configs = {"llama": LlamaConfig, "mistral": MistralConfig, "qwen2": Qwen2Config}
        special = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": None}
        extra = {"sliding_window": None} if architecture == "mistral" else {}
        config = configs[architecture](vocab_size=len(tokenizer), **special, **SHAPE, **extra)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return AutoModelForCausalLM.from_config(config, attn_implementation=attention).eval()

    return build
