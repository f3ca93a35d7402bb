"""A table with everything that a format must get right."""

import math
from pathlib import Path

import pytest

from orchestrator.reporting.provenance import Provenance
from orchestrator.reporting.table import Column, Estimate, Table


@pytest.fixture
def table() -> Table:
    """Estimates beside plain numbers, what is missing, infeasible, best, and must be escaped."""
    columns = (
        Column("Method"),
        Column("lr", ".2e"),
        Column("Real & more", key="real", note="100 % without ROUGE_L"),
        Column("Log Forget Quality", "z.2f"),
        Column("Seeds", "d"),
        Column("Feasible"),
        Column("Note"),
        Column("Repeat", wide=True),
    )
    rows = (
        (
            "Original",
            None,
            0.470001,
            -61.218,
            1,
            True,
            "",
            f"python -m orchestrator.repeat {16 * 'a'}",
        ),
        (
            "npo_rt",
            3.14159e-4,
            Estimate(0.45, 0.4375, 0.4625),
            -3.256,
            3,
            True,
            "",
            f"python -m orchestrator.repeat {16 * 'b'}",
        ),
        (
            "ga",
            0.0,
            Estimate(0.31, math.nan, math.nan),
            math.nan,
            3,
            False,
            "0.5 | <#1>",
            f"python -m orchestrator.repeat {16 * 'c'}",
        ),
        ("rmu", 1e-5, None, -math.inf, None, None, "a \\ {b} ~ ^ $5\nnew", None),
    )
    return Table(
        columns=columns,
        rows=rows,
        notes=("Feasible: retain >= 0.7 (90% of it).", "UNEQUAL BUDGETS."),
        title="The sweep my_sweep",
        muted=frozenset({2}),
        bold=frozenset({(1, 2), (1, 3)}),
        num_heads=1,
        daggered=frozenset({2}),
    )


@pytest.fixture
def provenance() -> Provenance:
    return Provenance(
        sweep="my_sweep",
        storage="/storage/lethe",
        seed=7,
        benchmark="tofu",
        model="causal_lm some/model",
        data="d" * 64,
        version="0.1.0",
        objective="log_forget_quality",
        search_bounds=("retain >= 0.7 (0.9 x the original's)",),
        reported_bounds=("retain >= 0.6 (0.9 x the original's)",),
        held_out=0.5,
        gaps=("Trials that are not done yet: ga 2 of 4.",),
    )


@pytest.fixture
def golden() -> Path:
    return Path(__file__).parents[1] / "golden"
