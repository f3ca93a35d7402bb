"""What a sweep fetches before it starts."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestrator.driver.start import fetch_original
from trainers.job import Phase


@pytest.mark.parametrize(
    ("phase", "finished", "num_steps", "fetched"),
    [
        (Phase.ORIGINAL, True, 3, True),
        (Phase.ORIGINAL, False, 3, False),
        (Phase.ORIGINAL, True, 0, False),
        (Phase.GOLD, True, 3, False),
    ],
)
def test_only_an_original_that_was_trained_already_is_fetched(
    phase, finished, num_steps, fetched
) -> None:
    class Mirror:
        url, root = "memory://x", Path()

        def __init__(self) -> None:
            self.pulled: list[str] = []

        def pull_model(self, job_hash: str) -> None:
            self.pulled.append(job_hash)

    baseline = SimpleNamespace(
        job=SimpleNamespace(phase=phase, hash="a"), finished=finished, num_steps=num_steps
    )
    mirror = Mirror()
    fetch_original(mirror, SimpleNamespace(baselines=(baseline,)))
    assert mirror.pulled == ["a"] * fetched
