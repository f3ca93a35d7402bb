"""What `test_sku` judges on ranks: a bad model is taught, and its task vector taken off.

SGD takes the steps: rounding that ranks differ by stays rounding, which Adam makes signs of.
"""

from pathlib import Path

import torch

from tests.trainers.methods.ranks_study import ADAPTER, ROWS, parts_of, tiny
from trainers import losses
from trainers.adapters import parameter_groups
from trainers.batch import Batch
from trainers.distributed import Place, mean_over_ranks
from trainers.engine import Engine
from trainers.method import Step
from trainers.methods.sku import Config, Method
from trainers.requirements import Source
from trainers.settings import EngineSettings, TrainingSettings
from trainers.tuning.choice import build_tuning
from trainers.views import ReferenceView, StudentView

STEPS, LR = 4, 0.2
STAGES = {1: (0,), 2: (0, 2, 3)}
CONFIG = Config(num_random=2, normal=0.1, strength=1.5)


def study(rank: int, world: int, folder: Path) -> dict[tuple[str, int], dict[str, list[float]]]:
    del folder
    return {
        (tuning, stage): _taught(tuning, stage, Place(rank, world))
        for tuning in ("adapter", "full")
        for stage in STAGES[world]
    }


def _taught(name: str, stage: int, place: Place) -> dict[str, list[float]]:
    tuning = build_tuning(ADAPTER if name == "adapter" else None, seed=3)
    model = tuning.applied(tiny())
    training = TrainingSettings(
        lr=LR, l1=0.0, batch_size=ROWS, micro_batch_size=ROWS // place.world, optimizer="sgd"
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
    method, student = Method(CONFIG), StudentView(engine.module)
    reference = ReferenceView(engine.module if name == "adapter" else tiny())
    rows = {Source.FORGET: ROWS, Source.RETAIN: ROWS, Source.RANDOM: ROWS * CONFIG.num_random}
    batches = {s: parts_of(s, number, place.world)[place.rank] for s, number in rows.items()}
    said = []
    for index in range(STEPS):
        loss = method.loss(Step(batches, student, reference, index, STEPS, 0, seed=7))
        engine.backward(loss)
        engine.step(LR)
        said.append(mean_over_ranks(loss, place))
    before = _nlls(student, batches, place)
    tuning.negate(engine, method.requirements.negation)
    found = {"losses": said, "before": before, "after": _nlls(student, batches, place)}
    engine.close()
    return found


@torch.no_grad()
def _nlls(student: StudentView, batches: dict[Source, Batch], place: Place) -> list[float]:
    return [
        mean_over_ranks(losses.mean_nll(student.answer_logits(batch), batch), place)
        for batch in batches.values()
    ]
