"""Scores every answer of a task in one pass: likelihoods and teacher-forced hits.

Shapes: B sequences, T positions, K kept positions, V vocabulary entries, N labelled tokens.
"""

import inspect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice

import torch
from torch import Tensor, nn

from evals.evaluating import evaluating
from evals.shard import Shard
from evals.text.answer_encoder import AnswerEncoder
from evals.text.encoding import Row
from evals.text.example import Example, Task
from evals.text.scores import AnswerScore, ItemScore
from evals.text.shared_prefix import Layout, lay_rows, lay_trees

_TREE_FAMILIES = frozenset({"llama", "mistral", "qwen2"})
"""Architectures whose only way from token to token is masked attention, tried and equal."""


@dataclass(frozen=True, slots=True)
class TokenScores:
    """Log-probability (nats) of each labelled token of a row, and whether argmax hits it.

    `ended` says whether the last of them closes the answer.
    """

    logprobs: tuple[float, ...]
    hits: tuple[bool, ...]
    ended: bool

    @property
    def answer(self) -> AnswerScore:
        """The row's summed score."""
        return AnswerScore(-math.fsum(self.logprobs), len(self.logprobs), self.ended)


def score_task(
    model: nn.Module,
    encoder: AnswerEncoder,
    task: Task,
    *,
    batch_size: int,
    shard: Shard,
    device: torch.device,
) -> tuple[ItemScore, ...]:
    """Returns the scores of this shard's examples, in the task's order.

    `batch_size` counts answers. Every rank calls the model equally often, whatever its share:
    under ZeRO-3 a forward pass gathers parameters from all ranks, and one rank more or less
    would hang the others. How often follows from the numbers of answers alone, so the ranks
    agree without a word.
    """
    if not task.examples:
        return ()
    own = shard.take(task.examples)
    items = [_rows(encoder, example) for example in own or task.examples[:1]]
    sizes = [[len(each.answers) for each in part] for part in shard.parts(task.examples)]
    if shares_prefixes(model):
        most = max(max(part, default=1) for part in sizes)
        lay, groups, size = lay_trees, items, max(1, batch_size // most)
        calls = num_calls([len(part) for part in sizes], size=size)
    else:
        lay, groups, size = lay_rows, [[row] for rows in items for row in rows], batch_size
        calls = num_calls([sum(part) for part in sizes], size=size)
    found: dict[int, list[TokenScores]] = {}
    with evaluating(model):
        for batch in batches([_length(group) for group in groups], size=size, calls=calls):
            layout = lay([groups[index] for index in batch], encoder)
            scores = iter(_score(model, layout, device))
            found |= {index: list(islice(scores, len(groups[index]))) for index in batch}
    flat = chain.from_iterable(found[index] for index in range(len(groups)))
    return tuple(_item(each, list(islice(flat, len(each.answers)))) for each in own)


def shares_prefixes(model: nn.Module) -> bool:
    """Tells whether an item's answers are scored behind one shared prefix.

    That needs an attention mask of our own: "sdpa" takes one, flash attention does not, and
    with "eager" it was no faster. On TOFU's forget task it leaves 35 554 of 50 740 tokens; with
    sdpa on one CPU core that took as long as row by row at hidden size 128, and 19 % less time
    at hidden size 512 and 8 layers (32 answers a call). A sliding window would not see the
    whole prefix.
    """
    config = getattr(unwrapped(model), "config", None)
    return (
        getattr(config, "model_type", None) in _TREE_FAMILIES
        and getattr(config, "_attn_implementation", None) == "sdpa"
        and getattr(config, "sliding_window", None) is None
    )


def num_calls(loads: Sequence[int], *, size: int) -> int:
    """Returns how many batches of `size` the rank with the most to do needs."""
    return max(math.ceil(load / size) for load in loads)


def batches(lengths: Sequence[int], *, size: int, calls: int) -> list[list[int]]:
    """Returns the indices of `lengths` in `calls` batches, longest first.

    A rank with less to do than the others repeats its first batch; the results are the same.
    """
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    own = [order[start : start + size] for start in range(0, len(order), size)]
    return own + own[:1] * (calls - len(own))


def unwrapped(model: nn.Module) -> nn.Module:
    """Returns the language model inside an adapter's wrapper."""
    unwrap = getattr(model, "get_base_model", None)
    inner: nn.Module = model if unwrap is None else unwrap()
    return inner


def _rows(encoder: AnswerEncoder, example: Example) -> list[Row]:
    return [encoder.row(example, answer) for answer in example.answers]


def _length(rows: Sequence[Row]) -> int:
    return sum(len(row.input_ids) for row in rows)


def _item(example: Example, scores: Sequence[TokenScores]) -> ItemScore:
    rest = [score.answer for score in scores[1:]]
    return ItemScore(
        id=example.id,
        truth=example.answer,
        answer=scores[0].answer,
        paraphrase=None if example.paraphrase is None else rest.pop(0),
        perturbed=tuple(rest),
        token_logprobs=scores[0].logprobs,
        token_hits=scores[0].hits,
    )


def _score(model: nn.Module, layout: Layout, device: torch.device) -> list[TokenScores]:
    """Runs one forward pass; an answer at a time, no float32 copy of all logits is made."""
    kept = sorted({position for answer in layout.answers for position in answer.positions})
    place = {position: index for index, position in enumerate(kept)}
    logits_BKV = _forward(model, layout, torch.tensor(kept, device=device))
    return [
        _token_scores(
            logits_BKV[answer.sequence, [place[position] for position in answer.positions]],
            torch.tensor(answer.labels, device=device),
            ended=answer.ended,
        )
        for answer in layout.answers
    ]


def _forward(model: nn.Module, layout: Layout, kept_K: Tensor) -> Tensor:
    """Returns logits_BKV at the kept positions; the output head runs on no others if it can."""
    arguments = {name: tensor.to(kept_K.device) for name, tensor in layout.arguments.items()}
    if "logits_to_keep" in inspect.signature(type(unwrapped(model)).forward).parameters:
        kept: Tensor = model(**arguments, use_cache=False, logits_to_keep=kept_K).logits
        return kept
    logits_BTV: Tensor = model(**arguments, use_cache=False).logits
    return logits_BTV[:, kept_K]


def _token_scores(logits_NV: Tensor, labels_N: Tensor, *, ended: bool) -> TokenScores:
    logits_NV = logits_NV.float()
    chosen_N = logits_NV.gather(1, labels_N[:, None]).squeeze(1)
    logprobs_N = chosen_N - logits_NV.logsumexp(1)
    hits_N = logits_NV.argmax(1) == labels_N
    return TokenScores(tuple(logprobs_N.tolist()), tuple(hits_N.tolist()), ended)
