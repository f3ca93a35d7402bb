import pytest

from evals.errors import cut, shown


@pytest.mark.parametrize("value", ["x", 1, None, ["a", {"b": 2.5}], b"x", "x" * 80])
def test_a_short_value_is_shown_as_it_is(value) -> None:
    assert shown(value) == repr(value)


def test_a_long_value_is_cut_with_its_length() -> None:
    assert shown("ab" * 500) == f"{'ab' * 40!r}... (1000 characters)"
    assert shown(["ab"] * 500).endswith("... (3000 characters)")
    assert len(shown(["ab"] * 500)) < 120
    assert shown("ab" * 500, limit=4) == "'abab'... (1000 characters)"


def test_a_value_that_python_cannot_write_is_shown_all_the_same() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    assert shown(nested) == "a value (list) too large to be shown"
    assert shown(10**5000) == "a value (int) too large to be shown"
    assert shown("\ud800\n") == "'\\ud800\\n'"


def test_a_name_is_cut_and_can_be_printed() -> None:
    assert cut("search.lr") == "search.lr"
    assert cut("a b\ud800") == "a b\\ud800"
    assert cut("x" * 100) == f"{'x' * 80}... (100 characters)"
