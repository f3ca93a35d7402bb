"""A pydantic model's fields are told as a person would write and read them."""

from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from orchestrator.config.fields import as_yaml, docstrings, rows, sections
from trainers.hyperparameters import Range


class Term(StrEnum):
    NONE = "none"
    KL = "kl"


class Inner(BaseModel):
    low: float = 0.0
    high: float = 1.0


class Base(BaseModel):
    seed: int = 0
    """Of the base,
    on two lines."""


class Model(Base):
    beta: Annotated[float, Range(0.01, 1.0, log=True), Field(gt=0)] = 0.1
    """Inverse temperature, None is none."""
    share: float = Field(0.5, ge=0, lt=1)
    layer: Annotated[int | None, Range(4, 16, integer=True)] = None
    term: Term = Term.KL
    order: Literal["as_run", "intended"]
    inner: Inner = Inner()
    other: Inner | None = Inner(high=2.0)
    names: tuple[str, ...] = ("a", "b")


ROWS = {row.name: row for row in rows(Model)}


@pytest.mark.parametrize(
    ("name", "default", "takes", "searched"),
    [
        ("seed", "`0`", "whole number", ""),
        ("beta", "`0.1`", "number > 0", "0.01 to 1, log"),
        ("share", "`0.5`", "number >= 0, < 1", ""),
        ("layer", "`null`", "whole number, or null", "4 to 16, whole"),
        ("term", "`kl`", "`none`, `kl`", ""),
        ("order", "", "`as_run`, `intended`", ""),
        ("inner", "below", "mapping", ""),
        ("other", "`{high: 2}`", "mapping, or null", ""),
        ("names", "`[a, b]`", "list", ""),
    ],
)
def test_a_field_is_a_row(name, default, takes, searched) -> None:
    row = ROWS[name]
    assert (row.default, row.takes, row.searched) == (default, takes, searched)


def test_the_text_under_a_field_is_its_explanation_wherever_it_is_declared() -> None:
    assert docstrings(Model)["seed"] == "Of the base, on two lines."
    assert ROWS["beta"].what == "Inverse temperature, null is none."
    assert ROWS["share"].what == ""


def test_fields_that_are_models_are_sections() -> None:
    assert sections(Model) == {"inner": Inner, "other": Inner}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        (True, "true"),
        (1e-05, "1e-05"),
        ("", '""'),
        ("Answer: ", '"Answer: "'),
        ("\n", '"\\n"'),
        ((1, "a"), "[1, a]"),
        ({"a": Term.KL}, "{a: kl}"),
    ],
)
def test_a_value_is_written_as_yaml(value, written) -> None:
    assert as_yaml(value) == written
