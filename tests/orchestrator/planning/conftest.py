"""Sizes of the models that many plans have, found out once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.planning import model_sizes
from orchestrator.planning.plan import Plan
from trainers.memory.model_size import ModelSize
from trainers.settings import AdapterSettings


@pytest.fixture(scope="session")
def size_once() -> Callable[..., ModelSize]:
    """What finds out a model's size, and does not again for one that it knows."""
    found: dict[str, ModelSize] = {}
    size_of = model_sizes._size

    def size(plan: Plan, *, checkpoint: Path | None, adapter: AdapterSettings | None) -> ModelSize:
        asked = (plan.config.model, plan.benchmark.name, plan.config.engine.dtype)
        key = repr((*asked, checkpoint, adapter))
        if key not in found:
            found[key] = size_of(plan, checkpoint=checkpoint, adapter=adapter)
        return found[key]

    return size


@pytest.fixture
def sizes_known(size_once: Callable[..., ModelSize], monkeypatch: pytest.MonkeyPatch) -> None:
    """Has models that are known already not built again, which takes a second each time."""
    monkeypatch.setattr(model_sizes, "_size", size_once)
