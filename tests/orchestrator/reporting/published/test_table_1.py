from orchestrator.reporting.published.table_1 import LLAMA, METRICS, MISTRAL


def test_both_models_have_the_ten_methods_and_numbers_that_their_metrics_can_have():
    assert list(LLAMA) == list(MISTRAL)
    assert len(LLAMA) == 10
    for row in (*LLAMA.values(), *MISTRAL.values()):
        *shares, quality = row
        assert len(row) == len(METRICS)
        assert all(0 <= share <= 1 for share in shares)
        assert quality < 0


def test_the_figures_are_those_of_the_paper():
    # Three of its rows are the same for Llama: its DPO and SCRUB are retain fine-tuning there.
    assert LLAMA["Retain FT"] == LLAMA["DPO"] == LLAMA["SCRUB"] == (0.50, 0.26, 0.42, -4.92)
    assert LLAMA["GD"] == (0.61, 0.13, 0.01, -48.59)
    assert MISTRAL["RMU"] == (0.09, 0.00, 0.00, -123.22)
