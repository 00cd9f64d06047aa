"""Names of what the controls measure beyond the claims' own quantities."""

from fractions import Fraction

from overparam.study.quantities import FSE, M_1, Contrast, S


def one_narrow(alpha: Fraction) -> str:
    """M_α: a single narrow network, the first that did not die in training."""
    return f"M_{alpha}"


def concatenation(alpha: Fraction, copies: int) -> str:
    """S_α^(U): the first U networks M_α side by side; 1/α of them are just S_α."""
    return S(alpha) if copies == alpha.denominator else f"S_{alpha}^({copies})"


def unseen(contrast: Contrast) -> Contrast:
    """The same quantities, of maps and probes fitted on examples that no network was trained on."""
    return Contrast({f"unseen {quantity}": weight for quantity, weight in contrast.weights.items()})


def untrained(block: str) -> str:
    """The same networks as they were initialised."""
    return f"untrained {block}"


def FSE_nonlinear(source: str) -> Contrast:  # noqa: N802
    """Feature span error onto M_1 of a readout from what a small nonlinear network predicts of M_1."""
    return FSE(nonlinear(source), M_1)


def FSE_untrained(source: str) -> Contrast:  # noqa: N802
    """Feature span error onto M_1 before either network was trained."""
    return FSE(untrained(source), untrained(M_1))


def FSE_best(source: str) -> Contrast:  # noqa: N802
    """Feature span error onto M_1 at the ridge penalty that errs least on the held-out examples themselves."""
    return Contrast({at_best_penalty(str(FSE(source, M_1))): 1.0})


def at_best_penalty(quantity: str) -> str:
    """A span error where it is least along its ridge path."""
    return f"min_λ {quantity}"


def nonlinear(source: str) -> str:
    """What a small nonlinear network predicts of M_1's features from those of ``source``."""
    return f"MLP({source}→{M_1})"


def stitched(source: str) -> Contrast:
    """Accuracy of M_1's own readout on what ridge regression predicts of M_1 from ``source``; on M_1 itself for M_1."""
    return Contrast({f"stitched({source})": 1.0})


def likeness(measure: str, other: str) -> Contrast:
    """One of `overparam.metrics.similarity.MEASURES` of M_1 and another block on held-out examples."""
    return Contrast({f"{measure}({M_1}, {other})": 1.0})
