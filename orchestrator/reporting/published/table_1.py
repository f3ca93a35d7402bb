"""CLEAR's Table 1, text unlearning: figures as published (arXiv 2410.18057, first version).

Forgetting 10 % of TOFU's authors; by model and by the name of the method there: Real, Retain,
Forget, Log Forget Quality.
"""

from collections.abc import Mapping

METRICS = ("real", "retain", "forget", "log_forget_quality")

Row = tuple[float, ...]

LLAMA: Mapping[str, Row] = {
    "Retain FT": (0.50, 0.26, 0.42, -4.92),
    "LLMU": (0.38, 0.03, 0.01, -2.31),
    "KL": (0.24, 0.00, 0.00, -18.22),
    "GA": (0.25, 0.00, 0.00, -17.22),
    "GD": (0.61, 0.13, 0.01, -48.59),
    "IDK": (0.46, 0.26, 0.24, -4.92),
    "DPO": (0.50, 0.26, 0.42, -4.92),
    "SCRUB": (0.50, 0.26, 0.42, -4.92),
    "RMU": (0.51, 0.26, 0.59, -42.86),
    "NPO": (0.50, 0.28, 0.62, -44.46),
}
MISTRAL: Mapping[str, Row] = {
    "Retain FT": (0.67, 0.34, 0.47, -3.87),
    "LLMU": (0.65, 0.30, 0.39, -6.69),
    "KL": (0.28, 0.00, 0.00, -50.30),
    "GA": (0.26, 0.00, 0.00, -36.06),
    "GD": (0.60, 0.01, 0.00, -51.16),
    "IDK": (0.63, 0.32, 0.45, -2.72),
    "DPO": (0.67, 0.33, 0.47, -3.63),
    "SCRUB": (0.66, 0.33, 0.47, -3.39),
    "RMU": (0.09, 0.00, 0.00, -123.22),
    "NPO": (0.67, 0.33, 0.47, -3.16),
}
