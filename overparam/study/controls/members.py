"""More and more narrow networks side by side: does their span error onto M_1 level off above that of M_1′?"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from scipy.optimize import curve_fit

from overparam.errors import MeasurementError
from overparam.metrics.stats import Effect

LEAST = 4  # numbers of networks that a curve of three parameters needs


def counts(alpha: Fraction, available: int) -> list[int]:
    """Numbers of networks to put side by side: powers of two, and 1/α and 2/α, up to those available."""
    powers = {2**k for k in range(available.bit_length())}
    return sorted(n for n in powers | {alpha.denominator, 2 * alpha.denominator} if n <= available)


def asymptote(sizes: Sequence[int], errors: np.ndarray) -> Effect:
    """Where span errors level off as networks are added: a of the curve a + b·U^(−c), fitted in every replicate.

    Args:
        sizes: (numbers,) U, at least four.
        errors: (replicates, numbers) FSE(S_α^(U)→M_1).

    Returns:
        The asymptote in every replicate, its interval over replicates alone.

    Raises:
        MeasurementError: for fewer numbers of networks.
    """
    if len(sizes) < LEAST:
        raise MeasurementError(f"{len(sizes)} numbers of networks tell no asymptote: measure at least {LEAST}")
    U = np.asarray(sizes, dtype=float)
    levels = []
    for row in errors:
        start = (row[-1] / 2, max(row[0] - row[-1], 1e-3), 0.5)
        bounds = ([0.0, 0.0, 0.05], [np.inf, np.inf, 5.0])
        (level, _, _), _ = curve_fit(_curve, U, row, p0=start, bounds=bounds, max_nfev=20_000)
        levels.append(level)
    return Effect.independent(levels)


def _curve(U: np.ndarray, level: float, height: float, decay: float) -> np.ndarray:
    return level + height * U**-decay
