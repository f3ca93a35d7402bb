"""What `test_network` judges of ranks: losses and scores where only rank 0 sees pictures."""

from dataclasses import replace
from pathlib import Path

import torch

from evals.settings import EvaluationSettings
from evals.shard import Shard
from evals.suite import load_suite
from tests.fixtures.vision_language import pictured_people, save_vision_language
from trainers import losses
from trainers.adapters import add_adapter, parameter_groups
from trainers.batch import Batch, single, with_norms
from trainers.distributed import Place, gather, mean_over_ranks
from trainers.engine import Engine
from trainers.loaded_model import LoadedModel
from trainers.models.vision_language import Config, Family
from trainers.settings import AdapterSettings, EngineSettings, L1Mode, TrainingSettings
from trainers.views import StudentView

ROWS, STEPS, LR = 4, 3, 1e-2
ADAPTER = AdapterSettings(rank=2)
WHOLE = {"tower": "trained", "projector": "trained"}
MODES = {
    "adapter, kept": (ADAPTER, {}),
    "adapter, computed": (ADAPTER, {"cache": None}),
    "adapters, computed": (ADAPTER, {"cache": None, **WHOLE}),
    "weights, kept": (None, {"projector": "trained"}),
    "weights, computed": (None, {"cache": None, **WHOLE}),
}
CASES = {"qwen2_vl": tuple(MODES), "llava": ("adapters, computed", "weights, computed")}
STAGES = {1: (0,), 2: (0, 2, 3)}
"""ZeRO stages that are tried with so many ranks."""
PEOPLE = pictured_people()
SUITE = load_suite("multimodal")
SETTINGS = EvaluationSettings(metrics=("retain_rouge",), batch_size=3, max_new_tokens=3)


def study(rank: int, world: int, folder: Path) -> dict:
    found = {}
    for architecture, modes in CASES.items():
        saved = folder / architecture
        if rank == 0:
            save_vision_language(saved, architecture)
        torch.distributed.barrier()
        for mode in modes:
            for stage in STAGES[world]:
                found[architecture, mode, stage] = _trained(saved, mode, stage, rank, world)
    return found


def _trained(saved: Path, mode: str, stage: int, rank: int, world: int) -> dict:
    adapter, settings = MODES[mode]
    config = Config(path=str(saved), **{"cache": str(saved / "cache"), **settings})
    loaded = Family(config).load(benchmark=PEOPLE, checkpoint=None, seed=0).prepared()
    model = loaded.model if adapter is None else add_adapter(loaded.model, adapter, seed=3)
    model.train()
    engine = Engine.start(
        model,
        settings=EngineSettings(zero_stage=stage),
        training=TrainingSettings(batch_size=ROWS, micro_batch_size=ROWS // world),
        world=world,
        groups=parameter_groups(model, l1=0.0, l1_mode=L1Mode.PROXIMAL, weight_decay=0.1),
    )
    place, said = Place(rank, world), []
    batch = _parts(loaded, world)[rank]
    for _ in range(STEPS):
        logits_NV = StudentView(engine.module, loaded.arguments).answer_logits(batch)
        loss = losses.mean_nll(logits_NV, batch)
        engine.backward(loss)
        engine.step(LR)
        said.append(mean_over_ranks(loss, place))
    scores = _scores(engine.module, loaded, place)
    engine.close()
    return {"losses": said, "nlls": scores}


def _parts(loaded: LoadedModel, world: int) -> list[Batch]:
    """Two rows with a picture, then two without, cut into one part a rank."""
    encoder = SUITE.encoder(loaded.processor, max_length=128, key="key")
    seen = [each for each in PEOPLE.splits["full"] if each.picture is not None][:2]
    read = [each for each in PEOPLE.splits["full"] if each.picture is None][:2]
    rows = [*seen, *read]
    size = len(rows) // world
    parts = [
        single(
            tuple(each.id for each in part),
            encoder.collate([encoder.answered(each) for each in part]),
        )
        for part in (rows[start : start + size] for start in range(0, len(rows), size))
    ]
    return [with_norms(part, parts) for part in parts]


def _scores(module: torch.nn.Module, loaded: LoadedModel, place: Place) -> dict[str, float]:
    """The nats of every answer, by all ranks; generating must not hang either."""
    encoder = SUITE.encoder(loaded.processor, max_length=128, key="key")
    (forget, retain) = PEOPLE.tasks
    # The question in words comes last, so that a rank has no picture in its last batch.
    tasks = (forget, replace(retain, examples=retain.examples[:3]))
    found = SUITE.evaluate(
        module,
        encoder,
        replace(PEOPLE, tasks=tasks),
        settings=SETTINGS,
        shard=Shard(place.rank, place.world),
        device=torch.device("cpu"),
    )
    own = {item.id: item.answer.nll for task in found if task for item in task.items}
    return {row_id: nll for part in gather(own, place) for row_id, nll in part.items()}
