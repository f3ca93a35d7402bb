"""The interface that leads to a peer is the one that gloo and NCCL are told."""

import socket

import psutil
import pytest

from cluster.network import interface_to, listening, variables

LOOPBACK = next(
    name
    for name, owned in psutil.net_if_addrs().items()
    if any(each.address == "127.0.0.1" for each in owned)
)


def test_this_host_is_reached_over_loopback() -> None:
    assert interface_to("127.0.0.1") == LOOPBACK
    assert interface_to("127.0.0.7") == LOOPBACK


def test_what_is_no_address_has_no_interface() -> None:
    assert interface_to("240.0.0.1.invalid") is None


def both(name: str) -> dict[str, str]:
    """What names just this interface: to NCCL, "eth1" alone would be "eth10" as well."""
    return {"GLOO_SOCKET_IFNAME": name, "NCCL_SOCKET_IFNAME": f"={name}"}


def test_gloo_and_nccl_are_told_the_interface_that_leads_to_the_peer() -> None:
    assert variables("127.0.0.1", None, {}) == both(LOOPBACK)


def test_what_the_host_says_stands() -> None:
    said = {"NCCL_SOCKET_IFNAME": "^docker"}
    assert variables("127.0.0.1", None, said) == {"GLOO_SOCKET_IFNAME": LOOPBACK}


def test_what_the_sweep_says_comes_first() -> None:
    said = {"GLOO_SOCKET_IFNAME": "eth7"}
    assert variables("127.0.0.1", "ib0", said) == both("ib0")


def test_without_a_route_the_choice_is_left_to_the_libraries() -> None:
    assert variables("240.0.0.1.invalid", None, {}) == {}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
def test_rank_0_listens_on_its_own_address_alone(address: str) -> None:
    with listening(address) as made:
        assert made.getsockname()[0] == address
        with socket.create_connection((address, made.getsockname()[1]), timeout=5):
            pass


def test_behind_another_address_rank_0_listens_on_all_of_its_own() -> None:
    with listening("203.0.113.77") as made:  # reserved for examples: no host has it
        assert made.getsockname()[0] == "0.0.0.0"
