"""What the benchmark counts of a reference's rows, in cases small enough to count by hand."""

from dataclasses import dataclass

from reference_passes import Costs, Kept, reference_rows

from trainers.requirements import Requirements, Source

COSTS = Costs(per_row=2, evaluation=0, num_layers=4, state_bytes=10)
LIKELIHOODS = Requirements(likelihoods=frozenset({Source.FORGET}))
STATES = Requirements(compared=frozenset({Source.RETAIN}))


@dataclass(frozen=True)
class Drawn:
    """One micro-batch a step, of the rows that its letters name, for each rank."""

    by_rank: tuple[tuple[str, ...], ...]

    @property
    def num_steps(self):
        return len(self.by_rank[0])

    def of(self, source, seed, num_random, every):
        return [[[tuple((row, 0) for row in part)] for part in steps] for steps in self.by_rank]


def rows(asked, draws, kept):
    return reference_rows(asked, 0, draws, kept, COSTS)


def test_a_rank_computes_what_another_one_has_computed_and_does_not_share() -> None:
    draws = Drawn((("ab", "cd"), ("cd", "ab")))
    own, shared = Kept(2, most_bytes=0), Kept(1, most_bytes=0)
    assert rows(LIKELIHOODS, draws, own) == 2 + 2
    assert rows(LIKELIHOODS, draws, own) == 0  # the next trial
    assert rows(LIKELIHOODS, draws, shared) == 2


def test_all_ranks_compute_where_one_lacks_a_likelihood() -> None:
    draws = Drawn((("ab", "ab"), ("cd", "ef")))
    assert rows(LIKELIHOODS, draws, Kept(2, most_bytes=0)) == 2 + 2


def test_states_are_kept_as_far_as_there_is_room() -> None:
    draws = Drawn((("ab", "cd", "ab", "cd"),))
    assert rows(STATES, draws, Kept(1, most_bytes=40)) == 4
    small = Kept(1, most_bytes=20)
    assert rows(STATES, draws, small) == 2 + 2 + 2
    assert rows(STATES, draws, small) == 2 + 2


def test_a_pass_that_ends_at_a_layer_costs_as_much_less() -> None:
    draws = Drawn((("ab",),))
    asked = Requirements(compared=frozenset({Source.RETAIN}), hidden_layer=0)
    assert rows(asked, draws, Kept(1, most_bytes=40)) == 2 / 4
