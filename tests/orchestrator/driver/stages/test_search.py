"""Each study is told what its trials came to, held against the sweep's own baselines."""

import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from evals.building import build_benchmark
from evals.faces.scores import FaceScore, TaskScores
from evals.measure import measure
from evals.scores import ScoreSheet
from orchestrator.config.loading import load_config
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.ticket import Ticket
from orchestrator.searching.constraints import Constraint
from orchestrator.storage.result import Result, State
from tests.fixtures.paths import CONFIGS
from tests.orchestrator.driver.conftest import FakeSweep
from trainers.job import Job, Phase


def test_a_trial_starts_from_the_original_and_compares_with_the_gold(
    begin, config, benchmark
) -> None:
    sweep = begin(config, benchmark)
    gold, original = sweep.queue.next(), sweep.queue.next()
    sweep.run(gold)
    sweep.run(original)
    trial = sweep.queue.next()
    assert trial.base == str(sweep.storage.job_folder(original.job.hash) / "model")
    assert trial.gold == gold.job.hash
    assert trial.job.base == original.job.hash


def test_below_the_floor_is_infeasible_and_never_a_failure(begin, config, benchmark) -> None:
    sweep = begin(config, benchmark)
    sweep.run_all(retain=0.01)
    trials = [entry for entry in sweep.entries if entry.number is not None]
    assert [entry.feasible for entry in trials] == [False] * 6
    assert {entry.result.state for entry in trials} == {State.DONE}
    assert all(entry.violations["retain.at_least"] > 0 for entry in trials)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_metric_that_is_not_finite_is_a_failed_row_with_its_reason(
    begin, config, benchmark, value
) -> None:
    sweep = begin(config, benchmark)
    sweep.run_all(retain=value)
    trials = [entry for entry in sweep.entries if entry.number is not None]
    assert {entry.result.reason for entry in trials} == {f"retain is {value}"}
    assert {entry.result.state for entry in trials} == {State.FAILED}


def test_every_bound_is_held_against_every_trial(begin, config, benchmark) -> None:
    constraints = {
        "retain": Constraint(at_least=0.7, at_most=0.9, relative_to="absolute"),
        "log_forget_quality": Constraint(at_least=-2, relative_to="absolute"),
    }
    search = config.search.model_copy(update={"constraints": constraints})
    sweep = begin(config.model_copy(update={"search": search}), benchmark)
    sweep.run_all()
    trial = sweep.entries[-1]
    assert trial.violations == pytest.approx(
        {"retain.at_least": -0.1, "retain.at_most": -0.1, "log_forget_quality.at_least": 1.0}
    )
    assert not trial.feasible


def test_a_metric_that_is_missing_is_a_failure_that_says_so(begin, config, benchmark) -> None:
    sweep = begin(config, benchmark)
    sweep.run(sweep.queue.next())
    sweep.run(sweep.queue.next())
    ticket = sweep.queue.next()
    job = ticket.job
    result = Result(job, State.DONE, "", {"retain": 0.8}, {}, 1.0, (), 0.0, gold=ticket.gold)
    sweep.storage.commit(result, sweep.storage.begin(job), None)
    sweep.queue.finish(job, error="")
    assert sweep.entries[-1].result.reason == "log_forget_quality was not measured"


def test_a_failed_trial_is_one_row_and_the_sweep_goes_on(begin, config, benchmark) -> None:
    sweep = begin(config, benchmark)
    tickets = sweep.run_all(fails="the loss became nan at step 3 of 5")
    assert len(tickets) == 8
    reasons = [entry.result.reason for entry in sweep.entries if entry.number is not None]
    assert reasons == ["the loss became nan at step 3 of 5"] * 6


def test_a_trial_whose_result_was_deleted_is_run_again_and_told_to_nobody_twice(
    begin, config, benchmark
) -> None:
    first = begin(config, benchmark)
    deleted = first.run_all()[-1].job
    shutil.rmtree(first.storage.job_folder(deleted.hash))
    again = begin(config, benchmark)
    (ticket,) = again.run_all(retain=0.7)
    assert ticket.job == deleted
    assert again.queue.complete
    assert len(again.entries) == len(first.entries)
    assert again.entries[-1].result.metrics["retain"] == 0.7
    assert begin(config, benchmark).run_all() == []


def test_a_result_found_in_storage_is_held_against_the_gold_model_of_this_sweep(
    begin, config, benchmark, tmp_path
) -> None:
    begin(config, benchmark).run_all()
    other = tmp_path / "other gold"
    other.mkdir()
    (other / "model.safetensors").write_bytes(b"weights")
    baselines = config.baselines.model_copy(update={"gold": str(other)})
    changed = config.model_copy(update={"name": "second", "baselines": baselines})
    second = begin(changed, benchmark)
    second.run(second.queue.next(), nll=3.0)
    assert second.run_all() == []
    found = [e.result.metrics for e in second.entries if e.number is not None]
    # Every truth ratio differs from gold's: ln p of two disjoint samples.
    size = len(benchmark.splits["forget"])
    disjoint = math.log(2 / math.comb(2 * size, size))
    assert [m["log_forget_quality"] for m in found] == pytest.approx([disjoint] * 6)
    assert {m["retain"] for m in found} == {0.8}


def test_a_metric_that_is_not_finite_is_a_failed_row_of_a_continued_sweep_too(
    begin, config, benchmark
) -> None:
    begin(config, benchmark).run_all(retain=math.nan)
    again = begin(config, benchmark)
    again.run_all()
    trials = [entry.result for entry in again.entries if entry.number is not None]
    assert [(r.state, r.reason) for r in trials] == [(State.FAILED, "retain is nan")] * 6


def test_a_warm_start_is_held_against_this_sweeps_bounds_and_is_no_trial_of_it(
    begin, config, benchmark, tmp_path
) -> None:
    first = begin(config, benchmark)
    first.run_all(retain=0.5)
    folder = first.storage.root / "sweeps" / config.name
    warm = config.search.model_copy(update={"warm_start": folder})
    changed = config.model_copy(
        update={"name": "second", "search": warm, "storage": tmp_path / "other"}
    )
    second = begin(changed, benchmark)
    second.run(second.queue.next(), nll=3.0)
    second.run(second.queue.next())
    for search in second.searches.values():
        past = search._study.get_trials(deepcopy=False)
        assert [trial.user_attrs.get("number") for trial in past] == [None] * 3
        original = second.baselines.reference.original.metrics["retain"]
        # Measured again from its scores, over the items that this search sees.
        here = measure(second.sheet(nll=1.0), None, ["retain"])["retain"]
        known = {"retain.at_least": pytest.approx(0.9 * original - here)}
        assert [trial.constraints for trial in past] == [known] * 3
        # Every truth ratio differs from this gold's: ln p of two disjoint samples.
        size = len(benchmark.splits["forget"])
        disjoint = math.log(2 / math.comb(2 * size, size))
        objectives = [trial.user_attrs["objective"] for trial in past]
        assert objectives == pytest.approx([disjoint] * 3)
        assert search.remaining == 3
    second.run_all()
    trials = [entry for entry in second.entries if entry.number is not None]
    assert sorted(entry.number for entry in trials) == [0, 0, 1, 1, 2, 2]
    assert second.queue.complete


def test_a_metric_that_collapsed_is_marked_for_the_search(begin, config, benchmark) -> None:
    sweep = begin(config, benchmark)
    sweep.run_all(retain=math.nan)
    again = begin(config.model_copy(update={"name": "other", "seed": 1}), benchmark)
    again.run_all(fails="rank 0 was lost")
    for made, marked in ((sweep, True), (again, False)):
        for search in made.searches.values():
            trials = search._study.get_trials(deepcopy=False)
            assert [trial.user_attrs.get("collapsed", False) for trial in trials] == [marked] * 3


def test_trials_are_watched_for_the_floor_and_baselines_are_not(begin, config, benchmark) -> None:
    sweep = begin(config, benchmark)
    first, second = sweep.queue.next(), sweep.queue.next()
    assert (first.guard, second.guard) == (None, None)
    sweep.run(first)
    sweep.run(second)
    guard = sweep.queue.next().guard
    assert guard.limits[0].metric == "retain"
    assert guard.limits[0].value == sweep.baselines.reference.bounds[0].value
    num_steps = config.training.num_steps(len(benchmark.splits["forget"]))
    assert guard.every == math.ceil(num_steps / 20)


def test_a_stopped_trial_is_infeasible_and_says_why(begin, config, benchmark) -> None:
    sweep = begin(config, benchmark)
    sweep.run_all(retain=0.01, stopped=True)
    trials = [entry for entry in sweep.entries if entry.number is not None]
    assert [entry.feasible for entry in trials] == [False] * 6
    assert {entry.result.stopped for entry in trials} == {"stopped at step 2"}


def test_a_trial_that_was_stopped_but_keeps_every_bound_is_a_failure(
    begin, config, benchmark
) -> None:
    sweep = begin(config, benchmark)
    sweep.run_all(retain=1.0, stopped=True)
    trials = [entry for entry in sweep.entries if entry.number is not None]
    assert {entry.result.state for entry in trials} == {State.FAILED}
    assert trials[0].result.reason == "stopped at step 2, but keeps every bound"


def test_a_training_that_diverged_is_told_as_a_collapse(begin, config, benchmark) -> None:
    sweep = begin(config, benchmark)
    sweep.run_all(fails="the loss became nan at step 3 of 5", collapsed=True)
    journal = (sweep.storage.sweep_folder(config.name) / "search.journal").read_text()
    assert journal.count('"collapsed"') == 6


def test_a_trial_that_a_full_disk_kept_from_being_told_is_told_when_the_sweep_goes_on(
    begin, config, benchmark
) -> None:
    class Over(Exception):
        pass

    def full(error: OSError) -> None:
        raise Over

    for unlucky in range(2, 8):
        name = f"sweep-{unlucky}"
        changed = config.model_copy(update={"name": name, "seed": unlucky})
        sweep = begin(changed, benchmark, wait=full)
        for _ in range(unlucky):
            sweep.run(sweep.queue.next())
        ticket = sweep.queue.next()
        if ticket is None:
            continue
        sweep.commit(ticket)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("os.fsync", no_room)
            with pytest.raises(Over):
                sweep.queue.finish(ticket.job, error="")
        again = begin(changed, benchmark)
        again.run_all()
        assert again.queue.complete
        numbers = sorted((e.label, e.number) for e in again.entries if e.number is not None)
        assert numbers == [(label, n) for label in ("ga", "npo") for n in range(3)]
        assert all(e.result.state == State.DONE for e in again.entries)


def no_room(_: int) -> None:
    raise OSError(28, "No space left on device")


class AtSplits(FakeSweep):
    """A sweep of faces whose search is on three splits."""

    METRICS = {"retain_accuracy": 1.0, "accuracy_gap": 0.6}

    def sheet_of(self, job: Job) -> ScoreSheet:
        tasks = [
            TaskScores(
                t.name, t.role, tuple(FaceScore(e.id, e.person, 1, 0, 0) for e in t.examples)
            )
            for t in build_benchmark(job.benchmark).tasks
        ]
        return ScoreSheet(tuple(tasks))

    def run(self, ticket: Ticket, *, fails: str = "", **metrics: float) -> None:
        job = ticket.job
        state = State.FAILED if fails else State.DONE
        found = {} if fails else {**self.METRICS, **metrics}
        result = Result(job, state, fails, found, {}, 1.0, (), 0.0, gold=ticket.gold or "")
        sheet = None if fails else self.sheet_of(job)
        self.storage.commit(result, self.storage.begin(job), sheet)
        self.queue.finish(job, error="lost")

    def packs(self) -> Iterator[list[Ticket]]:
        while (ticket := self.queue.next()) is not None:
            yield [ticket, *ticket.following]


@pytest.fixture
def faces(tmp_path):
    def sweep(*words: str) -> AtSplits:
        config = load_config(str(CONFIGS / "vision_tiny.yaml"), [*settings, *words])
        return AtSplits(config, build_benchmark(config.benchmark))

    settings = [
        f"storage={tmp_path}",
        "benchmark={name: portraits, forget_people: 1, holdout_people: 1, retain_people: 2, "
        "other_people: 2, pictures_per_person: 2, enrolled: 1, size: 16, num_splits: 8}",
        "methods=[gd,scrub]",
        "search={splits: 3, trials: 2, sampler: random, objective: accuracy_gap, "
        "constraints: {retain_accuracy: {at_least: 0.9}}}",
        "finalists=null",
        "attacks=null",
    ]
    return sweep


def split_of(ticket: Ticket) -> object:
    return ticket.job.benchmark.settings["split"]


def baselines(sweep: AtSplits, **original: float) -> None:
    for _ in range(6):
        ticket = sweep.queue.next()
        sweep.run(ticket, **(original if ticket.job.phase == Phase.ORIGINAL else {}))


def test_a_trial_of_several_splits_goes_to_one_gang_and_counts_by_its_mean(faces) -> None:
    sweep = faces()
    baselines(sweep)
    pack = next(sweep.packs())
    assert [split_of(ticket) for ticket in pack] == [0, 1, 2]
    assert len({ticket.base for ticket in pack}) == len({ticket.gold for ticket in pack}) == 3
    assert all(ticket.guard is None for ticket in pack)
    for ticket, gap in zip(pack, (0.5, 0.2, 0.2), strict=True):
        assert sweep.trials == [], "it is not whole"
        sweep.run(ticket, accuracy_gap=gap)
    (entry,) = [each for each in sweep.entries if each.number is not None]
    assert entry.result.metrics["accuracy_gap"] == pytest.approx(0.3)
    assert entry.result.job == pack[0].job
    assert entry.feasible
    assert sweep.searches[entry.label].remaining == 1


def test_of_several_objectives_each_is_told_by_its_mean(faces) -> None:
    sweep = faces("search.objective=[accuracy_gap,retain_accuracy]")
    baselines(sweep)
    pack = next(sweep.packs())
    for ticket, gap, retain in zip(pack, (0.1, 0.3, 0.2), (1.0, 0.94, 0.97), strict=True):
        sweep.run(ticket, accuracy_gap=gap, retain_accuracy=retain)
    (journal,) = sweep.storage.root.glob("sweeps/*/search.journal")
    storage = JournalStorage(JournalFileBackend(str(journal)))
    study = optuna.load_study(study_name=sweep.entries[-1].label, storage=storage)
    assert [way.name for way in study.directions] == ["MINIMIZE", "MAXIMIZE"]
    assert study.trials[0].values == pytest.approx([math.sqrt(0.2), math.sqrt(0.97)])


def test_bounds_are_held_against_the_mean_original(faces) -> None:
    sweep = faces()
    for _ in range(6):
        ticket = sweep.queue.next()
        sweep.run(ticket, retain_accuracy=1.0 if split_of(ticket) else 0.4)
    assert sweep.baselines.reference.original.metrics["retain_accuracy"] == pytest.approx(0.8)
    for ticket in next(sweep.packs()):
        sweep.run(ticket, retain_accuracy=0.73)
    assert sweep.entries[-1].violations == pytest.approx({"retain_accuracy.at_least": 0.72 - 0.73})


def test_a_baseline_that_fails_at_a_split_ends_the_sweep_and_says_where(faces) -> None:
    sweep = faces()
    for _ in range(2):
        sweep.run(sweep.queue.next())
    sweep.run(sweep.queue.next(), fails="lost")
    assert sweep.queue.failure == "the original model of split 1 failed: lost"


def test_a_trial_that_fails_at_one_split_has_failed(faces) -> None:
    sweep = faces()
    baselines(sweep)
    pack = next(sweep.packs())
    sweep.run(pack[0])
    sweep.run(pack[1], fails="the loss is nan")
    sweep.run(pack[2])
    assert sweep.entries[-1].result.reason == "at split 1: the loss is nan"


def test_a_sweep_that_goes_on_runs_what_is_missing_of_a_trial(faces) -> None:
    first = faces()
    baselines(first)
    pack = next(first.packs())
    first.run(pack[0])
    first.queue.withdraw(pack[1].job)
    again = first.queue.next()
    assert again.job == pack[1].job, "what was taken back comes next"
    first.run(again, accuracy_gap=0.0)
    first.queue.leave()
    sweep = faces()
    left = [ticket.job.hash for pack in sweep.packs() for ticket in pack]
    assert left[0] == pack[2].job.hash
    assert len(left) == len(set(left)) == 1 + 3 * 3


def test_a_finished_trial_is_told_again_unless_a_part_of_it_is_gone(faces) -> None:
    first = faces()
    baselines(first)
    pack = next(first.packs())
    for ticket in pack:
        first.run(ticket)
    first.queue.leave()
    sweep = faces()
    assert next(sweep.packs())[0].job != pack[0].job
    assert sweep.trials == [(first.trials[0])]
    shutil.rmtree(sweep.storage.job_folder(pack[2].job.hash))
    assert [ticket.job for ticket in next(faces().packs())] == [pack[2].job]


class OfTheFront(FakeSweep):
    """A sweep whose trials forget the more, and retain the less, the larger their learning rate."""

    def run(self, ticket: Ticket, **how: object) -> None:
        if ticket.job.phase == Phase.TRIAL:
            x = (math.log10(ticket.job.training.lr) + 5) / 2
            how = {"retain": 0.8 - 0.3 * x**2, "quality": -40 * (1 - x) ** 2, **how}
        super().run(ticket, **how)


@pytest.fixture
def of_the_front(config) -> SweepConfig:
    objective = ["log_forget_quality", "retain"]
    return load_config(
        None,
        [
            f"storage={config.storage}",
            "methods=[ga,npo]",
            "search={trials: 5, startup_trials: 2, lr: {low: 1e-5, high: 1e-3}}",
            "search.constraints.retain={at_least: 0.6, relative_to: absolute}",
            "search.constraints.log_forget_quality={at_least: -36, relative_to: absolute}",
            f"search.objective=[{','.join(objective)}]",
            "evaluation.metrics=[retain,log_forget_quality]",
            "benchmark.num_people=6",
            "benchmark.forget_people=2",
            "finalists=null",
        ],
    )


def test_a_sweep_of_two_objectives_that_is_killed_ends_in_the_same_studies(
    of_the_front, benchmark
) -> None:
    whole = OfTheFront(of_the_front, benchmark)
    whole.run_all()
    journal = of_the_front.folder / "sweeps" / of_the_front.name / "search.journal"
    expected = studies(journal)
    assert all(len(values) == 2 for _, _, values, _ in expected)
    shutil.rmtree(of_the_front.folder)
    for upto in (5, 9, 100):  # two baselines among them
        sweep = OfTheFront(of_the_front, benchmark)
        for _ in range(upto):
            if (ticket := sweep.queue.next()) is None:
                break
            sweep.run(ticket)
        sweep.queue.next()  # is running when the process is killed
        sweep.ledger.close()
    assert studies(journal) == expected


def studies(journal: Path) -> list[tuple[object, ...]]:
    """Returns every trial of a journal: its study, parameters, objectives and signals."""
    storage = JournalStorage(JournalFileBackend(str(journal)))
    return [
        (name, trial.params, trial.values, trial.user_attrs["signals"])
        for name in optuna.get_all_study_names(storage)
        for trial in optuna.load_study(study_name=name, storage=storage).trials
    ]
