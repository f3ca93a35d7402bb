"""A warm rank trains as its settings say, and as a fresh one would."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from evals.building import build_benchmark
from evals.choice import choose
from evals.errors import ConfigError
from evals.selection import selected_tasks
from evals.settings import EvaluationSettings
from trainers.job import Job, Phase
from trainers.language_model import build_family
from trainers.order import Order
from trainers.place import Place
from trainers.run import run
from trainers.settings import AdapterSettings, EngineSettings, TrainingSettings
from trainers.workbench import Workbench

BENCHMARK = choose(
    "evals.benchmarks",
    {
        "name": "characters",
        "num_people": 4,
        "forget_people": 1,
        "holdout_people": 0,
        "num_world": 2,
    },
    key="benchmark",
)


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "0")  # the engine sets it


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was never trained, saved as a baseline is."""
    folder = tmp_path_factory.mktemp("base")
    loaded = build_family(job().model).load(
        benchmark=build_benchmark(BENCHMARK), checkpoint=None, seed=0
    )
    loaded.model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    return folder


def job(method: str = "npo", *, dropout: float = 0.0, checkpointing: bool = False) -> Job:
    size = {"hidden_size": 32, "num_layers": 2, "num_heads": 2, "intermediate_size": 32}
    model = {"name": "tiny_llama", **size, "gradient_checkpointing": checkpointing}
    settings = {"name": method, "layer": 1} if method == "rmu" else {"name": method}
    return Job(
        phase=Phase.TRIAL,
        benchmark=BENCHMARK,
        model=choose("trainers.models", model, key="model"),
        training=TrainingSettings(lr=1e-2, epochs=2),
        adapter=AdapterSettings(rank=2, dropout=dropout),
        engine=EngineSettings(zero_stage=0),
        evaluation=EvaluationSettings(metrics=("retain",), max_items=2),
        seed=0,
        method=choose("trainers.methods", settings, key="method"),
        base="base",
        data=build_benchmark(BENCHMARK).fingerprint,
        weights="random",
        version="test",
    )


def learned(bench: Workbench, trial: Job, base: Path, folder: Path) -> dict[str, Tensor]:
    list(run(Order(trial, folder, base), bench))
    return load_file(folder / "adapter" / "adapter_model.safetensors")


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def test_dropout_depends_on_the_seed_and_not_on_the_trials_before(base: Path, tmp_path: Path):
    bench, trial = Workbench(Place()), job(dropout=0.5)
    first, second = (learned(bench, trial, base, tmp_path / name) for name in "ab")
    assert equal(first, second)
    assert not equal(first, learned(bench, job(), base, tmp_path / "c"))
    bench.clear()


def test_gradient_checkpointing_recomputes_every_layer(base: Path):
    calls = {}
    for checkpointing in (False, True):
        bench = Workbench(Place())
        module = bench.adapter_station(job(checkpointing=checkpointing), base).module
        seen: list[None] = []
        for part in module.modules():
            if type(part).__name__ == "LlamaMLP":
                part.register_forward_pre_hook(lambda *_, seen=seen: seen.append(None))
        module(
            input_ids=torch.ones(1, 4, dtype=torch.long), use_cache=False
        ).logits.sum().backward()
        calls[checkpointing] = len(seen)
        bench.clear()
    assert calls == {False: 2, True: 4}


@pytest.mark.parametrize("method", ["kl", "npo", "rmu"])
def test_gradient_checkpointing_learns_the_same(method: str, base: Path, tmp_path: Path):
    bench = Workbench(Place())
    plain = learned(bench, job(method), base, tmp_path / "plain")
    recomputed = learned(bench, job(method, checkpointing=True), base, tmp_path / "recomputed")
    assert all(torch.allclose(plain[name], recomputed[name], atol=1e-5) for name in plain)
    bench.clear()


@pytest.mark.parametrize(
    ("phase", "part", "key"),
    [
        (Phase.TRIAL, "training", "training.max_length"),
        (Phase.ORIGINAL, "training", "baselines.training.max_length"),
        (Phase.TRIAL, "evaluation", "evaluation.max_length"),
    ],
)
def test_a_length_that_holds_no_answer_is_refused_by_its_full_key(
    phase: Phase, part: str, key: str, base: Path, tmp_path: Path
):
    short = getattr(job(), part).model_copy(update={"max_length": 8})
    order = Order(job().model_copy(update={"phase": phase, part: short}), tmp_path, base)
    with pytest.raises(ConfigError, match=rf"^{key} must be .* got 8, .*; raise {key}$"):
        list(run(order, Workbench(Place())))


def test_items_with_an_answer_that_was_cut_are_counted_among_the_facts(base: Path):
    bench, trial = Workbench(Place()), job()
    station = bench.adapter_station(trial, base)
    encoder = bench.encoder(station.language_model, max_length=256, key="evaluation.max_length")
    longest = [
        max(len(encoder.encode(e.question, a).input_ids) for a in (e.answer, *e.perturbed))
        for task in selected_tasks(bench.benchmark(trial.benchmark), trial.evaluation)
        for e in task.examples
    ]
    for length in (max(longest), max(longest) - 1):
        settings = trial.evaluation.model_copy(update={"max_length": length})
        _, facts = bench.evaluate(
            station.module,
            station.language_model,
            trial.model_copy(update={"evaluation": settings}),
        )
        assert facts["num_truncated"] == sum(size > length for size in longest)
        assert facts["eval_s"] > 0
    bench.clear()


def test_a_baseline_with_an_adapter_is_scored_as_the_merged_model_that_trials_start_from(
    tmp_path: Path,
):
    bench = Workbench(Place())
    adapter = AdapterSettings(rank=2)
    changes = {"phase": Phase.ORIGINAL, "method": None, "base": None, "adapter": adapter}
    bf16 = job().model.model_copy(update={"settings": {**job().model.settings, "dtype": "bf16"}})
    changes |= {"model": bf16, "engine": EngineSettings(zero_stage=0, dtype="bf16")}
    original = job().model_copy(update=changes)
    *_, trained = run(Order(original, tmp_path), bench)
    saved = original.model_copy(update={"checkpoint": str(tmp_path / "model"), "adapter": None})
    *_, found = run(Order(saved, tmp_path), bench)
    assert trained.sheet == found.sheet
    bench.clear()
