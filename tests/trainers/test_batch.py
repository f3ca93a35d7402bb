import torch

from evals.collated import IGNORE
from evals.text.encoding import model_inputs
from trainers.batch import single, with_norms

LABELS = torch.tensor([[IGNORE, 5, 6, 7], [IGNORE, IGNORE, 8, IGNORE]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])


def batch():
    return single(("a", "b"), model_inputs(torch.zeros_like(LABELS), MASK, LABELS))


def test_a_whole_step_is_normalised_by_its_own_counts():
    # 3 + 1 labels, 4 + 3 attended positions, 2 rows
    assert (batch().token_norm, batch().position_norm, batch().row_norm) == (4.0, 7.0, 2.0)


def test_a_label_on_the_first_position_counts_for_nothing_since_nothing_predicts_it():
    labels = LABELS.clone()
    labels[:, 0] = 3
    rows = model_inputs(torch.zeros_like(labels), MASK, labels)
    assert single(("a", "b"), rows).token_norm == 4.0


def test_parts_share_the_average_of_their_counts(rows_of):
    # 3 and 1 labels, 4 and 3 positions, 1 and 1 rows: averages 2, 3.5 and 1
    parts = [rows_of(batch(), slice(0, 1)), rows_of(batch(), slice(1, 2))]
    for part in parts:
        shared = with_norms(part, parts)
        assert (shared.token_norm, shared.position_norm, shared.row_norm) == (2.0, 3.5, 1.0)
        assert shared.ids == part.ids


def test_a_step_of_one_part_keeps_its_norms():
    assert with_norms(batch(), [batch()]).token_norm == batch().token_norm
