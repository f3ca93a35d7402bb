"""Sweeps that nobody ran and models that never were: results, records, finalists, score sheets."""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evals.benchmark import Role
from evals.choice import Choice
from evals.scores import ScoreSheet
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores
from orchestrator.config.loading import load_config
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.limits.usage import Usage
from orchestrator.reporting.estimates.finals import Final, Finals
from orchestrator.reporting.estimates.inference import Comparison, Interval
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.table import Cell, Table
from orchestrator.results.chance import Chance
from orchestrator.results.entry import Entry, Reference
from orchestrator.searching.constraints import Bound, is_feasible, violations
from orchestrator.storage.files import sweep_path
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job
from tests.fixtures.paths import SWEEP
from trainers.job import Phase, Report
from trainers.settings import TrainingSettings

ROLES = {"forget": Role.FORGET, "retain": Role.RETAIN, "authors": Role.REAL, "facts": Role.REAL}
WORDS = ("red", "green", "blue", "white", "black", "brown")
GOLDEN = Path(__file__).parent / "golden"
STORAGE = Path("/storage/lethe")


class Fakes:
    """Makes the parts of a sweep; its trials are held against `bounds`, Retain >= 0.7."""

    bounds = (Bound("retain", "at_least", 0.7, "0.9 x the original's"),)

    def __init__(self, *, writes_golden: bool) -> None:
        self._writes_golden = writes_golden

    def config(self, *overrides: str) -> SweepConfig:
        """Returns the demo under another name, with GA, NPO and RMU, two seeds for finalists."""
        words = ["methods=[ga, npo, rmu]", "name=made", f"storage={STORAGE}", "finalists.seeds=2"]
        return load_config(SWEEP, [*words, "search.trials=4", *overrides])

    def result(
        self,
        phase: Phase,
        *,
        lr: float = 1e-4,
        l1: float = 0.0,
        metrics: Mapping[str, float] | None = None,
        reason: str = "",
        facts: Mapping[str, float] | None = None,
        seed: int = 0,
        method: str | None = None,
    ) -> Result:
        job = any_job(
            phase,
            training=TrainingSettings(lr=lr, l1=l1),
            seed=seed,
            method=None if method is None else Choice(name=method),
            data="d" * 64,
        )
        return Result(
            job=job,
            state=State.FAILED if reason else State.DONE,
            reason=reason,
            metrics=metrics or {},
            facts=facts or {"moved": 1.0},
            wall_s=4.125,
            reports=(),
            started_at=1.7e9,
        )

    def metrics(
        self, retain: float, quality: float, *, real: float = 0.45, forget: float = 0.3
    ) -> dict[str, float]:
        return {"real": real, "retain": retain, "forget": forget, "log_forget_quality": quality}

    def trial(
        self,
        label: str,
        number: int,
        *,
        lr: float = 1e-4,
        l1: float = 2e-3,
        retain: float = 0.75,
        quality: float = -9.0,
        forget: float = 0.3,
        further: Mapping[str, float | str] | None = None,
        facts: Mapping[str, float] | None = None,
        bounds: tuple[Bound, ...] | None = None,
    ) -> Entry:
        metrics = self.metrics(retain, quality, forget=forget)
        done = self.result(
            Phase.TRIAL, lr=lr, l1=l1, metrics=metrics, facts=facts, seed=number, method=label
        )
        missed = violations(self.bounds if bounds is None else bounds, metrics)
        return Entry(label, done, number, {"lr": lr, "l1": l1, **(further or {})}, missed)

    def failed(self, label: str, number: int, reason: str) -> Entry:
        lost = self.result(Phase.TRIAL, lr=9e-4, reason=reason, seed=number, method=label)
        return Entry(label, lost, number, {"lr": 9e-4, "l1": 0.0})

    def stopped(self, label: str, number: int, *, retain: float, step: int) -> Entry:
        made = self.trial(label, number, lr=1e-3, retain=retain, quality=-1.0)
        why = f"stopped at step {step} of 100: retain is lost"
        reports = (Report(step, 100, {"loss": 1.0}),)
        return replace(made, result=replace(made.result, stopped=why, reports=reports))

    def baseline(self, phase: Phase, metrics: Mapping[str, float]) -> Entry:
        return Entry(str(phase), self.result(phase, metrics=metrics))

    def baselines(self) -> list[Entry]:
        return [
            self.baseline(Phase.GOLD, self.metrics(0.79, 0.0, real=0.48, forget=0.24)),
            self.baseline(Phase.ORIGINAL, self.metrics(0.78, -61.218, real=0.47, forget=0.97)),
        ]

    def entries(self) -> list[Entry]:
        """NPO has feasible trials, GA and RMU have none; RMU's only one failed."""
        return [
            *self.baselines(),
            self.trial("npo", 0, lr=1e-5, retain=0.76, quality=-40.0, further={"beta": 0.125}),
            self.trial("npo", 1, lr=3.14159e-4, retain=0.71, quality=-3.25, further={"beta": 0.25}),
            self.trial("npo", 2, lr=9e-4, retain=0.11, quality=-0.5, further={"beta": 0.5}),
            self.failed("npo", 3, "the loss is nan at step 7"),
            self.trial("ga", 0, lr=8e-4, retain=0.02, quality=-200.0),
            self.trial("ga", 1, lr=1e-5, retain=0.65, quality=-30.0, facts={"moved": 0.0}),
            self.failed("rmu", 0, "rank 1 was lost"),
        ]

    def record(
        self,
        entries: list[Entry] | None = None,
        *,
        config: SweepConfig | None = None,
        bounds: tuple[Bound, ...] | None = None,
        gaps: tuple[str, ...] = (),
        chance: Chance | None = None,
    ) -> SweepRecord:
        config = config or self.config()
        found = self.entries() if entries is None else entries
        by_label = {entry.label: entry.result for entry in self.baselines()}
        by_label |= {entry.label: entry.result for entry in found}
        bounds = self.bounds if bounds is None else bounds
        return SweepRecord(
            config=config,
            folder=STORAGE / sweep_path(config.name),
            storage=Storage(STORAGE),
            reference=Reference(by_label["original"], by_label["gold"], bounds),
            entries=tuple(found),
            replicates=(),
            gold_again=self.result(Phase.GOLD, seed=1),
            usage=Usage(config.budget),
            gaps=gaps,
            chance=chance or Chance(by_label["original"].metrics["log_forget_quality"]),
        )

    def final(
        self,
        label: str,
        number: int,
        *,
        retain: float,
        quality: float,
        rank: int | None,
        num_runs: int = 2,
        further: Mapping[str, float | str] | None = None,
    ) -> Final:
        means = self.metrics(retain, quality) if num_runs else {}
        missed = violations(self.bounds, means) if num_runs else {}
        runs = tuple(
            self.result(Phase.TRIAL, lr=2e-4, l1=2e-3, seed=100 + number * 10 + i, method=label)
            for i in range(num_runs)
        )
        return Final(
            label=label,
            number=number,
            params={"lr": 2e-4, "l1": 2e-3, **(further or {})},
            results=runs,
            metrics={n: Interval(m, m - 0.0625, m + 0.0625, num_runs) for n, m in means.items()},
            violations=missed,
            feasible=bool(num_runs) and is_feasible(missed),
            rank=rank,
        )

    def finals(self, *finals: Final, comparisons: tuple[Comparison, ...] = ()) -> Finals:
        return Finals(
            original=self.metrics(0.78, -30.5, real=0.47, forget=0.97),
            gold=self.metrics(0.79, 0.0, real=0.48, forget=0.24),
            gold_again=self.metrics(0.77, -0.85, real=0.48, forget=0.25),
            bounds=self.bounds,
            finals=finals,
            comparisons=comparisons,
        )

    def compared(
        self,
        first: str,
        second: str,
        difference: float,
        *,
        p: float,
        metric: str = "log_forget_quality",
    ) -> Comparison:
        interval = Interval(difference, difference - 0.5, difference + 0.75, 2)
        return Comparison(first, second, metric, interval, p, p <= 0.05)

    def rows(self, table: Table, *, by: str = "Method") -> dict[Cell, dict[str, Cell]]:
        """Returns each row by heading, by what stands in the column `by`."""
        headings = [column.heading for column in table.columns]
        rows = [dict(zip(headings, row, strict=True)) for row in table.rows]
        return {row[by]: row for row in rows}

    def check_golden(self, name: str, text: str) -> None:
        """Holds a text, whatever its jobs' hashes, against the file; --golden writes that anew."""
        made = re.sub(r"\b[0-9a-f]{16}\b", "0123456789abcdef", text)
        if self._writes_golden:
            (GOLDEN / name).write_text(made, encoding="utf-8")
        due = (GOLDEN / name).read_text(encoding="utf-8")
        assert made == due, "".join(
            difflib.unified_diff(due.splitlines(True), made.splitlines(True), name, "made")
        )


@pytest.fixture
def fakes(request: pytest.FixtureRequest) -> Fakes:
    return Fakes(writes_golden=request.config.getoption("--golden"))


@pytest.fixture
def scored() -> Callable[..., ScoreSheet]:
    """Returns `scored(model, ...)`: tasks of `num_items` items each, the same items for all models.

    `knows` is the nats per token by which the forget answers are more likely than to one that never
    saw them. An item is as hard for all models; `model` seeds what a model makes of it by itself.
    """

    def build(
        model: int, *, knows: float = 0.0, num_items: int = 40, rouge: bool = True, items: int = 0
    ) -> ScoreSheet:
        shared, own = np.random.default_rng([7, items]), np.random.default_rng([8, model])

        def task(name: str) -> TaskScores:
            hard = shared.normal(size=num_items)
            right = np.exp(0.5 * hard + 0.2 * own.normal(size=num_items))
            right = right * np.exp(-knows) if name == "forget" else right
            wrong = 1.3 * np.exp(0.2 * own.normal(size=(num_items, 3)))
            return TaskScores(
                name,
                ROLES[name],
                Probability.CHOICE if ROLES[name] == Role.REAL else Probability.PLAIN,
                tuple(
                    _item(
                        f"{name}-{i:03}",
                        float(right[i]),
                        wrong[i].tolist(),
                        own if rouge else None,
                    )
                    for i in range(num_items)
                ),
            )

        return ScoreSheet(tuple(map(task, ROLES)))

    return build


def _item(
    name: str, right: float, wrong: list[float], speaker: np.random.Generator | None
) -> ItemScore:
    said = None if speaker is None else " ".join(speaker.choice(WORDS, size=3))
    return ItemScore(
        id=name,
        truth="red green blue",
        answer=AnswerScore(4 * right, 4),
        paraphrase=AnswerScore(5 * right * 1.05, 5),
        perturbed=tuple(AnswerScore(5 * nll, 5) for nll in wrong),
        token_logprobs=(-right,) * 4,
        token_hits=(True, right < 1, right < 2, True),
        generation=said,
    )


@pytest.fixture
def lively(fakes: Fakes) -> SweepRecord:
    """A sweep of which every figure has something to show: eight trials of GA and of NPO each.

    The larger lr x (1 - l1 / 2), the more is forgotten and the less is kept; NPO has a beta, too.
    One trial was stopped, one failed with a reason that would break a careless page.
    """
    entries = fakes.baselines()
    for label in ("ga", "npo"):
        for i in range(8):
            lr, l1 = 10 ** (-4 + 0.25 * i), 10 ** (-3 + 3 * ((3 * i) % 8) / 8)
            force = lr * (1 - l1 / 2) * (300 if label == "ga" else 150)
            made = fakes.trial(
                label,
                i,
                lr=lr,
                l1=l1,
                retain=max(0.02, 0.79 - force),
                quality=-60 + 59 * min(1.0, 3 * force),
                further={"beta": 0.1 * (i + 1)} if label == "npo" else None,
            )
            entries.append(_trained(made, num_reports=8))
    entries.append(fakes.stopped("rmu", 0, retain=0.1, step=20))
    entries.append(fakes.failed("rmu", 1, "</script><b id='bad'>\"lost\" & 'gone'"))
    return fakes.record(entries, config=fakes.config("search.trials=8"))


def _trained(entry: Entry, *, num_reports: int) -> Entry:
    """Returns the trial with reports on the way to its Retain: all have a loss, most a probe."""
    end = entry.result.metrics["retain"]
    reports = []
    for i in range(1, num_reports + 1):
        kept = 0.78 + (end - 0.78) * i / num_reports
        probed = {"probe_retain": kept, "probe_retain_error": 0.01} if i > 1 else {}
        reports.append(Report(10 * i, 10 * num_reports, {"loss": 2.0 / i, "lr": 1e-4, **probed}))
    return replace(entry, result=replace(entry.result, reports=tuple(reports)))
