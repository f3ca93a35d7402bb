"""What a user wrote wrongly is answered with key, rule, value and cure."""

from typing import Literal

import pytest
from pydantic import Field, model_validator

from evals.choice import Settings
from evals.errors import ConfigError, FieldError
from evals.validation import validated


class Inner(Settings):
    low: float = 0.0
    high: float = 1.0
    kind: Literal["plain", "choice"] = "plain"
    quick: bool = False

    @model_validator(mode="after")
    def _rules(self) -> "Inner":
        if self.low > self.high:
            raise FieldError(f"low must be below high but got {self.low:g}; swap the two")
        if self.quick and self.kind == "choice":
            raise ValueError("off unless kind is plain (quick)")
        return self


class Outer(Settings):
    name: str
    size: int = Field(1, ge=1)
    inner: Inner = Inner()
    many: dict[str, Inner] = {}
    perhaps: Inner | None = None


def refusal(**raw: object) -> str:
    with pytest.raises(ConfigError) as caught:
        validated(Outer, {"name": "x", **raw}, key="top")
    return str(caught.value)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"size": 0}, "top.size must be greater than or equal to 1 but got 0; give 1 or more"),
        ({"inner": {"kind": "choise"}}, "top.inner.kind must be 'plain' or 'choice' but got "
         "'choise'; did you mean 'choice'?"),
        ({"inner": {"quick": "maybe"}}, "top.inner.quick must be true or false but got "
         "'maybe'; give true or false"),
        ({"inner": {"low": 2}}, "top.inner.low must be below high but got 2; swap the two"),
        ({"inner": {"kind": "choice", "quick": True}}, "top.inner.quick must be off unless kind "
         "is plain but got True; change it"),
        ({"inner": {"lwo": 2}}, "top.inner.lwo must be a known key but is not one; "
         "did you mean 'top.inner.low'?"),
        ({"many": {"a": {"hihg": 2}}}, "top.many.a.hihg must be a known key but is not one; "
         "did you mean 'top.many.a.high'?"),
        ({"perhaps": {"hihg": 2}}, "top.perhaps.hihg must be a known key but is not one; "
         "did you mean 'top.perhaps.high'?"),
        ({"zzz": 2}, "top.zzz must be a known key but is not one; "
         "known keys: name, size, inner, many, perhaps"),
    ],
)  # fmt: skip
def test_a_complaint_names_key_rule_value_and_cure(raw: dict[str, object], said: str) -> None:
    assert refusal(**raw) == said


def test_an_unknown_key_is_told_before_the_key_that_is_missing_for_it() -> None:
    with pytest.raises(ConfigError, match="^nmae must be a known key .* did you mean 'name'"):
        validated(Outer, {"nmae": "x"}, key="")


def test_a_missing_key_is_named() -> None:
    with pytest.raises(ConfigError, match="^name must be given but is missing; add it$"):
        validated(Outer, {}, key="")
