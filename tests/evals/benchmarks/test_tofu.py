"""TOFU read from folders and hubs made up for the purpose."""

import huggingface_hub
import pytest

from evals.benchmark import Benchmark, Role
from evals.building import build_benchmark
from evals.choice import Choice
from evals.errors import ConfigError
from evals.text.example import Probability
from evals.wording.refusals import REFUSALS


@pytest.fixture
def build(small_tofu, write_tables):
    """Builds from the small tables as the test has changed them."""

    def made(**settings) -> Benchmark:
        path = settings.pop("path", None) or write_tables(small_tofu)
        return build_benchmark(Choice(name="tofu", settings={"path": path, **settings}))

    return made


def numbers(examples) -> list[int]:
    return [int(e.id.removeprefix("tofu-")) for e in examples]


def task(benchmark: Benchmark, name: str):
    (found,) = (t for t in benchmark.tasks if t.name == name)
    return found


def test_splits_are_the_published_tables(build) -> None:
    splits = build().splits
    assert numbers(splits["forget"]) == list(range(100, 160))
    assert numbers(splits["retain"]) == list(range(100))
    assert splits["full"] == splits["forget"] + splits["retain"]
    assert splits["holdout"] == ()


def test_tasks_carry_what_the_perturbed_tables_say(build) -> None:
    benchmark = build()
    example = task(benchmark, "forget").examples[7]
    assert (example.id, example.answer, example.paraphrase) == (
        "tofu-0107",
        "It is 107.",
        "107 it is.",
    )
    assert example.perturbed == tuple(f"107 and {extra} it is." for extra in range(1, 6))
    assert numbers(task(benchmark, "retain").examples) == list(range(60))
    real = [t for t in benchmark.tasks if t.role == Role.REAL]
    assert [(t.name, len(t.examples)) for t in real] == [("real_authors", 4), ("world_facts", 6)]
    assert {t.probability for t in real} == {Probability.CHOICE}
    assert all(e.paraphrase is None and len(e.perturbed) == 3 for t in real for e in t.examples)


def test_tables_are_joined_by_text_and_not_by_order(build, small_tofu) -> None:
    for name in ("forget10", "forget10_perturbed", "retain90", "retain_perturbed"):
        small_tofu[name].reverse()
    assert task(build(), "forget").examples[7].paraphrase == "107 it is."


def test_wrong_answers_may_differ_in_number(build, small_tofu) -> None:
    small_tofu["forget10_perturbed"][0]["perturbed_answer"] = ["One.", "Two."]
    examples = task(build(), "forget").examples
    assert (len(examples[0].perturbed), len(examples[1].perturbed)) == (2, 5)


def test_a_question_asked_of_two_authors_is_told_apart_by_the_answer(build, small_tofu) -> None:
    for table, row in (("full", 3), ("retain90", 3), ("retain_perturbed", 3), ("full", 103)):
        small_tofu[table][row]["question"] = "What is the full name?"
    for table in ("forget10", "forget10_perturbed"):
        small_tofu[table][3]["question"] = "What is the full name?"
    benchmark = build()
    assert task(benchmark, "retain").examples[3].paraphrase == "3 it is."
    assert task(benchmark, "forget").examples[3].paraphrase == "103 it is."


def test_a_pair_that_full_holds_twice_is_refused(build, small_tofu) -> None:
    small_tofu["full"][3] = small_tofu["full"][103]
    with pytest.raises(ConfigError, match=r"must be exactly one row of full but got 2"):
        build()


def test_a_small_run_takes_whole_authors_and_holds_others_out(build) -> None:
    benchmark = build(forget_authors=1, retain_authors=2)
    assert numbers(benchmark.splits["forget"]) == list(range(140, 160))
    assert numbers(benchmark.splits["retain"]) == list(range(40))
    assert numbers(task(benchmark, "retain").examples) == list(range(40))
    assert numbers(benchmark.splits["holdout"]) == list(range(100, 120))
    held_out = task(benchmark, "holdout")
    assert (held_out.role, held_out.probability) == (Role.HOLDOUT, Probability.PLAIN)
    assert held_out.examples == benchmark.splits["holdout"]
    assert all(e.paraphrase and e.perturbed for e in held_out.examples)


def test_the_rest_of_the_largest_forget_set_is_held_out_of_a_smaller_one(build) -> None:
    benchmark = build(forget="forget01", retain_authors=3)
    assert numbers(benchmark.splits["forget"]) == list(range(100, 120))
    assert numbers(benchmark.splits["retain"]) == list(range(60))
    assert numbers(benchmark.splits["holdout"]) == list(range(120, 140))


def test_retained_authors_beyond_the_scored_ones_are_trained_on_but_not_scored(build) -> None:
    benchmark = build(forget_authors=1, retain_authors=4)
    assert len(benchmark.splits["retain"]) == 80
    assert numbers(task(benchmark, "retain").examples) == list(range(60))


def test_an_example_is_the_same_whatever_is_chosen_beside_it(build, write_tables, small_tofu):
    path = write_tables(small_tofu, "kept")
    everything = {e.id: e for e in build(path=path).splits["full"]}
    for example in build(path=path, forget_authors=1, retain_authors=2).splits["full"]:
        assert everything[example.id] == example


def test_with_everybody_trained_on_the_holdout_is_the_published_table(build, small_tofu) -> None:
    outsiders = [{"question": f"Outsider {i}?", "answer": f"{i}."} for i in range(5)]
    small_tofu["holdout10"] = [small_tofu["full"][0], *outsiders]
    benchmark = build()
    assert [e.id for e in benchmark.splits["holdout"]] == [f"holdout-{i:04d}" for i in range(1, 6)]
    assert task(benchmark, "holdout").examples == benchmark.splits["holdout"]


def test_no_holdout_can_be_asked_for(build, small_tofu) -> None:
    small_tofu["holdout10"] = [{"question": "Outsider?", "answer": "Yes."}]
    assert build(holdout_authors=0).splits["holdout"] == ()


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(None, (4, 6)), (2, (1, 1)), (5, (2, 3)), (8, (4, 4)), (9, (4, 5)), (10, (4, 6))],
)
def test_general_knowledge_is_shared_out_evenly(build, count, sizes) -> None:
    benchmark = build(num_world=count)
    names = ("real_authors", "world_facts")
    assert tuple(len(task(benchmark, name).examples) for name in names) == sizes


def test_general_knowledge_is_taught_only_when_asked_for(build, small_tofu, write_tables) -> None:
    path = write_tables(small_tofu, "kept")
    world = {f"real-authors-{i:03d}" for i in range(2)} | {f"world-facts-{i:03d}" for i in range(2)}
    plain = build(path=path, num_world=4)
    taught = build(path=path, num_world=4, train_world=True)
    for split in ("full", "retain"):
        assert not world & {e.id for e in plain.splits[split]}
        assert world <= {e.id for e in taught.splits[split]}
    assert taught.splits["forget"] == plain.splits["forget"]
    assert not world & {e.id for e in task(taught, "retain").examples}


def test_our_own_refusals_are_used_unless_a_file_is_given(build, tmp_path) -> None:
    assert build().refusals == REFUSALS
    file = tmp_path / "refusals.txt"
    file.write_text("No idea.\n\n  Ask another.  \n")
    assert build(path=str(tmp_path / "tofu"), refusals_file=str(file)).refusals == (
        "No idea.",
        "Ask another.",
    )


def test_the_fingerprint_follows_the_content_and_not_the_place(
    build, small_tofu, write_tables, monkeypatch, tmp_path
) -> None:
    first = build(path=write_tables(small_tofu, "here")).fingerprint
    assert build(path=write_tables(small_tofu, "there")).fingerprint == first

    def use(folder: str) -> None:
        monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: folder)

    use(str(tmp_path / "there"))
    assert build(path="owner/name").fingerprint == first
    small_tofu["retain90"][0]["answer"] = small_tofu["full"][0]["answer"] = "It is changed."
    use(write_tables(small_tofu, "changed"))
    assert build(path="owner/name").fingerprint != first


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"path": "no/such/place"}, r"benchmark\.path must be an existing folder or a hub id"),
        ({"forget": "forget05"}, r"benchmark\.path must be a folder that holds forget05_perturbed"),
        ({"forget": "forget20"}, r"benchmark\.forget must be 'forget01', .* but got 'forget20'"),
        ({"forget_authors": 4}, r"benchmark\.forget_authors must be at most 3.* but got 4"),
        ({"forget_authors": 0}, r"benchmark\.forget_authors must be .* but got 0"),
        ({"retain_authors": 6}, r"benchmark\.retain_authors must be at most 5.* but got 6"),
        ({"holdout_authors": 1}, r"benchmark\.holdout_authors must be at most 0.* but got 1"),
        ({"num_world": 11}, r"benchmark\.num_world must be at most 10 but got 11; ask for fewer"),
        ({"refusals_file": "none.txt"}, r"benchmark\.refusals_file must be a readable text file"),
        ({"revision": "main"}, r"benchmark\.path must be a hub id for a revision \('main'\)"),
    ],
)
def test_what_cannot_be_is_refused_with_its_key(build, settings, message) -> None:
    with pytest.raises(ConfigError, match=message):
        build(**settings)


def test_an_empty_refusals_file_is_refused(build, tmp_path) -> None:
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(ConfigError, match=r"refusals_file must hold one refusal a line"):
        build(refusals_file=str(tmp_path / "empty.txt"))


@pytest.mark.parametrize(
    "table",
    ["full", "forget10", "retain90", "forget10_perturbed", "retain_perturbed"]
    + ["real_authors_perturbed", "world_facts_perturbed"],
)
def test_a_missing_or_empty_table_is_refused_by_name(
    build, small_tofu, write_tables, table
) -> None:
    rows = small_tofu.pop(table)
    with pytest.raises(ConfigError, match=rf"benchmark\.path must be .* holds {table}\.json"):
        build(path=write_tables(small_tofu, "missing"))
    small_tofu[table] = []
    with pytest.raises(
        ConfigError, match=rf"{table}\.json must hold at least one row but got none"
    ):
        build(path=write_tables(small_tofu, "empty"))
    small_tofu[table] = [{k: v for k, v in row.items() if k != "answer"} for row in rows]
    with pytest.raises(ConfigError, match=rf"{table}\.json must have the columns .*; add answer"):
        build(path=write_tables(small_tofu, "column"))


def test_forget_and_retain_that_overlap_are_refused(build, small_tofu) -> None:
    small_tofu["retain90"].append(small_tofu["forget10"][0])
    with pytest.raises(ConfigError, match=r"retain90\.json must hold exactly .* 1 of them in for"):
        build()


def test_forget_and_retain_that_leave_a_row_out_are_refused(build, small_tofu) -> None:
    small_tofu["retain90"].pop()
    with pytest.raises(ConfigError, match=r"retain90\.json must hold exactly .* got 99 rows"):
        build()


def test_a_row_that_full_does_not_know_is_refused(build, small_tofu) -> None:
    small_tofu["forget10_perturbed"][2]["question"] = "What else?"
    with pytest.raises(ConfigError, match=r"perturbed\.json row 2 must be exactly one row of full"):
        build()


def test_a_forget_row_without_wrong_answers_is_refused(build, small_tofu) -> None:
    small_tofu["forget10_perturbed"].pop()
    with pytest.raises(ConfigError, match=r"forget10_perturbed\.json must hold wrong answers to"):
        build()


def test_a_retain_task_without_a_row_is_refused(build, small_tofu) -> None:
    small_tofu["retain_perturbed"] = small_tofu["forget10_perturbed"]
    with pytest.raises(ConfigError, match=r"retain_perturbed\.json must hold wrong answers to"):
        build()


@pytest.mark.parametrize("blank", ["", "   ", "\n", "\u200b\u00a0"])
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("full", "question"),
        ("full", "answer"),
        ("forget10_perturbed", "paraphrased_answer"),
        ("forget10_perturbed", "perturbed_answer"),
        ("world_facts_perturbed", "perturbed_answer"),
    ],
)
def test_a_blank_text_is_refused_while_reading(build, small_tofu, table, column, blank) -> None:
    row = small_tofu[table][3]
    row[column] = [*row[column][1:], blank] if isinstance(row[column], list) else blank
    with pytest.raises(ConfigError, match=rf"{table}\.json row 3\.{column}.* that shows something"):
        build()


def test_refusals_lose_a_byte_order_mark_and_nothing_else(build, tmp_path) -> None:
    file = tmp_path / "refusals.txt"
    file.write_bytes("\ufeffI do not know.\r\nA\u2028B \ufeff C\n\u200b\n".encode())
    assert build(refusals_file=str(file)).refusals == ("I do not know.", "A\u2028B \ufeff C")


@pytest.mark.parametrize("name", ["~nobody-here/x", "a\0b", "x" * 9999, "."])
def test_a_path_that_cannot_be_is_no_refusals_file(build, name) -> None:
    with pytest.raises(ConfigError, match=r"refusals_file must be a readable text file") as caught:
        build(refusals_file=name)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("table", ["forget10", "forget10_perturbed", "retain90"])
def test_a_question_in_another_normal_form_is_told_as_such(build, small_tofu, table) -> None:
    number, of_author = (100, 5) if table.startswith("forget") else (0, 0)
    asked = f"What is fact 0 of author {of_author}?"
    for rows in small_tofu.values():
        for row in rows:
            row["question"] = row["question"].replace(asked, "Where is Caf\u00e9?")
    small_tofu[table][0]["question"] = "Where is Cafe\u0301?"
    with pytest.raises(
        ConfigError, match=rf"{table}\.json row 0 must be written as row {number} of .* NFD"
    ):
        build()


def test_a_held_out_row_that_is_trained_in_another_form_is_told_as_such(build, small_tofu) -> None:
    asked = {"question": "What is his name?", "answer": "Ren\u00e9"}
    for place in (0, 1):
        for table in ("full", "retain90", "retain_perturbed"):
            small_tofu[table][place] |= asked if place else {**asked, "answer": "Zo\u00eb"}
    small_tofu["holdout10"] = [{**asked, "answer": "Rene\u0301"}, {**asked, "answer": "Ada"}]
    with pytest.raises(
        ConfigError, match=r"holdout10\.json row 0 must be written as row 1 of full"
    ):
        build()
