"""Limits of disk are sizes as people write them."""

import pytest

from evals.errors import ConfigError
from orchestrator.config.loading import load_config


def test_sizes_are_kept_as_bytes_and_load_again() -> None:
    config = load_config(None, ["disk.quota=20 GB", "disk.reserve=1 GiB"])
    assert (config.disk.quota, config.disk.reserve) == (20 * 10**9, 2**30)
    assert type(config).model_validate_json(config.model_dump_json()).disk == config.disk


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("disk.quota=lots", r"disk\.quota must be a size such as 20 GB .* but got 'lots'"),
        ("disk.reserve=-3", r"disk\.reserve must be a size"),
        ("disk.when_full=panic", r"disk\.when_full must be 'remove' or 'wait' but got 'panic'"),
        ("disk.patience_s=-1", r"disk\.patience_s must be .*0 but got -1"),
    ],
)
def test_what_cannot_be_used_is_refused(word: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(None, [word])
