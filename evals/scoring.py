"""Scores every answer of a task in one pass: likelihoods and teacher-forced hits.

Shapes: B rows, T positions, K kept positions, V vocabulary entries, N labelled tokens of a row.
"""

import inspect
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from evals.benchmark import Example, Task
from evals.encoding import IGNORE, Encoder, Row, collate
from evals.scores import AnswerScore, ItemScore

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shard:
    """One rank's share of some items: every `world`-th, starting at `rank`."""

    rank: int = 0
    world: int = 1

    def take(self, items: Sequence[T]) -> tuple[T, ...]:
        """Returns this shard's items, in order."""
        return tuple(items[self.rank :: self.world])

    def peers(self) -> tuple["Shard", ...]:
        """Returns every shard of the same world."""
        return tuple(Shard(rank, self.world) for rank in range(self.world))


@dataclass(frozen=True, slots=True)
class TokenScores:
    """Log-probability (nats) of each labelled token of a row, and whether argmax hits it."""

    logprobs: tuple[float, ...]
    hits: tuple[bool, ...]

    @property
    def answer(self) -> AnswerScore:
        """The row's summed score."""
        return AnswerScore(nll=-math.fsum(self.logprobs), num_tokens=len(self.logprobs))


def score_task(
    model: nn.Module,
    encoder: Encoder,
    task: Task,
    *,
    batch_size: int,
    shard: Shard,
    device: torch.device,
) -> tuple[ItemScore, ...]:
    """Returns the scores of this shard's examples, in the task's order.

    Every rank calls the model equally often, whatever its share: under ZeRO-3 a forward pass
    gathers parameters from all ranks, and one rank more or less would hang the others.
    """
    if not task.examples:
        return ()
    own = shard.take(task.examples)
    rows = [encoder.encode(each.question, answer) for each in own for answer in _answers(each)]
    if not rows:
        first = task.examples[0]
        rows = [encoder.encode(first.question, first.answer)]
    scores = _score_rows(
        model,
        rows,
        calls=max(_num_calls(peer.take(task.examples), batch_size) for peer in shard.peers()),
        batch_size=batch_size,
        pad_id=encoder.pad_id,
        device=device,
    )
    each_score = iter(scores)
    return tuple(_item(each, [next(each_score) for _ in _answers(each)]) for each in own)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Switches dropout and gradients off, and puts every module's mode back afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def _answers(example: Example) -> tuple[str, ...]:
    paraphrase = () if example.paraphrase is None else (example.paraphrase,)
    return (example.answer, *paraphrase, *example.perturbed)


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


def _num_calls(examples: Sequence[Example], batch_size: int) -> int:
    return math.ceil(sum(len(_answers(example)) for example in examples) / batch_size)


def _score_rows(
    model: nn.Module,
    rows: Sequence[Row],
    *,
    calls: int,
    batch_size: int,
    pad_id: int,
    device: torch.device,
) -> list[TokenScores]:
    """Scores all rows, longest first, in exactly `calls` calls: the first batch fills up."""
    order = sorted(range(len(rows)), key=lambda index: -len(rows[index].input_ids))
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    found: dict[int, TokenScores] = {}
    with evaluating(model):
        for batch in batches + batches[:1] * (calls - len(batches)):
            scores = _score_batch(model, [rows[index] for index in batch], pad_id, device)
            found |= dict(zip(batch, scores, strict=True))
    return [found[index] for index in range(len(rows))]


def _score_batch(
    model: nn.Module, rows: Sequence[Row], pad_id: int, device: torch.device
) -> list[TokenScores]:
    input_ids_BT, mask_BT, labels_BT = (
        tensor.to(device) for tensor in collate(rows, pad_id=pad_id)
    )
    targets_BT = labels_BT[:, 1:]
    kept_K = (targets_BT != IGNORE).any(0).nonzero().squeeze(1)
    logits_BKV = forward(model, input_ids_BT, attention_mask=mask_BT, kept_K=kept_K)
    return [
        _token_scores(logits_KV, targets_K)
        for logits_KV, targets_K in zip(logits_BKV, targets_BT[:, kept_K], strict=True)
    ]


def forward(
    model: nn.Module, input_ids_BT: Tensor, *, attention_mask: Tensor, kept_K: Tensor
) -> Tensor:
    """Returns logits_BKV at the kept positions; the output head runs on no others if it can."""
    arguments = {"input_ids": input_ids_BT, "attention_mask": attention_mask, "use_cache": False}
    if _keeps_logits(model):
        kept: Tensor = model(**arguments, logits_to_keep=kept_K).logits
        return kept
    logits_BTV: Tensor = model(**arguments).logits
    return logits_BTV[:, kept_K]


def _keeps_logits(model: nn.Module) -> bool:
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model  # type: ignore[operator]
    return "logits_to_keep" in inspect.signature(type(inner).forward).parameters


def _token_scores(logits_KV: Tensor, targets_K: Tensor) -> TokenScores:
    """Scores one row; a row at a time, so that no float32 copy of all logits is made."""
    labelled_K = targets_K != IGNORE
    logits_NV = logits_KV[labelled_K].float()
    targets_N = targets_K[labelled_K]
    chosen_N = logits_NV.gather(1, targets_N[:, None]).squeeze(1)
    logprobs_N = chosen_N - logits_NV.logsumexp(1)
    hits_N = logits_NV.argmax(1) == targets_N
    return TokenScores(tuple(logprobs_N.tolist()), tuple(hits_N.tolist()))
