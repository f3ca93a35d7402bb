"""Where MLflow records a sweep, and what."""

from pydantic import Field

from evals.choice import Settings


class TrackingSettings(Settings):
    """Where MLflow records the sweep."""

    uri: str | None = None
    """None is an SQLite file in the storage folder."""
    experiment: str = "lethe"
    log_adapters: bool = True
    flush_s: float = Field(10.0, gt=0)
    """Seconds for which the reports of running jobs are gathered before they are written."""

    @property
    def copies_here(self) -> bool:
        """Whether MLflow has a copy of each adapter in the storage folder."""
        return self.log_adapters and not (self.uri or "").startswith("http")
