"""The wide networks that are trained for fewer epochs."""

from dataclasses import dataclass

from overparam.study.feature_blocks import Block


@dataclass(frozen=True)
class TrainedLess(Block):
    """A wide network trained for so many epochs, its schedule run to its end; None for until it fits as others do.

    W and W′ of a budget come from seeds of their own.
    """

    budget: float | None
    rival: bool = False

    def __str__(self) -> str:
        name = "W′" if self.rival else "W"
        return name if self.budget is None else f"{name} after {self.budget:g}"


def W(budget: float | None) -> TrainedLess:  # noqa: N802
    """W, which stands in the place of M_1."""
    return TrainedLess(budget)


def W_prime(budget: float | None) -> TrainedLess:  # noqa: N802
    """W′, which stands in the place of M_1′."""
    return TrainedLess(budget, rival=True)
