"""Joins the Ray cluster that a sweep runs on, or starts an embedded one, and leaves it."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import ray
from ray._private import utils
from ray.exceptions import RayError

from cluster.auth_token import protect_token, token_file
from cluster.capacity import check_capacity
from cluster.connection_watch import Part
from cluster.nodes import check_answers, refusal
from orchestrator.config.gang import GangSettings
from orchestrator.running import embedded_ray
from orchestrator.running.workers import shape_of

EMBEDDED = "the GCS of the Ray on this machine", "the raylet of the Ray on this machine"
DEAD_S, AWAY_S = 3.0, 25.0
"""Seconds without an answer after which something is gone: on this machine, where nothing lies
between, and elsewhere, from where it may come back."""
LEAVING_S = 60.0
"""Seconds that Ray may take to end. It takes a few; interrupted at a bad moment, for ever."""


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


def leave(*, code_if_stuck: int = 1, patience_s: float = LEAVING_S) -> None:
    """Leaves the cluster, which ends all that this process has running there.

    Of an embedded one nothing is left. If Ray has not ended after `patience_s`, this process ends,
    with `code_if_stuck`.
    """
    session = embedded_ray.session()
    stuck = threading.Timer(patience_s, _end_stuck, (patience_s, code_if_stuck))
    stuck.daemon = True
    stuck.start()
    try:
        ray.shutdown()
    finally:
        stuck.cancel()
    if session is not None:
        embedded_ray.remove_session(session)


def watched() -> tuple[Part, ...]:
    """Returns what of the cluster must be there for this process to go on."""
    context = ray.get_runtime_context()
    host, _, port = context.gcs_address.rpartition(":")
    own = next((n for n in ray.nodes() if n["NodeID"] == context.get_node_id()), None)
    embedded = embedded_ray.session() is not None
    head, node = EMBEDDED if embedded else ("the cluster's head", "the cluster's node here")
    patience_s = DEAD_S if embedded else AWAY_S
    parts = [Part(head, (host, int(port)), patience_s)]
    if own is not None:
        address = own["NodeManagerAddress"], own["NodeManagerPort"]
        parts.append(Part(node, address, patience_s))
    return tuple(parts)


def abandon(code: int = 1) -> NoReturn:
    """Ends this process with the exit code, and an embedded Ray with it, without asking Ray."""
    embedded_ray.kill()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _end_stuck(patience_s: float, code: int) -> NoReturn:
    said = (
        f"Ray did not end within {patience_s:g} s; this process ends without it, its work is kept"
    )
    print(f"lethe: {said}", file=sys.stderr)
    abandon(code)


def _join_running(address: str) -> None:
    try:
        protect_token(token_file(Path.home()))
        ray.init(include_dashboard=None, logging_level=logging.ERROR, log_to_driver=False)
    except (RuntimeError, OSError, RayError) as error:
        raise refusal(address, error) from None


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Leaves SIGTERM to this process: Ray would end it at once, without a word, while it starts.

    Of Ray's two handlers, one is of Python's kind and one is not.
    """
    taking, handler = utils.set_sigterm_handler, signal.getsignal(signal.SIGTERM)
    utils.set_sigterm_handler = lambda _: None
    try:
        yield
    finally:
        utils.set_sigterm_handler = taking
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)
