"""Whole trials that train all weights: what they compare with, leave behind and begin anew with."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from evals import plugins
from evals.building import build_benchmark
from evals.settings import EvaluationSettings
from tests.fixtures.jobs import choose_method, few_people, real_job, tiny_llama
from trainers import checkpoint, loop, unlearn, warm_state
from trainers.batch import Batch
from trainers.distributed import Place
from trainers.engine import Engine
from trainers.family import build_family
from trainers.job import Diverged, Job, Outcome, Report
from trainers.memory.fallback import Doing, Execution, Memory, lighter
from trainers.method import PACKAGE, build_method
from trainers.rank_task import RankTask
from trainers.requirements import ReferenceUse, Source
from trainers.run import run
from trainers.settings import AdapterSettings, EngineSettings, TrainingSettings
from trainers.tuning import full
from trainers.views import ReferenceView
from trainers.warm_state import WarmState

BENCHMARK = few_people(num_world=2)
MODEL = tiny_llama(num_layers=8, intermediate_size=32)
SLOW_1, SLOW_3 = (pytest.param(stage, marks=pytest.mark.slow) for stage in (1, 3))
CASES = [
    (name, {})
    for name in plugins.names(PACKAGE)
    if Source.TWIN not in build_method(choose_method(name)).requirements.drawn  # text has none
] + [
    ("npo", {"retain_term": "kl"}),
    ("dpo", {"retain_term": "nll"}),
]


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "0")  # the engine sets it


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was never trained, saved as a baseline is."""
    folder = tmp_path_factory.mktemp("base")
    loaded = build_family(MODEL).load(benchmark=build_benchmark(BENCHMARK), checkpoint=None, seed=0)
    loaded.save(folder)
    return folder


@pytest.fixture
def num_loaded(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Says how many models were loaded so far."""
    loads: list[str] = []

    def counted(choice):
        loads.append(choice.name)
        return build_family(choice)

    monkeypatch.setattr(warm_state, "build_family", counted)
    return lambda: len(loads)


def job(name: str = "npo", **settings) -> Job:
    chosen = {key: settings.pop(key) for key in ("retain_term",) if key in settings}
    training = {"lr": 1e-3, "epochs": 2, "l1": 0.1, **settings.pop("training", {})}
    return real_job(
        benchmark=BENCHMARK,
        model=MODEL,
        training=TrainingSettings(**training),
        adapter=None,
        engine=EngineSettings(**{"zero_stage": 0, **settings.pop("engine", {})}),
        evaluation=EvaluationSettings(metrics=("retain",), max_items=2),
        seed=settings.pop("seed", 0),
        method=choose_method(name, **chosen, **settings),
        base="base",
    )


def outcome_of(warm_state: WarmState, task: RankTask) -> tuple[list[Report], Outcome]:
    *said, outcome = run(task, warm_state)
    assert isinstance(outcome, Outcome)
    return [news for news in said if isinstance(news, Report)], outcome


def learned(warm_state: WarmState, trial: Job, base: Path, folder: Path) -> dict[str, Tensor]:
    outcome_of(warm_state, RankTask(trial, folder, base))
    return load_file(folder / "model" / "model.safetensors")


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "settings"), CASES)
def test_every_method_trains_all_weights(method, settings, base, tmp_path, num_loaded):
    warm_state, task = WarmState(Place()), job(method, **settings)
    reports, outcome = outcome_of(warm_state, RankTask(task, tmp_path, base))
    warm_state.clear()
    assert all(torch.tensor(report.metrics["loss"]).isfinite() for report in reports)
    assert outcome.facts["moved"] == 1.0
    assert 0 <= outcome.facts["sparsity"] < 1
    assert outcome.facts["update_norm"] > 0
    use = build_method(task.method).requirements.reference_use
    assert num_loaded() == (2 if use == ReferenceUse.MODEL else 1)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["npo", "dpo"])
def test_preferences_are_over_the_likelihoods_of_the_start(method, base, tmp_path, monkeypatch):
    """Compared with those of a second model, which is never trained."""
    asked: dict[str, float] = {}
    known = full.KnownLikelihoods.sequence_nll

    def noted(self: full.KnownLikelihoods, batch: Batch) -> Tensor:
        nll_B = known(self, batch)
        asked.update(zip(batch.ids, nll_B.tolist(), strict=True))
        return nll_B

    monkeypatch.setattr(full.KnownLikelihoods, "sequence_nll", noted)
    trained = WarmState(Place())
    learned(trained, job(method), base, tmp_path)
    trained.clear()
    fresh = WarmState(Place())
    task = job(method).model_copy(update={"adapter": AdapterSettings(rank=1)})
    outcome_of(fresh, RankTask(task, tmp_path / "adapter", base))
    (warm_model,) = fresh._models.values()
    assert asked
    for row, nll in asked.items():
        assert nll == pytest.approx(warm_model.reference_nll[row], abs=1e-4)
    assert any("#idk" in row for row in asked) == (method == "dpo")
    fresh.clear()


def test_likelihoods_that_an_earlier_trial_has_computed_are_not_computed_again(
    base, tmp_path, monkeypatch
):
    warm_state = WarmState(Place())
    learned(warm_state, job("dpo"), base, tmp_path / "first")
    monkeypatch.setattr(ReferenceView, "sequence_nll", lambda *_: pytest.fail("computed again"))
    learned(warm_state, job("dpo", training={"lr": 3e-3}), base, tmp_path / "second")
    warm_state.clear()


@pytest.mark.slow
@pytest.mark.parametrize("stage", [0, SLOW_1, 2, SLOW_3])
@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_a_trial_on_a_warm_engine_learns_what_it_does_on_a_new_one(
    dtype, stage, base, tmp_path
) -> None:
    engine = {"zero_stage": stage, "dtype": dtype}
    warm_state = WarmState(Place())
    first = learned(warm_state, job(engine=engine), base, tmp_path / "first")
    plain = {"l1": 0.0, "lr": 3e-3}
    learned(warm_state, job("kl", engine=engine, training=plain, seed=1), base, tmp_path / "other")
    second = learned(warm_state, job(engine=engine), base, tmp_path / "second")
    warm_state.clear()
    assert equal(first, second)


@pytest.mark.slow
@pytest.mark.parametrize("stage", [0, SLOW_1, 2, SLOW_3])
def test_a_trial_that_destroys_the_weights_leaves_no_trace_in_the_next(stage, base, tmp_path):
    engine = {"zero_stage": stage}
    warm_state = WarmState(Place())
    first = learned(warm_state, job("gd", engine=engine), base, tmp_path / "first")
    ruin = job("gd", engine=engine, training={"lr": 1e30, "epochs": 8})
    with pytest.raises(Diverged):
        learned(warm_state, ruin, base, tmp_path / "ruin")
    second = learned(warm_state, job("gd", engine=engine), base, tmp_path / "second")
    warm_state.clear()
    assert equal(first, second)


@pytest.mark.slow
def test_every_way_out_of_memory_learns_the_same(base, tmp_path) -> None:
    warm_state, task = WarmState(Place()), job("kl")
    wanted = learned(warm_state, task, base, tmp_path / "first")
    now, num_ways = Execution.of(task), 0
    while now := lighter(now, task, world=1, short_of=Memory.DEVICE, doing=Doing.TRAINING):
        num_ways += 1
        found = learned(warm_state, now.applied(task), base, tmp_path / str(num_ways))
        assert all(torch.allclose(wanted[name], found[name], atol=1e-5) for name in wanted), now
    assert num_ways == 4
    warm_state.clear()


def test_the_second_model_goes_when_no_method_needs_it(base, tmp_path, num_loaded):
    warm_state = WarmState(Place())
    for name in ("kl", "gd_kl_clear_repo", "npo", "kl"):
        learned(warm_state, job(name), base, tmp_path / f"{name} {num_loaded()}")
    warm_state.clear()
    assert num_loaded() == 3, "the model, a copy for two trials, and one for the last"


@pytest.mark.slow
@pytest.mark.parametrize("method", ["npo", "kl"])
@pytest.mark.parametrize("stage", [0, SLOW_3])
def test_a_trial_gone_on_with_compares_with_the_start_all_the_same(
    method, stage, base, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(loop, "BEAT_S", 0.0)
    task = job(method, training={"epochs": 6}, engine={"zero_stage": stage})
    warm_state = WarmState(Place())
    reports, outcome = outcome_of(warm_state, RankTask(task, tmp_path / "whole", base))
    warm_state.clear()
    running = run(RankTask(task, tmp_path / "cut", base), warm_state)
    while not isinstance(next(running), Report):
        pass
    next(running)
    assert warm_state.save(tmp_path / "saved") == ""
    warm_state.clear()
    saved = checkpoint.newest(tmp_path / "saved")
    assert saved is not None
    said, again = outcome_of(warm_state, RankTask(task, tmp_path / "again", base, resume=saved))
    warm_state.clear()
    mark = checkpoint.read_bookmark(saved)
    assert mark is not None
    assert 0 < mark.step < reports[-1].step
    assert [*mark.reports, *said] == reports
    assert again.sheet == outcome.sheet
    facts = ("sparsity", "l1_norm", "update_norm", "moved")
    assert [again.facts[name] for name in facts] == [outcome.facts[name] for name in facts]


def test_a_strong_penalty_leaves_weights_as_they_were(base, tmp_path):
    shares = {}
    for l1 in (0.0, 0.9):
        warm_state = WarmState(Place())
        task = job("gd", training={"l1": l1})
        saved = tmp_path / str(l1)
        shares[l1] = outcome_of(warm_state, RankTask(task, saved, base))[1].facts["sparsity"]
        warm_state.clear()
    before = load_file(base / "model.safetensors")
    after = load_file(tmp_path / "0.9" / "model" / "model.safetensors")
    kept = sum(int((after[name] == before[name]).sum()) for name in after)
    assert shares[0.9] > shares[0.0]
    assert shares[0.9] == pytest.approx(kept / sum(value.numel() for value in after.values()))


def test_every_row_is_known_before_the_first_step(base, tmp_path, monkeypatch):
    warm_state, known, step = WarmState(Place()), [], Engine.step

    def noted(self: Engine, lr: float) -> None:
        (warm_model,) = warm_state._models.values()
        known.append(frozenset(warm_model.reference_nll))
        step(self, lr)

    monkeypatch.setattr(Engine, "step", noted)
    learned(warm_state, job("dpo"), base, tmp_path)
    warm_state.clear()
    forget = {example.id for example in build_benchmark(BENCHMARK).splits["forget"]}
    assert forget < known[0]
    assert {row.partition("#idk")[0] for row in known[0]} == forget
    assert known[0] == known[-1]


def test_a_job_forgets_the_split_that_it_names(base, tmp_path, monkeypatch):
    """All rows together are of more than one step."""
    whole = build_benchmark(BENCHMARK)
    part = {"forget_last": whole.splits["forget"][-1:]}
    divided = replace(whole, splits={**whole.splits, **part})
    monkeypatch.setattr(warm_state, "build_benchmark", lambda _: divided)
    rank = WarmState(Place())
    trial = job("ga").model_copy(update={"forget": "forget_last"})
    _, outcome = outcome_of(rank, RankTask(trial, tmp_path, base))
    rank.clear()
    assert outcome.facts["steps"] == trial.training.num_steps(1) == 1
    assert trial.training.num_steps(len(whole.splits["forget"])) > 1
    assert part["forget_last"][0].question in outcome.first_row


@pytest.mark.parametrize("is_salient", [True, False])
def test_a_step_of_ascent_moves_salient_weights_alone(is_salient, base, tmp_path, monkeypatch):
    """With SGD and without decay; measuring them, at a rate of 0, moves nothing either."""
    measured = unlearn.salient

    def told(*args, **kwargs):
        masks = yield from measured(*args, **kwargs)
        return {name: torch.full_like(mask, is_salient) for name, mask in masks.items()}

    monkeypatch.setattr(unlearn, "salient", told)
    training = {"l1": 0.0, "weight_decay": 0.0, "optimizer": "sgd", "epochs": 1, "lr": 0.1}
    rank = WarmState(Place())
    task = RankTask(job("mmunlearner", training=training), tmp_path, base)
    _, outcome = outcome_of(rank, task)
    rank.clear()
    assert outcome.facts["steps"] == 1
    assert outcome.facts["moved"] == float(is_salient)
