"""The recipe that CLEAR's tables of language models have in common, beside a sweep's own."""

from collections.abc import Iterator

from orchestrator.config.sweep_config import SweepConfig


def lora_recipe(
    config: SweepConfig, *, epochs: float, batch_size: int
) -> Iterator[tuple[str, object, object]]:
    """Yields the key, the value here and the published one (appendices F and H)."""
    baselines = config.baselines
    yield "baselines.training.lr", baselines.training.lr, 1e-5
    for key, training in (("baselines.", baselines.training), ("", config.training)):
        yield f"{key}training.epochs", training.epochs, epochs
        yield f"{key}training.batch_size", training.batch_size, batch_size
        yield f"{key}training.weight_decay", training.weight_decay, 0.01
    for key, adapter in (("baselines.", baselines.adapter), ("", config.adapter)):
        if adapter is None:
            yield f"{key}adapter", None, "rank 8"
        else:
            yield f"{key}adapter.rank", adapter.rank, 8
            yield f"{key}adapter.alpha", adapter.alpha, 32.0
