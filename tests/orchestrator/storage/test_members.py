"""The list of a sweep's jobs holds each once, whatever a killed process leaves behind."""

from pathlib import Path

import pytest

from evals.errors import ConfigError
from orchestrator.storage.files import MEMBERS_FILE
from orchestrator.storage.members import Member, MemberRole, Members, read_members

GOLD = Member(role=MemberRole.GOLD, job="a" * 16, label="gold")
TRIAL = Member(role=MemberRole.TRIAL, job="b" * 16, label="npo", number=3, params={"lr": 1e-3})


def test_what_is_entered_is_read_again_in_order(tmp_path: Path) -> None:
    members = Members(tmp_path)
    for member in (GOLD, TRIAL):
        members.enter(member)
    assert read_members(tmp_path) == [GOLD, TRIAL]


def test_a_job_is_taken_down_once_however_often_it_is_told_of(tmp_path: Path) -> None:
    for _ in range(2):
        members = Members(tmp_path)
        members.enter(TRIAL)
        members.enter(TRIAL)
    assert read_members(tmp_path) == [TRIAL]


def test_the_same_job_can_be_two_trials(tmp_path: Path) -> None:
    members, again = Members(tmp_path), TRIAL.model_copy(update={"number": 4})
    members.enter(TRIAL)
    members.enter(again)
    assert [member.number for member in read_members(tmp_path)] == [3, 4]


def test_half_a_line_counts_for_nothing_and_is_removed_by_who_goes_on(tmp_path: Path) -> None:
    Members(tmp_path).enter(GOLD)
    with (tmp_path / MEMBERS_FILE).open("a", encoding="utf-8") as stream:
        stream.write('{"role": "tri')
    assert read_members(tmp_path) == [GOLD]
    Members(tmp_path).enter(TRIAL)
    assert read_members(tmp_path) == [GOLD, TRIAL]


def test_a_line_that_cannot_be_read_is_refused_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / MEMBERS_FILE).write_text('{"role": "king"}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"members\.jsonl must be .*; remove it and run"):
        read_members(tmp_path)


def test_a_line_without_room_waits_for_it(tmp_path: Path, monkeypatch) -> None:
    members, waits = Members(tmp_path, wait=print), []

    def append(*_, wait, seeing) -> None:
        waits.append(wait)

    monkeypatch.setattr("orchestrator.storage.members.append", append)
    members.enter(GOLD)
    assert waits == [print]
