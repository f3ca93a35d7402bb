"""Members, ledger and journal of a sweep: each knows what it has seen of the others."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evals.errors import ConfigError
from orchestrator.storage.files import JOURNAL, LEDGER_FILE, MEMBERS_FILE
from orchestrator.storage.line_file import append, at_once
from orchestrator.storage.sweep_lines import check_journal, files_with_lost_lines


class Sweep:
    """A sweep's folder in which a job is taken down in all three files, one after the other."""

    def __init__(self, folder: Path, *, text: str = '{"line":1}') -> None:
        self.folder, self._text = folder, text
        folder.mkdir(parents=True)

    def job(self) -> "Sweep":
        self.line(LEDGER_FILE, MEMBERS_FILE, JOURNAL)
        self.line(JOURNAL)
        self.line(LEDGER_FILE, MEMBERS_FILE, JOURNAL)
        self.line(MEMBERS_FILE, LEDGER_FILE)
        return self

    def line(self, name: str, *seeing: str) -> None:
        others = [self.folder / each for each in seeing]
        append(self.folder / name, self._text, wait=at_once, seeing=others)

    def cut(self, name: str, num_lines: int) -> None:
        file = self.folder / name
        lines = file.read_text().split("\n")[:-1]
        file.write_text("".join(f"{line}\n" for line in lines[: len(lines) - num_lines]))


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    return Sweep(tmp_path / "sweeps" / "demo").job().job()


def test_files_that_grew_together_have_lost_nothing(sweep: Sweep, tmp_path: Path) -> None:
    assert files_with_lost_lines(sweep.folder) == ()
    assert files_with_lost_lines(tmp_path / "none") == ()


# The last lines are the ledger's for a job that ended, and its member.
@pytest.mark.parametrize(
    ("name", "num_lines"), [(MEMBERS_FILE, 2), (LEDGER_FILE, 1), (LEDGER_FILE, 3), (JOURNAL, 1)]
)
def test_lines_that_others_have_seen_are_missed_until_somebody_goes_on(
    sweep: Sweep, name: str, num_lines: int
) -> None:
    sweep.cut(name, num_lines)
    assert name in files_with_lost_lines(sweep.folder)
    sweep.job()
    assert files_with_lost_lines(sweep.folder) == ()


@pytest.mark.parametrize("name", [MEMBERS_FILE, LEDGER_FILE, JOURNAL])
def test_a_file_that_is_gone_is_missed(sweep: Sweep, name: str) -> None:
    (sweep.folder / name).unlink()
    assert files_with_lost_lines(sweep.folder) == (name,)


def test_the_file_of_a_sweep_of_the_same_name_is_noticed(sweep: Sweep, tmp_path: Path) -> None:
    other = Sweep(tmp_path / "elsewhere" / "demo", text='{"line":2}').job()
    other.line(MEMBERS_FILE)
    other.line(MEMBERS_FILE, LEDGER_FILE)
    (sweep.folder / MEMBERS_FILE).write_text((other.folder / MEMBERS_FILE).read_text())
    assert files_with_lost_lines(sweep.folder) == (MEMBERS_FILE, LEDGER_FILE)


@pytest.mark.parametrize(
    "harm",
    [
        lambda text: text.replace("1", "2", 1),
        lambda text: text + text.split("\n")[0] + "\n",
        lambda text: text.split("\n", 1)[1],
        lambda text: "{}\n" + text,
    ],
)
def test_a_journal_that_changed_is_refused_with_the_cure(
    sweep: Sweep, harm: Callable[[str], str]
) -> None:
    file = sweep.folder / JOURNAL
    file.write_text(harm(file.read_text()))
    with pytest.raises(ConfigError, match=rf"^{file} must be .* line \d, .*restore it .*remove it"):
        check_journal(file)


def test_a_journal_that_is_no_text_or_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\n")
    for file in (tmp_path, tmp_path / "bytes"):
        with pytest.raises(ConfigError, match="must be the record of this sweep's searches"):
            check_journal(file)
