"""A Ray of this process's own, on this machine alone: its start, and what is left of it at the end.

It listens on loopback. A home that cannot be written to and a folder for temporary files whose
path is too long for sockets do not keep it from starting.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import ray
from ray._common.utils import get_default_ray_temp_dir
from ray._private import node, ray_constants, worker

from cluster.auth_token import make_token, new_token, protect_token, token_file
from evals.errors import ConfigError, shown

LOOPBACK = "127.0.0.1"
ENOUGH = len("/session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store")
"""What Ray puts behind its folder for temporary files, at most, to name a socket."""
LONGEST_SOCKET = 107
"""Bytes of the longest path that a Unix socket can have."""
SHORT_FOLDER = "/tmp/ray"  # noqa: S108  where Ray itself goes if nobody names another place

WORKERS_AHEAD = "RAY_prestart_worker_first_driver"
"""Ray's switch for workers, one for each core, that it starts before anybody asks. Neither Tune's
trainables nor ranks without a GPU use one, since they have environments of their own."""
UNUSED = ("start_monitor", "start_log_monitor", "start_api_server")
"""What Ray's node starts beside a sweep's own processes, and none of it asks: what adds nodes, what
sends logs to the driver, and the dashboard's server, which is there even without a dashboard."""


def start() -> None:
    """Starts a Ray, and joins it.

    Raises:
        ConfigError: it does not start.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
    os.environ.setdefault(WORKERS_AHEAD, "0")
    try:
        _provide_token()
        with _loopback_only(), unused_left_out():
            ray.init(
                address="local",
                _node_ip_address=LOOPBACK,
                _temp_dir=_short_folder(get_default_ray_temp_dir()),
                include_dashboard=False,
                logging_level="ERROR",
                log_to_driver=False,
            )
    except Exception as error:  # noqa: BLE001  the boundary to Ray, which raises all kinds here
        raise _refusal(error) from None


def session() -> Path | None:
    """Returns the folder in which the Ray that this process has started keeps logs and sockets."""
    own = worker._global_node  # noqa: SLF001  Ray has no other word for it
    return Path(own.get_session_dir_path()) if own is not None and own.is_head() else None


def kill() -> None:
    """Ends the Ray that this process has started, if it has, without asking it."""
    folder = session()
    if folder is not None:
        worker._global_node.kill_all_processes(check_alive=False)  # noqa: SLF001
        remove_session(folder)


def remove_session(folder: Path) -> None:
    """Removes what a Ray that has ended leaves behind, of which there would be more every time."""
    shutil.rmtree(folder, ignore_errors=True)
    latest = folder.with_name(ray_constants.SESSION_LATEST)
    with suppress(OSError):
        if latest.readlink() == folder:
            latest.unlink()


@contextmanager
def unused_left_out() -> Iterator[None]:
    """Has the Ray that is started meanwhile do without what is UNUSED.

    Each is a process whose start takes a core up to a second; `ray.init` can leave out none.
    """
    before = {name: getattr(node.Node, name) for name in UNUSED}
    try:
        for name in UNUSED:
            setattr(node.Node, name, lambda _, **__: None)
        yield
    finally:
        for name, method in before.items():
            setattr(node.Node, name, method)


def _provide_token() -> None:
    """Makes the token that Ray would make itself, unless the environment has one.

    Where the home cannot be written to, the token is in the environment of this process alone, and
    of those that it starts.
    """
    told = {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys()
    wanted = not told and os.environ.get("RAY_AUTH_MODE", "token").lower() == "token"
    try:
        file = token_file(Path.home())
        (make_token if wanted else protect_token)(file)
    except (OSError, RuntimeError):  # without a name for this user there is no home
        if wanted:
            os.environ["RAY_AUTH_TOKEN"] = new_token()


def _short_folder(folder: str) -> str | None:
    """Returns where Ray is to keep sockets and logs if its own choice, `folder`, is too long."""
    if len(os.fsencode(folder)) + ENOUGH <= LONGEST_SOCKET:
        return None
    if not os.access(Path(SHORT_FOLDER).parent, os.W_OK):
        raise OSError(f"the path {shown(folder)} is too long for Unix sockets")
    return SHORT_FOLDER


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


def _refusal(error: Exception) -> ConfigError:
    """Returns what is to be done about a Ray that does not start on this machine."""
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    folder = get_default_ray_temp_dir()
    return ConfigError(
        "Ray must start on this machine but got "
        f"{type(error).__name__}: {shown(said, limit=200)}; see that TMPDIR is a short path that "
        f"can be written to and has room, that there is memory left, and what {folder}/session_*/"
        "logs say, or name a running cluster in RAY_ADDRESS"
    )
