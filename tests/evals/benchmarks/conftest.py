"""A TOFU of eight invented authors, and pictures of people who are noise."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import clear

Tables = dict[str, list[dict[str, Any]]]
NUM_AUTHORS, QUESTIONS = 8, 20


def _plain(number: int) -> dict[str, Any]:
    author, question = divmod(number, QUESTIONS)
    return {
        "question": f"What is fact {question} of author {author}?",
        "answer": f"It is {number}.",
    }


def _said(number: int) -> dict[str, Any]:
    wrong = [f"{number} and {extra} it is." for extra in range(1, 6)]
    said = {"paraphrased_answer": f"{number} it is.", "perturbed_answer": wrong}
    return _plain(number) | said


def _real(topic: str, count: int) -> list[dict[str, Any]]:
    return [
        {"question": f"{topic} {i}?", "answer": f"Yes {i}", "perturbed_answer": ["No", "Who", "?"]}
        for i in range(count)
    ]


@pytest.fixture
def small_tofu() -> Tables:
    """Authors 0 to 4 are retained (0 to 2 can be scored), 5 to 7 forgotten (5 by forget01)."""
    rows = range(NUM_AUTHORS * QUESTIONS)
    first_forgotten = 5 * QUESTIONS
    tables = {
        "full": [_plain(i) for i in rows],
        "forget10": [_plain(i) for i in rows[first_forgotten:]],
        "forget10_perturbed": [_said(i) for i in rows[first_forgotten:]],
        "retain90": [_plain(i) for i in rows[:first_forgotten]],
        "retain_perturbed": [_said(i) for i in rows[: 3 * QUESTIONS]],
        "real_authors_perturbed": _real("Author", 4),
        "world_facts_perturbed": _real("World", 6),
    }
    only = range(first_forgotten, first_forgotten + QUESTIONS)
    tables["forget01"] = [_plain(i) for i in only]
    tables["forget01_perturbed"] = [_said(i) for i in only]
    tables["retain99"] = [_plain(i) for i in rows if i not in only]
    return tables


@pytest.fixture
def write_tables(tmp_path: Path):
    def write(tables: Mapping[str, object], folder: str = "tofu") -> str:
        place = tmp_path / folder
        place.mkdir()
        for name, rows in tables.items():
            (place / f"{name}.json").write_text(json.dumps(rows))
        return str(place)

    return write


@pytest.fixture
def png() -> Callable[[int], bytes]:
    """Gives `png(seed)`: a grey picture of noise."""
    return clear.png


@pytest.fixture
def write_people(tmp_path: Path, png) -> Callable[[int], Path]:
    """Gives `write_people(count)`: a folder of people p0, p1, ..., with four pictures each."""

    def write(count: int) -> Path:
        place = tmp_path / "people"
        for number in range(count):
            folder = place / f"p{number}"
            folder.mkdir(parents=True)
            for k in range(4):
                (folder / f"{k}.png").write_bytes(png(number * 4 + k))
        return place

    return write


@pytest.fixture
def clear_names() -> list[str]:
    """The names of 200 people, of whom CLEAR has those whose names it publishes."""
    return clear.clear_names()


@pytest.fixture
def write_clear(tmp_path: Path) -> Callable[..., Path]:
    """Gives `write_clear(names)`: a folder of a Parquet file with a picture for each name."""
    return partial(clear.write_clear, tmp_path / "clear")
