"""What `test_saliency` judges on ranks: the masks of a tiny Llama, and what one ascent moves.

SGD takes the steps: what has no gradient then stays where it is, to the last bit.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from tests.trainers.methods.ranks_study import ADAPTER, ROWS, parts_of, tiny
from trainers.adapters import parameter_groups
from trainers.distributed import Place, mean_over_ranks
from trainers.engine import Engine
from trainers.in_step import finished
from trainers.method import Step
from trainers.methods.mmunlearner import Config, Method
from trainers.requirements import Source
from trainers.saliency import Saliency, salient
from trainers.settings import EngineSettings, TrainingSettings
from trainers.tuning.choice import build_tuning
from trainers.views import NoReference, StudentView

LR, EVERY = 0.5, 2
STAGES = {1: (0,), 2: (0, 2, 3)}


def study(rank: int, world: int, folder: Path) -> dict[tuple[str, int], dict[str, Any]]:
    del folder
    return {
        (tuning, stage): _unlearned(tuning, stage, Place(rank, world))
        for tuning in ("adapter", "full")
        for stage in STAGES[world]
    }


def _unlearned(name: str, stage: int, place: Place) -> dict[str, Any]:
    tuning = build_tuning(ADAPTER if name == "adapter" else None, seed=3)
    model = tuning.applied(tiny())
    training = TrainingSettings(
        lr=LR,
        l1=0.0,
        weight_decay=0.0,
        batch_size=ROWS,
        micro_batch_size=ROWS // place.world,
        optimizer="sgd",
        momentum=0.0,
    )
    engine = Engine.start(
        model,
        settings=EngineSettings(zero_stage=stage),
        training=training,
        world=place.world,
        groups=parameter_groups(model, l1=0.0, l1_mode=training.l1_mode, weight_decay=0.0),
    )
    tuning.keep_start(engine)
    tuning.restart(engine, training)
    rows = {s: parts_of(s, ROWS, place.world)[place.rank] for s in (Source.FORGET, Source.RETAIN)}
    sampler: Any = SimpleNamespace(step=lambda _: [rows], steps_per_epoch=1.0)
    student = StudentView(engine.module)
    masks = finished(salient(engine, student, sampler, threshold=1.0, every=EVERY, place=place))
    tuning.restart(engine, training)
    before = engine.trainable_state()
    told = {key: mask.float().mean().item() for key, mask in masks.items() if "lora_A" not in key}
    saliency, losses, moved = Saliency(masks, every=EVERY), [], {}
    method = Method(Config(retain_steps=EVERY - 1))
    with saliency.over(engine.module):
        for index in range(2 * EVERY):
            saliency.begin(index)
            loss = method.loss(Step(rows, student, NoReference(), index, 4, 0, seed=7))
            engine.backward(loss)
            engine.step(LR)
            losses.append(mean_over_ranks(loss, place))
            if index == 0:
                now = engine.trainable_state()
                moved = {key: now[key] != before[key] for key in masks}
    engine.close()
    strayed = sum(int((moved[key] & ~mask).sum()) for key, mask in masks.items())
    num_moved = sum(int(each.sum()) for each in moved.values())
    return {"losses": losses, "share": _mean(told), "moved": num_moved, "strayed": strayed}


def _mean(shares: dict[str, float]) -> float:
    return torch.tensor(list(shares.values())).mean().item()
