"""A storage at a URL: what was finished is found from anywhere, and never half of it."""

import json
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from evals.errors import ConfigError
from orchestrator.config.loading import load_config, load_resumed
from orchestrator.config.resume import write_config
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.remote import uploader
from orchestrator.remote.download import pulled
from orchestrator.remote.heartbeat import DEAD_S
from orchestrator.remote.mirror import Mirror
from orchestrator.remote.uploader import Uploader
from orchestrator.remote.url_file_system import Unreachable
from orchestrator.storage.address import Address
from orchestrator.storage.files import DRIVER_FILE
from orchestrator.storage.records import Storage, version
from orchestrator.storage.result import Result, State
from orchestrator.storage.weights import remove_weights
from tests.fixtures.jobs import any_job
from trainers.job import Job, Phase, Report
from trainers.settings import AdapterSettings


class Flaky(MemoryFileSystem):
    """A store that is away every now and then: `away` calls fail from now on."""

    protocol = "flaky"
    store: dict = {}  # noqa: RUF012  shared by all instances, as fsspec's own is
    pseudo_dirs: list = [""]  # noqa: RUF012
    away = 0
    cachable = False

    def _call(self) -> None:
        if Flaky.away > 0:
            Flaky.away -= 1
            raise ConnectionError("the store does not answer")

    def pipe_file(self, path, value, mode="overwrite", **kwargs):
        self._call()
        return super().pipe_file(path, value, mode=mode, **kwargs)

    def put_file(self, lpath, rpath, **kwargs):
        self._call()
        return super().put_file(lpath, rpath, **kwargs)

    def find(self, path, **kwargs):
        self._call()
        return super().find(path, **kwargs)

    def cat_file(self, path, **kwargs):
        self._call()
        return super().cat_file(path, **kwargs)


fsspec.register_implementation("flaky", Flaky, clobber=True)


@pytest.fixture(params=["file", "memory", "flaky"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    Flaky.away = 0
    where = f"{tmp_path}/there" if request.param == "file" else f"/{uuid.uuid4().hex}/lethe"
    yield f"{request.param}://{where}"
    Flaky.away = 0


@pytest.fixture
def flaky() -> Iterator[str]:
    Flaky.away = 0
    yield f"flaky:///{uuid.uuid4().hex}"
    Flaky.away = 0


def job(seed: int, phase: Phase = Phase.TRIAL) -> Job:
    return any_job(phase, adapter=AdapterSettings(), seed=seed, version=version())


def finish(
    storage: Storage, made: Job, *, state: State = State.DONE, **ending: str | bool
) -> Result:
    folder = storage.begin(made)
    weights = folder / ("adapter" if made.phase == Phase.TRIAL else "model")
    weights.mkdir()
    (weights / "weights.safetensors").write_bytes(b"w" * 1000)
    reports = (Report(1, 2, {"loss": 0.1 + 0.2}),)
    result = Result(made, state, "", {"retain": 0.5}, {"moved": 1.0}, 1.0, reports, 0.0)
    result = replace(result, **ending)
    return storage.commit(result, folder, None)


def here(tmp_path: Path, name: str = "here") -> Storage:
    return Storage(tmp_path / name)


def test_a_job_that_was_put_there_is_found_from_elsewhere_without_its_weights(
    url: str, tmp_path: Path
) -> None:
    home, other = here(tmp_path), here(tmp_path, "other")
    result = finish(home, job(0))
    Mirror(Address.of(url), home.root).push_job(job(0).hash)
    Mirror(Address.of(url), other.root).pull("demo")
    assert other.find(job(0)) == result
    assert list(other.jobs()) == [job(0)]
    assert not (other.job_folder(job(0).hash) / "adapter").exists()
    assert [path.name for path in (other.root / "jobs").iterdir()] == [job(0).hash]


def test_a_baselines_model_is_fetched_when_it_is_wanted(url: str, tmp_path: Path) -> None:
    home, other = here(tmp_path), here(tmp_path, "other")
    original = job(0, Phase.ORIGINAL)
    finish(home, original)
    Mirror(Address.of(url), home.root).push_job(original.hash)
    mirror = Mirror(Address.of(url), other.root)
    mirror.pull("demo")
    for _ in range(2):
        mirror.pull_model(original.hash)
        model = other.model_folder(original)
        assert (model / "weights.safetensors").read_bytes() == b"w" * 1000
        assert [path.name for path in model.parent.glob(".*")] == []


def test_a_job_that_is_half_there_is_not_there(url: str, tmp_path: Path) -> None:
    home, other = here(tmp_path), here(tmp_path, "other")
    finish(home, job(0))
    mirror = Mirror(Address.of(url), home.root)
    text = (home.job_folder(job(0).hash) / "result.json").read_bytes()
    mirror.write(f"jobs/{job(0).hash}/job.json", b"{")
    Mirror(Address.of(url), other.root).pull("demo")
    mirror.write(f"jobs/{job(0).hash}/result.json", text[:20])
    Mirror(Address.of(url), other.root).pull("demo")
    assert not (other.root / "jobs").exists() or not list((other.root / "jobs").iterdir())
    mirror.push_job(job(0).hash)
    Mirror(Address.of(url), other.root).pull("demo")
    assert other.find(job(0)) == home.find(job(0))


def test_a_record_that_changed_there_counts_for_nothing_and_gives_way(
    url: str, tmp_path: Path
) -> None:
    home, other = here(tmp_path), here(tmp_path, "other")
    result = finish(home, job(0))
    Mirror(Address.of(url), home.root).push_job(job(0).hash)
    mirror = Mirror(Address.of(url), other.root)
    there = f"jobs/{job(0).hash}/reports.jsonl"
    mirror.write(there, (mirror.read(there) or b"").replace(b"0.3", b"0.4"))
    mirror.pull("demo")
    assert mirror.damaged == {job(0).hash: Path("reports.jsonl")}
    assert not list((other.root / "jobs").iterdir())
    again = finish(other, job(0))
    mirror.push_job(job(0).hash)
    third = here(tmp_path, "third")
    Mirror(Address.of(url), third.root).pull("demo")
    assert third.find(job(0)) == again == result


@pytest.mark.parametrize("name", ["reports.jsonl", "adapter/weights.safetensors"])
def test_a_job_that_changed_here_is_not_put_there(url: str, tmp_path: Path, name: str) -> None:
    home = here(tmp_path)
    finish(home, job(0))
    (home.job_folder(job(0).hash) / name).write_bytes(b"x")
    mirror = Mirror(Address.of(url), home.root)
    with pytest.raises(ConfigError, match=f"{name} must be .* other content than was written"):
        mirror.push_job(job(0).hash)
    assert mirror.read(f"jobs/{job(0).hash}/result.json") is None


def test_done_replaces_failed_there_as_here_and_never_the_other_way_round(
    url: str, tmp_path: Path
) -> None:
    for number, (first, second) in enumerate([("failed", "done"), ("done", "failed")]):
        one, two = here(tmp_path, f"one{number}"), here(tmp_path, f"two{number}")
        for storage, state in ((one, first), (two, second)):
            finish(storage, job(number), state=State(state))
            Mirror(Address.of(url), storage.root).push_job(job(number).hash)
        other = here(tmp_path, f"other{number}")
        Mirror(Address.of(url), other.root).pull("demo")
        found = other.find(job(number))
        assert found is not None
        assert found.state == State.DONE


FAILED = {"state": State.FAILED}
LOST = {"state": State.FAILED, "by_chance": True}
STOPPED = {"stopped": "retain fell", "guard": "g"}
STOPPED_OTHERWISE = {"stopped": "retain fell", "guard": "h"}


@pytest.mark.parametrize(
    ("first", "second", "wins"),
    [
        (STOPPED, {}, True),
        ({}, STOPPED, False),
        (FAILED, {}, True),
        (FAILED, STOPPED, True),
        (STOPPED, FAILED, True),  # it went on, and so much for that
        (STOPPED, LOST, False),
        (LOST, FAILED, True),
        (FAILED, LOST, False),
        (LOST, LOST, False),
        (STOPPED, STOPPED, False),
        (STOPPED, STOPPED_OTHERWISE, True),
    ],
)
def test_what_says_more_replaces_what_is_there_and_what_lies_in_a_cache(
    url: str, tmp_path: Path, first: dict, second: dict, wins: bool
) -> None:
    one, two = here(tmp_path, "one"), here(tmp_path, "two")
    before = finish(one, job(0), **first)
    Mirror(Address.of(url), one.root).push_job(job(0).hash)
    after = finish(two, job(0), **second)
    mirror = Mirror(Address.of(url), two.root)
    assert mirror.missing() == ([job(0).hash] if wins else [])
    mirror.push_job(job(0).hash)
    Mirror(Address.of(url), one.root).pull("demo")
    assert one.find(job(0)) == (after if wins else before)
    assert Mirror(Address.of(url), one.root).missing() == []
    assert [path.name for path in (one.root / "jobs").iterdir()] == [job(0).hash]


def test_nothing_of_what_was_replaced_there_stays(url: str, tmp_path: Path) -> None:
    one, two = here(tmp_path, "one"), here(tmp_path, "two")
    finish(one, job(0), **STOPPED)
    mirror = Mirror(Address.of(url), one.root)
    mirror.push_job(job(0).hash)
    remove_weights(one.job_folder(job(0).hash), "disk.quota")
    mirror.forget_weights(job(0).hash)
    after = finish(two, job(0))
    Mirror(Address.of(url), two.root).push_job(job(0).hash)
    other = here(tmp_path, "other")
    Mirror(Address.of(url), other.root).pull("demo")
    assert other.find(job(0)) == after


def test_a_store_that_fails_while_results_are_looked_at_is_not_one_without_results(
    flaky: str, tmp_path: Path, monkeypatch
) -> None:
    home = here(tmp_path)
    finish(home, job(0))
    mirror = Mirror(Address.of(flaky), home.root)
    mirror.push_job(job(0).hash)
    find = Flaky.find

    def away_after(self, path, **kwargs):
        found = find(self, path, **kwargs)
        Flaky.away = 1
        return found

    monkeypatch.setattr(Flaky, "find", away_after)
    with pytest.raises(Unreachable):
        mirror.missing()
    Flaky.away = 0
    with pytest.raises(Unreachable):
        Mirror(Address.of(flaky), tmp_path / "other").pull("demo")


def test_a_job_that_has_left_nothing_here_is_not_brought_and_nobody_stumbles_over_it(
    url: str, tmp_path: Path
) -> None:
    mirror = Mirror(Address.of(url), here(tmp_path).root)
    mirror.push_job(job(0).hash)
    assert mirror.read(f"jobs/{job(0).hash}/result.json") is None


def test_what_is_missing_there_is_known(url: str, tmp_path: Path) -> None:
    home = here(tmp_path)
    for seed in range(3):
        finish(home, job(seed))
    mirror = Mirror(Address.of(url), home.root)
    mirror.push_job(job(1).hash)
    assert mirror.missing() == sorted({job(0).hash, job(2).hash})


def test_an_adapter_that_was_removed_here_goes_there(url: str, tmp_path: Path) -> None:
    home, other = here(tmp_path), here(tmp_path, "other")
    finish(home, job(0))
    mirror = Mirror(Address.of(url), home.root)
    mirror.push_job(job(0).hash)
    remove_weights(home.job_folder(job(0).hash), "disk.quota")
    for _ in range(2):
        mirror.forget_weights(job(0).hash)
    Mirror(Address.of(url), other.root).pull("demo")
    found = other.find(job(0))
    assert found is not None
    assert found.weights_removed
    assert mirror.read(f"jobs/{job(0).hash}/adapter/weights.safetensors") is None


def sweep_in(storage: Storage, *, ledger: str) -> Path:
    folder = storage.sweep_folder("demo")
    (folder / "ledger.jsonl").write_text(ledger)
    (folder / "search.journal").write_text(ledger)
    (folder / "config.json").write_text("{}")
    (folder / "driver.lock").write_text("mine")
    (folder / "tune").mkdir(exist_ok=True)
    (folder / "tune" / "tuner.pkl").write_text("")
    return folder


def test_a_sweeps_folder_is_fetched_where_it_is_ahead_and_only_whole_lines_of_it(
    url: str, tmp_path: Path
) -> None:
    home, other = here(tmp_path), here(tmp_path, "other")
    sweep_in(home, ledger='{"a":1}\n{"b":2}\n{"c"')
    Mirror(Address.of(url), home.root).push_sweep("demo")
    Mirror(Address.of(url), other.root).pull("demo")
    folder = other.root / "sweeps" / "demo"
    assert (folder / "ledger.jsonl").read_text() == '{"a":1}\n{"b":2}\n'
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["config.json", "ledger.jsonl", "search.journal"]
    sweep_in(other, ledger='{"a":1}\n{"b":2}\n{"mine":3}\n')
    Mirror(Address.of(url), other.root).pull("demo")
    assert "mine" in (folder / "ledger.jsonl").read_text(), "what is ahead here stays"


def driver(url: str, storage: Storage, said: list[str]) -> Uploader:
    return Uploader(Mirror(Address.of(url), storage.root), "demo", say=said.append, every_s=0.05)


def test_a_uploader_brings_everything_in_the_end_and_what_an_earlier_one_left(
    url: str, tmp_path: Path
) -> None:
    home, other = here(tmp_path), here(tmp_path, "other")
    finish(home, job(0))
    sweep_in(home, ledger='{"a":1}\n')
    said: list[str] = []
    going = driver(url, home, said)
    finish(home, job(1))
    going.job(job(1).hash)
    sweep_in(home, ledger='{"a":1}\n{"b":2}\n')
    assert going.close() is None
    assert said == []
    Mirror(Address.of(url), other.root).pull("demo")
    assert {found.seed for found in other.jobs()} == {0, 1}
    assert "b" in (other.root / "sweeps" / "demo" / "ledger.jsonl").read_text()


def test_a_url_that_is_away_for_a_while_costs_nothing(flaky: str, tmp_path: Path) -> None:
    home, other = here(tmp_path), here(tmp_path, "other")
    sweep_in(home, ledger='{"a":1}\n')
    said: list[str] = []
    going = driver(flaky, home, said)
    Flaky.away = 7
    for seed in range(4):
        finish(home, job(seed))
        going.job(job(seed).hash)
    assert going.close() is None
    Mirror(Address.of(flaky), other.root).pull("demo")
    assert {found.seed for found in other.jobs()} == {0, 1, 2, 3}
    assert len(said) <= 1, "it is not complained of again and again"


def test_a_url_that_stays_away_is_complained_of_and_the_next_run_brings_what_is_missing(
    flaky: str, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(uploader.time, "sleep", lambda _: None)
    home, other = here(tmp_path), here(tmp_path, "other")
    sweep_in(home, ledger='{"a":1}\n')
    going = driver(flaky, home, [])
    Flaky.away = 10**6
    finish(home, job(0))
    going.job(job(0).hash)
    complaint = going.close()
    assert "ConnectionError: the store does not answer" in complaint
    assert "run the same command again here to bring it there" in complaint
    Flaky.away = 0
    assert driver(flaky, home, []).close() is None
    Mirror(Address.of(flaky), other.root).pull("demo")
    assert other.find(job(0)) is not None


def test_at_the_start_a_url_that_is_away_is_refused_with_key_value_and_cure(
    flaky: str, tmp_path: Path
) -> None:
    config = sweep(flaky, tmp_path)
    Flaky.away = 10**6
    with pytest.raises(ConfigError) as caught:
        pulled(Address.of(flaky), config.folder, config.name)
    assert str(caught.value).startswith(
        f"storage must be a folder, or a URL that fsspec can read and write, but got {flaky!r} "
        "(ConnectionError: the store does not answer); correct it, install what it needs"
    )
    with pytest.raises(Unreachable):
        Mirror(Address.of(flaky), tmp_path).missing()
    Flaky.away = 0
    mirror = pulled(Address.of(flaky), config.folder, config.name)
    Flaky.away = 10**6
    with pytest.raises(ConfigError, match="storage must be a folder, or a URL"):
        Uploader(mirror, "demo", say=print)


def test_a_kind_of_url_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"but got 'nowhere://x' \(ValueError: Protocol not known"
    ):
        pulled(Address.of("nowhere://x"), tmp_path / "cache", "demo")


def sweep(url: str, tmp_path: Path) -> SweepConfig:
    return load_config(None, [f"storage={url}", f"cache={tmp_path / 'cache'}"])


def test_a_sweep_that_is_driven_elsewhere_is_refused_until_it_is_over_or_surely_dead(
    url: str, tmp_path: Path, monkeypatch
) -> None:
    home = here(tmp_path)
    home.sweep_folder("demo")
    mirror = Mirror(Address.of(url), home.root)
    holder = {"host": "elsewhere", "pid": 7, "at": uploader.time.time(), "over": False}
    mirror.write(f"sweeps/demo/{DRIVER_FILE}", json.dumps(holder).encode())
    with pytest.raises(ConfigError, match="driven by process 7 on elsewhere"):
        driver(url, home, [])
    mirror.write(f"sweeps/demo/{DRIVER_FILE}", json.dumps({**holder, "over": True}).encode())
    assert driver(url, home, []).close() is None
    late = {**holder, "at": holder["at"] - DEAD_S - 1}
    mirror.write(f"sweeps/demo/{DRIVER_FILE}", json.dumps(late).encode())
    assert driver(url, home, []).close() is None
    left = json.loads(mirror.read(f"sweeps/demo/{DRIVER_FILE}"))
    assert left["over"]


def test_a_sweep_is_resumed_from_its_url_on_another_machine(url: str, tmp_path: Path) -> None:
    first = load_config(None, [f"storage={url}", f"cache={tmp_path / 'a'}", "search.trials=7"])
    storage = Storage(first.folder)
    folder = sweep_in(storage, ledger='{"a":1}\n')
    write_config(first, folder)
    finish(storage, job(0))
    mirror = Mirror(Address.of(url), storage.root)
    mirror.push_job(job(0).hash)
    mirror.push_sweep("demo")
    shutil.rmtree(tmp_path / "a")
    cache = tmp_path / "b"
    resumed = load_resumed(f"{url}/sweeps/demo", [f"cache={cache}", "search.trials=9"])
    assert str(resumed.storage) == url
    assert resumed.folder.parent == cache
    assert resumed.search.trials == 9
    assert Storage(resumed.folder).find(job(0)) is not None
    with pytest.raises(ConfigError, match="--resume must be the folder of a sweep"):
        load_resumed(f"{url}/sweeps/other", [f"cache={cache}"])
    there = resumed.folder / "sweeps" / "demo"
    again = load_resumed(str(there), [])
    assert (str(again.storage), again.folder) == (url, resumed.folder), (
        "its cache stands for the URL"
    )
    moved = shutil.copytree(resumed.folder, tmp_path / "moved")
    alone = load_resumed(str(moved / "sweeps" / "demo"), [])
    assert alone.storage == moved, "a copy elsewhere is a storage of its own"
