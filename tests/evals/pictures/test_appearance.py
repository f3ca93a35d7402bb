"""What is drawn of a person by chance, and how far it may change."""

import random
from dataclasses import fields

from evals.pictures.appearance import Look, changed_look, draw_look, draw_shot

LOOK = draw_look(random.Random(1))


def test_a_look_changes_by_the_share_that_is_asked_for() -> None:
    assert changed_look(LOOK, random.Random(0), share=0.0) == LOOK
    fresh = changed_look(LOOK, random.Random(0), share=1.0)
    assert fresh.face_width != LOOK.face_width
    assert fresh.mole != LOOK.mole


def test_about_the_share_of_attributes_changes() -> None:
    looks = [changed_look(LOOK, random.Random(seed), share=0.5) for seed in range(40)]
    sizes = ("face_width", "face_height", "eye_gap", "nose", "mouth")  # new if drawn anew
    assert {f.name for f in fields(Look)} > {*sizes}
    changed = sum(getattr(look, name) != getattr(LOOK, name) for look in looks for name in sizes)
    assert 80 <= changed <= 120  # of 200


def test_clothes_are_those_of_habit_where_nothing_is_hard() -> None:
    easy = [draw_shot(random.Random(seed), hard=0.0) for seed in range(20)]
    hard = [draw_shot(random.Random(seed), hard=1.0) for seed in range(20)]
    assert {shot.clothes for shot in easy} == {None}
    assert len({shot.background for shot in easy}) == 1
    assert None not in {shot.clothes for shot in hard}
    assert len({shot.background for shot in hard}) == 20
