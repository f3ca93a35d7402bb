"""The estimate says all that can be known before anything starts, and what can never run."""

import re

import pytest

from cluster.nodes import GIB, Node
from orchestrator.planning.estimate import estimate_sweep
from orchestrator.planning.plan import plan
from orchestrator.storage.records import Storage

pytestmark = pytest.mark.usefixtures("sizes_known")

A100 = Node(64, 8, "A100", (40 * GIB, 80 * GIB))
LAPTOP = Node(8, 0)
RECIPE = {"batch_size": 8, "micro_batch_size": 1}


def look(config, benchmark, *nodes):
    storage = Storage(config.folder)
    return estimate_sweep(plan(config, benchmark, storage=storage), storage=storage, nodes=nodes)


def test_room_memory_disk_and_hours_are_said(large_sweep, few_people):
    found = look(large_sweep(), few_people, A100)
    assert found.refusal is None
    for said in (
        r"^Room: 2 gangs side by side on 1 x 64 CPU 8 GPU A100$",
        r"^Memory of a rank, estimated:$",
        r"^baselines +step +12\.55 +6\.28 +18\.83 +0\.00 +6\.28 +43\.93$",
        r"^trials \(kl\) +backward +12\.59 ",
        r"^A rank has 40\.0 GiB of its GPU and may run out",
        r"^Disk: about .* \(models 25\.1 GiB, adapters [\d.]+ MiB, records [\d.]+ MiB\); .* free",
        r"^GPU-hours left: about .*\(baselines .*, trials .*\), by its work, .* h here$",
    ):
        assert re.search(said, found.text, flags=re.MULTILINE), (said, found.text)


def test_a_refusal_keeps_nothing_else_from_being_said(large_sweep, few_people):
    found = look(large_sweep(), few_people, LAPTOP)
    assert str(found.refusal).startswith("gang.ranks must be a number that the cluster can place")
    assert "Room: no gang on 1 x 8 CPU" in found.text
    assert "Memory of a rank" in found.text
    assert "here" not in found.text.splitlines()[-1]


def test_the_first_refusal_is_the_one_that_is_told(large_sweep, few_people):
    small = Node(64, 4, "T4", (8 * GIB, 8 * GIB))
    assert str(look(large_sweep(), few_people, small).refusal).startswith("model.name must be")
    gang = {"ranks": 8, "gpus_per_rank": 1}
    eight = large_sweep(gang=gang, training=RECIPE, baselines={"training": RECIPE})
    assert str(look(eight, few_people, small).refusal).startswith("gang.ranks must be")


def test_a_model_that_cannot_be_had_is_said_in_one_line_and_refuses_nothing(
    large_sweep, few_people
):
    model = {"name": "causal_lm", "path": "nobody/no-such-model", "local_files_only": True}
    found = look(large_sweep(model=model), few_people, A100)
    assert found.refusal is None
    assert found.text.splitlines()[0].startswith("Room: 2 gangs")
    assert found.text.splitlines()[1].startswith("Memory and disk: not estimated, since model.path")
    assert len(found.text.splitlines()) == 2


def test_an_adapter_on_layers_that_do_not_exist_is_refused(large_sweep, few_people):
    config = large_sweep(adapter={"target_modules": ["qproj"]})
    assert "adapter.target_modules must be" in str(look(config, few_people, A100).refusal)


@pytest.mark.parametrize("ranks", [2, 4])
def test_a_small_model_on_cpus_is_told_in_mib_and_cpu_hours(large_sweep, few_people, ranks):
    config = large_sweep(
        model={"name": "tiny_llama"}, gang={"ranks": ranks}, engine={"zero_stage": 2}
    )
    found = look(config, few_people, LAPTOP)
    assert found.refusal is None
    assert f"Room: {8 // ranks} gangs side by side" in found.text
    assert "all, MiB" in found.text
    assert "of its GPU" not in found.text
    assert "CPU-hours left: about" in found.text


def test_the_gang_is_chosen_where_it_is_to_be_and_the_rest_is_said_of_it(large_sweep, few_people):
    found = look(large_sweep(gang="auto"), few_people, A100)
    assert (found.gang.ranks, found.num_gangs, found.refusal) == (4, 2, None)
    assert found.text.startswith("gang: auto takes 4 ranks of 4 CPU and 1 GPU, STRICT_PACK: ")
    assert "Room: 2 gangs side by side" in found.text
    assert "may run out of them in step, with 44.9 GiB" in found.text
    nowhere = look(large_sweep(gang="auto"), few_people, Node(0, 0))
    assert str(nowhere.refusal).startswith("gang.ranks must be")
    assert nowhere.num_gangs == 0


def test_a_budget_that_the_chosen_gang_never_uses_is_refused(large_sweep, few_people):
    config = large_sweep(
        gang="auto", budget={"gpu_hours": 3}, model={"name": "tiny_llama"}, engine={"zero_stage": 2}
    )
    assert look(config, few_people, A100).refusal is None
    assert str(look(config, few_people, LAPTOP).refusal).startswith(
        "budget.gpu_hours must be left out with gang.gpus_per_rank 0"
    )
