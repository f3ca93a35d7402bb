"""The note that MLflow shows on top of a run: what it was, and how to repeat it."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.results.entry import Entry
from orchestrator.searching.constraints import SIGNS
from orchestrator.searching.settings import in_a_row
from orchestrator.searching.space import in_words
from orchestrator.storage.result import Result, State
from trainers.job import Phase

NOTE = "mlflow.note.content"
"""The tag that MLflow shows as a run's description."""
MAIN_TABLE = "table.md"
"""The file of the table that a note has: of a sweep, its finalists'."""
MAX_NOTE = 5000
"""Characters that every store takes of one."""
MADE_ON = {
    Phase.ORIGINAL: "The original model ({}), fine-tuned on everybody,",
    Phase.GOLD: "The gold model ({}), which never saw those who are to be forgotten,",
}


def job_note(entry: Entry, storage: Path) -> str:
    """Returns the note of a job's run, in Markdown."""
    job = entry.result.job
    module = ["python", "-m", "orchestrator.repeat"]
    again = shlex.join([*module, job.hash, "--storage", str(storage)])
    return (
        f"{_what(entry)} on {job.benchmark.name} with seed {job.seed}. {_outcome(entry)} "
        f"To repeat it: `{again}`."
    )


def sweep_note(config: Mapping[str, Any], folder: Path) -> str:
    """Returns the note of a sweep's run, given its resolved config as plain data."""
    search, labels = config["search"], ", ".join(config["methods"])
    bounds = " and ".join(_constraint(name, c) for name, c in search["constraints"].items())
    under = f" under {bounds}" if bounds else ""
    again = shlex.join(["python", "-m", "orchestrator.sweep", "--resume", str(folder)])
    return (
        f"A search for {_aim(search['objective'])}{under}, with {search['trials']} trials for "
        f"each of {labels}, on {config['benchmark']['name']} with {config['model']['name']} and "
        f"seed {config['seed']}. Each job is a child run; tables and figures are in `tables/`, the "
        f"resolved config in `config.json`. To go on, or to run what is missing: `{again}`."
    )


def with_table(note: str, table: str) -> str:
    """Returns the note with a table in Markdown on top, as far as that fits whole.

    What is said below the table goes first.
    """
    rows = table.partition("\n\n")[0]
    fitting = (f"{text.strip()}\n\n{note}" for text in (table, rows))
    return next((text for text in fitting if len(text) <= MAX_NOTE), note)


def _aim(objective: str | list[str]) -> str:
    if isinstance(objective, str):
        return f"the best {objective}"
    return f"the front between {in_a_row(objective)}"


def _what(entry: Entry) -> str:
    job = entry.result.job
    if job.phase in MADE_ON:
        return MADE_ON[job.phase].format(job.model.name)
    setting = in_words(entry.params or {})
    method = job.method.name if job.method is not None else "no method"
    number = "A trial" if entry.number is None else f"Trial {entry.number}"
    named = f"{entry.label} (method {method})" if entry.label != method else method
    again = ", a finalist, trained again" if entry.final else ""
    return f"{number} of {named}{again}" + (f" with {setting}" if setting else "")


def _outcome(entry: Entry) -> str:
    result = entry.result
    if result.state == State.FAILED:
        return f"It failed after {result.wall_s:.1f} s: {result.reason}."
    kept = ""
    if entry.violations is not None:
        kept = ", which keeps every constraint" if entry.feasible else ", which is not feasible"
    cut = f"It was stopped early ({result.stopped}) and" if result.stopped else "It"
    measured = in_words(result.metrics)
    return f"{cut} measured {measured}{kept}, in {result.wall_s:.1f} s{_steps(result)}."


def _steps(result: Result) -> str:
    steps = result.facts.get("steps")
    return f" and {steps:.0f} optimizer steps" if steps else ""


def _constraint(metric: str, constraint: Mapping[str, Any]) -> str:
    of = "" if constraint["relative_to"] == "absolute" else f" x the {constraint['relative_to']}'s"
    told = [
        f"{metric} {sign} {constraint[side]:g}{of}"
        for side, sign in SIGNS.items()
        if constraint[side] is not None
    ]
    return " and ".join(told)
