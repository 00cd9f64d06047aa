"""Names of the wide networks that are trained for fewer epochs."""


def W(budget: float) -> str:  # noqa: N802
    """A wide network trained for so many epochs, its schedule run to its end."""
    return f"W after {budget:g}"


def W_prime(budget: float) -> str:  # noqa: N802
    """W′: another one, trained from a seed of its own for as many epochs."""
    return f"W′ after {budget:g}"
