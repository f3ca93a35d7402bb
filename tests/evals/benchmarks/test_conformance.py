"""What holds for every benchmark."""

from dataclasses import replace
from itertools import chain

import pytest
from pydantic import JsonValue

from evals import plugins
from evals.benchmark import Role, forget_split
from evals.building import PACKAGE, build_benchmark
from evals.choice import Choice
from evals.suite import suite_name, suite_of
from tests.fixtures.clear_tables import small_clear
from tests.fixtures.clear_tables import write_tables as write_tables_of_clear

pytestmark = pytest.mark.filterwarnings("ignore:1 of the 24 rows:UserWarning")
NAMES = plugins.names(PACKAGE)
of_texts = pytest.mark.parametrize(
    "choice", [name for name in NAMES if suite_name(name) == "text"], indirect=True
)
not_pictured = pytest.mark.parametrize(
    "choice", [name for name in NAMES if suite_name(name) != "multimodal"], indirect=True
)
pictured = pytest.mark.parametrize(
    "choice", [name for name in NAMES if suite_name(name) == "multimodal"], indirect=True
)


@pytest.fixture(params=NAMES)
def choice(request, tmp_path, small_tofu, write_tables, write_people, write_clear) -> Choice:
    settings: dict[str, JsonValue] = {}
    if request.param == "tofu":
        path = write_tables(small_tofu)
        settings = {"path": path, "forget_authors": 1, "retain_authors": 2, "train_world": True}
    elif request.param == "table":
        file = tmp_path / "table.csv"
        names = [f"Person {k}" for k in range(4)]
        rows = [f"Who is {n}?,{n} is {n[-1]}.,It is {n[-1]}.,{n}" for n in names]
        file.write_text("\n".join(["question,answer,again,who", *rows]))
        columns = {"person": "who", "paraphrase": "again"}
        settings = {
            "path": str(file),
            "columns": columns,
            "forget": [names[1]],
            "holdout": [names[2]],
        }
    elif request.param == "folder":
        settings = {"path": str(write_people(6)), "enrolled": 2, "size": 16, "cache": None}
    elif request.param == "clear":
        path = str(write_tables_of_clear(tmp_path / "clear", small_clear()))
        settings = {"path": path, "size": 16, "cache": None}
    elif request.param == "clear_faces":
        path = str(write_clear([f"p{k % 4}" for k in range(12)]))
        roles: dict[str, JsonValue] = {"forget_people": ["p1"], "holdout_people": ["p3"]}
        settings = {"path": path, "enrolled": 1, "size": 16, "cache": None, **roles}
    elif request.param in ("portraits", "pictured_characters"):
        settings = {"size": 16, "cache": None}
    return Choice(name=request.param, settings=settings)


@pytest.fixture
def benchmark(choice):
    return build_benchmark(choice)


def test_full_holds_forget_and_retain_which_share_nothing(benchmark) -> None:
    splits = benchmark.splits
    assert splits["full"][len(splits["full"]) - len(splits["retain"]) :] == splits["retain"]
    trained = {replace(e, id="") for e in splits["full"]}
    assert {replace(e, id="") for e in splits["forget"]} <= trained
    assert splits["forget"]
    assert splits["retain"]
    assert not {e.id for e in splits["forget"]} & {e.id for e in splits["retain"]}


@not_pictured
def test_full_is_forget_and_retain(benchmark) -> None:
    assert benchmark.splits["full"] == benchmark.splits["forget"] + benchmark.splits["retain"]


@pictured
def test_as_many_rows_are_forgotten_whatever_the_modality(choice) -> None:
    found = {}
    for modality in ("text", "visual", "both"):
        settings = {**choice.settings, "forget_modality": modality}
        found[modality] = build_benchmark(Choice(name=choice.name, settings=settings))
    sizes = {len(each.splits["forget"]) for each in found.values()}
    assert len(sizes) == 1
    pictures = {n: {e.picture is None for e in b.splits["forget"]} for n, b in found.items()}
    assert pictures == {"text": {True}, "visual": {False}, "both": {True, False}}
    for split in ("full", "retain", "holdout"):
        assert len({b.splits[split] for b in found.values()}) == 1
    assert len({b.tasks for b in found.values()}) == 1
    assert len({b.fingerprint for b in found.values()}) == 3
    for each in found.values():  # a method may forget any of the three, whatever the setting
        assert each.forget_parts == ("text", "visual", "both")
        for modality, other in found.items():
            assert each.splits[forget_split(modality)] == other.splits["forget"]


def test_the_holdout_is_trained_on_by_nobody(benchmark) -> None:
    trained = {e.id for e in benchmark.splits["full"]}
    assert not trained & {e.id for e in benchmark.splits["holdout"]}


@of_texts
def test_no_question_is_both_forgotten_and_retained_or_held_out_and_trained_on(benchmark) -> None:
    splits = benchmark.splits
    assert not {e.question for e in splits["forget"]} & {e.question for e in splits["retain"]}
    asked = {(e.question, e.answer) for e in splits["full"]}
    assert not {(e.question, e.answer) for e in splits["holdout"]} & asked


def test_an_id_stands_for_one_example_only(benchmark) -> None:
    everything = chain(*benchmark.splits.values(), *(task.examples for task in benchmark.tasks))
    seen: dict[str, object] = {}
    for example in everything:
        assert seen.setdefault(example.id, example) == example
    for split in benchmark.splits.values():
        assert len({e.id for e in split}) == len(split)


def test_there_is_one_forget_task_one_retain_task_and_at_most_one_holdout(benchmark) -> None:
    roles = [task.role for task in benchmark.tasks]
    assert roles.count(Role.FORGET) == roles.count(Role.RETAIN) == 1
    assert roles.count(Role.HOLDOUT) == bool(benchmark.splits["holdout"])
    assert len({task.name for task in benchmark.tasks}) == len(roles)
    assert all(task.examples for task in benchmark.tasks)


@not_pictured
def test_tasks_ask_what_their_split_holds(benchmark) -> None:
    for task in benchmark.tasks:
        if task.role != Role.REAL:
            assert set(task.examples) <= set(benchmark.splits[task.role])


@pictured
def test_tasks_ask_about_people_of_their_split(benchmark) -> None:
    for task in benchmark.tasks:
        split = task.name.partition("_")[0]
        if split in benchmark.splits:
            asked = {e.name for e in task.examples}
            assert asked <= {e.name for e in benchmark.splits[split]}


@of_texts
def test_wrong_answers_are_distinct_and_wrong(benchmark) -> None:
    for task in benchmark.tasks:
        for example in task.examples:
            assert example.perturbed
            assert len(set(example.perturbed)) == len(example.perturbed)
            assert example.answer not in example.perturbed
            assert example.paraphrase not in example.perturbed


@of_texts
def test_all_but_general_knowledge_is_paraphrased(benchmark) -> None:
    for task in benchmark.tasks:
        for example in task.examples:
            assert (example.paraphrase is None) == (task.role == Role.REAL)
            assert example.paraphrase != example.answer


@of_texts
def test_refusals_are_distinct_and_no_answers(benchmark) -> None:
    assert len(set(benchmark.refusals)) == len(benchmark.refusals) > 0
    assert not {e.answer for e in benchmark.splits["full"]} & set(benchmark.refusals)


def test_the_fingerprint_is_that_of_the_content_and_comes_out_again(choice, benchmark) -> None:
    again = build_benchmark(choice)
    assert again == benchmark
    assert benchmark.fingerprint == again.fingerprint


def test_its_file_names_its_suite(choice) -> None:
    assert isinstance(suite_of(choice.name).task_scores, type)
