"""Packs are given out one after the other, and the config is one that a sweep takes."""

import shadow_models
from shadow_models import METHODS, OneByOne

from orchestrator.config.gang import GangSettings
from orchestrator.jobs.ticket import Ticket
from tests.fixtures.jobs import any_job


def test_a_pack_is_given_out_when_all_jobs_of_the_one_before_have_ended() -> None:
    each = [Ticket(job=any_job(seed=n), storage="runs", gang=GangSettings()) for n in range(3)]
    tickets = OneByOne([each[:2], each[2:]])
    pack = tickets.next()
    assert pack is not None
    assert (pack.job, [ticket.job for ticket in pack.following]) == (each[0].job, [each[1].job])
    tickets.finish(each[0].job, error="")
    assert (tickets.next(), tickets.finished) == (None, False)
    tickets.finish(each[1].job, error="")
    assert (tickets.next(), tickets.finished) == (each[2], True)


def test_the_sweep_of_drawn_people_can_be_made_shorter_as_it_says(tmp_path) -> None:
    config = shadow_models._config(tmp_path, 3)
    assert (tuple(config.methods), config.training.epochs) == (METHODS, 3)
