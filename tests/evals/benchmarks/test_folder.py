"""Anybody's pictures: who has which role, and what is refused."""

import pytest

from evals.benchmarks.folder import Config, build
from evals.errors import ConfigError
from evals.faces.floors import raw_pixel_scores
from evals.faces.scores import accuracy
from evals.validation import validated
from tests.fixtures.paths import ROOT

ORL = ROOT / ".." / "shared" / "data" / "orl_faces"
NUM_PEOPLE = 10


@pytest.fixture
def people(write_people):
    return write_people(NUM_PEOPLE)


def built(path, **changes):
    raw = {"path": str(path), "enrolled": 2, "size": 16, "cache": None, **changes}
    return build(validated(Config, raw, key="benchmark"))


def roles(benchmark) -> list[set[str]]:
    names = ("forget", "retain", "holdout")
    return [{face.person for face in benchmark.splits[name]} for name in names]


def test_people_are_chosen_by_name(people) -> None:
    found = built(people, forget=["p3", "p1"], holdout=["p7"])
    assert roles(found)[::2] == [{"p1", "p3"}, {"p7"}]
    assert len(roles(found)[1]) == NUM_PEOPLE - 3
    assert [face.id for face in found.tasks[0].examples] == [
        "p1/2.png",
        "p1/3.png",
        "p3/2.png",
        "p3/3.png",
    ]
    assert {face.label for face in found.tasks[0].enrolled} == set(range(NUM_PEOPLE))


def test_people_are_drawn_by_share_and_seed(people) -> None:
    found = [built(people, forget_share=0.3, holdout_share=0.2, seed=seed) for seed in range(4)]
    assert [tuple(map(len, roles(each))) for each in found] == [(3, 5, 2)] * 4
    assert len({frozenset(roles(each)[0]) for each in found}) > 1
    assert len({each.fingerprint for each in found}) == 4
    alone = built(people, holdout_share=0)
    assert [task.name for task in alone.tasks] == ["forget", "retain"]


def test_splits_draw_whom_to_retain_and_swap_the_roles(people) -> None:
    found = [built(people, retain_people=3, split=k, num_splits=6) for k in range(6)]
    forget, _, holdout = roles(found[0])
    assert [roles(each)[0] for each in found] == [forget] * 3 + [holdout] * 3
    assert len({frozenset(roles(each)[1]) for each in found}) > 2


def test_where_the_pictures_lie_does_not_matter_nor_what_they_are_kept_in(
    people, tmp_path_factory
) -> None:
    moved = tmp_path_factory.mktemp("moved") / "there"
    first, cache = built(people), str(tmp_path_factory.mktemp("cache"))
    assert built(people, cache=cache) == built(people, cache=cache) == first
    people.rename(moved)
    assert built(moved, cache=cache).fingerprint == first.fingerprint


def test_a_corrupt_picture_is_named_and_skipped_only_if_asked_for(people, png) -> None:
    (people / "p2" / "1.png").write_bytes(png(0)[:90])
    (people / "p2" / "notes.txt").write_text("a friend")
    with pytest.raises(ConfigError, match=r"p2/1.png must be a picture that can be read"):
        built(people)
    with pytest.warns(UserWarning, match=r"2 unreadable pictures are left out: .*p2/1.png, .*txt"):
        found = built(people, skip_unreadable=True)
    assert [f.id for f in found.tasks[0].enrolled if f.person == "p2"] == ["p2/0.png", "p2/2.png"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"enrolled": 4}, "p0 must hold more pictures than the 4 that enrol a person but got 4"),
        ({"forget": ["p1"], "holdout": ["p1"]}, "benchmark.holdout must be nobody .* 'p1'"),
        ({"forget": ["q1"]}, r"benchmark.forget must be people of .* did you mean 'p1'\?"),
        ({"retain_people": 9}, "benchmark.retain_people must be at most 8.* but got 9"),
        ({"forget_share": 0.99}, "benchmark.retain_people must be at most 0"),
        ({"holdout_share": 0, "split": 64}, "benchmark.split must be below 64.* but got 64"),
        ({"split": 128}, r"benchmark.split must be below num_splits \(128\) but got 128"),
    ],
)
def test_what_there_is_not_is_refused(people, changes, said) -> None:
    with pytest.raises(ConfigError, match=said):
        built(people, **changes)


def test_a_picture_of_two_people_is_refused(people) -> None:
    (people / "p4" / "9.png").write_bytes((people / "p2" / "3.png").read_bytes())
    with pytest.raises(ConfigError, match="the same as 'p2/3.png' and 'p4/9.png'; take one away"):
        built(people)


@pytest.mark.skipif(not ORL.is_dir(), reason="the Database of Faces is not at shared/data")
def test_real_faces_are_told_apart_by_their_pixels_alone() -> None:
    found = built(ORL, enrolled=5, size=32)
    assert {name: len(faces) for name, faces in found.splits.items()} == {
        "full": 360,
        "forget": 40,
        "retain": 320,
        "holdout": 40,
    }
    scored = raw_pixel_scores(found.tasks).tasks
    overall = sum(accuracy(task) * len(task.items) for task in scored) / 200
    assert overall == pytest.approx(0.8, abs=0.03)
