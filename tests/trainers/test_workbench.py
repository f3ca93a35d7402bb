"""A warm rank trains as its settings say, and as a fresh one would."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from evals.building import build_benchmark
from evals.choice import choose
from evals.settings import EvaluationSettings
from trainers import checkpoint, loop
from trainers.execution import Execution, Memory, lighter
from trainers.job import Job, Outcome, Phase, Report
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


def job(
    method: str = "npo", *, dropout: float = 0.0, checkpointing: bool = False, epochs: int = 2
) -> Job:
    size = {"hidden_size": 32, "num_layers": 2, "num_heads": 2, "intermediate_size": 32}
    model = {"name": "tiny_llama", **size, "gradient_checkpointing": checkpointing}
    settings = {"name": method, "layer": 1} if method == "rmu" else {"name": method}
    return Job(
        phase=Phase.TRIAL,
        benchmark=BENCHMARK,
        model=choose("trainers.models", model, key="model"),
        training=TrainingSettings(lr=1e-2, epochs=epochs, l1=0.1),
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


def original() -> Job:
    trial = job(epochs=3)
    none = {"method": None, "base": None, "adapter": None}
    plain = trial.training.model_copy(update={"l1": 0.0})
    return trial.model_copy(update={"phase": Phase.ORIGINAL, "training": plain, **none})


def whole(order: Order, bench: Workbench) -> tuple[list[Report], Outcome]:
    *said, outcome = run(order, bench)
    return [news for news in said if isinstance(news, Report)], outcome


def cut_short(order: Order, folder: Path, *, at: int) -> None:
    """Runs an order up to its `at`-th sign of life, saves it and gives it up."""
    bench = Workbench(Place())
    running = run(order, bench)
    for _ in range(at):
        next(running)
    assert bench.save(folder) == ""
    bench.clear()


@pytest.mark.parametrize("at", [3, 6])
@pytest.mark.parametrize("what", ["trial", "trial with dropout", "fine-tuning"])
def test_a_job_gone_on_with_in_another_process_ends_as_one_that_was_not_cut(
    what: str, at: int, base: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(loop, "BEAT_S", 0.0)
    trial = job("gd", dropout=0.5 if "dropout" in what else 0.0, epochs=8)
    task = original() if what == "fine-tuning" else trial
    bench = Workbench(Place())
    reports, outcome = whole(Order(task, tmp_path / "whole", base), bench)
    bench.clear()
    cut_short(Order(task, tmp_path / "cut", base), tmp_path / "saved", at=at)
    saved = checkpoint.newest(tmp_path / "saved")
    mark = checkpoint.read_bookmark(saved)
    assert 0 < mark.step < reports[-1].step
    said, again = whole(Order(task, tmp_path / "again", base, resume=saved), bench)
    bench.clear()
    assert [*mark.reports, *said] == reports
    assert again.sheet == outcome.sheet
    assert again.facts["steps"] == outcome.facts["steps"]


def test_a_checkpoint_that_cannot_be_read_is_a_start_from_the_beginning(
    base: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(loop, "BEAT_S", 0.0)
    cut_short(Order(job("gd"), tmp_path / "cut", base), tmp_path / "saved", at=2)
    (part,) = (tmp_path / "saved").glob("step-*/part-*")
    part.write_bytes(part.read_bytes()[:-100])
    bench = Workbench(Place())
    order = Order(job("gd"), tmp_path / "again", base, checkpoint.newest(tmp_path / "saved"))
    said, again = whole(order, bench)
    reports, outcome = whole(Order(job("gd"), tmp_path / "whole", base), bench)
    bench.clear()
    assert said == reports
    assert again.sheet == outcome.sheet


def test_nothing_is_saved_where_nothing_is_trained(tmp_path: Path) -> None:
    assert Workbench(Place()).save(tmp_path / "saved") == ""
    assert not (tmp_path / "saved").exists()


def test_every_way_out_of_memory_learns_the_same(base: Path, tmp_path: Path) -> None:
    bench, task = Workbench(Place()), job(epochs=1)
    wanted = learned(bench, task, base, tmp_path / "first")
    now, num_ways = Execution.of(task), 0
    while now := lighter(now, task, world=1, short_of=Memory.DEVICE, evaluating=False):
        num_ways += 1
        found = learned(bench, now.applied(task), base, tmp_path / str(num_ways))
        assert all(torch.allclose(wanted[name], found[name], atol=1e-5) for name in wanted), now
    assert num_ways == 4
    bench.clear()
