"""What other sweeps have to do with is read from their folders, again when these have grown."""

from pathlib import Path

from orchestrator.limits.other_sweeps import OtherSweeps

A, B, C = "a" * 16, "0123456789abcdef", "c" * 16


def note(root: Path, sweep: str, file: str, text: str) -> None:
    folder = root / "sweeps" / sweep
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / file).open("a") as stream:
        stream.write(text)


def test_jobs_in_others_journals_and_ledgers_are_named_and_the_own_are_not(tmp_path: Path) -> None:
    note(tmp_path, "mine", "ledger.jsonl", f'{{"job":"{A}"}}\n')
    note(tmp_path, "theirs", "ledger.jsonl", f'{{"job":"{B}"}}\n')
    note(tmp_path, "older", "search.journal", f'{{"origin":"x/3@{C}","id":"{"f" * 17}"}}\n')
    note(tmp_path, "older", "trials.csv", f"{A}\n")
    assert OtherSweeps(tmp_path / "sweeps" / "mine").jobs_of_others() == {B, C}


def test_what_is_added_is_seen(tmp_path: Path) -> None:
    others = OtherSweeps(tmp_path / "sweeps" / "mine")
    assert others.jobs_of_others() == frozenset()
    note(tmp_path, "theirs", "ledger.jsonl", f'{{"job":"{A}"}}\n')
    assert others.jobs_of_others() == {A}
    note(tmp_path, "theirs", "ledger.jsonl", f'{{"job":"{B}"}}\n')
    assert others.jobs_of_others() == {A, B}
