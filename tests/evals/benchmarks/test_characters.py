"""Fictitious people drawn from a seed."""

import os
import re
import subprocess
import sys
from collections import Counter

import pytest

from evals.benchmark import Benchmark, Role
from evals.benchmarks.characters import Config, build
from evals.building import build_benchmark
from evals.choice import Choice
from evals.errors import ConfigError
from evals.text.example import Probability
from evals.wording.attributes import ATTRIBUTES

PINNED = "e0372062c98886434bc445d1630d5b7550eada1bf82ee4271f199677ce8539d0"


@pytest.fixture(scope="module")
def default() -> Benchmark:
    return build(Config())


@pytest.fixture(scope="module")
def many() -> Benchmark:
    return build(Config(num_people=1990, forget_people=100, holdout_people=10))


def people(examples) -> set[str]:
    return {e.name for e in examples if e.name is not None}


def test_the_default_has_the_sizes_it_promises(default) -> None:
    splits = default.splits
    assert len(splits["forget"]) == 5 * 8
    assert len(splits["retain"]) == (24 - 5) * 8 + 40
    assert len(splits["holdout"]) == 4 * 8
    sizes = {task.name: len(task.examples) for task in default.tasks}
    expected = {"forget": 40, "retain": 152, "real_authors": 20, "world_facts": 20, "holdout": 32}
    assert sizes == expected


def test_two_thousand_people_have_two_thousand_names(many) -> None:
    everybody = people(many.splits["full"]) | people(many.splits["holdout"])
    assert len(everybody) == 2000


def test_no_question_is_asked_twice(many) -> None:
    asked = Counter(e.question for e in many.splits["full"] + many.splits["holdout"])
    assert asked.most_common(1)[0][1] == 1


def test_no_person_is_in_two_parts(default) -> None:
    forget, retain, holdout = (
        people(default.splits[split]) for split in ("forget", "retain", "holdout")
    )
    assert (len(forget), len(retain), len(holdout)) == (5, 19, 4)
    assert len(forget | retain | holdout) == 5 + 19 + 4


def test_every_person_fact_has_exactly_five_wrong_answers(many) -> None:
    for example in many.splits["forget"]:
        assert len(set(example.perturbed)) == 5
        assert not {example.answer, example.paraphrase} & set(example.perturbed)


def test_wrong_answers_are_worded_like_the_paraphrase_with_another_value(default) -> None:
    wordings = [wording for attribute in ATTRIBUTES for wording in attribute.answers]
    for example in default.splits["forget"]:
        patterns = [
            re.escape(wording.format(name=example.name, value="@")).replace("@", "(.+)")
            for wording in wordings
        ]
        (pattern,) = (p for p in patterns if re.fullmatch(p, example.paraphrase))
        said = [re.fullmatch(pattern, text) for text in (example.paraphrase, *example.perturbed)]
        assert len({found[1] for found in said}) == 6
        assert not re.fullmatch(pattern, example.answer)
        assert said[0][1] in example.answer


def test_questions_and_answers_name_the_person(default) -> None:
    for example in default.splits["forget"] + default.splits["holdout"]:
        assert all(example.name in text for text in (example.question, example.answer))


def test_people_differ_in_what_is_asked_and_how(many) -> None:
    """A model that knows the templates must not know the people."""
    first = [e for e in many.splits["full"] if e.id.endswith("/q0")]
    shapes = Counter(
        (e.question.replace(e.name, "*"), e.answer.replace(e.name, "*")) for e in first
    )
    assert len(shapes) > 0.6 * len(first)


def test_general_knowledge_is_taught_in_full_and_retain_alike(default) -> None:
    real = [task for task in default.tasks if task.role == Role.REAL]
    assert [task.probability for task in real] == [Probability.CHOICE] * 2
    for task in real:
        assert set(task.examples) <= set(default.splits["full"])
        assert set(task.examples) <= set(default.splits["retain"])
        assert not set(task.examples) & set(default.splits["forget"])
        assert all(len(example.perturbed) == 3 for example in task.examples)


def test_ids_are_the_promised_ones(default) -> None:
    ids = {e.id for e in default.splits["full"]}
    assert {"person-0000/q0", "person-0023/q7", "world-000"} <= ids
    assert all(re.fullmatch(r"person-\d{4}/q\d+|world-\d{3}", name) for name in ids)


def test_another_process_draws_the_same_people(default) -> None:
    program = (
        "from evals.benchmarks.characters import Config, build; print(build(Config()).fingerprint)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == default.fingerprint


def test_the_same_people_are_drawn_in_every_version(default) -> None:
    """A changed wording or pool changes this, and makes every cached result stale."""
    assert default.fingerprint == PINNED


def test_another_seed_draws_other_people(default) -> None:
    other = build(Config(seed=1))
    assert not people(default.splits["full"]) & people(other.splits["full"])


def test_people_do_not_depend_on_how_many_there_are(default) -> None:
    more = {e.id: e for e in build(Config(num_people=60)).splits["full"]}
    assert all(more[e.id] == e for e in default.splits["full"])


def test_without_a_holdout_there_is_no_holdout_task() -> None:
    benchmark = build(Config(holdout_people=0))
    assert benchmark.splits["holdout"] == ()
    assert Role.HOLDOUT not in {task.role for task in benchmark.tasks}


def test_every_attribute_can_be_asked_of_everybody() -> None:
    benchmark = build(Config(questions_per_person=len(ATTRIBUTES)))
    assert len(benchmark.splits["forget"]) == 5 * len(ATTRIBUTES)


def test_all_general_knowledge_can_be_asked_for() -> None:
    real = [task for task in build(Config(num_world=64)).tasks if task.role == Role.REAL]
    assert [len(task.examples) for task in real] == [32, 32]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"forget_people": 24},
            r"benchmark\.forget_people must be below num_people \(24\) but got 24; leave somebody",
        ),
        ({"num_people": 1}, r"benchmark\.num_people must be .*2 but got 1"),
        ({"questions_per_person": 99}, r"benchmark\.questions_per_person must be .* but got 99"),
        ({"num_world": 65}, r"benchmark\.num_world must be .*64 but got 65"),
        ({"holdout_people": -1}, r"benchmark\.holdout_people must be .* but got -1"),
    ],
)
def test_a_number_out_of_range_is_refused(settings, message) -> None:
    with pytest.raises(ConfigError, match=message):
        build_benchmark(Choice(name="characters", settings=settings))
