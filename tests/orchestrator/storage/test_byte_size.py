"""Sizes are read as people write them and written as they read them."""

import pytest

from evals.errors import ConfigError
from orchestrator.storage.byte_size import read_size, size_text


@pytest.mark.parametrize(
    ("raw", "size"),
    [("20 GB", 20 * 10**9), ("1.5GiB", 3 * 2**29), ("512 MiB", 2**29), ("0", 0), (7, 7)],
)
def test_a_size_is_a_number_with_a_unit_or_bytes(raw: object, size: int) -> None:
    assert read_size(raw, key="disk.quota") == size


@pytest.mark.parametrize("raw", ["much", "20 bananas", -1, True, [1]])
def test_anything_else_is_refused_with_key_value_and_cure(raw: object) -> None:
    with pytest.raises(ConfigError) as caught:
        read_size(raw, key="disk.quota")
    assert str(caught.value).startswith(
        f"disk.quota must be a size such as 20 GB or 512 MiB but got {raw!r}; give a number"
    )


def test_a_size_is_said_in_the_unit_that_fits() -> None:
    sizes = [0, 3 * 2**10, 5 * 2**19, 50 * 2**20, 3 * 2**29]
    said = ["0 MiB", "3 KiB", "2.5 MiB", "50 MiB", "1.5 GiB"]
    assert [size_text(size) for size in sizes] == said
