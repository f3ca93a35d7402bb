"""Each ticket is given out once and timed at its end; the config is one that a sweep takes."""

from trial_overhead import TicketList, _config, _parser

from orchestrator.config.gang import GangSettings
from orchestrator.jobs.ticket import Ticket
from tests.fixtures.jobs import any_job


def test_tickets_come_in_order_and_their_ends_are_noted() -> None:
    first, second = (
        Ticket(job=any_job(seed=seed), storage="runs", gang=GangSettings()) for seed in (0, 1)
    )
    tickets = TicketList([first, second])
    assert (tickets.next(), tickets.finished) == (first, False)
    assert (tickets.next(), tickets.finished, tickets.next()) == (second, True, None)
    tickets.finish(second.job, error="")
    tickets.finish(first.job, error="")
    assert tickets.ends_s[second.job.hash] <= tickets.ends_s[first.job.hash]


def test_the_demo_can_be_made_smaller_as_it_says(tmp_path) -> None:
    config = _config(_parser().parse_args([]), tmp_path)
    assert (list(config.methods), config.benchmark.settings["num_people"]) == (["npo"], 6)
