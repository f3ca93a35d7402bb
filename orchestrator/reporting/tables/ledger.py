"""The ledger as a table: what each method was given, and what it used."""

from collections.abc import Mapping, Sequence

from orchestrator.config.budget import ATTACKS, FINALISTS, HOUR_S
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.limits.steering import planned_trials
from orchestrator.limits.usage import Account, Usage
from orchestrator.reporting.table import Cell, Column, Table
from orchestrator.results.entry import Entry
from orchestrator.storage.result import State
from trainers.job import Phase


def ledger_table(
    config: SweepConfig, entries: Sequence[Entry], ledger: Usage, *, trials: Mapping[str, int]
) -> Table:
    """Returns a row for each method, for the baselines, for what follows the search, for the sweep.

    `trials` are what each method was given, by label.
    """
    on_gpus = config.gang.gpus_per_rank > 0
    each = config.budget.method_gpu_hours if on_gpus else config.budget.method_cpu_hours
    whole = config.budget.gpu_hours if on_gpus else config.budget.cpu_hours
    device = "GPU" if on_gpus else "CPU"
    columns = [Column("Method"), Column("Trials given", "d"), Column("Trials used", "d")]
    columns += [Column("Found", "d"), Column("Failed", "d")]
    columns += [Column(f"{device}-hours given", ".3g"), Column(f"{device}-hours used", ".3g")]
    columns += [Column("Gang s", ".1f"), Column("Interrupted s", ".1f")]
    baselines = [ledger.account(str(phase)) for phase in (Phase.ORIGINAL, Phase.GOLD)]
    own = {label: ledger.account(label) for label in config.methods}
    none: tuple[Cell, ...] = (None,) * 4
    rows = [("Baselines", *none, None, *_used(baselines, on_gpus=on_gpus))]
    for label, account in own.items():
        counts = _counts([e for e in entries if e.label == label], ledger)
        used = _used([account], on_gpus=on_gpus)
        rows.append((label, trials[label], *counts, each, *used))
    later = {"Finalists": ledger.account(FINALISTS), "Attacks": ledger.account(ATTACKS)}
    for name, account in later.items():
        if account.use.gang_s:
            rows.append((name, *none, None, *_used([account], on_gpus=on_gpus)))
    everything = [*baselines, *own.values(), *later.values()]
    rows.append(("Sweep", *none, whole, *_used(everything, on_gpus=on_gpus)))
    title = f"What each method of the sweep {config.name} was given, and what it used"
    return Table(tuple(columns), tuple(rows), tuple(_notes(config, entries, ledger)), title=title)


def inequality(config: SweepConfig, entries: Sequence[Entry]) -> str:
    """Says how the methods' budgets turned out unequal; empty if they are equal."""
    ended = {label: sum(e.label == label for e in entries) for label in config.methods}
    if len(set(ended.values())) < 2:
        return ""
    counts = ", ".join(f"{label} {count}" for label, count in ended.items())
    return f"UNEQUAL BUDGETS, in trials: {counts}. A method that tried more may look better for it."


def _counts(trials: Sequence[Entry], ledger: Usage) -> tuple[int, int, int]:
    found = sum(not ledger.made(e.label, e.number) for e in trials)
    failed = sum(e.result.state == State.FAILED for e in trials)
    return len(trials), found, failed


def _used(accounts: Sequence[Account], *, on_gpus: bool) -> tuple[Cell, ...]:
    """Returns the hours of the devices, and the seconds of gang time and those cut off."""
    device_s = sum(a.use.gpu_s if on_gpus else a.use.cpu_s for a in accounts)
    gang_s = sum(account.use.gang_s for account in accounts)
    return device_s / HOUR_S, gang_s, sum(account.interrupted_s for account in accounts)


def _notes(config: SweepConfig, entries: Sequence[Entry], ledger: Usage) -> list[str]:
    hours = config.budget.hours
    given = f" of budget.hours ({hours:g})" if hours is not None else ""
    notes = [
        f"Wall clock of the sweep, all its runs together: {ledger.wall_s / HOUR_S:.3g} h{given}.",
        "Found: trials whose results were in storage already; they count as trials and cost "
        "nothing. Interrupted: gang time of jobs that were cut off, part of what was used.",
    ]
    over = [ledger.limit, *(ledger.method_limit(label) for label in config.methods)]
    notes += [f"Used up: {limit}." for limit in dict.fromkeys(over) if limit is not None]
    by_hand = ledger.steering.notes(planned_trials(config))
    return [*notes, *by_hand, *filter(None, [inequality(config, entries)])]
