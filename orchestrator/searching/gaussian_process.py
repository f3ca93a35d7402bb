"""A Gaussian process that is averaged over its length scales and its noise, in closed form.

    y = f + noise    f ~ GP(0, s2 (1 + k))    noise ~ N(0, s2 g)
    k = (1 + r + r^2 / 3) exp(-r)             Matern 5/2, with
    r^2 = 5 sum_d (a_d - b_d)^2 / l_d^2       or 5 / l_d^2 where two choices differ

The 1 is the unknown mean. After a few trials many length scales explain what was seen, and the
single best of them is often wrong and always too sure. So length scales and g are drawn once from
their prior, and each draw counts by how likely it makes the values; s2 has an inverse gamma prior.
Nothing is fitted, so the same values always give the same process.

Values may come with standard errors e_i that are known beforehand, those over the items that all
were measured on. Part of such an error is a trial's own and part is common to all, which hides no
difference between them: the noise is N(0, s2 g + h e_i^2), and the share h is averaged over, too.

Shapes: N trials measured, R running, M places asked about, D parameters, S draws.
Source: Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, sections 2.7 and 5.2.
"""

import math
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NUM_DRAWS, NUM_KEPT = 64, 8
"""Draws that are weighed, and the likeliest ones that are averaged over."""

LENGTH_MEDIAN, LENGTH_SPREAD = 0.5, 0.8
"""Of the length scales' log-normal prior, as shares of a range: 0.1 to 2.4 with 95 %."""

NOISE_LOW, NOISE_HIGH = 1e-6, 0.15
"""Between which g is log-uniform: from none to a good part of what is seen."""

SMALLEST_SHARE = 1e-4
"""From which on h is log-uniform up to 1: items are the same for all trials, so that most of what
they could have been is common to all."""

SCALE_TRIALS = 4.0
"""As many trials the prior of s2 weighs, which says 1 for values that are standardised."""


class Process:
    """What `values_N` at `points_ND` tell of other places.

    At `running_RD` the means are believed before anything is measured: that changes no mean and
    shrinks the spread there.
    """

    def __init__(
        self,
        points_ND: Array,
        values_N: Array,
        *,
        running_RD: Array,
        is_choice_D: NDArray[np.bool_],
        errors_N: Array | None = None,
    ) -> None:
        num, self._is_choice_D = len(points_ND), is_choice_D
        self._center, self._scale = float(values_N.mean()), max(float(values_N.std()), 1e-9)
        values_N = (values_N - self._center) / self._scale
        lengths_SD, noise_S = _draws(points_ND.shape[1])
        errors_N = np.zeros(num) if errors_N is None else errors_N / self._scale
        noise_SN = noise_S[:, None] + _shares(len(noise_S))[:, None] * errors_N**2
        kernel_SNN = _kernel(points_ND.tobytes(), points_ND.shape, tuple(is_choice_D.tolist()))
        root_SNN = np.linalg.cholesky(kernel_SNN + _diagonal(noise_SN))
        white_SN = np.linalg.solve(root_SNN, np.tile(values_N[:, None], (len(noise_S), 1, 1)))[
            ..., 0
        ]
        scale_S = (SCALE_TRIALS + (white_SN**2).sum(axis=1)) / (SCALE_TRIALS + num)
        determinant_S = np.log(np.diagonal(root_SNN, axis1=1, axis2=2)).sum(axis=1)
        likely_S = -determinant_S - 0.5 * (SCALE_TRIALS + num) * np.log(scale_S)
        kept = np.argsort(-likely_S, kind="stable")[:NUM_KEPT]
        share_S = np.exp(likely_S[kept] - likely_S[kept[0]])
        self.weights_S: Array = share_S / share_S.sum()
        self._lengths_SD, self._variance_S = lengths_SD[kept], scale_S[kept]
        self._points = np.concatenate([points_ND, running_RD])
        self._noise_S = noise_S[kept]
        believed_SR = np.tile(noise_S[kept][:, None], (1, len(running_RD)))
        noise_SN = np.concatenate([noise_SN[kept], believed_SR], axis=1)
        kernel_SNN = _covariance(self._points, self._points, self._lengths_SD, is_choice_D)
        covariance = kernel_SNN + _diagonal(noise_SN)
        self._inverse_root = np.linalg.inv(np.linalg.cholesky(covariance))
        self._coefficients = np.zeros(covariance.shape[:2])
        rooted = np.swapaxes(root_SNN[kept], 1, 2)
        self._coefficients[:, :num] = np.linalg.solve(rooted, white_SN[kept][..., None])[..., 0]

    def predict(self, places_MD: Array) -> tuple[Array, Array]:
        """Returns means and standard deviations of f, each S x M, to be weighed by `weights_S`."""
        shared = _covariance(self._points, places_MD, self._lengths_SD, self._is_choice_D)
        mean_SM = np.einsum("snm,sn->sm", shared, self._coefficients)
        known_SM = ((self._inverse_root @ shared) ** 2).sum(axis=1)
        variance_SM = self._variance_S[:, None] * np.maximum(2 - known_SM, 1e-10)
        return self._center + self._scale * mean_SM, self._scale * np.sqrt(variance_SM)

    def mean(self, places_MD: Array) -> Array:
        """Returns the mean of f at each place."""
        found: Array = self.weights_S @ self.predict(places_MD)[0]
        return found

    @property
    def noise(self) -> Array:
        """By how much, for each draw, a value differs from f, beside the errors that are known."""
        found: Array = self._scale * np.sqrt(self._variance_S * self._noise_S)
        return found


def _covariance(
    some: Array, others: Array, lengths_SD: Array, is_choice_D: NDArray[np.bool_]
) -> Array:
    """Returns that of f at `some` and at `other` places, in units of s2, for each draw."""
    apart = some[:, None, :] - others[None, :, :]
    squares = np.where(is_choice_D, np.abs(apart) > 1e-9, apart**2)
    return 1 + _matern(squares, lengths_SD)


def _diagonal(noise_SN: Array) -> Array:
    found: Array = (noise_SN + 1e-8)[:, None, :] * np.eye(noise_SN.shape[1])
    return found


@lru_cache(maxsize=2)
def _kernel(points: bytes, shape: tuple[int, int], is_choice: tuple[bool, ...]) -> Array:
    """Returns the covariance at trials' places for every draw, once for all that is seen there."""
    points_ND = np.frombuffer(points).reshape(shape)
    lengths_SD, _ = _draws(shape[1])
    return _covariance(points_ND, points_ND, lengths_SD, np.array(is_choice))


def _shares(num_draws: int) -> Array:
    """Returns h of each draw, spread evenly over its prior whatever its other numbers are."""
    units = (np.arange(1, num_draws + 1) * (math.sqrt(5) - 1) / 2) % 1
    found: Array = SMALLEST_SHARE ** (1 - units)
    return found


def _matern(squares: Array, lengths_SD: Array) -> Array:
    r = np.sqrt(5 * np.tensordot(lengths_SD**-2.0, squares, axes=(1, 2)))
    found: Array = (1 + r + r * r / 3) * np.exp(-r)
    return found


@cache
def _draws(num_parameters: int) -> tuple[Array, Array]:
    """Returns length scales and noises, spread evenly over their prior."""
    from scipy.special import ndtri
    from scipy.stats import qmc

    units = qmc.Sobol(num_parameters + 1, rng=0).random(NUM_DRAWS)
    lengths_SD = LENGTH_MEDIAN * np.exp(LENGTH_SPREAD * ndtri(units[:, 1:]))
    noise_S = NOISE_LOW * np.exp(units[:, 0] * math.log(NOISE_HIGH / NOISE_LOW))
    return lengths_SD, noise_S
