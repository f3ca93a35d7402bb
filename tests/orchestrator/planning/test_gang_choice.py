"""The quickest gangs that fit are chosen, with reasons; what a sweep was begun with stays."""

import pytest

from cluster.nodes import GIB, Node
from orchestrator.config.gang import GangSettings
from orchestrator.planning.gang_choice import choose_gang
from orchestrator.planning.memory import kinds_of
from orchestrator.planning.model_sizes import sweep_sizes
from orchestrator.planning.plan import plan
from orchestrator.planning.throughput import FinishedJob
from orchestrator.storage.records import Storage
from tests.orchestrator.planning.test_gang_candidates import LORA

pytestmark = pytest.mark.usefixtures("sizes_known")

MANY = {"search": {"trials": 200}}
A100 = Node(64, 8, "A100", (80 * GIB, 80 * GIB))
T4 = Node(64, 8, "T4", (16 * GIB, 16 * GIB))
CPUS = Node(8, 0)


@pytest.fixture
def choose(large_sweep, few_people):
    """Returns `choose(*nodes, finished, held, **changes)`."""

    def choose(*nodes, finished=(), held=None, **changes):
        config = large_sweep(gang="auto", **changes)
        planned = plan(config, few_people, storage=Storage(config.folder))
        kinds = kinds_of(planned, sweep_sizes(planned))
        return choose_gang(planned, kinds, finished, nodes, held=held)

    return choose


def shape(choice):
    return choice.gang.ranks, choice.gang.gpus_per_rank


def test_a_model_that_fits_a_gpu_twice_shares_it_with_another_gang(choose):
    choice = choose(A100, **LORA, **MANY)
    assert shape(choice) == (1, 0.5)
    assert "one job keeps a GPU busy for 50% of its time, plan.gpu_use" in choice.text
    assert choose(A100, **LORA, **MANY) == choice


def test_finished_jobs_say_how_many_gangs_a_gpu_bears(choose):
    def jobs(step_s, **on):
        return [FinishedJob(name, step_s, 1, **on) for name in ("ga", "kl", "")]

    idle, busy = jobs(60.0), jobs(1e-3)
    assert shape(choose(A100, finished=idle, **LORA, **MANY)) == (1, 0.2)  # five fit
    choice = choose(A100, finished=busy, **LORA, **MANY)
    assert shape(choice) == (1, 1.0)
    assert "busy for 100% of its time, as finished jobs did" in choice.text
    shared = jobs(60.0, gpus_per_rank=0.5)  # say nothing of a job that is alone
    assert shape(choose(A100, finished=shared, **LORA, **MANY)) == (1, 0.5)


def test_a_model_that_fits_no_gpu_alone_is_sharded_no_wider_than_it_must(choose):
    assert shape(choose(A100, **MANY)) == (2, 1.0)
    row = next(line for line in choose(A100, **MANY).text.splitlines() if "too little" in line)
    assert row.split()[:3] == ["1", "rank", "of"]
    assert row.split()[-5:-3] == ["139.06", "80.00"]


def test_a_few_jobs_take_more_ranks_so_that_no_gpu_is_idle(choose):
    assert choose(A100, **LORA, search={"trials": 3}).gang.ranks == 4


def test_on_cpus_gangs_of_one_rank_run_side_by_side_until_jobs_say_otherwise(choose):
    tiny = {"model": {"name": "tiny_llama"}, **MANY}
    choice = choose(CPUS, **tiny)
    assert shape(choice) == (1, 0.0)
    assert "two ranks are taken to be 1.7 times as quick as one" in choice.text
    names = ("ga", "kl", "")
    quick = [FinishedJob(n, s, r) for n in names for r, s in ((1, 8.0), (2, 2.0), (4, 2.0))]
    choice = choose(CPUS, finished=quick, **tiny)
    assert shape(choice) == (2, 0.0)
    assert "jobs take as long as finished ones did" in choice.text
    begun = choose(CPUS, finished=quick, held=GangSettings(ranks=1), **tiny)
    assert shape(begun) == (1, 0.0)  # results of a sweep are all of as many ranks
    assert "as the sweep was begun" in begun.text


def test_what_a_sweep_was_begun_with_stays_as_long_as_it_fits(choose):
    begun = GangSettings(ranks=4, gpus_per_rank=1)
    same = choose(A100, held=begun, **LORA, **MANY)
    assert shape(same) == (4, 1.0)
    assert "as the sweep was begun" in same.text
    alone = choose(T4, held=GangSettings(ranks=1, gpus_per_rank=0.5), **LORA, **MANY)
    assert shape(alone) == (1, 1.0)
    assert "with as many ranks as the sweep was begun" in alone.text
    elsewhere = choose(A100, held=GangSettings(ranks=1, gpus_per_rank=1), **MANY)
    assert shape(elsewhere) == (2, 1.0)
    assert "gangs of 1, with which the sweep was begun, do not fit here, and" in elsewhere.text


def test_where_no_gang_has_the_memory_it_is_the_one_that_lacks_least(choose):
    choice = choose(T4, **MANY)
    assert shape(choice) == (4, 1.0)
    assert "no gang has the memory, and this one lacks least" in choice.text


def test_other_settings_of_the_gang_stay(choose):
    choice = choose(Node(0, 0))
    assert (choice.gang.ranks, choice.text) == (1, "")
    assert choose(CPUS, model={"name": "tiny_llama"}).gang.recycle_after == 200
