"""Greedy generation: what a model says when it is asked.

Shapes: B rows, T positions.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from transformers import GenerationConfig

from evals.evaluating import evaluating
from evals.settings import EvaluationSettings
from evals.shard import Shard
from evals.text.encoding import Encoder
from evals.text.example import Task
from evals.text.scoring import batches, num_calls, unwrapped


def generate_task(
    model: nn.Module,
    encoder: Encoder,
    task: Task,
    *,
    settings: EvaluationSettings,
    shard: Shard,
    device: torch.device,
) -> tuple[str, ...]:
    """Returns the greedy continuation of each of this shard's questions, in the task's order.

    Every rank generates equally often, and with more than one rank goes on in a batch until the
    last rank is done: under ZeRO-3 every forward pass needs all of them.
    """
    if not task.examples:
        return ()
    own = shard.take(task.examples)
    prompts = [encoder.encode_prompt(each.question) for each in own or task.examples[:1]]
    size = settings.batch_size
    calls = num_calls([len(part) for part in shard.parts(task.examples)], size=size)
    synced = shard.world > 1 and dist.is_initialized()
    config = greedy(encoder, max_new_tokens=settings.max_new_tokens)
    texts: dict[int, str] = {}
    with evaluating(model), _decoding_with(model, config):
        for batch in batches([len(prompt) for prompt in prompts], size=size, calls=calls):
            picked = [prompts[index] for index in batch]
            new_BT = _continue(model, encoder, picked, synced=synced, device=device)
            texts |= dict(zip(batch, decode(encoder, new_BT), strict=True))
    return tuple(texts[index] for index in range(len(own)))


def greedy(encoder: Encoder, *, max_new_tokens: int) -> GenerationConfig:
    """Returns the settings of plain greedy decoding.

    It stands in for the model's own, where chat models keep sampling and penalties that
    transformers would fill any setting left out with.
    """
    return GenerationConfig(
        do_sample=False,
        max_new_tokens=max_new_tokens,
        pad_token_id=encoder.pad_id,
        eos_token_id=sorted({encoder.eos_id, encoder.end_id}),
    )


def decode(encoder: Encoder, new_BT: Tensor) -> list[str]:
    """Returns the text of each row up to its first end token, stripped."""
    ends = {encoder.eos_id, encoder.end_id}
    texts = []
    for row in new_BT.tolist():
        stop = next((i for i, token in enumerate(row) if token in ends), len(row))
        text: str = encoder.tokenizer.decode(row[:stop], skip_special_tokens=True)
        texts.append(text.strip())
    return texts


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


def _continue(
    model: nn.Module,
    encoder: Encoder,
    prompts: Sequence[tuple[int, ...]],
    *,
    synced: bool,
    device: torch.device,
) -> Tensor:
    """Returns the new tokens only; prompts are padded on the left, so all end together."""
    length = max(len(prompt) for prompt in prompts)
    input_ids_BT = torch.full((len(prompts), length), encoder.pad_id, dtype=torch.long)
    mask_BT = torch.zeros((len(prompts), length), dtype=torch.long)
    for index, prompt in enumerate(prompts):
        input_ids_BT[index, length - len(prompt) :] = torch.tensor(prompt)
        mask_BT[index, length - len(prompt) :] = 1
    all_BT: Tensor = cast(Any, model).generate(
        input_ids=input_ids_BT.to(device),
        attention_mask=mask_BT.to(device),
        synced_gpus=synced,
    )
    return all_BT[:, length:]
