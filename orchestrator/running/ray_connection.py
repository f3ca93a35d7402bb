"""Joins the Ray cluster that a sweep runs on, or starts an embedded one, and leaves it."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import ray
from ray._private import ray_constants
from ray.exceptions import RayError

from cluster.auth_token import make_token, protect_token, token_file
from cluster.capacity import check_capacity
from cluster.nodes import check_answers, refusal
from orchestrator.config.sections import GangSettings
from orchestrator.running.workers import shape_of

LOOPBACK = "127.0.0.1"


def connect(gang: GangSettings) -> int:
    """Joins a cluster as `join` does, and returns how many gangs it holds side by side.

    Raises:
        ConfigError: the cluster can never place a gang of this shape, or does not answer.
    """
    join()
    return check_capacity(shape_of(gang))


def join() -> None:
    """Joins the cluster that RAY_ADDRESS names, or starts an embedded one on loopback.

    Raises:
        ConfigError: the cluster does not answer, or does not let this process in.
    """
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # Tune's own tables; ours says more
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")  # see orchestrator.driver.signals
    address = os.environ.get("RAY_ADDRESS", "")
    check_answers(address)
    joins = bool(address)
    local = {} if joins else {"address": "local", "_node_ip_address": LOOPBACK}
    try:
        _keep_token_private(joins=joins)
        with nullcontext() if joins else _loopback_only():
            ray.init(
                **local,
                include_dashboard=None if joins else False,
                logging_level=logging.ERROR,
                log_to_driver=False,
            )
    except (RuntimeError, OSError, RayError) as error:
        if not joins:
            raise
        raise refusal(address, error) from None


def _keep_token_private(*, joins: bool) -> None:
    """Makes the token that an embedded Ray would make itself, unless the environment has one."""
    file = token_file(Path.home())
    told = {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys()
    if joins or told or os.environ.get("RAY_AUTH_MODE", "token").lower() != "token":
        protect_token(file)
    else:
        make_token(file)


@contextmanager
def _loopback_only() -> Iterator[None]:
    """Has the Ray that is started meanwhile listen on loopback and nowhere else.

    Ray replaces a node's address 127.0.0.1 by one that other hosts reach, and then listens on all
    interfaces, unless it is told that there are no clusters on this kind of system. It reads that
    once, when it is imported; what it starts reads it from the environment.
    """
    variable = ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR
    before = os.environ.get(variable), ray_constants.ENABLE_RAY_CLUSTER
    os.environ[variable], ray_constants.ENABLE_RAY_CLUSTER = "0", False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before[1]
        if before[0] is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before[0]


def leave() -> None:
    """Leaves the cluster, which ends all that this process has running there."""
    ray.shutdown()
