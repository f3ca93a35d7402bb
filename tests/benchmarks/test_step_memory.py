"""Both sides of the comparison of memory take the same steps."""

import argparse

import pytest
import step_memory
import step_memory_case
import torch
from step_memory import Measured
from step_memory_case import RandomRows

from trainers.adapters import add_adapter, trainable
from trainers.settings import AdapterSettings

OPTIONS = argparse.Namespace(
    device="cpu",
    answer=0.5,
    hidden_size=48,
    num_layers=2,
    vocab_size=100,
    rows=2,
    length=8,
    steps=3,
)


def trained(side):
    model = add_adapter(step_memory_case._llama(OPTIONS), AdapterSettings(), seed=0).train()
    before = {name: value.detach().clone() for name, value in trainable(model)}
    side(model, RandomRows(OPTIONS), OPTIONS)
    return before, {name: value.detach() for name, value in trainable(model)}


@pytest.mark.slow
def test_both_sides_learn_the_same() -> None:
    start, ours = trained(step_memory_case._ours())
    _, theirs = trained(step_memory_case._theirs())
    assert ours.keys() == theirs.keys()
    moved = max(float((ours[name] - start[name]).abs().max()) for name in ours)
    apart = max(float((ours[name] - theirs[name]).abs().max()) for name in ours)
    assert moved > 1e-4
    assert apart < moved / 20


def test_as_much_of_a_row_is_answer_as_is_asked_for() -> None:
    (batches,) = RandomRows(OPTIONS).step(0)
    for batch in batches.values():
        assert (batch.labels_BT >= 0).sum(dim=1).tolist() == [4, 4]
    (again,) = RandomRows(OPTIONS).step(0)
    (other,) = RandomRows(OPTIONS).step(1)
    for source, batch in batches.items():
        assert torch.equal(batch.inputs["input_ids"], again[source].inputs["input_ids"])
        assert not torch.equal(batch.inputs["input_ids"], other[source].inputs["input_ids"])


def test_a_line_compares_medians_as_they_are_and_without_what_was_held_before(monkeypatch) -> None:
    mib = step_memory.MIB
    held = {"ours": iter([(10, 30), (10, 90), (10, 40)]), "theirs": iter([(20, 80)] * 3)}

    def measured(side, _words):
        before, peak = next(held[side])
        return Measured(before * mib, peak * mib)

    monkeypatch.setattr(step_memory, "_measured", measured)
    whole, added = step_memory._lines(0.7, [], 3)
    assert whole == ["70%", "of the process", "40", "80", "0.50"]
    assert added[2:] == ["30", "60", "0.50"]
