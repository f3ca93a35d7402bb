"""Trials that share passes learn what they learn alone, whoever comes and goes beside them."""

import sys

import packed_trials
import pytest
import torch
from packed_adapters import PackedAdamW, Recipe
from packed_case import Bench, known_of, llama, rows_of, starts_of, trials_of
from packed_trials import apart, in_turn, packed
from torch import nn

WORDS = ["--trials=4", "--steps=3", "--rows=2", "--length=8", "--dtype=fp64"]


def options(*words):
    return packed_trials._parser().parse_args([*WORDS, *words])


def both(given, num_slots):
    trials, rows = trials_of(given), rows_of(given)
    bench = Bench(rows, starts_of(given, trials), known_of(llama(given), rows))
    turns = in_turn(llama(given), trials, bench)
    return turns, packed(num_slots)(llama(given), trials, bench)


def test_packed_trials_learn_what_they_learn_in_turn() -> None:
    turns, found = both(options(), 2)  # the third ends early, the fourth takes over a slot
    assert turns.keys() == found.keys() == {0, 1, 2, 3}
    assert max(apart(turns[n], found[n]) for n in turns) < 1e-12
    starts = starts_of(options(), trials_of(options()))
    assert min(apart(starts[n], found[n]) for n in found) > 1e-6
    assert apart(turns[0], turns[1]) > 1e-3


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_packed_trials_learn_the_same_on_a_gpu() -> None:
    turns, found = both(options("--device=cuda:0"), 3)
    assert max(apart(turns[n], found[n]) for n in turns) < 1e-12


def test_a_slot_is_clipped_and_stepped_by_itself() -> None:
    values = [nn.Parameter(torch.ones(3, 2, 2, dtype=torch.float64))]
    optimizer = PackedAdamW(values, 3, clipping=1.0)
    for slot in range(3):
        optimizer.begin(slot, Recipe(lr=0.1 * (slot + 1)))
    gradient = torch.ones_like(values[0])
    gradient[1] *= 1e6
    for slots in ([0, 1], [0]):
        values[0].grad = gradient.clone()
        optimizer.step(slots)
    assert values[0][2].equal(torch.ones(2, 2, dtype=torch.float64)), "it had no turn"
    # Adam's first step is the learning rate whatever the gradient, and so is an equal second one.
    expected = {0: 1 - 2 * 0.1, 1: 1 - 0.2}
    for slot, value in expected.items():
        assert torch.allclose(values[0][slot], torch.full((2, 2), value).double(), atol=1e-6)
    assert values[0].grad is None


def test_a_slot_forgets_who_was_there_before() -> None:
    values = [nn.Parameter(torch.zeros(1, 1, 1, dtype=torch.float64))]
    optimizer = PackedAdamW(values, 1, clipping=10.0)
    for sign in (1.0, -1.0):
        optimizer.begin(0, Recipe(lr=0.1))
        values[0].grad = torch.full_like(values[0], sign)
        optimizer.step([0])
    assert values[0].item() == pytest.approx(0.0, abs=1e-7)


def test_the_command_prints_a_row_for_each_number_of_slots(monkeypatch, capsys) -> None:
    words = ["--trials=2", "--steps=1", "--rows=1", "--length=4", "--slots", "1", "2"]
    monkeypatch.setattr(sys, "argv", ["packed_trials.py", *words])
    packed_trials.main()
    printed = capsys.readouterr().out.splitlines()
    cells = [line.split("|")[1].strip() for line in printed[-3:]]
    assert cells == ["in turn", "1 packed", "2 packed"]
