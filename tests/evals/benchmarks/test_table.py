import csv
from pathlib import Path

import pytest

from evals.benchmark import Role
from evals.building import PACKAGE, benchmark_note, build_benchmark, with_own_defaults
from evals.choice import choose
from evals.errors import ConfigError
from evals.settings import DEFAULT_METRICS, EvaluationSettings

NAMES = ("Hina", "Basil", "Jaime")
FACTS = ("born", "writes", "won")
HEAD = ("prompt", "response", "who", "part")
COLUMNS = {"question": "prompt", "answer": "response", "person": "who"}


def lines(names=NAMES):
    return [
        (f"What of {fact} and {name}?", f"{name} {fact} {fact}{k}.", name, f"p{k}")
        for k, name in enumerate(names)
        for fact in FACTS
    ]


def write(file: Path, rows, head=HEAD) -> str:
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([head, *rows])
    return str(file)


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "people.csv", lines())


def choice(path, **settings):
    raw = {"name": "table", "path": path, "columns": COLUMNS, **settings}
    return choose(PACKAGE, raw, key="benchmark")


def built(path, **settings):
    return build_benchmark(choice(path, **settings))


def ids(benchmark, split):
    return [each.id for each in benchmark.splits[split]]


def test_people_are_forgotten_by_name_and_all_others_retained(path):
    benchmark = built(path, forget=["Basil"])
    assert ids(benchmark, "forget") == ["row-00003", "row-00004", "row-00005"]
    assert len(ids(benchmark, "retain")) == 6
    assert ids(benchmark, "full") == ids(benchmark, "forget") + ids(benchmark, "retain")
    assert [task.role for task in benchmark.tasks] == [Role.FORGET, Role.RETAIN]
    assert {each.name for each in benchmark.splits["forget"]} == {"Basil"}


def test_a_column_of_its_own_may_say_who_is_forgotten_and_held_out(path):
    benchmark = built(path, forget_by="part", forget=["p0"], holdout=["p2"])
    assert {each.name for each in benchmark.splits["forget"]} == {"Hina"}
    assert {each.name for each in benchmark.splits["holdout"]} == {"Jaime"}
    assert {each.name for each in benchmark.splits["retain"]} == {"Basil"}
    assert benchmark.tasks[-1].role is Role.HOLDOUT


def test_a_second_file_may_say_who_is_forgotten_whether_or_not_they_stand_in_the_first(
    tmp_path, path
):
    others = write(tmp_path / "forget.csv", [*lines()[:3], ("What?", "That.", "Zoe", "p9")])
    benchmark = built(path, forget_file=others)
    assert len(ids(benchmark, "forget")) == 4
    assert {each.name for each in benchmark.splits["retain"]} == {"Basil", "Jaime"}


def test_general_knowledge_comes_from_its_own_file_and_is_taught_if_asked_for(tmp_path, path):
    known = write(tmp_path / "world.csv", [(f"What is {k}?", f"{k}!", "-", "-") for k in "abc"])
    for taught in (False, True):
        benchmark = built(path, forget=["Basil"], real_file=known, train_real=taught)
        real = next(task for task in benchmark.tasks if task.role is Role.REAL)
        assert set(real.examples[0].perturbed) == {"b!", "c!"}
        assert len(benchmark.splits["retain"]) == 6 + 3 * taught
        assert benchmark.splits["full"] == benchmark.splits["forget"] + benchmark.splits["retain"]


def test_paraphrases_and_wrong_answers_are_taken_where_they_are_there(tmp_path):
    rows = [
        ("A?", "a", "Hina", "an a", "b", "c"),
        ("B?", "b", "Basil", "", "", ""),
        ("C?", "c", "Jaime", " ", "x", "x"),
    ]
    path = write(tmp_path / "t.csv", rows, ("prompt", "response", "who", "again", "w1", "w2"))
    columns = {**COLUMNS, "paraphrase": "again", "wrong": ["w1", "w2"]}
    benchmark = built(path, columns=columns, forget=["Hina"])
    hina, basil, jaime = benchmark.splits["full"]
    assert (hina.paraphrase, hina.perturbed) == ("an a", ("b", "c"))
    assert basil.paraphrase is None
    assert set(basil.perturbed) == {"a", "c"}
    assert jaime.perturbed == ("x",)


def test_the_fingerprint_knows_contents_and_not_the_place(tmp_path, path):
    same = write(tmp_path / "copy.csv", lines())
    assert built(path, forget=["Basil"]).fingerprint == built(same, forget=["Basil"]).fingerprint
    assert built(path, forget=["Basil"]).fingerprint != built(path, forget=["Hina"]).fingerprint


def test_metrics_of_what_there_is_not_are_left_out_unless_somebody_chose_them(tmp_path, path):
    without = with_own_defaults(EvaluationSettings(), choice(path, forget=["Basil"]))
    assert without.metrics == tuple(name for name in DEFAULT_METRICS if name != "real")
    own = EvaluationSettings(metrics=("real", "retain"))
    assert with_own_defaults(own, choice(path, forget=["Basil"])) is own
    known = write(tmp_path / "world.csv", [("What?", "This.", "-", "-")])
    whole = with_own_defaults(EvaluationSettings(), choice(path, forget=["Hina"], real_file=known))
    assert whole.metrics == DEFAULT_METRICS


def test_what_is_missing_is_said_with_what_follows(tmp_path, path):
    said = benchmark_note(choice(path, forget=["Basil"], wrong_answers=3, seed=7))
    assert said == (
        "Where rows have no wrong answers, up to 3 were drawn from other rows' answers to like "
        "questions (seed 7). Without questions of general knowledge (real_file) there is no Real. "
        "Without people held out (holdout) there is no membership inference."
    )
    known = write(tmp_path / "world.csv", [("What?", "This.", "-", "-")])
    whole = benchmark_note(choice(path, forget=["Basil"], holdout=["Hina"], real_file=known))
    assert "Without" not in whole


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, r"benchmark.forget must name who is to be forgotten but got nobody"),
        ({"forget": ["Hin"]}, "values of the column 'who' but got 'Hin', .* did you mean 'Hina'"),
        ({"forget": ["Hina"], "forget_file": "x.csv"}, "forget_file must be left out beside"),
        ({"forget": ["Hina"], "holdout": ["Hina"]}, "must name nobody who is to be forgotten"),
        ({"forget": list(NAMES)}, r"benchmark.path must have rows to be retained"),
        ({"forget": ["x"], "columns": {"question": "prompt", "answer": "response"}}, "forget_by"),
        ({"forget": ["Hina"], "columns": {**COLUMNS, "question": "q"}}, "must have the column 'q'"),
        ({"forget": ["Hina"], "real_file": "none.csv"}, r"benchmark.real_file must be an exist"),
        ({"forget": ["Hina"], "colums": {}}, "must be a known key"),
    ],
)
def test_what_cannot_be_is_refused_by_key_value_and_cure(path, settings, said):
    with pytest.raises(ConfigError, match=said):
        built(path, **settings)


def test_rows_that_are_to_be_forgotten_and_held_out_are_refused(tmp_path, path):
    both = write(tmp_path / "both.csv", lines()[:3])
    with pytest.raises(ConfigError, match="must have no row that is to be forgotten"):
        built(path, forget_file=both, holdout_file=both)


def test_a_right_answer_among_the_wrong_ones_is_refused(tmp_path):
    path = write(tmp_path / "t.csv", [("A?", "a", "Hina", "a")], ("prompt", "response", "who", "w"))
    with pytest.raises(ConfigError, match="row 0 must have wrong answers that are wrong"):
        built(path, columns={**COLUMNS, "wrong": ["w"]}, forget=["Hina"])
