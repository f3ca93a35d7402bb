"""How ranks reach each other: which interface they talk over, and where rank 0 listens.

Gloo and NCCL do not ask the routes.
"""

import socket
from collections.abc import Mapping

import psutil

VARIABLES = {"GLOO_SOCKET_IFNAME": "{}", "NCCL_SOCKET_IFNAME": "={}"}
"""What gloo and NCCL read, and how: NCCL takes a plain name for the beginning of one. Without them
gloo takes the interface that the host's name stands for, loopback on many hosts, and NCCL the first
one that looks usable."""
ANY_PORT = 9


def interface_to(peer: str) -> str | None:
    """Returns the interface whose address this host has towards the address `peer`.

    None if no route leads there. Nothing is sent.
    """
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((peer, ANY_PORT))
        except OSError:
            return None
        address = probe.getsockname()[0]
    for name, owned in psutil.net_if_addrs().items():
        if any(each.address.partition("%")[0] == address for each in owned):
            return str(name)
    return None


def listening(address: str) -> socket.socket:
    """Returns a socket that listens on a free port of `address` alone.

    Where that is not one of this host's own, behind a NAT perhaps, it listens on all of them.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.bind((address, 0))
    except OSError:
        made.bind(("", 0))
    made.listen()
    return made


def variables(peer: str, given: str | None, environment: Mapping[str, str]) -> dict[str, str]:
    """Returns what makes process groups use the interface `given`, or else the one to `peer`.

    What `environment` says stands, unless an interface is given.
    """
    if given is not None:
        return {variable: form.format(given) for variable, form in VARIABLES.items()}
    name = interface_to(peer)
    if name is None:
        return {}
    unset = {k: form for k, form in VARIABLES.items() if not environment.get(k)}
    return {variable: form.format(name) for variable, form in unset.items()}
