"""The method that is furthest behind asks next."""

from orchestrator.config.budget import BudgetSettings
from orchestrator.jobs.ticket import Ticket


def names(tickets: list[Ticket]) -> list[str]:
    return [t.job.method.name if t.job.method else str(t.job.phase) for t in tickets]


def test_a_sweep_that_goes_on_keeps_the_order_of_its_methods(begin, config, benchmark) -> None:
    first = begin(config, benchmark).past_baselines()
    for _ in range(3):
        first.run(first.queue.next())
    first.queue.next()
    assert first.trials == [("ga", 0), ("npo", 0), ("ga", 1)]
    again = begin(config, benchmark)
    again.run_all()
    assert again.trials[3:] == [("npo", 1), ("ga", 2), ("npo", 2)]


def test_a_method_that_is_added_catches_up(begin, config, benchmark) -> None:
    one = config.model_copy(update={"methods": {"npo": config.methods["npo"]}})
    begin(one, benchmark).run_all()
    both = begin(config, benchmark)
    assert names(both.run_all()) == ["ga"] * 3


def test_a_method_that_has_used_up_its_own_budget_leaves_the_others_going(
    begin, config, benchmark
) -> None:
    # A job of the sweep takes one second of a gang with two CPUs.
    config = config.model_copy(update={"budget": BudgetSettings(method_cpu_hours=4 / 3600)})
    sweep = begin(config, benchmark).past_baselines()
    sweep.run_all()
    assert sweep.trials == [("ga", 0), ("npo", 0), ("ga", 1), ("npo", 1)]
    assert sweep.queue.complete
    assert sweep.ledger.limit is None
