"""Where MLflow records a sweep."""

from typing import Annotated

from pydantic import Field, PlainSerializer, PlainValidator

from evals.choice import Settings
from orchestrator.storage.address import Address


def _read_address(raw: object) -> Address | None:
    if raw is None or isinstance(raw, Address):
        return raw
    if not isinstance(raw, str):
        raise ValueError("text")
    return Address.of(raw)


def _written(address: Address | None) -> str | None:
    return None if address is None else address.shown


StoreAddress = Annotated[Address | None, PlainValidator(_read_address), PlainSerializer(_written)]
"""The URL of a server or database, of which secrets are never written."""


class TrackingSettings(Settings):
    """Where MLflow records the sweep."""

    uri: StoreAddress = None
    """None is an SQLite file in the storage folder."""
    experiment: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """None is one of its own, which is called like the sweep."""
    log_adapters: bool = True
    """Whether it is given each trial's adapter; whole models (`adapter: null`) it never is."""
    flush_s: float = Field(10.0, gt=0)
    """Seconds for which the reports of running jobs are gathered before they are written."""

    @property
    def copies_here(self) -> bool:
        """Whether MLflow has a copy of each adapter in the storage folder."""
        return self.log_adapters and not (self.uri is not None and self.uri.used.startswith("http"))
