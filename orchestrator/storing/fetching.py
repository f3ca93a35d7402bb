"""What a sweep that is kept at a URL needs from there before it begins."""

from orchestrator.config import SweepConfig
from orchestrator.planning.plan import Plan
from orchestrator.storing.mirror import Mirror, Unreachable, unusable


def fetched(config: SweepConfig) -> Mirror | None:
    """Fetches the sweep's folder and all results, and returns the mirror; None without a URL.

    Raises:
        ConfigError: the URL cannot be reached; names key, value and cure.
    """
    if not isinstance(config.storage, str):
        return None
    mirror = Mirror(config.storage, config.folder)
    try:
        mirror.pull(config.name)
    except Unreachable as error:
        raise unusable(config.storage, error) from None
    return mirror


def fetch_models(mirror: Mirror | None, planned: Plan) -> None:
    """Fetches the models of finished baselines, from which trials start.

    Raises:
        ConfigError: the URL cannot be reached any more.
    """
    if mirror is None:
        return
    try:
        for baseline in planned.baselines:
            if baseline.finished and baseline.num_steps:
                mirror.pull_model(baseline.job_hash)
    except Unreachable as error:
        raise unusable(mirror.url, error) from None
