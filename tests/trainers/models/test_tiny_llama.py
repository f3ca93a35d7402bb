from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError

from evals.choice import choose
from evals.collated import IGNORE
from evals.errors import ConfigError
from evals.text.encoding import Encoder
from trainers.family import PACKAGE
from trainers.models.tiny_llama import Config, Family


def load(benchmark, *, seed=0, **settings):
    return Family(Config(**settings)).load(benchmark=benchmark, checkpoint=None, seed=seed)


def test_it_has_about_a_million_parameters_of_the_stated_shape(benchmark_of_people):
    model = load(benchmark_of_people, vocab_size=300).model
    config = model.config
    assert (config.hidden_size, config.num_hidden_layers, config.num_attention_heads) == (128, 4, 4)
    # a layer: 4 attention matrices, 3 of the MLP, 2 norms; embedding and head; the last norm
    layer = 4 * 128 * 128 + 3 * 128 * 384 + 2 * 128
    expected = 4 * layer + 2 * config.vocab_size * 128 + 128
    assert sum(p.numel() for p in model.parameters()) == expected


def test_weights_follow_the_seed_and_nothing_else(benchmark_of_people):
    first, second, other = (
        load(benchmark_of_people, seed=seed).model.state_dict() for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["lm_head.weight"], other["lm_head.weight"])


def test_the_tokenizer_knows_bos_eos_and_pad_and_puts_bos_in_front(benchmark_of_people):
    loaded = load(benchmark_of_people)
    tokenizer = loaded.processor.tokenizer
    special = {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}
    assert len(special) == 3
    assert tokenizer("Hina").input_ids[0] == tokenizer.bos_token_id
    assert loaded.model.config.vocab_size == len(tokenizer)
    assert loaded.model.config.pad_token_id == tokenizer.pad_token_id


def test_the_tokenizer_reads_any_text_back(benchmark_of_people):
    tokenizer = load(benchmark_of_people).processor.tokenizer
    for text in ("Hina Ameen lives in Karachi.", "日本 — ünknown\n\ttext 🙂", "  two  blanks "):
        assert tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True) == text


def test_words_of_every_split_and_task_are_learnt_as_the_prompt_frames_them(benchmark_of_people):
    loaded = load(benchmark_of_people)
    encoder = Encoder(loaded.processor.tokenizer, prompt=loaded.processor.prompt, max_length=64)
    for example in benchmark_of_people.splits["full"]:
        row = encoder.encode(example.question, example.answer)
        tokens = loaded.processor.tokenizer.convert_ids_to_tokens(row.input_ids)
        words = f"{example.question} {example.answer}".split()
        assert len(tokens) < 3 * len(words) + 8
        first = next(i for i, label in enumerate(row.labels) if label != IGNORE)
        assert tokens[first - 1] == ":"
    (refusal,) = benchmark_of_people.refusals
    labels = [label for label in encoder.encode("Who?", refusal).labels if label != IGNORE]
    assert len(labels) == len(["I", "do", "not", "know", ".", "</s>"])


def test_the_tokenizer_depends_on_the_texts_and_not_on_how_often_a_split_repeats_them(
    benchmark_of_people,
):
    again = replace(
        benchmark_of_people,
        splits={**benchmark_of_people.splits, "more": tuple(benchmark_of_people.splits["full"])},
    )
    other = replace(benchmark_of_people, refusals=("Zebras zigzag zealously.",) * 2)
    vocabularies = [
        load(each).processor.tokenizer.get_vocab() for each in (benchmark_of_people, again, other)
    ]
    assert vocabularies[0] == vocabularies[1]
    assert vocabularies[0] != vocabularies[2]


def test_a_vocabulary_holds_at_least_all_bytes(benchmark_of_people):
    assert len(load(benchmark_of_people, vocab_size=259).processor.tokenizer) == 259
    with pytest.raises(ValidationError):
        Config(vocab_size=258)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"hidden_size": 100, "num_heads": 3},
            r"model\.hidden_size must be a multiple of twice num_heads \(6\) but got 100; give 102",
        ),
        (
            {"prompt": {"style": "chat_template"}},
            r"model\.prompt\.style must be tags .* chat_template; set model\.prompt\.style: tags",
        ),
    ],
)
def test_what_cannot_be_built_is_refused_with_key_and_cure(settings, message):
    with pytest.raises(ConfigError, match=message):
        choose(PACKAGE, {"name": "tiny_llama", **settings}, key="model")


@pytest.mark.parametrize("settings", [{"hidden_size": 100, "num_heads": 3}, {"hidden_sise": 64}])
def test_a_shape_that_cannot_be_built_is_refused(settings):
    with pytest.raises(ValidationError):
        Config(**settings)
