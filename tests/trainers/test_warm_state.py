"""A warm rank trains as its settings say, and as a fresh one would."""

from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from evals.building import build_benchmark
from evals.errors import ConfigError
from evals.measure import measure
from evals.selection import selected_tasks
from evals.settings import EvaluationSettings
from tests.fixtures.jobs import choose_method, few_people, real_job, tiny_llama
from trainers import checkpoint, loop
from trainers.distributed import Place
from trainers.early_stopping import Guard, Limit
from trainers.family import build_family
from trainers.in_step import finished
from trainers.job import Job, Outcome, Phase, Report
from trainers.memory.fallback import Doing, Execution, Memory, lighter
from trainers.rank_task import RankTask
from trainers.run import run
from trainers.settings import AdapterSettings, EngineSettings, TrainingSettings
from trainers.warm_state import WarmState
from trainers.weight_files import fingerprint_of

Result = TypeVar("Result")

BENCHMARK = few_people(num_world=2)


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
    loaded.processor.tokenizer.save_pretrained(folder)
    return folder


def job(
    name: str = "npo", *, dropout: float = 0.0, checkpointing: bool = False, epochs: int = 2
) -> Job:
    size = {"num_layers": 2, "intermediate_size": 32}
    return real_job(
        benchmark=BENCHMARK,
        model=tiny_llama(**size, gradient_checkpointing=checkpointing),
        training=TrainingSettings(lr=1e-2, epochs=epochs, l1=0.1),
        adapter=AdapterSettings(rank=2, dropout=dropout),
        engine=EngineSettings(zero_stage=0),
        evaluation=EvaluationSettings(metrics=("retain",), max_items=2),
        method=choose_method(name, **({"layer": 1} if name == "rmu" else {})),
        base="base",
    )


def learned(warm_state: WarmState, trial: Job, base: Path, folder: Path) -> dict[str, Tensor]:
    list(run(RankTask(trial, folder, base), warm_state))
    return load_file(folder / "adapter" / "adapter_model.safetensors")


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def test_dropout_depends_on_the_seed_and_not_on_the_trials_before(base: Path, tmp_path: Path):
    warm_state, trial = WarmState(Place()), job(dropout=0.5)
    first, second = (learned(warm_state, trial, base, tmp_path / name) for name in "ab")
    assert equal(first, second)
    assert not equal(first, learned(warm_state, job(), base, tmp_path / "c"))
    warm_state.clear()


def test_gradient_checkpointing_recomputes_every_layer(base: Path):
    calls = {}
    for checkpointing in (False, True):
        warm_state = WarmState(Place())
        module = finished(warm_state.trial_model(job(checkpointing=checkpointing), base)).module
        seen: list[None] = []
        for part in module.modules():
            if type(part).__name__ == "LlamaMLP":
                part.register_forward_pre_hook(lambda *_, seen=seen: seen.append(None))
        module(
            input_ids=torch.ones(1, 4, dtype=torch.long), use_cache=False
        ).logits.sum().backward()
        calls[checkpointing] = len(seen)
        warm_state.clear()
    assert calls == {False: 2, True: 4}


@pytest.mark.slow
@pytest.mark.parametrize("method", ["kl", "npo", "rmu"])
def test_gradient_checkpointing_learns_the_same(method: str, base: Path, tmp_path: Path):
    warm_state = WarmState(Place())
    plain = learned(warm_state, job(method), base, tmp_path / "plain")
    recomputed = learned(warm_state, job(method, checkpointing=True), base, tmp_path / "recomputed")
    assert all(torch.allclose(plain[name], recomputed[name], atol=1e-5) for name in plain)
    warm_state.clear()


def original() -> Job:
    trial = job(epochs=3)
    none = {"method": None, "base": None, "adapter": None}
    plain = trial.training.model_copy(update={"l1": 0.0})
    return trial.model_copy(update={"phase": Phase.ORIGINAL, "training": plain, **none})


def whole(task: RankTask, warm_state: WarmState) -> tuple[list[Report], Outcome]:
    *said, outcome = run(task, warm_state)
    return [news for news in said if isinstance(news, Report)], outcome


def cut_short(task: RankTask, folder: Path, *, at: int) -> None:
    """Runs a task up to its `at`-th sign of life, saves it and gives it up."""
    warm_state = WarmState(Place())
    running = run(task, warm_state)
    for _ in range(at):
        next(running)
    assert warm_state.save(folder) == ""
    warm_state.clear()


@pytest.mark.slow
@pytest.mark.parametrize("at", [3, 6])
@pytest.mark.parametrize("what", ["trial", "trial with dropout", "fine-tuning"])
def test_a_job_gone_on_with_in_another_process_ends_as_one_that_was_not_cut(
    what: str, at: int, base: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(loop, "BEAT_S", 0.0)
    trial = job("gd", dropout=0.5 if "dropout" in what else 0.0, epochs=8)
    task = original() if what == "fine-tuning" else trial
    warm_state = WarmState(Place())
    reports, outcome = whole(RankTask(task, tmp_path / "whole", base), warm_state)
    warm_state.clear()
    cut_short(RankTask(task, tmp_path / "cut", base), tmp_path / "saved", at=at)
    saved = checkpoint.newest(tmp_path / "saved")
    mark = checkpoint.read_bookmark(saved)
    assert 0 < mark.step < reports[-1].step
    said, again = whole(RankTask(task, tmp_path / "again", base, resume=saved), warm_state)
    warm_state.clear()
    assert [*mark.reports, *said] == reports
    assert again.sheet == outcome.sheet
    assert again.facts["steps"] == outcome.facts["steps"]


def test_a_checkpoint_that_cannot_be_read_is_a_start_from_the_beginning(
    base: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(loop, "BEAT_S", 0.0)
    cut_short(RankTask(job("gd"), tmp_path / "cut", base), tmp_path / "saved", at=2)
    (part,) = (tmp_path / "saved").glob("step-*/part-*")
    part.write_bytes(part.read_bytes()[:-100])
    warm_state = WarmState(Place())
    task = RankTask(job("gd"), tmp_path / "again", base, checkpoint.newest(tmp_path / "saved"))
    said, again = whole(task, warm_state)
    reports, outcome = whole(RankTask(job("gd"), tmp_path / "whole", base), warm_state)
    warm_state.clear()
    assert said == reports
    assert again.sheet == outcome.sheet


def test_nothing_is_saved_where_nothing_is_trained(tmp_path: Path) -> None:
    assert WarmState(Place()).save(tmp_path / "saved") == ""
    assert not (tmp_path / "saved").exists()


@pytest.mark.slow
def test_every_way_out_of_memory_learns_the_same(base: Path, tmp_path: Path) -> None:
    warm_state, task = WarmState(Place()), job(epochs=1)
    wanted = learned(warm_state, task, base, tmp_path / "first")
    now, num_ways = Execution.of(task), 0
    while now := lighter(now, task, world=1, short_of=Memory.DEVICE, doing=Doing.TRAINING):
        num_ways += 1
        found = learned(warm_state, now.applied(task), base, tmp_path / str(num_ways))
        assert all(torch.allclose(wanted[name], found[name], atol=1e-5) for name in wanted), now
    assert num_ways == 4
    warm_state.clear()


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
    task = RankTask(job().model_copy(update={"phase": phase, part: short}), tmp_path, base)
    with pytest.raises(ConfigError, match=rf"^{key} must be .* got 8, .*; raise {key}$"):
        list(run(task, WarmState(Place())))


def returned(running: Generator[object, None, Result]) -> Result:
    """Runs a generator to its end and gives what it returns."""
    while True:
        try:
            next(running)
        except StopIteration as end:
            return end.value


def test_items_with_an_answer_that_was_cut_are_counted_among_the_facts(base: Path):
    warm_state, trial = WarmState(Place()), job()
    warm_model = finished(warm_state.trial_model(trial, base))
    encoder = warm_state.encoder(
        trial, warm_model.loaded, max_length=256, key="evaluation.max_length"
    )
    longest = [
        max(len(encoder.encode(e.question, a).input_ids) for a in (e.answer, *e.perturbed))
        for task in selected_tasks(warm_state.benchmark(trial.benchmark), trial.evaluation)
        for e in task.examples
    ]
    for length in (max(longest), max(longest) - 1):
        settings = trial.evaluation.model_copy(update={"max_length": length})
        shorter = trial.model_copy(update={"evaluation": settings})
        _, facts = returned(warm_state.evaluate(warm_model.module, warm_model.loaded, shorter))
        assert facts["num_truncated"] == sum(size > length for size in longest)
        assert facts["eval_s"] > 0
    warm_state.clear()


def test_a_baseline_with_an_adapter_is_scored_as_the_merged_model_that_trials_start_from(
    tmp_path: Path,
):
    warm_state = WarmState(Place())
    adapter = AdapterSettings(rank=2)
    changes = {"phase": Phase.ORIGINAL, "method": None, "base": None, "adapter": adapter}
    bf16 = job().model.model_copy(update={"settings": {**job().model.settings, "dtype": "bf16"}})
    changes |= {"model": bf16, "engine": EngineSettings(zero_stage=0, dtype="bf16")}
    original = job().model_copy(update=changes)
    *_, trained = run(RankTask(original, tmp_path), warm_state)
    given = {"checkpoint": str(tmp_path / "model"), "adapter": None}
    saved = original.model_copy(update={**given, "weights": fingerprint_of(tmp_path / "model")})
    *_, found = run(RankTask(saved, tmp_path), warm_state)
    assert trained.sheet == found.sheet
    warm_state.clear()


def watch(value: float, *, patience: int = 2) -> Guard:
    """Watches the retain metric, which no training of these can change much, on two items."""
    limit = Limit(metric="retain", side="at_least", value=value, whole=value + 1, recovery=0.0)
    return Guard(every=1, items=2, confidence=0.9, patience=patience, limits=(limit,))


def test_probes_do_not_touch_what_is_learned(base: Path, tmp_path: Path) -> None:
    warm_state, trial = WarmState(Place()), job("gd", dropout=0.5, epochs=8)
    plain, outcome = whole(RankTask(trial, tmp_path / "plain", base), warm_state)
    guarded = RankTask(trial, tmp_path / "guarded", base, guard=watch(0.0))
    reports, again = whole(guarded, warm_state)
    warm_state.clear()
    assert again.sheet == outcome.sheet
    assert again.stopped == ""
    assert len(reports) == reports[-1].num_steps > len(plain)
    assert all("probe_retain" in report.metrics for report in reports[:-1])
    assert "probe_retain" not in reports[-1].metrics


def test_a_probe_of_all_items_reads_what_the_evaluation_measures(
    base: Path, tmp_path: Path
) -> None:
    warm_state, trial = WarmState(Place()), job("gd", epochs=8)
    steps = trial.training.num_steps(len(warm_state.benchmark(BENCHMARK).splits["forget"]))
    task = RankTask(trial, tmp_path / "order", base, guard=watch(2.0, patience=steps - 1))
    reports, outcome = whole(task, warm_state)
    warm_state.clear()
    assert reports[-1].step == steps - 1, "stopped at the last probe, then measured"
    measured = measure(outcome.sheet, None, ("retain",))["retain"]
    assert reports[-1].metrics["probe_retain"] == pytest.approx(measured)
    assert reports[-1].metrics["probe_retain_error"] == 0.0


def test_a_trial_that_is_lost_is_stopped_and_measured_and_keeps_its_adapter(
    base: Path, tmp_path: Path
) -> None:
    warm_state, trial = WarmState(Place()), job("gd", epochs=8)
    reports, outcome = whole(
        RankTask(trial, tmp_path / "order", base, guard=watch(2.0)), warm_state
    )
    warm_state.clear()
    assert [report.step for report in reports] == [1, 2]
    assert outcome.stopped.startswith(f"stopped at step 2 of {reports[-1].num_steps}: retain ")
    assert outcome.facts["steps"] == 2
    assert [len(task.items) for task in outcome.sheet.tasks] == [2, 2, 1, 1], "measured whole"
    assert (tmp_path / "order" / "adapter" / "adapter_model.safetensors").exists()


def test_a_trial_cut_between_two_probes_is_stopped_where_it_would_have_been(
    base: Path, tmp_path: Path
) -> None:
    guarded = {"guard": watch(2.0, patience=3)}
    warm_state = WarmState(Place())
    reports, outcome = whole(
        RankTask(job("gd", epochs=8), tmp_path / "whole", base, **guarded), warm_state
    )
    warm_state.clear()
    cut_short(
        RankTask(job("gd", epochs=8), tmp_path / "cut", base, **guarded), tmp_path / "saved", at=2
    )
    saved = checkpoint.newest(tmp_path / "saved")
    said, again = whole(
        RankTask(job("gd", epochs=8), tmp_path / "again", base, saved, **guarded), warm_state
    )
    warm_state.clear()
    assert [report.step for report in said] == [3]
    assert said == reports[2:]
    assert (again.stopped, again.sheet) == (outcome.stopped, outcome.sheet)


def test_a_trial_saved_when_it_was_stopped_is_not_trained_on(base: Path, tmp_path: Path) -> None:
    guarded = {"guard": watch(2.0)}
    cut_short(
        RankTask(job("gd", epochs=8), tmp_path / "cut", base, **guarded), tmp_path / "saved", at=2
    )
    warm_state = WarmState(Place())
    saved = checkpoint.newest(tmp_path / "saved")
    said, again = whole(
        RankTask(job("gd", epochs=8), tmp_path / "again", base, saved, **guarded), warm_state
    )
    warm_state.clear()
    assert said == []
    assert again.facts["steps"] == 2
    assert again.stopped


def test_a_method_that_means_to_repair_its_harm_is_not_judged_before(
    base: Path, tmp_path: Path
) -> None:
    warm_state = WarmState(Place())
    task = RankTask(job("scrub", epochs=10), tmp_path / "order", base, guard=watch(2.0))
    reports, outcome = whole(task, warm_state)
    warm_state.clear()
    # Two epochs of one step for each of three max epochs, then two probes.
    assert [r.step for r in reports if "probe_retain" in r.metrics] == [6, 7]
    assert outcome.facts["steps"] == 7


def test_a_method_that_sees_no_retained_rows_is_stopped_sooner(base: Path, tmp_path: Path) -> None:
    warm_state, steps = WarmState(Place()), {}
    for method in ("ga", "gd"):
        task = job(method, epochs=8)
        task = RankTask(task, tmp_path / method, base, guard=watch(2.0, patience=4))
        steps[method] = whole(task, warm_state)[1].facts["steps"]
    warm_state.clear()
    assert steps == {"ga": 2, "gd": 4}


def test_a_base_with_other_weights_than_were_asked_for_is_not_trained(base: Path, tmp_path: Path):
    warm_state, asked = WarmState(Place()), fingerprint_of(base)
    finished(warm_state.trial_model(job(), base, weights=asked))
    task = RankTask(job(), tmp_path, base, base_weights=f"files:{'0' * 64}")
    with pytest.raises(ConfigError, match=f"{base} must hold the weights that the job starts from"):
        list(run(task, WarmState(Place())))
