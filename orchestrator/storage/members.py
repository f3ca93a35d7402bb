"""Which jobs belong to a sweep, and as what: enough to rebuild its report from storage alone."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from evals.errors import ConfigError, cut
from orchestrator.storage.files import LEDGER_FILE, MEMBERS_FILE
from orchestrator.storage.line_file import Wait, append, at_once, mend, whole_lines


class MemberRole(StrEnum):
    """What a job is in a sweep."""

    ORIGINAL = "original"
    GOLD = "gold"
    GOLD_AGAIN = "gold_again"
    """The gold model under another seed: what forget quality is where everything is forgotten."""
    TRIAL = "trial"
    FINAL = "final"
    """A method's best trial, run again under another seed."""
    SHADOW = "shadow"
    """A baseline, or a method's best trial, at another split: a model for attacks."""


class Member(BaseModel):
    """A job that has ended, by its hash.

    `number` is the trial's, or that of the one it repeats under `seed`, or at another `split`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: MemberRole
    job: str = Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")
    label: str
    number: int | None = None
    seed: int | None = None
    split: int | None = None
    params: Mapping[str, float | int | str] = {}


class Members:
    """The sweep's list of jobs, kept in its folder; each is taken down once.

    A *place* is a role, a trial, or a trial under a seed or at a split. Where another job takes a
    place, as the data have changed perhaps, its line comes later and counts. Lines that find no
    room on the disk `wait` for it.
    """

    def __init__(self, folder: Path, *, wait: Wait = at_once) -> None:
        self._file = folder / MEMBERS_FILE
        self._ledger = folder / LEDGER_FILE
        self._wait = wait
        mend(self._file)
        self._known = {_place(member): member.job for member in read_members(folder)}

    def enter(self, member: Member) -> None:
        """Takes a job down, unless it is there already."""
        if self._known.get(_place(member)) == member.job:
            return
        text = member.model_dump_json(exclude_defaults=True)
        append(self._file, text, wait=self._wait, seeing=[self._ledger])
        self._known[_place(member)] = member.job


def read_members(folder: Path) -> list[Member]:
    """Returns the jobs of the sweep in `folder`, each place's latest, in the order of their lines.

    Half a line at the end, which a process that was killed has left, counts for nothing.

    Raises:
        ConfigError: a line cannot be read.
    """
    file = folder / MEMBERS_FILE
    try:
        members = [Member.model_validate_json(line) for line in whole_lines(file)]
    except (ValueError, OSError) as error:
        what = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise ConfigError(
            f"{file} must be the list of this sweep's jobs but got {cut(what, limit=200)}; "
            "remove it and run the sweep's command again, which writes it anew"
        ) from None
    latest = {_place(member): member for member in members}
    return [member for member in members if latest[_place(member)] is member]


def _place(member: Member) -> tuple[MemberRole, str, int | None, int | None, int | None]:
    return member.role, member.label, member.number, member.seed, member.split
