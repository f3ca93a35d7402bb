import math

import pytest

from trainers.requirements import Requirements, Source
from trainers.retain_term import RetainTerm, add_retain_term


def test_each_term_says_what_it_needs():
    retain = frozenset({Source.RETAIN})
    assert {term.value: term.requirements for term in RetainTerm} == {
        "none": Requirements(),
        "nll": Requirements(needs=retain, together=retain),
        "kl": Requirements(retain, compared=retain, every_position=retain, together=retain),
        "kl_padded": Requirements(needs=retain, compared=retain, every_position=retain),
    }


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (RetainTerm.NONE, 1.0),
        # Student p = 1/2: 1 + 2 ln 2
        (RetainTerm.NLL, 1 + 2 * math.log(2)),
        # Reference p = 3/4 on one of two positions: 1 + 2 KL / 2
        (RetainTerm.KL, 1 + 0.75 * math.log(1.5) + 0.25 * math.log(0.5)),
        (RetainTerm.KL_PADDED, 1 + 0.75 * math.log(1.5) + 0.25 * math.log(0.5)),
    ],
)
def test_the_term_is_added_with_its_weight(term, expected, word_step):
    step = word_step({Source.RETAIN: [[0.0]]}, {Source.RETAIN: [[math.log(3)]]})
    forget_loss = step.student.x[Source.RETAIN].sum() * 0 + 1
    total = add_retain_term(forget_loss, step, term=term, alpha=2.0)
    assert total.item() == pytest.approx(expected)
