"""A byte-level BPE tokenizer that is trained on a benchmark's own texts."""

from collections.abc import Iterator, Sequence

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from evals.benchmark import Benchmark
from evals.text.encoding import Prompt
from evals.text.example import Example

_BOS, _EOS, _PAD = "<s>", "</s>", "<pad>"
FEWEST = 259
"""The least entries: 256 bytes and three special tokens."""


def train_byte_pairs(
    benchmark: Benchmark, prompt: Prompt, *, vocab_size: int, image_token: str = ""
) -> PreTrainedTokenizerFast:
    """Returns a tokenizer of the benchmark's texts that puts BOS in front.

    `vocab_size` is an upper bound: few texts have few merges. `image_token`, if given, is one more
    special token.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    more = [image_token] if image_token else []
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[_BOS, _EOS, _PAD, *more],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(benchmark, prompt), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{_BOS} $A", special_tokens=[(_BOS, tokenizer.token_to_id(_BOS))]
    )
    named = {"extra_special_tokens": {"image_token": image_token}} if image_token else {}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=_BOS, eos_token=_EOS, pad_token=_PAD, **named
    )


def _texts(benchmark: Benchmark, prompt: Prompt) -> Iterator[str]:
    """Yields every text once as the prompt frames it, in the benchmark's order."""
    groups = [*benchmark.splits.values(), *(task.examples for task in benchmark.tasks)]
    examples: Sequence[Example] = [example for group in groups for example in group]
    questions = dict.fromkeys(example.question for example in examples)
    answers = dict.fromkeys(answer for example in examples for answer in example.answers)
    for question in questions:
        yield f"{prompt.question_start}{question}{prompt.question_end}"
    for answer in (*answers, *benchmark.refusals):
        yield f"{prompt.answer_start}{answer}"
