import pytest

from evals.errors import ConfigError
from evals.text.drawn_answers import with_wrong_answers
from evals.text.example import Example

PLACES = {"Hina": "Karachi", "Basil": "Cairo", "Jaime": "Lima", "Élodie": "Fès"}
BORN = [
    Example(f"{name}/born", f"Where was {name} born?", f"{name} was born in {place}.", name)
    for name, place in PLACES.items()
]
WRITES = [
    Example(f"{name}/writes", f"What does {name} write?", f"{name} writes {what}.", name)
    for name, what in zip(PLACES, ["plays", "novels", "poems", "essays"], strict=True)
]
POOL = (*BORN, *WRITES)


def drawn(examples=POOL, pool=POOL, *, count=3, seed=0):
    return with_wrong_answers(examples, pool, count=count, seed=seed)


def test_wrong_answers_are_what_others_answer_to_like_questions_said_of_the_own_person():
    found = {each.id: each.perturbed for each in drawn()}
    assert set(found["Hina/born"]) == {f"Hina was born in {p}." for p in ["Cairo", "Lima", "Fès"]}
    writes = {f"Élodie writes {what}." for what in ["plays", "novels", "poems"]}
    assert set(found["Élodie/writes"]) == writes


def test_what_is_true_of_the_person_comes_last():
    (hina, *_) = drawn(count=7)
    assert hina.perturbed[-1] == "Hina writes plays."
    assert "Hina was born in Karachi." not in hina.perturbed


def test_the_same_seed_draws_the_same_and_rows_do_not_depend_on_each_other():
    assert drawn() == drawn()
    assert drawn(POOL[3:])[0] == drawn()[3]
    assert any(drawn(count=1, seed=seed) != drawn(count=1) for seed in range(1, 9))


def test_given_wrong_answers_stay():
    given = Example("x", "Where?", "Here.", perturbed=("There.",))
    assert drawn([given]) == (given,)


def test_a_right_answer_is_never_among_them_however_it_is_written():
    own = Example("own", "Where is it?", "In Fès.", paraphrase="It is  in Oslo")
    others = ["in fe\u0300s.", "IT IS IN OSLO", "In Rome.", "In  rome.", "In Rom."]
    pool = [Example(str(k), "Where is it?", answer) for k, answer in enumerate(others)]
    (found,) = drawn([own], [own, *pool], count=9)
    assert sorted(found.perturbed) == ["In Rom.", "In Rome."] or sorted(found.perturbed) == [
        "In  rome.",
        "In Rom.",
    ]


def test_where_nobody_says_anything_else_it_is_refused():
    same = [Example(str(k), f"Who {k}?", "Nobody.") for k in range(3)]
    with pytest.raises(ConfigError, match="wrong answers to 0 must be found .* no other row has"):
        drawn(same, same)


def test_a_large_table_takes_no_longer_for_a_row():
    pool = [Example(str(k), f"What is number {k}?", f"It is {k}.") for k in range(3000)]
    found = drawn(pool[:20], pool, count=5)
    assert all(len(set(each.perturbed)) == 5 for each in found)
    assert all(each.answer not in each.perturbed for each in found)
