"""The address of an MLflow store: whether anybody answers there, and how it may be shown."""

import socket
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from evals.errors import ConfigError

ANSWER_TIMEOUT_S = 4.0


def check_answers(uri: str) -> None:
    """Refuses a server or database host that does not answer within seconds.

    Raises:
        ConfigError: names tracking.uri, the value and the cure.
    """
    address = urlsplit(uri)
    try:
        if address.scheme in ("http", "https"):
            urlopen(f"{uri.rstrip('/')}/health", timeout=ANSWER_TIMEOUT_S).close()
        elif address.hostname and address.port:
            socket.create_connection(
                (address.hostname, address.port), timeout=ANSWER_TIMEOUT_S
            ).close()
    except HTTPError:
        return  # A server that refuses this page is there; whether it serves MLflow shows next.
    except (URLError, OSError, ValueError) as error:
        raise unusable(uri, getattr(error, "reason", None) or error) from None


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
