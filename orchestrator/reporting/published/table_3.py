"""CLEAR's Table 3, texts, pictures or both forgotten by LLaVA: figures as published.

arXiv 2410.18057, first version. By what was forgotten and the name of the method there: Real,
Forget, Retain, Log Forget Quality. The code that made them pools wrong answers over items, so that
they are held against the metrics that do.
"""

from collections.abc import Mapping

METRICS = (
    "real_clear_repo",
    "forget_multimodal_clear_repo",
    "retain_multimodal_clear_repo",
    "log_forget_quality_clear_repo",
)

Row = tuple[float, ...]

BASELINES: Mapping[str, Row] = {
    "Original": (0.48, 0.30, 0.51, -61.22),
    "Gold": (0.50, 0.19, 0.51, 0.00),
}
METHODS: Mapping[str, Mapping[str, Row]] = {
    "text": {
        "LLMU": (0.47, 0.37, 0.49, -71.23),
        "SCRUB": (0.49, 0.35, 0.51, -61.22),
        "DPO": (0.46, 0.38, 0.49, -62.18),
    },
    "visual": {
        "LLMU": (0.50, 0.35, 0.51, -60.26),
        "SCRUB": (0.48, 0.37, 0.49, -60.26),
        "DPO": (0.49, 0.22, 0.49, -90.26),
    },
    "both": {
        "LLMU": (0.47, 0.25, 0.51, -95.12),
        "SCRUB": (0.49, 0.36, 0.52, -60.26),
        "DPO": (0.46, 0.22, 0.48, -91.46),
    },
}


def rows_of(modality: str) -> Mapping[str, Row]:
    """Returns the rows of what was forgotten, baselines included."""
    return {**BASELINES, **METHODS[modality]}
