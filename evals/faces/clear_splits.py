"""Who is forgotten, retained and held out in each of CLEAR's 128 published splits.

From the rule of the published code: of the 160 people who are in neither of two sets of twenty, in
the order of their first appearance, 80 are drawn for each split, one after the other, by numpy's
RandomState(42). In the splits from 64 on the two sets change places. Of the smaller forget sets,
parts of the twenty, those who are left are retained.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from evals.errors import ConfigError, shown
from evals.faces.roles import Roles

NUM_SPLITS, NUM_OTHERS, NUM_DRAWN, SEED = 128, 160, 80, 42

FORGET: Mapping[int, frozenset[str]] = {
    1: frozenset({"Basil Mahfouz Al-Kuwaiti", "Nikolai Abilov"}),
    5: frozenset(
        {
            "Aysha Al-Hashim",
            "Basil Mahfouz Al-Kuwaiti",
            "Edward Patrick Sullivan",
            "Hina Ameen",
            "Kalkidan Abera",
            "Moshe Ben-David",
            "Nikolai Abilov",
            "Raven Marais",
            "Takashi Nakamura",
            "Xin Lee Williams",
        }
    ),
    10: frozenset(
        {
            "Adib Jarrah",
            "Aysha Al-Hashim",
            "Basil Mahfouz Al-Kuwaiti",
            "Behrouz Rohani",
            "Carmen Montenegro",
            "Edward Patrick Sullivan",
            "Elvin Mammadov",
            "Hina Ameen",
            "Hsiao Yun-Hwa",
            "Jad Ambrose Al-Shamary",
            "Ji-Yeon Park",
            "Kalkidan Abera",
            "Moshe Ben-David",
            "Nikolai Abilov",
            "Rajeev Majumdar",
            "Raven Marais",
            "Tae-ho Park",
            "Takashi Nakamura",
            "Wei-Jun Chen",
            "Xin Lee Williams",
        }
    ),
}
"""The forget sets by their share of the 200 people, in per cent."""

HOLDOUT: Mapping[int, frozenset[str]] = {
    1: frozenset({"Jambo Mpendulo", "Youssef Al-Zahran"}),
    5: frozenset(
        {
            "Guillermo Navarro Munoz",
            "Luis Marcelo Garcia",
            "Nadia Nowak",
            "Omowunmi Adebayo",
            "Philippe Dauphinee",
            "Raoul Huysmans",
            "Rory Greenfield",
            "Sanna Kaarina Laaksonen",
            "Simon Makoni",
            "Zeynab Nazirova",
        }
    ),
    10: frozenset(
        {
            "Adetoun Davis",
            "Adrianus Suharto",
            "Alex Melbourne",
            "Guillermo Navarro Munoz",
            "Jaime Vasquez",
            "Jambo Mpendulo",
            "Luis Marcelo Garcia",
            "Marit Hagen",
            "Nadia Nowak",
            "Omowunmi Adebayo",
            "Philippe Dauphinee",
            "Raoul Huysmans",
            "Rhoda Mbalazi",
            "Rory Greenfield",
            "Sanna Kaarina Laaksonen",
            "Simon Makoni",
            "Valentin Fischer",
            "Xiang Li",
            "Youssef Al-Zahran",
            "Zeynab Nazirova",
        }
    ),
}
"""The sets of people whom the models of the first 64 splits are not trained on."""


def published_roles(names: Sequence[str], *, percent: int, split: int, where: str) -> Roles:
    """Returns the roles of the people called `names`, in the order of their first appearance.

    Raises:
        ConfigError: these are not the people that the rule is about; `where` is what they are in.
    """
    ours, theirs = (FORGET, HOLDOUT) if split < NUM_SPLITS // 2 else (HOLDOUT, FORGET)
    _check_complete(names, where)
    others = [k for k, name in enumerate(names) if name not in FORGET[10] | HOLDOUT[10]]
    kept = {others[index] for index in _drawn(split)}
    kept |= {k for k, name in enumerate(names) if name in ours[10] - ours[percent]}
    return Roles(
        tuple(k for k, name in enumerate(names) if name in ours[percent]),
        tuple(sorted(kept)),
        tuple(k for k, name in enumerate(names) if name in theirs[percent]),
    )


def _drawn(split: int) -> Sequence[int]:
    rng = np.random.RandomState(SEED)
    draws = [rng.choice(NUM_OTHERS, NUM_DRAWN, replace=False) for _ in range(split + 1)]
    return [int(index) for index in draws[-1]]


def _check_complete(names: Sequence[str], where: str) -> None:
    missing = sorted((FORGET[10] | HOLDOUT[10]) - {*names})
    num_others = len(names) - len(FORGET[10]) - len(HOLDOUT[10])
    if missing or num_others != NUM_OTHERS:
        got = f"no {shown(missing[0])}" if missing else f"{len(names)} people"
        raise ConfigError(
            f"{where} must hold CLEAR's 200 people for its published splits but got {got}; "
            "download the whole data set, or name people by benchmark.forget_people"
        )
