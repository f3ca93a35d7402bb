"""CLEAR's Table 4, LLaVA without and with L1 on the weights of its LoRA: figures as published.

arXiv 2410.18057, first version. By the name of the method there: Real, Retain, Forget, Log Forget
Quality. The published pairs differ in more than L1: without it all weights of the language model
were trained, with it (0.01) a LoRA of rank 8.
"""

from collections.abc import Mapping

METRICS = (
    "real_clear_repo",
    "retain_multimodal_clear_repo",
    "forget_multimodal_clear_repo",
    "log_forget_quality_clear_repo",
)
"""Those that pool wrong answers over items, as the code that made the figures does."""

Row = tuple[float, ...]

BASELINES: Mapping[str, Row] = {
    "Original": (0.48, 0.51, 0.39, -61.22),
    "Gold": (0.50, 0.51, 0.19, 0.00),
}
WITHOUT_L1: Mapping[str, Row] = {
    "GA": (0.32, 0.00, 0.00, -13.04),
    "GD": (0.24, 0.00, 0.00, -17.72),
    "IDK": (0.48, 0.51, 0.30, -74.40),
    "KL": (0.27, 0.00, 0.00, -13.92),
    "NPO": (0.49, 0.51, 0.36, -63.15),
    "Retain FT": (0.49, 0.51, 0.36, -60.26),
    "RMU": (0.27, 0.00, 0.00, -23.68),
    "LLMU": (0.47, 0.49, 0.37, -73.34),
    "DPO": (0.46, 0.49, 0.39, -61.22),
    "SCRUB": (0.49, 0.51, 0.36, -62.18),
}
WITH_L1: Mapping[str, Row] = {
    "GA": (0.49, 0.50, 0.37, -61.22),
    "GD": (0.49, 0.50, 0.37, -62.18),
    "IDK": (0.49, 0.50, 0.37, -63.15),
    "KL": (0.49, 0.50, 0.37, -62.18),
    "NPO": (0.49, 0.51, 0.36, -64.13),
    "Retain FT": (0.49, 0.50, 0.37, -61.22),
    "RMU": (0.49, 0.50, 0.36, -61.22),
    "LLMU": (0.49, 0.51, 0.36, -60.26),
    "DPO": (0.48, 0.50, 0.37, -65.12),
    "SCRUB": (0.50, 0.51, 0.35, -61.22),
}
L1 = ", L1"
"""What ends the name of a row with L1."""


def all_rows() -> Mapping[str, Row]:
    """Returns all rows by name, those with L1 as "GA, L1"."""
    return {**BASELINES, **WITHOUT_L1, **{f"{name}{L1}": row for name, row in WITH_L1.items()}}
