"""Pictures that are left out are told."""

import warnings

import pytest

from evals.pictures.left_out import tell_left_out


def test_the_first_are_named() -> None:
    with pytest.warns(UserWarning, match="^7 unreadable .* out: 0, 1, 2, 3, 4 and 2 more$"):
        tell_left_out([str(k) for k in range(7)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tell_left_out([])
