"""Nodes are read from what Ray says of them, and an address that is dead is told within seconds."""

import re
import socket
import time

import pytest

from cluster.nodes import GIB, Node, check_answers, node_of, refusal, this_machine
from evals.errors import ConfigError
from tests.fixtures.processes import free_port


@pytest.mark.parametrize(
    ("resources", "node"),
    [
        ({"CPU": 8.0, "memory": 1e9}, Node(8, 0, memory_bytes=10**9)),
        (
            {"CPU": 64.0, "GPU": 8.0, "accelerator_type:L4": 1.0},
            Node(64, 8, "L4", (24 * GIB, 24 * GIB)),
        ),
        ({"GPU": 8.0, "accelerator_type:A100": 1.0}, Node(0, 8, "A100", (40 * GIB, 80 * GIB))),
        (
            {"GPU": 8.0, "accelerator_type:A100": 1.0, "accelerator_type:A100-40G": 1.0},
            Node(0, 8, "A100-40G", (40 * GIB, 40 * GIB)),
        ),
        ({"GPU": 1.0, "accelerator_type:Novel-1": 1.0}, Node(0, 1, "Novel-1")),
        ({"GPU": 2.0, "accelerator_type:T4": 1.0, "accelerator_type:L4": 1.0}, Node(0, 2)),
    ],
    ids=["cpu", "one size", "two sizes", "more exact", "unknown", "contradiction"],
)
def test_a_nodes_gpus_have_the_memory_of_their_kind_if_it_is_known(resources, node):
    assert node_of(resources) == node


def test_this_machine_has_cpus():
    found = this_machine()
    assert found.cpus >= 1
    assert found.resources == {"CPU": found.cpus, "GPU": found.gpus}


def test_an_address_at_which_nothing_listens_is_refused_within_seconds():
    address = f"127.0.0.1:{free_port()}"
    started = time.monotonic()
    with pytest.raises(ConfigError) as caught:
        check_answers(address)
    assert time.monotonic() - started < 10
    assert str(caught.value).startswith(
        f"RAY_ADDRESS must be the address of a running cluster but got '{address}'"
    )
    assert "unset it" in str(caught.value)


def test_an_address_at_which_something_listens_passes_with_and_without_a_scheme():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        check_answers(f"127.0.0.1:{port}")
        check_answers(f"ray://127.0.0.1:{port}")


@pytest.mark.parametrize("word", ["", "auto", "local"])
def test_words_are_left_to_ray(word):
    check_answers(word)


@pytest.mark.parametrize(
    ("error", "key", "cure"),
    [
        (
            RuntimeError("Failed to connect to GCS.\nray.exceptions.AuthenticationError: no token"),
            "RAY_AUTH_MODE must be token, ",
            "set both as on its head node",
        ),
        (
            RuntimeError("Version mismatch:\n  Ray: 2.60.0\n\n"),
            "RAY_ADDRESS must be .* 'head:6379' \\(Ray: 2.60.0\\); ",
            "with the Python and the Ray that it runs",
        ),
        (ConnectionError(), "RAY_ADDRESS must be .*no reason", "ray job submit"),
    ],
)
def test_a_cluster_that_does_not_let_one_in_is_told_with_the_cure(error, key, cure):
    said = str(refusal("head:6379", error))
    assert re.match(key, said)
    assert cure in said
