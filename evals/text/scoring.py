"""Scores every answer of some tasks in one pass: likelihoods and teacher-forced hits.

Shapes: B sequences, T positions, V vocabulary entries, N kept positions, M labelled tokens.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import torch
from torch import Tensor, nn

from evals.evaluating import evaluating
from evals.output_head import logits_at
from evals.shard import Shard
from evals.text.answer_encoder import AnswerEncoder
from evals.text.encoding import Row
from evals.text.example import Example, Task
from evals.text.scores import AnswerScore, ItemScore
from evals.text.shared_prefix import Layout, lay_rows, lay_trees

_TREE_FAMILIES = frozenset(
    {
        "cohere",
        "gemma",
        "glm",
        "gpt_neox",
        "granite",
        "helium",
        "llama",
        "mistral",
        "mixtral",
        "nemotron",
        "olmo",
        "olmo2",
        "phi",
        "phi3",
        "qwen2",
        "qwen3",
        "qwen3_moe",
        "smollm3",
        "stablelm",
        "starcoder2",
    }
)
"""Architectures whose only way from token to token is masked attention, tried and equal."""

AT_ONCE = 1 << 20
"""Logits that are read at once, in float32: a few MiB, which stay in a processor's cache."""


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


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that are laid into one sequence; `first` is the place of the first among all rows."""

    first: int
    rows: tuple[Row, ...]

    @property
    def length(self) -> int:
        """Tokens of all rows."""
        return sum(len(row.input_ids) for row in self.rows)


def score_tasks(
    model: nn.Module,
    encoder: AnswerEncoder,
    tasks: Sequence[Task],
    *,
    batch_size: int,
    shard: Shard,
    device: torch.device,
) -> Iterator[tuple[ItemScore, ...] | None]:
    """Yields the scores of this shard's examples, task by task and in each task's order.

    Before that it reads all tasks in one pass, in which rows of like length go together whatever
    their task, and yields None about as often as there are tasks. `batch_size` counts answers.
    Every rank calls the model, and yields, equally often, whatever its share: under ZeRO-3 a
    forward pass gathers parameters from all ranks, and one rank more or less would hang the
    others. How often follows from the numbers of answers alone, so the ranks agree without a word.
    """
    own = [shard.take(task.examples) for task in tasks]
    idle = [task.examples[0] for task in tasks if task.examples][:1]
    items = [_rows(encoder, example) for example in list(chain.from_iterable(own)) or idle]
    shares = shares_prefixes(model)
    groups = _groups(items, together=shares)
    lay = lay_trees if shares else lay_rows
    calls = max(
        _num_batches(_group_sizes(part, together=shares), batch_size=batch_size)
        for part in _parts(tasks, shard)
    )
    found: dict[int, TokenScores] = {}
    every = math.ceil(calls / max(1, len(tasks)))
    for number, batch in enumerate(_batches(groups, batch_size=batch_size, calls=calls), start=1):
        layout = lay([each.rows for each in batch], encoder)
        with evaluating(model):
            scores = iter(_score(model, layout, device))
        for group in batch:
            found |= enumerate(islice(scores, len(group.rows)), start=group.first)
        if number % every == 0:
            yield None
    flat = (found[place] for place in range(len(found)))
    for examples in own:
        yield tuple(_item(each, list(islice(flat, len(each.answers)))) for each in examples)


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


def _rows(encoder: AnswerEncoder, example: Example) -> tuple[Row, ...]:
    return tuple(encoder.row(example, answer) for answer in example.answers)


def _groups(items: Sequence[tuple[Row, ...]], *, together: bool) -> list[Group]:
    """Returns an item's rows as one group, or each row as one."""
    groups, first = [], 0
    for rows in items:
        parts = [rows] if together else [(row,) for row in rows]
        for part in parts:
            groups.append(Group(first, part))
            first += len(part)
    return groups


def _parts(tasks: Sequence[Task], shard: Shard) -> list[list[int]]:
    """Returns rank by rank how many answers each of its examples has."""
    parts: list[list[int]] = [[] for _ in range(shard.world)]
    for task in tasks:
        for part, examples in zip(parts, shard.parts(task.examples), strict=True):
            part += [len(example.answers) for example in examples]
    return parts


def _group_sizes(numbers: Sequence[int], *, together: bool) -> list[int]:
    return list(numbers) if together else [1] * sum(numbers)


def _num_batches(sizes: Sequence[int], *, batch_size: int) -> int:
    return sum(
        math.ceil(count / _groups_at_once(size, batch_size))
        for size, count in Counter(sizes).items()
    )


def _groups_at_once(size: int, batch_size: int) -> int:
    return max(1, batch_size // size)


def _batches(groups: Sequence[Group], *, batch_size: int, calls: int) -> list[list[Group]]:
    """Returns the groups in `calls` batches, those of equal size and of like length together.

    The one with the most tokens, padding and all, comes first. A rank with less to do than the
    others repeats it; the results are the same.
    """
    by_size: dict[int, list[Group]] = defaultdict(list)
    for group in sorted(groups, key=lambda group: -group.length):
        by_size[len(group.rows)].append(group)
    own = [
        alike[start : start + step]
        for size, alike in by_size.items()
        for step in (_groups_at_once(size, batch_size),)
        for start in range(0, len(alike), step)
    ]
    own.sort(key=lambda batch: -len(batch) * batch[0].length)
    return own + own[:1] * (calls - len(own))


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
    """Runs one forward pass, whose output head sees a position that predicts something once."""
    arguments = {name: tensor.to(device) for name, tensor in layout.arguments.items()}
    mask_BT, index_M = _kept(layout)
    logits_NV = logits_at(model, {**arguments, "use_cache": False}, mask_BT.to(device))
    labels_M = torch.tensor([label for each in layout.answers for label in each.labels])
    logprobs_M, hits_M = _read(logits_NV, index_M.to(device), labels_M.to(device))
    logprobs, hits = iter(logprobs_M.tolist()), iter(hits_M.tolist())
    return [
        TokenScores(
            tuple(islice(logprobs, len(answer.labels))),
            tuple(islice(hits, len(answer.labels))),
            answer.ended,
        )
        for answer in layout.answers
    ]


def _kept(layout: Layout) -> tuple[Tensor, Tensor]:
    """Returns mask_BT of the positions that predict, and index_M: which of them a label is for."""
    mask_BT = torch.zeros(layout.arguments["input_ids"].shape, dtype=torch.bool)
    rows = [answer.sequence for answer in layout.answers for _ in answer.positions]
    columns = [position for answer in layout.answers for position in answer.positions]
    mask_BT[rows, columns] = True
    numbers_BT = mask_BT.flatten().cumsum(0).view(mask_BT.shape) - 1
    return mask_BT, numbers_BT[rows, columns]


def _read(logits_NV: Tensor, index_M: Tensor, labels_M: Tensor) -> tuple[Tensor, Tensor]:
    """Returns each label's log-probability, and whether it is the likeliest token.

    In float32, but never of all logits at once; log-sum-exp as torch has it, sharing its maximum.
    """
    chosen_M = logits_NV[index_M, labels_M].float()
    tops, totals = [], []
    for part_PV in torch.split(logits_NV, max(1, AT_ONCE // logits_NV.shape[1])):
        most_P, top_P = part_PV.float().max(1)
        shift_P = most_P.masked_fill(most_P.isinf(), 0.0)
        totals.append((part_PV.float() - shift_P[:, None]).exp_().sum(1).log_().add_(shift_P))
        tops.append(top_P)
    return chosen_M - torch.cat(totals)[index_M], torch.cat(tops)[index_M] == labels_M
