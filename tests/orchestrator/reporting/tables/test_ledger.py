from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.config.budget import BudgetSettings
from orchestrator.config.gang import GangSettings
from orchestrator.config.loading import load_config
from orchestrator.limits.ledger import Ledger
from orchestrator.reporting.formats.terminal_text import terminal_text
from orchestrator.reporting.table import Table
from orchestrator.reporting.tables.ledger import inequality, ledger_table
from orchestrator.results.entry import Entry
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job

CONFIG = load_config(None, ["methods=[ga, npo]", "gang.cpus_per_rank=1.5"])
GIVEN = {"ga": 3, "npo": 3}


def trial(label: str, number: int, *, state: State = State.DONE) -> Entry:
    job = any_job(seed=number)
    return Entry(label, Result(job, state, "", {}, {}, 1.0, (), 0.0), number, {})


def filled(folder: Path, **limits: float) -> Ledger:
    """Two trials of GA and one of NPO were run, 1200 s each, and the gold model in 600 s."""
    budget = BudgetSettings(**limits)
    ledger = Ledger(
        folder,
        gang=GangSettings(ranks=1, cpus_per_rank=3, gpus_per_rank=2),
        budget=budget,
        clock=lambda: 5000.0,
    )
    for label, number, gang_s in (("gold", None, 600), ("ga", 0, 1200), ("ga", 1, 1200)):
        ledger.give(label, number, f"{label}{number}")
        ledger.end(f"{label}{number}", gang_s)
    ledger.give("npo", 0, "npo0")
    ledger.end("npo0", 1200)
    return ledger


ENTRIES = [
    trial("ga", 0),
    trial("npo", 0),
    trial("ga", 1, state=State.FAILED),
    trial("npo", 1),
    trial("npo", 2),
]


def rows(made: Table) -> dict[str, dict[str, object]]:
    headings = [column.heading for column in made.columns]
    return {str(row[0]): dict(zip(headings, row, strict=True)) for row in made.rows}


def test_each_method_has_what_it_was_given_and_what_it_used(tmp_path: Path) -> None:
    made = rows(ledger_table(CONFIG, ENTRIES, filled(tmp_path), trials=GIVEN))
    assert list(made) == ["Baselines", "ga", "npo", "Sweep"]
    assert made["ga"] == {
        "Method": "ga",
        "Trials given": 3,
        "Trials used": 2,
        "Found": 0,
        "Failed": 1,
        "CPU-hours given": None,
        "CPU-hours used": pytest.approx(2),
        "Gang s": 2400,
        "Interrupted s": 0,
    }
    assert (made["npo"]["Trials used"], made["npo"]["Found"]) == (3, 2)
    assert made["npo"]["Gang s"] == 1200
    assert made["Sweep"]["Gang s"] == 4200
    assert made["Sweep"]["CPU-hours used"] == pytest.approx(3.5)


def test_where_ranks_have_gpus_it_counts_gpu_hours(tmp_path: Path) -> None:
    budget = BudgetSettings(gpu_hours=8, method_gpu_hours=2)
    gang = CONFIG.gang.model_copy(update={"gpus_per_rank": 1})
    config = CONFIG.model_copy(update={"gang": gang, "budget": budget})
    made = rows(ledger_table(config, ENTRIES, filled(tmp_path), trials=GIVEN))
    assert made["ga"]["GPU-hours used"] == pytest.approx(4 / 3)
    assert (made["ga"]["GPU-hours given"], made["Sweep"]["GPU-hours given"]) == (2, 8)


def test_the_notes_say_what_found_means_and_which_limit_was_used_up(tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"budget": BudgetSettings(cpu_hours=3)})
    text = terminal_text(ledger_table(config, ENTRIES, filled(tmp_path, cpu_hours=3), trials=GIVEN))
    assert "count as trials and cost nothing" in text
    assert "Used up: budget.cpu_hours (3)." in text
    assert "UNEQUAL" in text


def test_unequal_budgets_are_told_with_the_counts() -> None:
    assert inequality(CONFIG, ENTRIES).startswith("UNEQUAL BUDGETS, in trials: ga 2, npo 3.")


def test_equal_budgets_are_not_worth_a_word() -> None:
    assert inequality(CONFIG, [*ENTRIES, trial("ga", 2)]) == ""


def test_baselines_do_not_count_as_trials() -> None:
    gold = replace(trial("gold", 0), number=None)
    assert inequality(CONFIG, [gold, trial("ga", 0), trial("npo", 0)]) == ""
