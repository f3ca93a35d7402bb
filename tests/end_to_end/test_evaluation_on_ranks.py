"""Evaluation under the engine: two ranks, of which one has less to do, equal one."""

from pathlib import Path

import pytest

from evals.measure import merge
from evals.scores import ScoreSheet

STUDY = Path(__file__).with_name("evaluation_study.py")


@pytest.fixture(scope="module")
def together(on_ranks) -> list[dict[str, ScoreSheet]]:
    return on_ranks(STUDY, 2)


@pytest.mark.dist
@pytest.mark.slow
@pytest.mark.parametrize("name", [f"{a} ZeRO-{s}" for s in (0, 3) for a in ("sdpa", "eager")])
def test_two_ranks_with_unequal_shares_find_what_one_finds(together, name):
    expected = together[0]["alone"]
    merged = merge([part[name] for part in together])
    for one, other in zip(merged.tasks, expected.tasks, strict=True):
        assert [item.id for item in one.items] == [item.id for item in other.items]
        for a, b in zip(one.items, other.items, strict=True):
            assert a.answer.nll == pytest.approx(b.answer.nll, abs=1e-4)
            assert [w.nll for w in a.perturbed] == pytest.approx(
                [w.nll for w in b.perturbed], abs=1e-4
            )
            assert a.generation == b.generation
            assert a.generation is not None
