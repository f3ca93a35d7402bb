"""Every loss that the published code was run on, on the same stored logits."""

import math
from collections.abc import Mapping

import pytest
import torch

from evals.choice import choose
from evals.collated import Collated
from tests.fixtures.golden import GOLDEN
from trainers.batch import Batch, single
from trainers.method import PACKAGE, Step, build_method
from trainers.requirements import Source

TEXT = "text_losses_RetainFT_GA_GD_KL"
MULTIMODAL = "mm_losses_CLEAR"
CANONICAL = "npo_dpo_canonical"
PINNED = [
    ("retain_ft", {}, TEXT, "retain_ft"),
    ("ga", {}, TEXT, "grad_ascent"),
    ("gd", {}, TEXT, "grad_diff_forget_ce_retain_ce"),
    ("kl", {}, TEXT, "KL"),
    ("gd", {"retain_term": "kl"}, "grad_diff_variants", "grad_diff_forget_ce_retain_KL"),
    (
        "gd_entropy_clear_repo",
        {"batch_rows": 2},
        "grad_diff_variants",
        "grad_diff_forget_entropy_retain_ce",
    ),
    ("gd_kl_clear_repo", {}, "grad_diff_variants", "grad_diff_forget_KL_retain_KL"),
    ("scrub_clear_repo", {}, "scrub_CLEAR_text", None),
    (
        "llmu_clear_repo",
        {"order": "intended"},
        "llmu_CLEAR_text",
        "correct_batch_order_forget_retain_idk",
    ),
    (
        "llmu_clear_repo",
        {},
        "llmu_CLEAR_text",
        "as_run_with_TextForgetDatasetDPOQA_order_idk_forget_retain",
    ),
    ("dpo_clear_repo", {}, "dpo_CLEAR_text_as_run", "as_run_order_idk_forget_retain"),
    ("dpo_clear_repo", {"order": "intended"}, "dpo_CLEAR_text_as_run", "correct_order"),
    ("idk", {}, "idk_CLEAR_text_concat", None),
    ("retain_ft", {}, MULTIMODAL, "retain_ft"),
    ("ga", {}, MULTIMODAL, "grad_ascent"),
    ("gd", {}, MULTIMODAL, "grad_diff_forget_ce_retain_ce"),
    ("kl", {}, MULTIMODAL, "KL"),
    ("idk_clear_repo", {}, MULTIMODAL, "idk"),
    ("dpo_clear_repo", {"order": "intended"}, MULTIMODAL, "dpo"),
    ("scrub_clear_repo", {}, MULTIMODAL, "scrub"),
    ("llmu_clear_repo", {"order": "intended"}, MULTIMODAL, "LLMU"),
    ("npo_clear_repo", {}, MULTIMODAL, "npo"),
    ("npo", {}, CANONICAL, "npo_forget_only_beta0.1"),
    ("npo", {"beta": 1.0}, CANONICAL, "npo_forget_only_beta1.0"),
    ("npo", {"retain_term": "nll"}, CANONICAL, "npo_plus_retain_NLL_gamma1_alpha1_beta0.1"),
    ("dpo", {}, CANONICAL, "dpo_idk_vs_forget_beta0.1_with_2_over_beta"),
    ("dpo", {"beta": 1.0}, CANONICAL, "dpo_idk_vs_forget_beta1.0_with_2_over_beta"),
    ("dpo", {"retain_term": "nll"}, CANONICAL, "dpo_plus_retain_NLL_beta0.1"),
]


@pytest.mark.parametrize(("name", "settings", "case", "entry"), PINNED)
def test_the_loss_is_the_published_code_s(name, settings, case, entry, golden, golden_step):
    method = build_method(choose(PACKAGE, {"name": name, **settings}, key="method"))
    expected = golden[case] if entry is None else golden[case][entry]
    assert method.loss(golden_step).item() == pytest.approx(expected, abs=1e-5)


class Embeddings:
    """A view of embeddings that are known."""

    def __init__(self, by_row: Mapping[str, list[float]]) -> None:
        self._by_row = by_row

    def hidden(self, batch: Batch, layer: int) -> torch.Tensor:
        assert layer == 0
        return torch.tensor([[self._by_row[row_id]] for row_id in batch.ids])


def test_scrubbio_is_the_cosine_embedding_loss_of_the_published_code() -> None:
    """Over one retain row (+1) and one forget row (-1), whose mean is half of both terms."""
    given = GOLDEN["vision_ulira_scrubbio_misc"]
    names = ["retain" if sign > 0 else "forget" for sign in given["inputs"]["y"]]
    views = {
        kind: Embeddings(dict(zip(names, given["inputs"][f"emb_{kind}"], strict=True)))
        for kind in ("student", "teacher")
    }
    rows = Collated({}, torch.ones(1, 1, dtype=torch.bool), torch.zeros(1, 1, dtype=torch.long))
    step = Step(
        batches={
            source: single((source.value,), rows) for source in (Source.FORGET, Source.RETAIN)
        },
        student=views["student"],
        reference=views["teacher"],
        index=0,
        num_steps=1,
        epoch=0,
        seed=0,
    )
    loss = build_method(choose(PACKAGE, {"name": "scrubbio"}, key="method")).loss(step)
    expected = given["expected"]["scrubbio_cosine_embedding_loss"]
    assert loss.item() / 2 == pytest.approx(expected, abs=1e-6)


def test_dpo_without_its_prefactor_is_tofu_s(golden, golden_step):
    method = build_method(choose(PACKAGE, {"name": "dpo"}, key="method"))
    expected = golden[CANONICAL]["tofu_dpo_beta0.1_no_prefactor"]
    assert 0.1 / 2 * method.loss(golden_step).item() == pytest.approx(expected, abs=1e-5)


def test_the_text_formula_of_clear_s_npo_is_nan_as_published(golden, golden_step):
    raw = {"name": "npo_clear_repo", "formula": "log_ratio"}
    assert golden["npo_CLEAR_text"]["value"] == "nan"
    assert math.isnan(build_method(choose(PACKAGE, raw, key="method")).loss(golden_step).item())


def test_kl_of_the_retain_term_is_open_unlearning_s(golden, golden_step):
    with_term = build_method(
        choose(PACKAGE, {"name": "npo", "retain_term": "kl"}, key="method")
    ).loss(golden_step)
    without = build_method(choose(PACKAGE, {"name": "npo"}, key="method")).loss(golden_step)
    expected = golden["open_unlearning_retain_KL"]
    assert (with_term - without).item() == pytest.approx(expected, abs=1e-5)
