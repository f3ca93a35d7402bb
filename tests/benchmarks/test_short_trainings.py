"""What short trainings are worth is told from pairs of them and whole ones."""

import math
from dataclasses import asdict, fields

import pytest
from short_trainings import Pair, agreement, read, worth


def pair(number, *, short, whole, gained=0.0, missed=-0.1, short_missed=-0.1, method="npo"):
    return Pair(
        method, number, 1e-3, 0.1, short, short_missed, 0.01, whole, missed, gained, 0.5, 1.0
    )


def cells(text, row=-1):
    return [cell.strip() for cell in text.splitlines()[row].split("|")[1:-1]]


def test_correlations_are_of_trainings_that_came_to_their_end() -> None:
    pairs = [pair(i, short=3.0 - i, whole=2.0 - i, missed=i - 2.5) for i in range(4)]
    stopped = pair(4, short=-9.0, whole=math.nan, missed=9.0, short_missed=0.2)
    # |guide|: 3 2 1 0 and 2 1 0 1, of which the last two are out of order.
    assert cells(agreement([*pairs, stopped])) == [
        "all",
        "4 of 5",
        "0.63",
        "1.00",
        "0.71",
        "4 / 3 / 3",
    ]


def test_who_may_keep_a_bound_has_not_missed_it_by_twice_the_error() -> None:
    assert pair(0, short=1.0, whole=1.0, short_missed=0.019).may_keep
    assert not pair(0, short=1.0, whole=1.0, short_missed=0.021).may_keep


def test_what_misses_a_bound_gains_nothing() -> None:
    assert pair(0, short=1.0, whole=1.0, gained=5.0, missed=0.01).worth == 0
    assert pair(0, short=1.0, whole=1.0, gained=5.0).worth == 5
    assert pair(0, short=1.0, whole=1.0, gained=-5.0).worth == 0


@pytest.mark.parametrize(("sign", "better"), [(1, True), (-1, False)])
def test_short_trainings_are_worth_it_if_their_order_is_that_of_whole_ones(sign, better) -> None:
    pairs = [
        pair(i, short=5 + sign * i, whole=1.0 + i, gained=8.0 if i == 0 else 0) for i in range(9)
    ]
    time, short_first, whole = map(float, cells(worth(pairs, keep=0.34))[1:])
    assert time == pytest.approx(9 * 0.5 + 3)
    # Of nine drawn from nine one is the best with 1 - (8/9)^9; of 7.5 with less.
    assert whole == pytest.approx(1 - (8 / 9) ** 7.5, abs=0.03)
    assert (short_first > whole) == better


def test_a_file_gives_back_its_pairs(tmp_path) -> None:
    made = [pair(1, short=0.5, whole=math.nan), pair(0, short=0.25, whole=1.0)]
    names = [field.name for field in fields(Pair)]
    lines = [",".join(str(asdict(each)[name]) for name in names) for each in made]
    file = tmp_path / "pairs.csv"
    file.write_text("\n".join(["# a sweep", ",".join(names), *lines]), encoding="utf-8")
    found = read(file)
    assert [each.number for each in found] == [0, 1]
    assert found[0] == made[1]
