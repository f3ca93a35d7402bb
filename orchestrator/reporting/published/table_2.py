"""CLEAR's Table 2, people forgotten by a ResNet-18: figures as published (arXiv 2410.18057).

By the name of the model or method there, shares of pictures, each the mean over 128 models: forget,
holdout and retain accuracy.
"""

from collections.abc import Mapping

METRICS = ("forget_accuracy", "holdout_accuracy", "retain_accuracy")

Row = tuple[float, ...]

RESNET: Mapping[str, Row] = {
    "Original": (1.0000, 0.1850, 1.0000),
    "Gold": (0.1543, 0.1504, 0.9752),
    "Retain FT": (1.0000, 0.1854, 1.0000),
    "SCRUB": (0.9974, 0.1677, 0.9993),
    "LLMU": (0.8572, 0.1462, 0.8899),
    "RMU": (0.6797, 0.1727, 0.9999),
    "DPO": (0.5021, 0.1393, 0.8149),
    "SCRUBbio": (0.4259, 0.1425, 0.9944),
    "Sparsity": (0.6641, 0.1444, 0.8357),
    "Twins": (0.5000, 0.2034, 0.9972),
}
