"""A sweep stays within its quota of disk and touches nothing that is not its own to remove."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evals.validation import validated
from orchestrator.config.gang import GangSettings
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.limits import disk_quota
from orchestrator.limits.disk_quota import Quota
from orchestrator.limits.full_disk import SpaceSources
from orchestrator.limits.ledger import Ledger
from orchestrator.results.entry import Entry
from orchestrator.searching.constraints import Bound, violations
from orchestrator.storage.records import Storage, version
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job
from trainers.job import Job, Phase

KIB = 2**10
BOUNDS = (Bound("retain", "at_least", 0.5),)


class House:
    """A storage folder with a sweep's quota in it, and what was said and told to MLflow."""

    def __init__(self, folder: Path, *, whole: bool = False, **disk: object) -> None:
        self.kind = "model" if whole else "adapter"
        raw = {
            "name": "mine",
            "storage": str(folder),
            "benchmark": {"name": "characters"},
            "model": {"name": "tiny_llama"},
            "methods": ["npo"],
            "tracking": {"uri": "http://tracking:5000"},
            "disk": disk,
            "adapter": None if whole else {},
        }
        self.config: SweepConfig = validated(SweepConfig, raw, key="")
        self.storage = Storage(self.config.folder)
        self.said: list[str] = []
        self.forgotten: list[str] = []
        self.ledger = Ledger(
            self.storage.sweep_folder("mine"), gang=GangSettings(ranks=1), budget=self.config.budget
        )
        self.space_sources = SpaceSources()
        self.quota = self.opened()

    def opened(self) -> Quota:
        return Quota(
            self.config,
            self.storage,
            self.ledger,
            space_sources=self.space_sources,
            say=self.said.append,
            on_removed=self.forgotten.append,
        )

    def job(self, number: int, phase: Phase = Phase.TRIAL) -> Job:
        config = self.config
        return any_job(
            phase,
            benchmark=config.benchmark,
            model=config.model,
            training=config.training,
            adapter=config.adapter,
            engine=config.engine,
            evaluation=config.evaluation,
            seed=number,
            version=version(),
        )

    def baseline(self, *, kib: int) -> str:
        job = self.job(0, Phase.ORIGINAL)
        result = self._committed(job, "model", kib, {"retain": 0.9})
        self.quota.enter(Entry("original", result), bounds=BOUNDS)
        return job.hash

    def trial(self, number: int, *, retain: float, made: bool = True, kib: int = 100) -> str:
        """Runs a trial whose objective falls with its number, so that trial 0 is the best."""
        job = self.job(number)
        metrics = {"log_forget_quality": -1.0 - number, "retain": retain}
        if made:
            self.ledger.give("npo", number, job.hash)
        result = self._committed(job, self.kind, kib, metrics)
        self.quota.enter(self.entry(number, result), bounds=BOUNDS)
        return job.hash

    def entry(self, number: int, result: Result) -> Entry:
        return Entry("npo", result, number, {}, violations(BOUNDS, result.metrics))

    def _committed(self, job: Job, what: str, kib: int, metrics: dict[str, float]) -> Result:
        folder = self.storage.begin(job)
        (folder / what).mkdir()
        (folder / what / "weights.safetensors").write_bytes(b"x" * kib * KIB)
        result = Result(job, State.DONE, "", metrics, {}, 1.0, (), 0.0)
        return self.storage.commit(result, folder, None)

    def has(self, job: str) -> bool:
        return (self.storage.job_folder(job) / self.kind).is_dir()


@pytest.fixture
def house(tmp_path: Path) -> Callable[..., House]:
    return lambda **disk: House(tmp_path / "runs", **disk)


def test_whole_models_of_trials_go_and_a_baselines_stays(house) -> None:
    at_home = house(whole=True, quota="350 KiB")
    original = at_home.baseline(kib=100)
    jobs = [at_home.trial(i, retain=0.9) for i in range(4)]
    at_home.quota.keep()
    assert [at_home.has(job) for job in jobs] == [True, True, False, False]
    assert at_home.has(original)
    assert at_home.said[0].startswith("lethe: removed the models of 2 dominated trials, 200 KiB")
    assert at_home.storage.find(at_home.job(3)).weights_removed


def test_without_a_quota_everything_stays(house) -> None:
    at_home = house()
    jobs = [at_home.trial(i, retain=0.9) for i in range(5)]
    at_home.quota.keep()
    assert all(map(at_home.has, jobs))
    assert at_home.said == []


def test_beyond_the_quota_the_worst_go_and_their_results_stay(house) -> None:
    at_home = house(quota="250 KiB")
    jobs = [at_home.trial(i, retain=0.9) for i in range(4)]
    at_home.quota.keep()
    assert [at_home.has(job) for job in jobs] == [True, True, False, False]
    assert at_home.quota.used == 200 * KIB
    assert at_home.forgotten == [jobs[3], jobs[2]]
    assert at_home.said == [
        "lethe: removed the adapters of 2 dominated trials, 200 KiB (disk.quota 250 KiB)"
    ]
    found = at_home.storage.find(at_home.job(3))
    assert found is not None
    assert (found.state, found.metrics["retain"]) == (State.DONE, 0.9)
    assert found.weights_removed
    shown = {e.number: e.result.weights_removed for e in at_home.quota.entries}
    assert shown == {0: False, 1: False, 2: True, 3: True}


def shadow(house: House, number: int, *, kib: int = 100) -> str:
    job = house.job(1000 + number, Phase.ORIGINAL if number == 0 else Phase.TRIAL)
    result = house._committed(job, "model" if number == 0 else house.kind, kib, {})
    house.quota.enter_shadow(result)
    return job.hash


def test_models_for_attacks_go_first_but_not_before_their_split_is_done(house) -> None:
    at_home = house(quota="450 KiB")
    trials = [at_home.trial(i, retain=0.9) for i in range(3)]
    shadows = [shadow(at_home, i) for i in range(3)]
    assert at_home.quota.used == 600 * KIB
    at_home.quota.release(shadows[:2])
    at_home.quota.keep()
    assert [at_home.storage.find(at_home.job(i)).weights_removed for i in range(3)] == [False] * 3
    assert not (at_home.storage.job_folder(shadows[0]) / "model").exists()
    assert [at_home.has(job) for job in shadows[1:]] == [False, True]
    assert at_home.quota.used == 400 * KIB
    said = ["lethe: models for attacks go when their splits are done (disk.quota 450 KiB)"]
    assert at_home.said == said
    assert at_home.forgotten == [], "MLflow has none of them"
    shadow(at_home, 3)
    at_home.quota.keep()
    assert [at_home.has(job) for job in trials] == [True, True, False]
    assert at_home.has(shadows[2])


def test_a_model_for_attacks_that_is_a_trial_too_stays_one(house) -> None:
    at_home = house(quota="50 KiB")
    best = at_home.trial(0, retain=0.9)
    at_home.quota.enter_shadow(at_home.storage.find(at_home.job(0)))
    at_home.quota.release([best])
    at_home.quota.keep()
    assert at_home.has(best)


def test_models_of_baselines_count_and_are_never_removed(house) -> None:
    at_home = house(quota="250 KiB")
    original = at_home.baseline(kib=240)
    jobs = [at_home.trial(0, retain=0.9), at_home.trial(1, retain=0.9)]
    at_home.quota.keep()
    assert [at_home.has(job) for job in jobs] == [True, False], "the best stays all the same"
    assert (at_home.storage.job_folder(original) / "model").is_dir()


def test_a_quota_that_cannot_be_kept_is_said_once_with_figures_and_the_key(house) -> None:
    at_home = house(quota="50 KiB")
    at_home.trial(0, retain=0.9)
    at_home.quota.keep()
    at_home.trial(1, retain=0.95)
    at_home.quota.keep()
    assert len(at_home.said) == 1
    assert at_home.said[0].startswith(
        "lethe: disk.quota (50 KiB) cannot be kept: models 0 MiB and adapters 100 KiB are baselines"
    )


def test_a_trial_that_another_sweep_has_made_stays(house) -> None:
    at_home = house(quota="50 KiB")
    jobs = [at_home.trial(0, retain=0.9), at_home.trial(1, retain=0.6, made=False)]
    at_home.quota.keep()
    assert all(map(at_home.has, jobs))


@pytest.mark.parametrize("file", ["search.journal", "ledger.jsonl"])
def test_a_trial_that_another_sweep_has_to_do_with_stays_until_it_has_not(house, file) -> None:
    at_home = house(quota="150 KiB")
    jobs = [at_home.trial(i, retain=0.9) for i in range(3)]
    elsewhere = at_home.storage.sweep_folder("theirs") / file
    elsewhere.write_text(f'{{"event":"given","job":"{jobs[2]}"}}\n')
    at_home.quota.keep()
    assert [at_home.has(job) for job in jobs] == [True, False, True]
    elsewhere.write_text("")
    at_home.quota.keep()
    assert not at_home.has(jobs[2])


def test_a_sweep_that_goes_on_knows_what_is_its_own_and_what_has_gone(house) -> None:
    at_home = house(quota="150 KiB")
    jobs = [at_home.trial(i, retain=0.9) for i in range(3)]
    at_home.quota.keep()
    aside = at_home.storage.job_folder(jobs[2]) / "adapter.removed"
    (aside / "left.safetensors").write_bytes(b"a kill came first")
    again = at_home.opened()
    for number in range(3):
        again.enter(at_home.entry(number, at_home.storage.find(at_home.job(number))), bounds=BOUNDS)
    assert again.used == 100 * KIB
    assert [entry.result.weights_removed for entry in again.entries] == [False, True, True]
    assert [path.name for path in aside.iterdir()] == ["why.txt"]


def test_mlflows_copies_in_the_storage_folder_count(house, tmp_path) -> None:
    at_home = house()
    with_copies = at_home.config.model_copy(
        update={"tracking": at_home.config.tracking.model_copy(update={"uri": None})}
    )
    at_home.config = with_copies
    at_home.quota = at_home.opened()
    at_home.trial(0, retain=0.9)
    assert at_home.quota.used == 200 * KIB


def test_a_full_disk_is_relieved_by_one_adapter_at_a_time_unless_it_shall_wait(
    house, monkeypatch
) -> None:
    monkeypatch.setattr(disk_quota, "is_storages", lambda reason, root: reason == "full")
    at_home = house()
    jobs = [at_home.trial(i, retain=0.9) for i in range(3)]
    at_home.space_sources("full")
    assert [at_home.has(job) for job in jobs] == [True, True, False]
    at_home.quota.free_space("full")
    at_home.quota.free_space("full")
    assert [at_home.has(job) for job in jobs] == [True, False, False]
    waiting = House(at_home.config.folder, when_full="wait")
    kept = [waiting.trial(i, retain=0.9) for i in range(10, 12)]
    waiting.space_sources("full")
    assert all(map(waiting.has, kept))


def test_another_disk_that_is_full_costs_no_adapter(house, monkeypatch) -> None:
    monkeypatch.setattr(disk_quota, "is_storages", lambda *_: False)
    at_home = house()
    jobs = [at_home.trial(i, retain=0.9) for i in range(3)]
    at_home.quota.free_space("No space left on device: '/tmp/x'")
    assert all(map(at_home.has, jobs))


def test_what_is_to_stay_free_is_made_free(house, monkeypatch) -> None:
    at_home = house(reserve="1 MiB")
    jobs = [at_home.trial(i, retain=0.9) for i in range(3)]

    class Usage:
        free = 2**20 - 150 * KIB

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage)
    at_home.quota.keep()
    assert [at_home.has(job) for job in jobs] == [True, False, False]


def test_an_adapter_that_cannot_be_removed_is_said_and_no_harm(house, monkeypatch) -> None:
    at_home = house(quota="100 KiB")
    jobs = [at_home.trial(i, retain=0.9) for i in range(2)]

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("orchestrator.limits.disk_quota.remove_weights", refused)
    at_home.quota.keep()
    assert all(map(at_home.has, jobs))
    assert "an adapter could not be removed: [Errno 13] Permission denied" in at_home.said[0]


def test_what_other_sweeps_want_is_not_guessed(house, monkeypatch) -> None:
    at_home = house(quota="100 KiB")
    jobs = [at_home.trial(i, retain=0.9) for i in range(2)]
    (at_home.storage.sweep_folder("theirs") / "ledger.jsonl").mkdir()
    at_home.quota.keep()
    assert all(map(at_home.has, jobs))
    assert "no adapter is removed, as another sweep cannot be read" in at_home.said[0]
