"""Which rows a language model cannot take: for want of an embedding, or of a position.

A model that has learned its positions, or made a table of them, has so many and no more. One that
turns its queries and keys (RoPE) or slopes its attention goes on beyond what it was trained for,
only less well, and is not held back.
"""

from collections.abc import Iterator

from torch import nn
from transformers import PreTrainedModel

from evals.errors import ConfigError, shown
from evals.selection import selected_tasks
from evals.text.encoding import Encoder
from evals.text.example import Example
from evals.text.row_lengths import num_generated
from trainers.family import Use
from trainers.model_limits import require_embeddings


def require_rows_fit(model: PreTrainedModel, encoder: Encoder, use: Use) -> None:
    """Refuses a sweep with rows that `model` cannot take; `encoder` must not cut them.

    Raises:
        ConfigError: names the key, what there is, and what is asked for.
    """
    _require_tokens(model, encoder, use)
    limit = num_positions(model)
    if limit is None:
        return
    _require_short_rows(type(model).__name__, limit, encoder, use)
    _require_short_generations(type(model).__name__, limit, encoder, use)


def num_positions(model: nn.Module) -> int | None:
    """Returns how many positions a row may have at most, or None if any number."""
    found = [*_learned(model), *_tabled(model), *_sloped(model)]
    return min(found, default=None)


def _learned(model: nn.Module) -> Iterator[int]:
    """Yields the positions of each embedding that is of positions, as its name says.

    Some begin behind an offset, or behind the number that stands for padding.
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.Embedding) and _is_of_positions(name):
            padding = module.padding_idx
            skipped = getattr(module, "offset", 0 if padding is None else padding + 1)
            yield module.num_embeddings - int(skipped)


def _tabled(model: nn.Module) -> Iterator[int]:
    """Yields the positions of each table of sines that does not grow when it is too short."""
    for name, table in model.named_buffers():
        owner = model.get_submodule(name.rpartition(".")[0])
        is_table = table.dim() == 2 and table.is_floating_point()
        if is_table and _is_of_positions(name) and not hasattr(owner, "make_weights"):
            yield table.shape[0]


def _sloped(model: nn.Module) -> Iterator[int]:
    """Yields the positions of slopes that are made for a number of positions (MPT)."""
    config = getattr(model, "config", None)
    if getattr(getattr(config, "attn_config", None), "alibi", False):
        yield int(config.max_seq_len)  # type: ignore[union-attr]  # a configuration of alibi has it


def _is_of_positions(name: str) -> bool:
    own = name.rpartition(".")[2]
    return "pos" in own or own == "wpe"


def _require_tokens(model: PreTrainedModel, encoder: Encoder, use: Use) -> None:
    """Refuses rows with a token that has no embedding, where the tokenizer knows any such."""
    num_rows = int(model.get_input_embeddings().num_embeddings)
    tokenizer = encoder.tokenizer
    if max(tokenizer.get_vocab().values(), default=0) < num_rows:
        return
    for example, answer in _rows(use):
        row = encoder.encode(example.question, answer).input_ids
        require_embeddings(model, tokenizer, row, pad_id=encoder.pad_id)


def _rows(use: Use) -> Iterator[tuple[Example, str]]:
    """Yields what is trained on or scored: each question with its answers, and refusals once."""
    groups = [*use.benchmark.splits.values(), *(task.examples for task in use.benchmark.tasks)]
    examples = dict.fromkeys(example for group in groups for example in group)
    for number, example in enumerate(examples):
        refusals = use.benchmark.refusals if number == 0 else ()
        yield from ((example, answer) for answer in (*example.answers, *refusals))


def _require_short_rows(kind: str, limit: int, encoder: Encoder, use: Use) -> None:
    lengths = {f"{key}.max_length": each.max_length for key, each in use.trainings.items()}
    for key, length in lengths.items():
        if length > limit:
            _require_short(_trained(use), key, length, kind=kind, limit=limit, encoder=encoder)
    length = use.evaluation.max_length
    if length > limit:
        key = "evaluation.max_length"
        _require_short(_scored(use), key, length, kind=kind, limit=limit, encoder=encoder)


def _trained(use: Use) -> Iterator[tuple[Example, str]]:
    """Yields questions with their own answers, the longest refusal and the longest answer."""
    examples = use.benchmark.splits["full"]
    others = [max((e.answer for e in examples), key=len, default="")]
    others += [max(use.benchmark.refusals, key=len, default="")]
    for example in examples:
        yield from ((example, answer) for answer in (example.answer, *others) if answer)


def _scored(use: Use) -> Iterator[tuple[Example, str]]:
    for task in selected_tasks(use.benchmark, use.evaluation):
        for example in task.examples:
            yield from ((example, answer) for answer in example.answers)


def _require_short(
    rows: Iterator[tuple[Example, str]],
    key: str,
    length: int,
    *,
    kind: str,
    limit: int,
    encoder: Encoder,
) -> None:
    for example, answer in rows:
        size = len(encoder.encode(example.question, answer).input_ids)
        if size > limit:
            raise ConfigError(
                f"{key} must be at most {limit} for {kind}, which has no more positions, but got "
                f"{length}, and {example.id} with an answer has {size} tokens; set {key}: {limit}, "
                "or take a model with more"
            )


def _require_short_generations(kind: str, limit: int, encoder: Encoder, use: Use) -> None:
    """Refuses to generate beyond the last position; the last token that is made needs none."""
    tasks = selected_tasks(use.benchmark, use.evaluation)
    answered = [task for task in tasks if num_generated(task, use.evaluation)]
    asked = [example.question for task in answered for example in task.examples]
    prompts = {question: len(encoder.encode_prompt(question)) for question in asked}
    if not prompts:
        return
    longest = max(prompts, key=lambda question: prompts[question])
    most, new = limit + 1 - prompts[longest], use.evaluation.max_new_tokens
    if most < 1:
        raise ConfigError(
            f"model must be one with more than {limit} positions but got {kind}, and the question "
            f"{shown(longest)} has {prompts[longest]} tokens; take another model, or metrics that "
            "generate no answers"
        )
    if new > most:
        raise ConfigError(
            f"evaluation.max_new_tokens must be at most {most} for {kind}, which has {limit} "
            f"positions and is asked questions of up to {prompts[longest]} tokens, but got {new}; "
            f"set evaluation.max_new_tokens: {most}, or take a model with more"
        )
