"""The sampler draws by seed alone and cuts steps so that means stay means."""

from collections.abc import Sequence

import pytest
import torch

from evals.collated import IGNORE, Collated
from evals.text.encoding import Row, collate
from evals.text.example import Example
from trainers.distributed import Place
from trainers.requirements import Source
from trainers.sampler import Sampler, Shape, TrainingData


class CharacterEncoder:
    """Encodes a character a token; labels the answer and an end token."""

    def answered(self, example: Example) -> Row:
        return self._row(example.question, example.answer)

    def refused(self, example: Example, refusal: str) -> Row:
        return self._row(example.question, refusal)

    def swapped(self, example: Example, other: Example) -> Row:
        return self._row(example.question, other.answer)

    def twin(self, example: Example) -> Row:
        return self._row(example.question[::-1], example.answer)

    def collate(self, rows: Sequence[Row]) -> Collated:
        return collate(rows, pad_id=0)

    def _row(self, question: str, answer: str) -> Row:
        prompt = tuple(ord(c) for c in question)
        target = (*(ord(c) for c in answer), 1)
        return Row(input_ids=prompt + target, labels=(IGNORE,) * len(prompt) + target)


FORGET = [Example(f"f{i}", f"Who is {i}?", "x" * (i + 1)) for i in range(7)]
RETAIN = [Example(f"r{i}", f"And {i}?", "y" * (i % 3 + 1)) for i in range(11)]


def sampler(
    *,
    world: int = 1,
    rank: int = 0,
    micro: int = 4,
    seed: int = 0,
    forget_every: int = 1,
    needs: frozenset[Source] = frozenset(Source),
) -> Sampler:
    return Sampler(
        TrainingData(
            {Source.FORGET: FORGET, Source.RETAIN: RETAIN}, ["No.", "Unknown."], Source.FORGET
        ),
        CharacterEncoder(),
        needs=needs,
        shape=Shape(batch_size=4, micro_batch_size=micro, num_random=3, forget_every=forget_every),
        place=Place(rank, world),
        seed=seed,
    )


def ids(micro_batches: Sequence, source: Source) -> list[str]:
    return [row_id for batches in micro_batches for row_id in batches[source].ids]


def test_an_epoch_shows_every_forget_row_once() -> None:
    drawn = [row for index in range(7) for row in ids(sampler().step(index), Source.FORGET)]
    for epoch in range(4):
        assert sorted(drawn[7 * epoch : 7 * epoch + 7]) == [e.id for e in FORGET]


@pytest.mark.parametrize(("world", "micro"), [(1, 4), (1, 1), (2, 1), (2, 2), (4, 1)])
def test_every_rank_knows_the_longest_row_of_each_turn(world: int, micro: int) -> None:
    turns = zip(
        *(sampler(world=world, rank=r, micro=micro).step(0) for r in range(world)), strict=True
    )
    for turn in turns:
        for source in Source:
            own = [batches[source] for batches in turn]
            longest = max(batch.attended_BT.shape[1] for batch in own)
            assert {batch.longest for batch in own} == {longest}


def test_two_seeds_draw_differently_and_one_seed_the_same() -> None:
    assert ids(sampler(seed=1).step(0), Source.RETAIN) != ids(
        sampler(seed=2).step(0), Source.RETAIN
    )
    assert ids(sampler(seed=1).step(3), Source.IDK) == ids(sampler(seed=1).step(3), Source.IDK)


@pytest.mark.parametrize(("world", "micro"), [(2, 2), (1, 2), (2, 1), (4, 1)])
@pytest.mark.parametrize("source", list(Source))
def test_ranks_and_accumulation_cut_the_same_rows(world: int, micro: int, source: Source) -> None:
    whole = ids(sampler().step(2), source)
    parts = [sampler(world=world, rank=r, micro=micro).step(2) for r in range(world)]
    assert [row for part in parts for row in ids(part, source)] == whole


@pytest.mark.parametrize("source", list(Source))
def test_rows_of_a_source_do_not_depend_on_what_else_is_drawn(source: Source) -> None:
    shape = {"world": 2, "rank": 1, "micro": 1, "forget_every": 2}
    alone, among_all = sampler(needs=frozenset({source}), **shape), sampler(**shape)
    for index in range(5):
        assert ids(alone.step(index), source) == ids(among_all.step(index), source)


def test_norms_of_parts_average_to_the_counts_of_the_whole() -> None:
    whole = sampler().step(1)[0][Source.FORGET]
    part = sampler(world=2, rank=1, micro=1).step(1)[0][Source.FORGET]
    # Four parts (two ranks, two accumulation steps): each carries a quarter of the whole.
    assert part.token_norm == whole.token_norm / 4
    assert part.position_norm == whole.position_norm / 4
    assert part.row_norm == 1.0
    assert whole.token_norm == float((whole.labels_BT != IGNORE).sum())
    assert whole.position_norm == float(whole.attended_BT.sum())


def test_refusals_keep_the_forget_questions_row_by_row() -> None:
    batches = sampler().step(0)[0]
    forget, idk = batches[Source.FORGET], batches[Source.IDK]
    assert [row_id.split("#")[0] for row_id in idk.ids] == list(forget.ids)
    prompt = forget.labels_BT[0] == IGNORE
    length = int(prompt.cumprod(0).sum()) + 1  # the last of them predicts the answer's first
    ours, theirs = (batch.inputs["input_ids"][0, :length] for batch in (forget, idk))
    assert torch.equal(ours, theirs)


def test_twins_stand_beside_their_own_forget_rows() -> None:
    (batches,) = sampler().step(1)
    forget, twin = batches[Source.FORGET], batches[Source.TWIN]
    assert twin.ids == tuple(f"{row_id}#twin" for row_id in forget.ids)
    length = int(forget.attended_BT[0].sum()) - int(forget.labels_BT[0].ne(IGNORE).sum())
    turned = forget.inputs["input_ids"][0, :length].flip(0)
    assert torch.equal(twin.inputs["input_ids"][0, :length], turned)


def test_random_rows_are_several_wrong_answers_for_each_forget_row() -> None:
    batches = sampler().step(0)[0]
    assert len(batches[Source.RANDOM].ids) == 3 * len(batches[Source.FORGET].ids)
    assert batches[Source.RANDOM].ids[0].startswith(batches[Source.FORGET].ids[0] + "#as-")


def test_a_step_that_begins_a_pass_exactly_counts_to_it() -> None:
    # 21 steps of 17 rows are 119 passes over three; 21 / (3 / 17) is a hair less in floats.
    data = TrainingData({Source.FORGET: FORGET[:3]}, [], Source.FORGET)
    short = Sampler(
        data,
        CharacterEncoder(),
        needs=frozenset({Source.FORGET}),
        shape=Shape(batch_size=17, micro_batch_size=17),
        place=Place(),
        seed=0,
    )
    assert short.epoch(21) == 119


def test_the_epoch_counts_passes_over_the_forget_set() -> None:
    assert [sampler().epoch(index) for index in (0, 1, 2, 3, 4)] == [0, 0, 1, 1, 2]


def test_a_method_that_looks_at_forget_rows_every_other_step_sees_them_all() -> None:
    slow, plain = sampler(forget_every=2), sampler()
    for index in range(6):
        seen = ids(slow.step(index), Source.FORGET)
        assert seen == ids(plain.step(index // 2), Source.FORGET)
        assert ids(slow.step(index), Source.RETAIN) == ids(plain.step(index), Source.RETAIN)
        idk = [row_id.split("#")[0] for row_id in ids(slow.step(index), Source.IDK)]
        assert idk == seen


@pytest.mark.parametrize("forget_every", [1, 3])
@pytest.mark.parametrize(("world", "rank"), [(1, 0), (2, 0), (2, 1)])
def test_ids_are_those_of_the_ranks_rows_and_nothing_is_encoded_for_them(
    world, rank, forget_every, monkeypatch
):
    how = {"world": world, "rank": rank, "micro": 1, "forget_every": forget_every}
    batches = [sampler(**how).step(index) for index in range(5)]
    monkeypatch.setattr(CharacterEncoder, "_row", lambda *_: pytest.fail("encoded"))
    for index, step in enumerate(batches):
        trained = [row_id for micro in step for batch in micro.values() for row_id in batch.ids]
        assert sorted(sampler(**how).row_ids(index)) == sorted(trained)
