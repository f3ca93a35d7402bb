"""Greedy generation: what a model says when it is asked.

Scoring a true answer tells for each of its tokens whether the model would have said it, too. As
long as it would, nothing has to be generated: what is said up to the first miss is the answer
itself. From there on rows are continued in rounds, each longer than the one before, so that those
that are done leave the batch.

Shapes: B rows, T positions.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from transformers import GenerationConfig

from evals.evaluating import evaluating
from evals.settings import EvaluationSettings
from evals.shard import Shard
from evals.text.answer_encoder import AnswerEncoder
from evals.text.example import Example, Task
from evals.text.scoring import batches, unwrapped

FIRST_ROUND = 32
"""Tokens that a row is continued by at first; twice as many in each further round."""


@dataclass(frozen=True, slots=True)
class Said:
    """Token ids of an example's prompt, and those that the model is known to say behind it."""

    example: Example
    prompt: tuple[int, ...]
    tokens: tuple[int, ...] = ()
    over: bool = False
    """Whether it has ended, or has said all it may."""


@dataclass(frozen=True, slots=True)
class Generator:
    """Asks a model the questions of tasks, as one of the ranks of `shard`.

    Every rank generates equally often, and with more than one rank goes on in a batch until the
    last rank is done: under ZeRO-3 every forward pass needs all of them.
    """

    model: nn.Module
    encoder: AnswerEncoder
    settings: EvaluationSettings
    shard: Shard
    device: torch.device

    def answers(self, task: Task, hits: Sequence[Sequence[bool]] = ()) -> tuple[str, ...]:
        """Returns the greedy continuation of each of this shard's questions, in the task's order.

        `hits` are the `token_hits` of this shard's items, if they are scored already.
        """
        if not task.examples:
            return ()
        said = self._begun(self.shard.take(task.examples), hits)
        idle = self._asked(task.examples[0])
        length, size = FIRST_ROUND, self.settings.batch_size
        with evaluating(self.model):
            while calls := self._num_calls(sum(not each.over for each in said)):
                rows = [index for index, each in enumerate(said) if not each.over]
                begun = [said[index] for index in rows] or [idle]
                sizes = [len(each.prompt) + len(each.tokens) for each in begun]
                for batch in batches(sizes, size=size, calls=calls):
                    longer = self._continued([begun[index] for index in batch], length)
                    for index, each in zip(batch, longer, strict=True):
                        if rows:
                            said[rows[index]] = each
                length *= 2
        return tuple(decode(self.encoder, [each.tokens for each in said]))

    def _begun(self, own: Sequence[Example], hits: Sequence[Sequence[bool]]) -> list[Said]:
        if not hits:
            return [self._asked(each) for each in own]
        return [self._known(example, each) for example, each in zip(own, hits, strict=True)]

    def _asked(self, example: Example) -> Said:
        return Said(example, self.encoder.prompt_ids(example))

    def _known(self, example: Example, hits: Sequence[bool]) -> Said:
        """Returns what is said of the true answer before the first miss.

        Nothing is, where the answer was not scored behind the very tokens that the model is asked
        by: a tokenizer may join the end of the one with the beginning of the other.
        """
        prompt = self.encoder.prompt_ids(example)
        ids = self.encoder.row(example, example.answer).input_ids
        if ids[: len(prompt)] != prompt or len(ids) != len(prompt) + len(hits):
            return Said(example, prompt)
        num_hits = next((index for index, hit in enumerate(hits) if not hit), len(hits))
        return self._said(Said(example, prompt), ids[len(prompt) :][:num_hits])

    def _said(self, asked: Said, tokens: tuple[int, ...]) -> Said:
        kept = tokens[: self.settings.max_new_tokens]
        ended = num_before_end(self.encoder, kept) < len(kept)
        over = ended or len(kept) == self.settings.max_new_tokens
        return replace(asked, tokens=kept, over=over)

    def _num_calls(self, rows: int) -> int:
        """Returns the largest number of batches that a rank needs."""
        calls = math.ceil(rows / self.settings.batch_size)
        if not self._synced:
            return calls
        most = torch.tensor(calls, device=self.device)
        dist.all_reduce(most, op=dist.ReduceOp.MAX)
        return int(most)

    @property
    def _synced(self) -> bool:
        return self.shard.world > 1 and dist.is_initialized()

    def _continued(self, rows: Sequence[Said], length: int) -> list[Said]:
        """Returns the rows with up to `length` tokens more; shorter ones are padded on the left.

        None gets longer than it may: a model may have no positions for that.
        """
        most = self.settings.max_new_tokens - max(len(row.tokens) for row in rows)
        before = [(*row.prompt, *row.tokens) for row in rows]
        width = max(len(ids) for ids in before)
        input_ids_BT = torch.full((len(rows), width), self.encoder.pad_id, dtype=torch.long)
        mask_BT = torch.zeros((len(rows), width), dtype=torch.long)
        for index, ids in enumerate(before):
            input_ids_BT[index, width - len(ids) :] = torch.tensor(ids)
            mask_BT[index, width - len(ids) :] = 1
        beside = self.encoder.beside_tokens([row.example for row in rows])
        config = greedy(self.encoder, max_new_tokens=min(length, most))
        with _decoding_with(self.model, config):
            all_BT: Tensor = cast(Any, self.model).generate(
                input_ids=input_ids_BT.to(self.device),
                attention_mask=mask_BT.to(self.device),
                synced_gpus=self._synced,
                **{name: tensor.to(self.device) for name, tensor in beside.items()},
            )
        new = all_BT[:, width:].tolist()
        return [self._said(row, (*row.tokens, *ids)) for row, ids in zip(rows, new, strict=True)]


def greedy(encoder: AnswerEncoder, *, max_new_tokens: int) -> GenerationConfig:
    """Returns the settings of plain greedy decoding.

    It stands in for the model's own, where chat models keep sampling and penalties that
    transformers would fill any setting left out with.
    """
    return GenerationConfig(
        do_sample=False,
        max_new_tokens=max_new_tokens,
        pad_token_id=encoder.pad_id,
        eos_token_id=sorted(_ends(encoder)),
    )


def decode(encoder: AnswerEncoder, rows: Sequence[Sequence[int]]) -> list[str]:
    """Returns the text of each row of ids up to its first end token, stripped."""
    texts = []
    for row in rows:
        text: str = encoder.tokenizer.decode(
            list(row[: num_before_end(encoder, row)]), skip_special_tokens=True
        )
        texts.append(text.strip())
    return texts


def num_before_end(encoder: AnswerEncoder, row: Sequence[int]) -> int:
    """Returns how many ids stand before the first end token."""
    ends = _ends(encoder)
    return next((index for index, token in enumerate(row) if token in ends), len(row))


def _ends(encoder: AnswerEncoder) -> set[int]:
    return {encoder.eos_id, encoder.end_id}


@contextmanager
def _decoding_with(model: nn.Module, config: GenerationConfig) -> Iterator[None]:
    """Lends `config` to the model and, should it wear an adapter, to the model inside."""
    holders: list[Any] = [model, unwrapped(model)]
    own = [holder.generation_config for holder in holders]
    try:
        for holder in holders:
            holder.generation_config = config
        yield
    finally:
        for holder, before in zip(holders, own, strict=True):
            holder.generation_config = before
