"""The published TOFU tables, where they lie beside the repository."""

from functools import cache

import pytest

from evals.benchmark import Benchmark, Role
from evals.benchmarks.tofu import Config, build
from tests.fixtures.paths import ROOT

DATA = ROOT / ".." / "shared" / "data" / "tofu"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the TOFU tables are not at shared/data")


@cache
def built(**settings) -> Benchmark:
    return build(Config(path=str(DATA), **settings))


@pytest.mark.parametrize(
    ("forget", "size"), [("forget01", 40), ("forget05", 200), ("forget10", 400)]
)
def test_forget_and_retain_complement_each_other(forget, size) -> None:
    splits = built(forget=forget).splits
    assert (len(splits["forget"]), len(splits["retain"])) == (size, 4000 - size)
    assert {e.id for e in splits["full"]} == {f"tofu-{row:04d}" for row in range(4000)}
    assert not {e.id for e in splits["forget"]} & {e.id for e in splits["retain"]}


@pytest.mark.parametrize(
    ("forget", "size"), [("forget01", 40), ("forget05", 200), ("forget10", 400)]
)
def test_tasks_have_the_published_sizes_and_numbers_of_wrong_answers(forget, size) -> None:
    tasks = {task.name: task for task in built(forget=forget).tasks}
    sizes = {name: len(task.examples) for name, task in tasks.items()}
    assert sizes == {"forget": size, "retain": 400, "real_authors": 100, "world_facts": 117}
    for task in tasks.values():
        wrong = 3 if task.role == Role.REAL else 5
        assert {len(set(e.perturbed) - {e.answer, e.paraphrase}) for e in task.examples} == {wrong}


def test_smaller_forget_sets_lie_within_the_larger_ones() -> None:
    small, middle, large = (
        {e.id for e in built(forget=f"forget{n}").splits["forget"]} for n in ("01", "05", "10")
    )
    assert small < middle < large


def test_a_small_run_trains_scores_and_holds_out_different_authors() -> None:
    benchmark = built(forget="forget10", forget_authors=2, retain_authors=5, train_world=True)
    splits = benchmark.splits
    assert [len(splits[name]) for name in ("forget", "retain", "holdout")] == [40, 100 + 217, 40]
    parts = [{e.id for e in splits[name]} for name in ("forget", "retain", "holdout")]
    assert len(set.union(*parts)) == sum(len(part) for part in parts)
    assert parts[2] < {e.id for e in built(forget="forget10").splits["forget"]}
    for task in benchmark.tasks:
        assert all(len(e.perturbed) == (3 if task.role == Role.REAL else 5) for e in task.examples)
