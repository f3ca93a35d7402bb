"""Lays rows out for a forward pass: row by row, or an item's answers behind one shared prefix.

A tree holds prefix + rest of answer 1 + rest of answer 2 + ... in one sequence: position ids
restart behind the prefix for each answer, and an answer's tokens see the prefix and themselves
alone, so that the question is read once. What is shared is the longest common prefix of the
item's token ids, never the prompt's text: the tokens where prompt and answer meet may differ
from answer to answer.

Shapes: B sequences, T positions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from evals.collated import IGNORE
from evals.text.answer_encoder import AnswerEncoder
from evals.text.encoding import Row


@dataclass(frozen=True, slots=True)
class Answer:
    """Where one answer is predicted: `positions` in sequence `sequence` predict `labels`.

    `ended` says whether the last label closes the answer.
    """

    sequence: int
    positions: tuple[int, ...]
    labels: tuple[int, ...]
    ended: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """Arguments of a forward pass, and the answers in the order they came in."""

    arguments: Mapping[str, Tensor]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """One item's rows in one sequence.

    `branches` is 0 on the prefix and j on the rest of the j-th row, counted from 1. `slots[j]`
    are the places of row j's tokens in the sequence, counted from 0.
    """

    input_ids: tuple[int, ...]
    positions: tuple[int, ...]
    branches: tuple[int, ...]
    slots: tuple[tuple[int, ...], ...]


def lay_rows(items: Sequence[Sequence[Row]], encoder: AnswerEncoder) -> Layout:
    """Returns one sequence for each row of each item, padded on the right."""
    rows = [row for item in items for row in item]
    return Layout(
        encoder.collate(rows).inputs,
        tuple(_answer(i, row, range(len(row.input_ids))) for i, row in enumerate(rows)),
    )


def lay_trees(items: Sequence[Sequence[Row]], encoder: AnswerEncoder) -> Layout:
    """Returns one sequence for each item, padded on the right, with its mask of who sees whom.

    A padded position sees the prefix of its own sequence, for a softmax over nothing is NaN;
    nothing sees a padded position. Rows are of tokens alone.
    """
    trees = [grow(rows) for rows in items]
    shape = (len(trees), max(len(tree.input_ids) for tree in trees))
    input_ids_BT = torch.full(shape, encoder.pad_id)
    position_ids_BT = torch.zeros(shape, dtype=torch.long)
    branches_BT = torch.full(shape, -1)
    for index, tree in enumerate(trees):
        size = len(tree.input_ids)
        input_ids_BT[index, :size] = torch.tensor(tree.input_ids)
        position_ids_BT[index, :size] = torch.tensor(tree.positions)
        branches_BT[index, :size] = torch.tensor(tree.branches)
    same_BTT = branches_BT[:, :, None] == branches_BT[:, None, :]
    sees_BTT = (same_BTT | (branches_BT == 0)[:, None, :]).tril()
    return Layout(
        {
            "input_ids": input_ids_BT,
            "position_ids": position_ids_BT,
            "attention_mask": sees_BTT[:, None],
        },
        tuple(
            _answer(index, row, slots)
            for index, (tree, rows) in enumerate(zip(trees, items, strict=True))
            for row, slots in zip(rows, tree.slots, strict=True)
        ),
    )


def grow(rows: Sequence[Row]) -> Tree:
    """Returns the tree of one item's rows."""
    shared = _common_prefix([row.input_ids for row in rows])
    input_ids = list(rows[0].input_ids[:shared])
    positions = list(range(shared))
    branches = [0] * shared
    slots = []
    for branch, row in enumerate(rows, start=1):
        start, rest = len(input_ids), row.input_ids[shared:]
        slots.append((*range(shared), *range(start, start + len(rest))))
        input_ids += rest
        positions += range(shared, len(row.input_ids))
        branches += [branch] * len(rest)
    return Tree(tuple(input_ids), tuple(positions), tuple(branches), tuple(slots))


def _answer(sequence: int, row: Row, slots: Sequence[int]) -> Answer:
    """Returns where `row`, whose tokens lie at `slots`, is predicted: one token earlier."""
    labelled = [index for index, label in enumerate(row.labels) if label != IGNORE]
    return Answer(
        sequence,
        tuple(slots[index - 1] for index in labelled),
        tuple(row.labels[index] for index in labelled),
        row.ended,
    )


def _common_prefix(sequences: Sequence[Sequence[int]]) -> int:
    for index, tokens in enumerate(zip(*sequences, strict=False)):
        if len(set(tokens)) > 1:
            return index
    return min(len(sequence) for sequence in sequences)
