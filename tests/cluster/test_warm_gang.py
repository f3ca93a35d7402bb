"""When a warm gang is given up for another one."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from cluster import warm_gang
from cluster.gang import GangShape
from cluster.warm_gang import Upkeep, WarmGang
from trainers.rank_task import RankTask

SHAPE = GangShape(ranks=2, cpus_per_rank=1, gpus_per_rank=0)


class Ranks:
    """Stands in for a gang whose ranks hold what the test says."""

    def __init__(self) -> None:
        self.memory = [100, 100]
        self.closed = False

    def start(self, task: RankTask) -> None:
        assert not self.closed

    def memory_bytes(self) -> list[int]:
        return self.memory

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def formed(monkeypatch: pytest.MonkeyPatch) -> list[Ranks]:
    gangs: list[Ranks] = []

    def form(*_: object, **__: object) -> Ranks:
        gangs.append(Ranks())
        return gangs[-1]

    monkeypatch.setattr(warm_gang.Gang, "form", form)
    monkeypatch.setattr(warm_gang, "get_current_placement_group", lambda: None)
    return gangs


def run(gang: WarmGang, formed: list[Ranks], memory: list[int], **upkeep: float) -> int:
    """Runs a job after which the ranks hold `memory`; returns how many gangs there were so far."""
    limits = {"recycle_after": 100, "recycle_growth": 0.5, "timeout_s": 1.0, **upkeep}
    gang.begin(RankTask(None, Path()), SHAPE, Upkeep(**limits))
    formed[-1].memory = memory
    assert gang.weigh() == max(memory)
    return len(formed)


def test_a_gang_serves_so_many_jobs(formed) -> None:
    gang = WarmGang()
    counts = [run(gang, formed, [100, 100], recycle_after=3) for _ in range(7)]
    assert counts == [1, 1, 1, 2, 2, 2, 3]
    assert [gang.closed for gang in formed] == [True, True, False]


def test_a_rank_that_has_grown_since_its_first_job_ends_its_gang(formed) -> None:
    gang = WarmGang()
    assert run(gang, formed, [100, 400]) == 1
    assert run(gang, formed, [150, 600]) == 1
    assert run(gang, formed, [151, 400]) == 1
    assert run(gang, formed, [151, 400]) == 2, "one rank in two is enough"
    assert run(gang, formed, [150, 400]) == 2, "the new ranks' first job is what counts"


def test_there_is_room_for_a_gang_that_stands_whatever_ray_says_of_its_nodes(
    formed, monkeypatch
) -> None:
    group = SimpleNamespace(wait=lambda timeout_s: False)
    monkeypatch.setattr(warm_gang, "get_current_placement_group", lambda: group)
    gang = WarmGang()
    assert not gang.has_room()
    run(gang, formed, [100, 100])
    assert gang.has_room(), "a gang that lost a node says so itself"
    gang.close()
    assert not gang.has_room()
    group.wait = lambda timeout_s: True
    assert gang.has_room()


def test_a_gang_that_was_closed_is_formed_again(formed) -> None:
    gang = WarmGang()
    run(gang, formed, [100, 100])
    gang.close()
    assert gang.save(Path()) == "", "there is nothing to save"
    assert run(gang, formed, [900, 900]) == 2
    assert run(gang, formed, [900, 900]) == 2
