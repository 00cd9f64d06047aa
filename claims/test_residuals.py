"""Figure 4: what the narrow networks miss helps them; what the wide network misses does not help it."""

import pytest

from overparam.verdicts.judge import Judgement


@pytest.mark.claim("residuals-aid")
def test_what_narrow_networks_miss_of_the_wide_one_helps_them(judgement: Judgement) -> None:
    """FP([S_α, R(S_α→M_1)]) − FP(S_α) > δ."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("residuals-aid", part="trend")
def test_the_narrower_the_networks_the_more_it_helps(judgement: Judgement) -> None:
    """FP([S_α, R(S_α→M_1)]) − FP(S_α) grows as α falls."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("residuals-specific")
def test_it_helps_them_more_than_what_they_miss_of_other_narrow_ones(judgement: Judgement) -> None:
    """FP([S_α, R(S_α→M_1)]) − FP([S_α, R(S_α→S_α′)]) > δ: the gain is of the wide network, not of more features."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("residuals-redundant")
def test_what_the_wide_network_misses_of_narrow_ones_does_not_help_it(judgement: Judgement) -> None:
    """FP([M_1, R(M_1→S_α)]) − FP(M_1) is not above δ."""
    assert judgement.holds, judgement.why
