"""What `test_evaluation_on_ranks` judges: a score sheet made by each rank of a process group."""

from pathlib import Path

import torch
from peft import PeftModel

from evals.benchmark import Benchmark, Role
from evals.scores import ScoreSheet
from evals.settings import EvaluationSettings
from evals.shard import Shard
from evals.suites.text import SUITE
from evals.text.encoding import Encoder
from evals.text.example import Example, Probability, Task
from trainers.adapters import add_adapter, parameter_groups
from trainers.engine import Engine
from trainers.models.tiny_llama import Config, Family
from trainers.settings import AdapterSettings, EngineSettings, L1Mode, TrainingSettings

STAGES = (0, 3)

# Two ranks: three and two items, one and none, four and four of unequal numbers of answers.
ITEMS = {"forget": 5, "retain": 1, "authors": 8}
ROLES = {"forget": Role.FORGET, "retain": Role.RETAIN, "authors": Role.REAL}
SETTINGS = EvaluationSettings(metrics=("forget", "model_utility"), batch_size=2, max_new_tokens=6)


def study(rank: int, world: int, folder: Path) -> dict[str, ScoreSheet]:
    found = {"alone": _evaluate(*_model("eager"), Shard())}
    for attention in ("sdpa", "eager"):
        for stage in STAGES:
            sheet = _under_engine(Shard(rank, world), stage, attention)
            found[f"{attention} ZeRO-{stage}"] = sheet
    return found


def _under_engine(shard: Shard, stage: int, attention: str) -> ScoreSheet:
    model, encoder = _model(attention)
    engine = Engine.start(
        model,
        settings=EngineSettings(zero_stage=stage),
        training=TrainingSettings(batch_size=shard.world, micro_batch_size=1),
        world=shard.world,
        groups=parameter_groups(model, l1=0.0, l1_mode=L1Mode.PROXIMAL, weight_decay=0.0),
    )
    try:
        return _evaluate(model, encoder, shard)
    finally:
        engine.close()


def _model(attention: str) -> tuple[PeftModel, Encoder]:
    config = Config(hidden_size=32, num_layers=2, vocab_size=300, attn_implementation=attention)
    loaded = Family(config).load(benchmark=_benchmark(), checkpoint=None, seed=0)
    encoder = Encoder(loaded.processor.tokenizer, prompt=loaded.processor.prompt, max_length=128)
    return add_adapter(loaded.model, AdapterSettings(rank=2), seed=0), encoder


def _evaluate(model: PeftModel, encoder: Encoder, shard: Shard) -> ScoreSheet:
    device = torch.device("cpu")
    parts = SUITE.evaluate(
        model, encoder, _benchmark(), settings=SETTINGS, shard=shard, device=device
    )
    return ScoreSheet(tuple(part for part in parts if part is not None))


def _benchmark() -> Benchmark:
    tasks = tuple(
        Task(name, ROLES[name], Probability.PLAIN, tuple(_example(name, i) for i in range(count)))
        for name, count in ITEMS.items()
    )
    return Benchmark("small", {}, tasks, ())


def _example(task: str, index: int) -> Example:
    wrong = ("In Paris.", "By the sea, far from the town.", "No")[: index % 4]
    answer = "In Karachi. " * (1 + index % 3)
    return Example(f"{task}{index}", f"Where is {task} {'now ' * index}?", answer, perturbed=wrong)
