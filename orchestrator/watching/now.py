"""What goes on in a sweep, from its folder alone: who drives it, how far it is, what runs."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.finalists import num_finalists
from orchestrator.jobs.shadows import num_shadows
from orchestrator.limits.steering import given_trials
from orchestrator.limits.usage import Event, Line, RunningJob, Usage, read_lines
from orchestrator.reporting.duration import duration
from orchestrator.reporting.page.now import Count, Failed, Now, Running, drawn
from orchestrator.storage.files import LEDGER_FILE
from orchestrator.storage.live_file import read_live
from orchestrator.storage.lock import Holder, holder_of
from orchestrator.storage.members import Member, MemberRole, read_members
from orchestrator.storage.records import Storage
from orchestrator.storage.result import State
from trainers.checkpoint import newest, read_bookmark

PACE_OVER = 20
"""Trials that the remaining time is estimated from: the latest ones, as they say most."""
MAX_FAILED = 20
OVER = "Over:", "the sweep has come to its end"
PROBE, ERROR = "probe_", "_error"


def now_of(
    config: SweepConfig, storage: Storage, *, is_whole: bool = False, trouble: str = ""
) -> Now:
    """Returns what goes on in the sweep; `is_whole` says that its record lacks nothing.

    Raises:
        ConfigError: a file of it cannot be read.
        OSError: the same.
    """
    folder = storage.sweep_path(config.name)
    lines = read_lines(folder / LEDGER_FILE)
    usage = Usage(config.budget)
    usage.take_all(lines, folder / LEDGER_FILE)
    members = read_members(folder)
    holder = holder_of(folder)
    given = given_trials(config, usage.steering)
    trials = [each for each in members if each.role == MemberRole.TRIAL and each.label in given]
    is_over = holder is None and (usage.complete or is_whole)
    state, said = OVER if is_over else _state(usage, holder)
    left = _left(lines, given, sum(given.values()) - len(trials))
    if left and holder is not None and not usage.steering.paused:
        said = f"{said}; the search has {left} left at the pace of its latest trials"
    failed = list(_failed(trials, storage))
    return Now(
        title=f"{len(trials)} of {sum(given.values())}: {config.name}",
        state=state,
        said=f"{said}.",
        counts=tuple(_counts(config, members, (len(trials), sum(given.values())), is_over=is_over)),
        running=tuple(_running(usage.running, folder, storage)) if holder is not None else (),
        failed=tuple(failed[-MAX_FAILED:]),
        more_failed=max(0, len(failed) - MAX_FAILED),
        trouble=trouble,
    )


def _state(usage: Usage, holder: Holder | None) -> tuple[str, str]:
    if holder is not None:
        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(holder.since))
        who = f"driven by process {holder.pid} on {holder.host} since {since}"
        if usage.steering.paused:
            return "Paused by hand:", f"{who}; nothing new starts"
        return ("Running:", who) if usage.running else ("Running:", f"{who}; no job runs just now")
    return "Nobody drives it:", "the sweep was interrupted, and goes on with its own command"


def _counts(
    config: SweepConfig, members: Sequence[Member], trials: tuple[int, int], *, is_over: bool
) -> Iterator[Count]:
    roles = Counter(member.role for member in members)
    yield Count("Baselines", roles[MemberRole.ORIGINAL] + roles[MemberRole.GOLD], 2)
    yield Count("Trials", trials[0], max(trials))
    later = {
        "Finalists' runs": (
            roles[MemberRole.FINAL] + roles[MemberRole.GOLD_AGAIN],
            num_finalists(config),
        ),
        "Models for attacks": (roles[MemberRole.SHADOW], num_shadows(config)),
    }
    for name, (done, most) in later.items():
        if most and is_over:
            yield Count(name, done, done)
        elif most:
            yield Count(name, done, max(done, most), "at most ")


def _left(lines: Sequence[Line], methods: Mapping[str, int], num_left: int) -> str:
    """Returns how long the trials that are left take at the pace of the latest; "" if unknown."""
    trials = {line.job for line in lines if line.event == Event.GIVEN and line.label in methods}
    begun = max((i for i, line in enumerate(lines) if line.event == Event.OPENED), default=0)
    ended = [line.at for line in lines[begun:] if line.event == Event.ENDED and line.job in trials][
        -PACE_OVER:
    ]
    if len(ended) < 2 or num_left <= 0:
        return ""
    return f"about {duration((ended[-1] - ended[0]) / (len(ended) - 1) * num_left)}"


def _running(jobs: Sequence[RunningJob], folder: Path, storage: Storage) -> Iterator[Running]:
    live = read_live(folder)
    for job in jobs:
        number = "" if job.number is None else f" {job.number}"
        said, place = live.get(job.job), _place(storage, job.job)
        name, lasted = f"{job.label}{number}", duration(max(0.0, time.time() - job.since))
        if said is None or not said.losses:
            yield Running(
                name, lasted, place, "not heard of yet" if place else "waits for its gang"
            )
            continue
        yield Running(
            name,
            lasted,
            place,
            steps=f"{said.step} of {said.num_steps}",
            loss=f"{said.losses[-1][1]:.4g}",
            line=drawn(said.losses),
            probes=_probes(storage, job.job),
        )


def _place(storage: Storage, job_hash: str) -> str:
    """Returns the host on which a job runs, as the folder that it writes to is called by it."""
    home = storage.job_folder(job_hash)
    found = [each.name for each in home.parent.glob(f".{job_hash}-*-*-*")]
    hosts = {name.removeprefix(f".{job_hash}-").rsplit("-", 2)[0] for name in found}
    return ", ".join(sorted(hosts))


def _probes(storage: Storage, job_hash: str) -> str:
    """Returns what the latest checkpoint of a job in training has of its probes."""
    found = newest(storage.checkpoint_of(job_hash))
    mark = None if found is None else read_bookmark(found)
    reports = [] if mark is None else mark.reports
    last = next((r for r in reversed(reports) if any(n.startswith(PROBE) for n in r.metrics)), None)
    if last is None:
        return ""
    return ", ".join(
        f"{name.removeprefix(PROBE)} {value:.3g} at step {last.step}"
        for name, value in last.metrics.items()
        if name.startswith(PROBE) and not name.endswith(ERROR)
    )


def _failed(trials: Sequence[Member], storage: Storage) -> Iterator[Failed]:
    for member in trials:
        with suppress(ValueError, OSError):  # of one that cannot be read the page says so
            result = storage.recorded(member.job)
            if result is not None and result.state == State.FAILED:
                yield Failed(f"{member.label} {member.number}", result.reason)
