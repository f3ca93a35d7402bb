"""Floating-point operations of a job: pure arithmetic.

With N parameters a token costs 2 N forward and 4 N backward (Kaplan et al. 2020, arXiv 2001.08361,
section 2.1). Under an adapter of n parameters the frozen weights get no gradients of their own:
2 N forward, 2 N backward, and 6 n. Checkpointing runs the forward pass twice, and the reference of
a method adds one. Attention's own 12 L T Q are left out: a hundredth for short rows.

A pass over few tokens waits for the weights to be read. So on a GPU it counts as one over at least
`RIDGE_TOKENS`: as many as an A100 can compute while it reads the weights once, in bfloat16 (312e12
operations a second, 2.0e12 bytes a second, two of each for a weight and token; the roofline of
Williams et al. 2009). That is what generating costs, a token at a time.
"""

from dataclasses import dataclass

RIDGE_TOKENS = 156


@dataclass(frozen=True, slots=True)
class Load:
    """What runs: `base` parameters, `trained` of an adapter beside them (none: all of `base`).

    A pass counts as one over `least_tokens` at least.
    """

    base: int
    trained: int = 0
    checkpointing: bool = False
    least_tokens: int = 0


def training_flops(load: Load, *, passes: tuple[float, ...], references: int) -> float:
    """Returns the work of a micro-batch whose passes have so many tokens, some compared."""
    forward = 2.0 * load.base
    backward = forward + 6.0 * load.trained if load.trained else 2 * forward
    again = forward if load.checkpointing else 0.0
    tokens = sorted(max(count, load.least_tokens) for count in passes)
    return sum(tokens) * (forward + again + backward) + sum(tokens[:references]) * forward


def forward_flops(load: Load, *, num_passes: float, tokens_each: float) -> float:
    """Returns the work of passes without gradients."""
    return 2.0 * load.base * num_passes * max(tokens_each, load.least_tokens)
