"""What is wrong with this machine is said of the cache, and what is wrong with a URL of it."""

import errno
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from evals.errors import ConfigError
from orchestrator.config.loading import load_resumed
from orchestrator.remote.download import fetch_model, pulled
from orchestrator.remote.mirror import Mirror
from orchestrator.remote.uploader import Uploader
from orchestrator.storage.address import Address
from orchestrator.storage.records import Storage, version
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job
from trainers.job import Phase

MADE = any_job(Phase.ORIGINAL, version=version())
JOB = MADE.hash


class Odd(MemoryFileSystem):
    """A store whose fetches fail with `error`, and which has lost its bucket where `gone`."""

    protocol = "odd"
    store: dict = {}  # noqa: RUF012  shared by all instances, as fsspec's own is
    pseudo_dirs: list = [""]  # noqa: RUF012
    error: OSError | None = None
    gone = False
    cachable = False

    def get_file(self, rpath, lpath, **kwargs):
        if Odd.error is not None:
            Odd.error.filename = Odd.error.filename and lpath
            Path(lpath).write_bytes(b"half")
            raise Odd.error
        return super().get_file(rpath, lpath, **kwargs)

    def pipe_file(self, path, value, mode="overwrite", **kwargs):
        if Odd.gone:
            raise FileNotFoundError("The specified bucket does not exist")
        return super().pipe_file(path, value, mode=mode, **kwargs)


fsspec.register_implementation("odd", Odd, clobber=True)


@pytest.fixture
def url(tmp_path: Path) -> str:
    Odd.error, Odd.gone = None, False
    Odd.store.clear()
    url = "odd:///lethe"
    storage = Storage(tmp_path / "elsewhere")
    folder = storage.begin(MADE)
    (folder / "model").mkdir()
    (folder / "model" / "weights").write_bytes(b"w")
    storage.commit(Result(MADE, State.DONE, "", {}, {}, 1.0, (), 0.0), folder, None)
    Mirror(Address.of(url), storage.root).push_job(JOB)
    return url


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), r"cache must be .* free\); make room"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), r"cache must be .*n denied\); c"),
        (
            PermissionError(errno.EACCES, "Access Denied"),
            r"storage must be a .*Access Denied.*cr",
        ),
        (FileNotFoundError(errno.ENOENT, "gone meanwhile"), r"storage must be .*gone meanwhile"),
    ],
)
def test_what_fails_while_fetching_is_said_of_who_is_to_blame_and_leaves_nothing(
    url: str, tmp_path: Path, error: OSError, said: str
) -> None:
    Odd.error = error
    with pytest.raises(ConfigError, match=said):
        pulled(Address.of(url), tmp_path, "demo")
    assert not list((tmp_path / "jobs").iterdir())
    Odd.error = None
    mirror = pulled(Address.of(url), tmp_path, "demo")
    Odd.error = error
    with pytest.raises(ConfigError, match=said):
        fetch_model(mirror, JOB)
    job = tmp_path / "jobs" / JOB
    assert sorted(path.name for path in job.iterdir()) == [
        "job.json",
        "reports.jsonl",
        "result.json",
    ]


def test_a_model_is_fetched_when_it_is_wanted(url: str, tmp_path: Path) -> None:
    mirror = pulled(Address.of(url), tmp_path, "demo")
    model = tmp_path / "jobs" / JOB / "model"
    assert not model.exists()
    fetch_model(mirror, JOB)
    assert (model / "weights").read_bytes() == b"w"


def test_a_model_that_has_changed_at_the_url_is_refused_and_not_kept(
    url: str, tmp_path: Path
) -> None:
    mirror = pulled(Address.of(url), tmp_path, "demo")
    mirror.write(f"jobs/{JOB}/model/weights", b"v")
    rule = rf"odd:.*/jobs/{JOB}/model/weights must be the weights .*; remove .* to run the job"
    with pytest.raises(ConfigError, match=rule):
        fetch_model(mirror, JOB)
    assert not list((tmp_path / "jobs" / JOB).glob("*model*"))


def test_a_record_that_has_changed_at_the_url_counts_for_nothing_and_is_replaced(
    url: str, tmp_path: Path
) -> None:
    mirror = Mirror(Address.of(url), tmp_path / "elsewhere")
    path = f"jobs/{JOB}/result.json"
    whole = mirror.read(path)
    mirror.write(path, whole.replace(b'"wall_s": 1.0', b'"wall_s": 2.0'))
    pulled(Address.of(url), tmp_path, "demo")
    assert not (tmp_path / "jobs" / JOB).exists()
    mirror.push_job(JOB)
    assert mirror.read(path) == whole


def test_a_bucket_that_is_not_there_is_refused(url: str, tmp_path: Path) -> None:
    mirror = pulled(Address.of(url), tmp_path, "demo")
    Odd.gone = True
    with pytest.raises(ConfigError, match=r"storage must be .*bucket does not exist"):
        Uploader(mirror, "demo", say=print)


def test_a_cache_that_goes_with_a_jobs_code_is_refused_by_its_key_before_anything_is_fetched(
    url: str, tmp_path: Path
) -> None:
    unpacked = tmp_path / "working_dir_files" / "_ray_pkg_1"
    with pytest.raises(ConfigError, match=r"^cache must be .* such as cache=/shared/lethe$"):
        pulled(Address.of(url), unpacked, "demo")
    with pytest.raises(ConfigError, match="^cache must be a folder that outlives the job"):
        load_resumed(f"{url}/sweeps/demo", [f"cache={unpacked}"])
    assert not unpacked.exists()


def test_a_cache_that_is_a_file_is_refused_by_its_key(url: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"^cache must be .*it is a file.* with cache=<folder>$"):
        pulled(Address.of(url), tmp_path / "file", "demo")
