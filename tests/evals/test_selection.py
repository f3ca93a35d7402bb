"""Which tasks and items an evaluation scores."""

from evals import metric, selection
from evals.benchmark import Benchmark, Role
from evals.metric import Metric
from evals.selection import selected_tasks
from evals.settings import EvaluationSettings
from evals.text.example import Example, Probability, Task


def test_an_auxiliary_task_is_scored_only_for_a_metric_that_names_it(monkeypatch) -> None:
    def load(name: str) -> Metric:
        tasks = frozenset({"aside"} if name == "reads_it" else ())
        return Metric(lambda *_: 0.0, (0.0, 1.0), "higher", tasks=tasks)

    monkeypatch.setattr(selection, "load_metric", load)
    rows = (Example("a", "?", "!"),)
    tasks = tuple(
        Task(name, role, Probability.PLAIN, rows)
        for name, role in (("forget", Role.FORGET), ("aside", Role.AUXILIARY))
    )
    benchmark = Benchmark("people", {"full": rows}, tasks, ())
    for metrics, expected in ((("other",), ["forget"]), (("reads_it",), ["forget", "aside"])):
        settings = EvaluationSettings(metrics=metrics)
        assert [task.name for task in selected_tasks(benchmark, settings)] == expected


def test_generations_of_an_auxiliary_task_are_read_by_who_names_it() -> None:
    reads = Metric(
        lambda *_: 0.0,
        (0.0, 1.0),
        "higher",
        suite="text",
        needs=frozenset({metric.Need.GENERATION}),
        generates=frozenset({Role.AUXILIARY}),
        tasks=frozenset({"aside"}),
    )
    tasks = [
        Task(name, role, Probability.PLAIN, ())
        for name, role in (
            ("aside", Role.AUXILIARY),
            ("other", Role.AUXILIARY),
            ("forget", Role.FORGET),
        )
    ]
    assert [reads.reads_generations(task) for task in tasks] == [True, False, False]
