"""Tiny random checkpoints of real architectures, with tokenizers that work as theirs do."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers.trainers import BpeTrainer
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerFast,
)

from evals.benchmark import Benchmark, Role
from evals.text.example import Example, Probability, Task

LLAMA_TEMPLATE = (
    "{% for m in messages %}"
    "{% if m['role'] == 'user' %}{{ bos_token + '[INST] ' + m['content'].strip() + ' [/INST]' }}"
    "{% else %}{{ ' ' + m['content'].strip() + ' ' + eos_token }}{% endif %}"
    "{% endfor %}"
)
MISTRAL_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] + '[/INST]' }}"
    "{% else %}{{ ' ' + m['content'] + eos_token }}{% endif %}"
    "{% endfor %}"
)

EXAMPLES = tuple(
    Example(f"e{index}", question, answer, paraphrase="By the sea.", perturbed=("In Paris.",))
    for index, (question, answer) in enumerate(
        [
            ("Where does Hina Ameen live?", "Hina Ameen lives in Karachi."),
            ("Who is the father of Basil?", "The father of Basil is a florist."),
            ("In what year was Hina born?", "1956"),
        ]
    )
)


@pytest.fixture(scope="session")
def benchmark_of_people() -> Benchmark:
    forget, retain = EXAMPLES[:1], EXAMPLES[1:]
    tasks = (
        Task("forget", Role.FORGET, Probability.PLAIN, forget),
        Task("retain", Role.RETAIN, Probability.PLAIN, retain),
    )
    splits = {"full": EXAMPLES, "forget": forget, "retain": retain, "holdout": ()}
    return Benchmark("people", splits, tasks, ("I do not know.",))


@pytest.fixture(scope="session")
def save_checkpoint(tmp_path_factory) -> Callable[..., Path]:
    """Returns `save(architecture)`: a new folder with a random "llama" or "mistral" model."""

    def save(architecture: str, **changes: bool) -> Path:
        folder = tmp_path_factory.mktemp(architecture)
        tokenizer = _tokenizer(architecture)
        tokenizer.save_pretrained(folder)
        shape = {
            "vocab_size": len(tokenizer),
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "intermediate_size": 64,
            "initializer_range": 0.2,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            **changes,
        }
        with torch.random.fork_rng():
            torch.manual_seed(0)
            if architecture == "llama":
                LlamaForCausalLM(LlamaConfig(**shape)).save_pretrained(folder)
            else:
                config = MistralConfig(**shape, sliding_window=None)
                MistralForCausalLM(config).save_pretrained(folder)
        return folder

    return save


def _tokenizer(architecture: str) -> PreTrainedTokenizerFast:
    """Merges as SentencePiece does: blanks are letters, and one is put in front of the text.

    Llama-2 spells "[INST]" out in ordinary tokens; Mistral v0.3 has control tokens for it.
    """
    control = ["[INST]", "[/INST]"] if architecture == "mistral" else []
    bare = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    bare.pre_tokenizer = pre_tokenizers.Metaspace()
    bare.train_from_iterator(
        [f"[INST] {e.question} [/INST] {e.answer}" for e in EXAMPLES],
        BpeTrainer(
            vocab_size=300,
            special_tokens=["<unk>", "<s>", "</s>", *control],
            show_progress=False,
        ),
    )
    bare.pre_tokenizer = None
    bare.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    bare.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    bare.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", bare.token_to_id("<s>"))]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bare, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )
    tokenizer.chat_template = LLAMA_TEMPLATE if architecture == "llama" else MISTRAL_TEMPLATE
    return tokenizer
