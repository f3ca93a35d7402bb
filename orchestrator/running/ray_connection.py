"""Joins the Ray cluster that a sweep runs on, or starts an embedded one, and leaves it."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ray
from ray._private import utils
from ray.exceptions import RayError

from cluster.auth_token import protect_token, token_file
from cluster.capacity import check_capacity
from cluster.nodes import check_answers, refusal
from orchestrator.config.sections import GangSettings
from orchestrator.running import embedded_ray
from orchestrator.running.workers import shape_of


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
        ConfigError: the cluster does not answer, or does not let this process in; or no embedded
            one starts.
    """
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # Tune's own tables; ours says more
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")  # see orchestrator.driver.signals
    address = os.environ.get("RAY_ADDRESS", "")
    check_answers(address)
    with _signals_kept():
        if address:
            _join_running(address)
        else:
            embedded_ray.start()


def leave() -> None:
    """Leaves the cluster, which ends all that this process has running there.

    Of an embedded one nothing is left.
    """
    session = embedded_ray.session()
    ray.shutdown()
    if session is not None:
        embedded_ray.remove_session(session)


def _join_running(address: str) -> None:
    try:
        protect_token(token_file(Path.home()))
        ray.init(include_dashboard=None, logging_level=logging.ERROR, log_to_driver=False)
    except (RuntimeError, OSError, RayError) as error:
        raise refusal(address, error) from None


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Leaves SIGTERM to this process: Ray would end it at once, without a word, while it starts."""
    taking = utils.set_sigterm_handler
    utils.set_sigterm_handler = lambda _: None
    try:
        yield
    finally:
        utils.set_sigterm_handler = taking
