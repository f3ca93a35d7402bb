"""The fingerprint of a benchmark: everything that it holds changes it."""

from dataclasses import dataclass, replace

import pytest

from evals.benchmark import Benchmark, Role
from evals.building import build_benchmark
from evals.choice import Choice
from evals.fingerprint import fingerprint
from evals.text.example import Example, Probability, Task

ONE = Example("a", "Who?", "Ann.", paraphrase="It is Ann.", perturbed=("It is Ben.",))
TWO = Example("b", "Where?", "Here.")


def of(
    *, name="small", splits=None, role=Role.FORGET, probability=Probability.PLAIN, refusals=("No.",)
):
    splits = {"full": (ONE, TWO), "forget": (ONE,)} if splits is None else splits
    tasks = (Task("forget", role, probability, (ONE,)),)
    return Benchmark(name, splits, tasks, refusals).fingerprint


def test_the_fingerprint_is_the_same_for_the_same_content() -> None:
    assert of() == of()
    assert len(of()) == 64
    assert of(splits={"forget": (ONE,), "full": (ONE, TWO)}) == of()


@pytest.mark.parametrize(
    "change",
    [
        {"id": "c"},
        {"question": "Who then?"},
        {"answer": "Amy."},
        {"name": "Ann"},
        {"paraphrase": None},
        {"perturbed": ("It is Cid.",)},
        {"perturbed": ("It is Ben.", "It is Cid.")},
    ],
)
def test_the_fingerprint_changes_with_every_field_of_an_example(change) -> None:
    assert of(splits={"full": (replace(ONE, **change), TWO), "forget": (ONE,)}) != of()


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"splits": {"full": (TWO, ONE), "forget": (ONE,)}},
        {"splits": {"full": (ONE, TWO), "retain": (ONE,)}},
        {"role": Role.RETAIN},
        {"probability": Probability.CHOICE},
        {"refusals": ("No.", "Never.")},
    ],
)
def test_the_fingerprint_changes_with_everything_else_that_counts(change) -> None:
    assert of(**change) != of()


@dataclass(frozen=True)
class Portrait:
    """An example of another kind than texts, with a picture."""

    id: str
    pixels: bytes


@dataclass(frozen=True)
class Sided(Benchmark):
    """A benchmark with more to say than any other."""

    forget_side: str = ""


def test_a_field_that_only_one_kind_of_examples_has_enters_too() -> None:
    bare = of(splits={"full": (Portrait("a", b"black"),)})
    assert of(splits={"full": (Portrait("a", b"white"),)}) != bare
    assert of(splits={"full": (Portrait("a", b"black"),)}) == bare


def test_a_field_that_only_one_kind_of_benchmarks_has_enters_too() -> None:
    left, right = (Sided("two", {}, (), (), forget_side=side) for side in ("left", "right"))
    assert left.fingerprint != right.fingerprint != Benchmark("two", {}, (), ()).fingerprint


class Picture:
    """Something large that says itself what it is."""

    def __init__(self, name: str) -> None:
        self.name = name

    def content(self) -> str:
        return self.name


def test_what_says_its_content_itself_is_taken_by_that() -> None:
    prints = [fingerprint({"shown": Picture(name)}) for name in ("cat", "dog", "cat")]
    assert prints[0] == prints[2] != prints[1]


def test_what_has_no_canonical_form_is_refused_rather_than_left_out() -> None:
    with pytest.raises(TypeError, match="content"):
        fingerprint({"shown": object()})


def test_the_demo_has_the_fingerprint_that_it_always_had() -> None:
    """Hashes of jobs follow it: a change of it forgets every result."""
    assert (
        build_benchmark(Choice(name="characters")).fingerprint
        == "e0372062c98886434bc445d1630d5b7550eada1bf82ee4271f199677ce8539d0"
    )


def test_keys_that_would_become_one_are_refused() -> None:
    with pytest.raises(TypeError, match="mappings by text"):
        fingerprint({"held": {1: "one", "1": "another"}})
