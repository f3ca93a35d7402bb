"""The address of an MLflow store: whether anybody answers there, and how a command names it."""

import os
import re
import shlex
import socket
import sqlite3
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import Request, urlopen

from evals.errors import ConfigError
from orchestrator.storage.address import Address
from orchestrator.storage.files import DATABASE
from orchestrator.storage.masking import MASK, basic_form

ANSWER_TIMEOUT_S = 4.0
PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
"""Where a database listens that is named without a port."""
KEY = "tracking.uri"


def default_address(storage: Path) -> Address:
    """Returns the address of the database in a storage folder."""
    text = sqlite_uri(storage / DATABASE)
    return Address(text, text)


def sqlite_uri(file: Path) -> str:
    """Returns the URI of an SQLite file."""
    from sqlalchemy.engine import URL

    plain, driver = (URL.create(each, database=str(file)) for each in ("sqlite", "sqlite+pysqlite"))
    text = plain.render_as_string(hide_password=False)
    # Of a plain address MLflow makes the folder, under the name that is encoded in it.
    return text if str(file) in text else driver.render_as_string(hide_password=False)


def database_file(uri: str) -> Path | None:
    """Returns the file of an SQLite address; None where it is no address of a file.

    Raises:
        ValueError: it is no address of a database.
    """
    if not re.match(r"sqlite(\+\w+)?:", uri):
        return None
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        name = make_url(uri).database
    except ArgumentError as error:
        raise ValueError(str(error)) from None
    return None if name in (None, "", ":memory:") or name.startswith("file:") else Path(name)


def shell_word(address: Address) -> str:
    """Returns an address as a shell takes it, in which `${NAME}` is read from the environment."""
    if "${" not in address.shown or MASK in address.shown:
        return shlex.quote(address.shown)
    return '"' + re.sub(r'([\\"`])', r"\\\1", address.shown) + '"'


def check_answers(address: Address, *, key: str = KEY) -> None:
    """Refuses a server or database that does not answer within seconds.

    MLflow itself would try a database again and again for minutes.

    Raises:
        ConfigError: names the key, the value and the cure.
    """
    address.check(key)
    try:
        _ask(address.used)
    except HTTPError:
        return  # A server that refuses this page is there; whether it serves MLflow shows next.
    except (URLError, OSError, ValueError, HTTPException, sqlite3.Error) as error:
        raise unusable(address, getattr(error, "reason", None) or error, key=key) from None


def _ask(uri: str) -> None:
    """Opens and closes what is at an address.

    Raises:
        URLError, OSError, ValueError, HTTPException, sqlite3.Error: nothing is there that answers.
    """
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https"):
        urlopen(_health_page(uri), timeout=ANSWER_TIMEOUT_S).close()
    elif parts.scheme.partition("+")[0] == "sqlite":
        file = database_file(uri)
        if file is not None:
            _open_file(file)
    elif parts.hostname:
        port = parts.port or PORTS.get(parts.scheme.partition("+")[0])
        if port is not None:  # else a scheme that MLflow may know and we do not
            socket.create_connection((parts.hostname, port), timeout=ANSWER_TIMEOUT_S).close()


def _health_page(uri: str) -> Request:
    """Returns the request for a server's page of its health; user and password go in a header."""
    parts = urlsplit(uri)
    user, at, host = parts.netloc.rpartition("@")
    path = f"{parts.path.rstrip('/')}/health"
    request = Request(urlunsplit((parts.scheme, host, path, parts.query, "")))  # noqa: S310
    if at:
        name, _, password = user.partition(":")
        request.add_unredirected_header("Authorization", f"Basic {basic_form(name, password)}")
    return request


def _open_file(file: Path) -> None:
    """Opens an SQLite file that is there and reads from it; one that is not there may be made."""
    if not file.exists():
        if not os.access(_nearest_folder(file), os.W_OK):
            raise OSError(f"the folder of {file} cannot be written to")
        return
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)) as database:
        database.execute("PRAGMA schema_version").fetchone()


def _nearest_folder(file: Path) -> Path:
    return next(folder for folder in file.absolute().parents if folder.exists())


def unusable(address: Address, reason: object, *, key: str = KEY) -> ConfigError:
    """Returns the error for an address that cannot be used, for a reason."""
    return ConfigError(
        f"{key} must be an MLflow server or database that answers but got {address.shown!r} "
        f"({address.cleaned(reason)}); start it, correct the address, or leave {key} out to record "
        "in the storage folder"
    )
