import pytest

from orchestrator.storage.json_object import json_object


def test_an_object_is_what_it_says() -> None:
    assert json_object('{"a": [1, {"b": null}]}') == {"a": [1, {"b": None}]}
    assert json_object(b"{}") == {}


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", '[["a", 1]]', '"a"', "1", "{", b"\xff", '{"a": ' + "9" * 5000 + "}"]
    + ['{"a":' * depth + "1" + "}" * depth for depth in (100, 100_000)],
)
def test_all_else_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match="."):
        json_object(text)
