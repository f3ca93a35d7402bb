"""Whatever becomes of a finished sweep's files: the same tables, a refusal, or jobs that run again.

Hypothesis harms the files of a small sweep, in which every table has rows, and the journal of a
search, at any place and in every way that disks and hands have. A table is never another one
without a word.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from evals.errors import ConfigError
from orchestrator.config.loading import load_resumed
from orchestrator.driver.start import check_folder
from orchestrator.limits.ledger import Ledger
from orchestrator.reporting.publish import tables_of, with_estimates
from orchestrator.reporting.selection import everything
from orchestrator.reporting.sweep_record import read_record
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.space import SearchRange
from orchestrator.searching.study import MethodSearch
from orchestrator.storage.files import JOURNAL
from orchestrator.storage.inspection import set_aside_damaged
from orchestrator.storage.members import Members, read_members
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result
from orchestrator.storage.sweep_identity import sweep_identity
from tests.fixtures.stored_sweep import StoredSweep

# As in `test_untrusted_input.py`, but fewer, as each takes a tenth of a second; and what fails is
# small enough as it is found.
EVERY_TIME = settings(
    deadline=None,
    database=None,
    max_examples=settings().max_examples // 4,
    phases=[Phase.explicit, Phase.generate],
)
LONGEST = 1500
"""Characters of a message."""


@dataclass(frozen=True)
class Harm:
    """One thing that happens to a file; its numbers are taken modulo what there is."""

    kind: str
    which: int
    other: int
    at: int
    content: bytes

    def do(self, files: Sequence[Path]) -> None:
        file, other = files[self.which % len(files)], files[self.other % len(files)]
        if file.is_file() and other.exists():
            HARMS[self.kind](self, file, other)


def removed(_: Harm, file: Path, __: Path) -> None:
    file.unlink()


def made_a_folder(_: Harm, file: Path, __: Path) -> None:
    file.unlink()
    file.mkdir()


def overwritten(harm: Harm, file: Path, _: Path) -> None:
    text = file.read_bytes()
    at = harm.at % (len(text) + 1)
    file.write_bytes(text[:at] + harm.content + text[at + len(harm.content) :])


def cut(harm: Harm, file: Path, _: Path) -> None:
    text = file.read_bytes()
    file.write_bytes(text[: harm.at % (len(text) + 1)])


def with_another_digit(harm: Harm, file: Path, _: Path) -> None:
    text = bytearray(file.read_bytes())
    digits = [i for i, byte in enumerate(text) if chr(byte) in "0123456789"]
    if digits:
        at = digits[harm.at % len(digits)]
        text[at] = ord("0") + (text[at] - ord("0") + 1 + harm.other % 9) % 10
        file.write_bytes(text)


def with_a_line_again(harm: Harm, file: Path, _: Path) -> None:
    lines = file.read_bytes().splitlines(keepends=True) or [b""]
    file.write_bytes(b"".join([*lines, lines[harm.at % len(lines)]]))


def without_a_line(harm: Harm, file: Path, _: Path) -> None:
    lines = file.read_bytes().splitlines(keepends=True) or [b""]
    del lines[harm.at % len(lines)]
    file.write_bytes(b"".join(lines))


def copied_over(_: Harm, file: Path, other: Path) -> None:
    twin = other.parent / file.name
    if other.is_file() and twin.is_file() and twin != file:
        shutil.copyfile(twin, file)


def in_a_swapped_folder(_: Harm, file: Path, other: Path) -> None:
    one, two = file.parent, other.parent
    if one != two and one.parent == two.parent:
        aside = one.with_name("aside")
        one.rename(aside)
        two.rename(one)
        aside.rename(two)


def in_a_folder_of_another(_: Harm, file: Path, other: Path) -> None:
    if file.parent != other.parent and file.parent.parent == other.parent.parent:
        shutil.rmtree(file.parent)
        shutil.copytree(other.parent, file.parent)


HARMS: dict[str, Callable[[Harm, Path, Path], None]] = {
    each.__name__: each
    for each in (
        removed,
        made_a_folder,
        overwritten,
        cut,
        with_another_digit,
        with_a_line_again,
        without_a_line,
        copied_over,
        in_a_swapped_folder,
        in_a_folder_of_another,
    )
}
HARM = st.builds(
    Harm,
    kind=st.sampled_from(sorted(HARMS)),
    which=st.integers(0, 10_000),
    other=st.integers(0, 10_000),
    at=st.integers(0, 100_000),
    content=st.binary(min_size=1, max_size=8) | st.sampled_from([b"{}", b"null", b"NaN", b"\n"]),
)


@dataclass(frozen=True)
class Whole:
    """A sweep that nothing has happened to, with its tables and what its jobs have come to."""

    made: StoredSweep
    tables: str
    results: dict[str, Result]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    made = StoredSweep(tmp_path_factory.mktemp("whole") / "storage").fill()
    sweep_identity(made.folder)
    made.ledger.close()
    tables, gaps = report(made.folder)
    assert not gaps
    jobs = {member.job for member in read_members(made.folder)}
    results = {job: made.storage.recorded(job) for job in jobs}
    return Whole(made, tables, {job: found for job, found in results.items() if found is not None})


def report(folder: Path) -> tuple[str, tuple[str, ...]]:
    """Returns the tables of the sweep in `folder` as text, and what is said to be missing."""
    record, finals = with_estimates(read_record(str(folder)))
    tables = repr(tables_of(record, finals, everything(record.config)))
    return tables.replace(str(record.storage.root), "<storage>"), record.gaps


@contextmanager
def harmed(whole: Whole, harms: list[Harm]) -> Iterator[tuple[Path, Storage]]:
    """Gives a copy of the sweep to which the harms have been done: its folder and its storage."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "storage"
        shutil.copytree(whole.made.storage.root, root)
        for harm in harms:
            harm.do(sorted(file for file in root.rglob("*") if file.is_file()))
        yield root / whole.made.folder.relative_to(whole.made.storage.root), Storage(root)


@contextmanager
def or_a_message() -> Iterator[None]:
    said = ""
    try:
        yield
    except ConfigError as error:
        said = str(error)
    assert len(said) < LONGEST


@EVERY_TIME
@given(harms=st.lists(HARM, min_size=1, max_size=2))
def test_a_report_has_the_same_tables_or_says_what_is_missing(
    whole: Whole, harms: list[Harm]
) -> None:
    with harmed(whole, harms) as (folder, _), or_a_message():
        tables, gaps = report(folder)
        is_same = tables == whole.tables
        assert gaps or is_same


@EVERY_TIME
@given(harms=st.lists(HARM, min_size=1, max_size=2))
def test_a_sweep_that_goes_on_finds_what_was_measured_or_runs_it_again(
    whole: Whole, harms: list[Harm]
) -> None:
    with harmed(whole, harms) as (folder, storage), or_a_message():
        config = load_resumed(str(folder), ())
        check_folder(config, folder)
        said = list[str]()
        set_aside_damaged(storage, say=said.append)
        Members(folder)
        Ledger(folder, gang=config.gang, budget=config.budget).close()
        for job, result in whole.results.items():
            found = storage.find(result.job)
            assert found is None or (found == result and storage.sheet(job) == whole.made.sheet())


SPACE = {"lr": SearchRange(low=1e-5, high=1e-3), "l1": SearchRange(low=1e-7, high=1e-2)}
STEPS = st.lists(
    st.sampled_from(["ask", "tell", "fail", "collapse", "withdraw", "leave", "die"]), max_size=12
)


def begin(folder: Path) -> MethodSearch:
    made = SearchSettings(trials=6, sampler="random")
    return MethodSearch("npo", space=SPACE, settings=made, folder=folder, seed=0)


def play(folder: Path, steps: list[str]) -> MethodSearch:
    """Has a search go through the steps; `leave` and `die` open it anew."""
    search, running = begin(folder), list[int]()
    for step in steps:
        if step in ("leave", "die"):
            search, running = _again(search, folder, step), []
        elif step == "ask" and search.remaining:
            running.append(search.ask().number)
        elif step != "ask" and running:
            _end(search, running.pop(0), step)
    return search


def _again(search: MethodSearch, folder: Path, step: str) -> MethodSearch:
    if step == "leave":
        search.close()
    return begin(folder)


def _end(search: MethodSearch, number: int, step: str) -> None:
    if step == "tell":
        search.tell(number, objective=-float(number), violations={"retain.at_least": 0.0})
    elif step == "withdraw":
        search.withdraw(number)
    else:
        search.fail(number, "lost", collapsed=step == "collapse")


@EVERY_TIME
@given(steps=STEPS, harms=st.lists(HARM, max_size=1))
def test_a_search_goes_on_from_what_it_was_told_or_is_refused(
    steps: list[str], harms: list[Harm]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "demo"
        known = play(folder, ["ask", "tell", *steps]).finished
        for harm in harms:
            harm.do([folder / JOURNAL])
        with or_a_message():
            search = begin(folder)
            found = search.finished
            assert {s.number: s.params for s in found}.items() <= {
                s.number: s.params for s in known
            }.items()
            assert harms or found == known
            while search.remaining:
                search.fail(search.ask().number, "lost")
            assert [s.number for s in search.finished] == list(range(6))
