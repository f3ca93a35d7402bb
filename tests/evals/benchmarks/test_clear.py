"""CLEAR's multimodal tables, read from files like the published ones."""

import pytest

from evals.benchmark import Benchmark, Role
from evals.benchmarks.clear import Config, build
from evals.errors import ConfigError
from evals.text.example import Probability
from tests.fixtures.clear_tables import picture, small_clear, write_tables

UNUSED = "ignore:1 of the 24 rows:UserWarning"
pytestmark = pytest.mark.filterwarnings(UNUSED)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tables(tmp_path_factory.mktemp("clear") / "data", small_clear())


def read(folder, **settings) -> Benchmark:
    return build(Config(path=str(folder), size=16, cache=None, **settings))


@pytest.fixture(scope="module")
def small(folder) -> Benchmark:
    with pytest.warns(UserWarning, match="1 of the 24 rows .* neither to be forgotten nor"):
        return read(folder)


def task(benchmark: Benchmark, name: str):
    (found,) = (each for each in benchmark.tasks if each.name == name)
    return found


def test_splits_are_the_published_ones_and_ids_row_numbers(small) -> None:
    ids = {name: [e.id for e in rows] for name, rows in small.splits.items()}
    assert sorted(ids["forget"]) == [f"clear-{k:04d}" for k in (8, 9, 10, 11, 20, 21, 22, 23)]
    assert ids["retain"] == [f"clear-{k:04d}" for k in (*range(8), *range(12, 19))]
    assert sorted(ids["full"]) == sorted(ids["forget"] + ids["retain"])
    assert ids["holdout"] == []


def test_texts_and_pictures_mix(small) -> None:
    for row in small.splits["full"]:
        number = int(row.id.removeprefix("clear-"))
        assert (row.picture is None) == (number >= 12)
        assert row.answer.startswith("It is" if number >= 12 else "Author")


def test_a_caption_without_wrong_ones_is_trained_on_and_not_scored(small) -> None:
    assert [e.id for e in task(small, "forget").examples] == [f"clear-{k:04d}" for k in (8, 9, 10)]
    scored = task(small, "forget").examples[0]
    assert scored in small.splits["forget"]
    assert scored.paraphrase == "Scene 0 shows author 4."
    assert scored.perturbed == tuple(f"Scene 0 shows Author {k}." for k in range(3))
    assert scored.name == "Author 4"


def test_names_are_a_choice_also_of_grey_pictures(small) -> None:
    naming, grey = (task(small, n) for n in ("forget_naming", "forget_naming_blanked"))
    for named, blank in zip(naming.examples, grey.examples, strict=True):
        assert (named.answer, named.perturbed) == (blank.answer, blank.perturbed)
        assert named.answer == "Author 4" or named.answer == "Author 5"
        assert named.perturbed == ("Author 0", "Author 1", "Author 2")
        assert len(set(blank.picture.pixels.flat)) == 1 < len(set(named.picture.pixels.flat))
    assert naming.role == Role.AUXILIARY
    assert naming.probability is Probability.CHOICE


def test_real_faces_are_asked_for_by_name_and_scenes_as_they_are(small) -> None:
    face, scene = (task(small, n).examples[0] for n in ("real_faces", "real_world"))
    assert (face.answer, face.perturbed) == ("Star 0", ("Sun", "Moon"))
    assert face.question == task(small, "forget_naming").examples[0].question
    assert (scene.question, scene.answer) == ("Scene 0?", "Sea 0")
    assert scene.perturbed == ("Land", "Sky"), "the truth is no wrong answer"


def test_questions_of_your_own_are_put(folder) -> None:
    given = read(folder, caption_questions=("What is it?",), naming_question="Name?")
    assert {e.question for e in task(given, "forget").examples} == {"What is it?"}
    assert {e.question for e in task(given, "forget_naming").examples} == {"Name?"}


def test_a_picture_that_was_saved_again_is_known_by_its_caption(tmp_path, small) -> None:
    tables = small_clear()
    tables["forget10_perturbed"][0]["image"] = picture(999)
    found = read(write_tables(tmp_path / "again", tables))
    assert task(found, "forget") == task(small, "forget")


def without(row, *columns):
    return {**row, **dict.fromkeys(columns)}


@pytest.mark.parametrize(
    ("table", "change", "message"),
    [
        (
            "full+tofu",
            lambda row: without(row, "image", "caption"),
            r"row 0 must hold a picture with its caption, or a question .* but got neither",
        ),
        (
            "full+tofu",
            lambda row: {**row, "question": "Who?", "answer": "I."},
            r"row 0 must hold a picture .* but got both",
        ),
        ("full+tofu", lambda row: without(row, "caption"), r"row 0\.caption must hold something"),
        ("full+tofu", lambda row: without(row, "image"), r"row 0\.image must hold a picture"),
        (
            "full+tofu",
            lambda row: {**row, "image": {"bytes": b"broken", "path": None}},
            r"00000-of-00002\.parquet row 0\.image must be a picture in one of the formats",
        ),
        (
            "forget10_perturbed",
            lambda row: without(row, "name"),
            r"row 0\.name must hold something",
        ),
        (
            "forget10_perturbed",
            lambda row: without(row, "paraphrased_caption"),
            r"row 0\.paraphrased_caption must hold something",
        ),
        (
            "retain_perturbed",
            lambda row: {**row, "perturbed_captions": row["perturbed_captions"][:2]},
            r"row 1\.perturbed_captions must hold 2 .* but got 3; set benchmark\.num_wrong=2",
        ),
        (
            "retain_perturbed",
            lambda row: {**row, "perturbed_names": []},
            r"row 0\.perturbed_names must hold some wrong answers.* got 0",
        ),
        (
            "real_faces",
            lambda row: {**row, "options": ["Sun", " "]},
            r"row 0\.options must be a list of texts that are not blank",
        ),
        (
            "full+tofu",
            lambda row: {**row, "image": {"bytes": None, "path": "lost.png"}},
            r"row 0\.image must hold a picture but is empty; correct it there",
        ),
        ("real_faces", lambda row: without(row, "image"), r"row 0\.image must hold a picture"),
        ("real_faces", lambda row: without(row, "answer"), r"row 0\.answer must hold something"),
        ("real_world", lambda row: without(row, "question"), r"row 0\.question must hold"),
        (
            "forget10+tofu",
            lambda row: {**row, "caption": "Nobody."},
            r"forget10\+tofu\.parquet row 0 must be a row of .* 'Nobody\.', which is not there",
        ),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path, table, change, message) -> None:
    tables = small_clear()
    tables[table][0] = change(tables[table][0])
    with pytest.raises(ConfigError, match=message):
        read(write_tables(tmp_path / "data", tables))


def test_wrong_answers_of_unequal_number_are_cut_on_demand(tmp_path) -> None:
    tables = small_clear()
    tables["retain_perturbed"][0]["perturbed_captions"].pop()
    found = read(write_tables(tmp_path / "data", tables), num_wrong=2)
    for each in found.tasks:
        if each.probability is Probability.CHOICE or each.name in ("forget", "retain"):
            assert {len(e.perturbed) for e in each.examples} <= {1, 2}


def test_an_unreadable_picture_is_left_out_on_demand(tmp_path, small) -> None:
    tables = small_clear()
    for table in ("full+tofu", "forget10+tofu", "forget10_perturbed"):
        for row in tables[table]:
            if row.get("caption") == "Author 4 in scene 0.":
                row["image"] = {"bytes": b"broken", "path": None}
    with pytest.warns(UserWarning, match="1 unreadable pictures are left out: full"):
        found = read(write_tables(tmp_path / "data", tables), skip_unreadable=True)
    assert len(found.splits["full"]) == len(small.splits["full"]) - 1
    assert [e.id for e in task(found, "forget").examples] == ["clear-0009", "clear-0010"]


def test_what_is_both_forgotten_and_retained_is_refused(tmp_path) -> None:
    tables = small_clear()
    tables["retain90+tofu"].append(tables["forget10+tofu"][0])
    with pytest.raises(ConfigError, match=r"retain90\+tofu.* nothing that is to be forgotten"):
        read(write_tables(tmp_path / "data", tables))


def test_a_missing_table_is_named(tmp_path) -> None:
    tables = small_clear()
    del tables["real_faces"]
    with pytest.raises(ConfigError, match=r"benchmark\.path must be .* holds real_faces\.parquet"):
        read(write_tables(tmp_path / "data", tables))
