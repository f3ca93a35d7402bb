"""The address of an MLflow store: whether anybody answers there, and how it may be shown."""

import os
import socket
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from evals.errors import ConfigError

ANSWER_TIMEOUT_S = 4.0
PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
"""Where a database listens that is named without a port."""


def check_answers(uri: str) -> None:
    """Refuses a server or database that does not answer within seconds.

    MLflow itself would try a database again and again for minutes.

    Raises:
        ConfigError: names tracking.uri, the value and the cure.
    """
    address = urlsplit(uri)
    try:
        if address.scheme in ("http", "https"):
            urlopen(f"{uri.rstrip('/')}/health", timeout=ANSWER_TIMEOUT_S).close()
        elif address.scheme == "sqlite":
            _open_file(uri.removeprefix("sqlite:///"))
        elif address.hostname:
            port = address.port or PORTS.get(address.scheme.partition("+")[0])
            if port is not None:  # else a scheme that MLflow may know and we do not
                socket.create_connection((address.hostname, port), timeout=ANSWER_TIMEOUT_S).close()
    except HTTPError:
        return  # A server that refuses this page is there; whether it serves MLflow shows next.
    except (URLError, OSError, ValueError, sqlite3.Error) as error:
        raise unusable(uri, getattr(error, "reason", None) or error) from None


def _open_file(path: str) -> None:
    """Opens an SQLite file that is there and reads from it; one that is not there may be made."""
    file = Path(path)
    if not file.exists():
        if not os.access(_nearest_folder(file), os.W_OK):
            raise OSError(f"the folder of {file} cannot be written to")
        return
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)) as database:
        database.execute("PRAGMA schema_version").fetchone()


def _nearest_folder(file: Path) -> Path:
    return next(folder for folder in file.absolute().parents if folder.exists())


def unusable(uri: str, reason: object) -> ConfigError:
    """Returns the error for an address that cannot be used, for a reason."""
    return ConfigError(
        f"tracking.uri must be an MLflow server or database that answers but got {shown(uri)!r} "
        f"({reason}); start it, correct the address, or leave tracking.uri out to record in "
        "the storage folder"
    )


def shown(uri: str) -> str:
    """Returns the address without its password."""
    password = urlsplit(uri).password
    return uri.replace(f":{password}@", ":***@") if password else uri
