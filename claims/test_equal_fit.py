"""The claims again, where wide networks are trained so little that they fit as badly as narrow ones: is it width?

W and W′ are wide networks of the same recipe in fewer epochs. Effects are read off where their training fit is that of
narrow networks, once of single ones, and once of those of S_α together; a claim holds if it does at both.
"""

import pytest

from overparam.verdicts.judge import Judgement

pytestmark = pytest.mark.control


@pytest.mark.claim("span-over-equal-fit")
def test_narrow_networks_span_less_of_a_wide_one_than_another_that_fits_as_badly(judgement: Judgement) -> None:
    """FSE(S_α→W) − FSE(W′→W) > δ."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("span-under-equal-fit")
def test_a_wide_network_that_fits_as_badly_does_not_span_narrow_ones(judgement: Judgement) -> None:
    """FSE(W→S_α′) − FSE(S_α→S_α′) > δ."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("performance-equal-fit")
def test_even_a_wide_network_that_fits_as_badly_classifies_better(judgement: Judgement) -> None:
    """FP(W) − FP(S_α) > δ."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("residuals-aid-equal-fit")
def test_what_narrow_networks_miss_of_a_wide_one_that_fits_as_badly_helps_them(judgement: Judgement) -> None:
    """FP([S_α, R(S_α→W)]) − FP(S_α) > δ."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("residuals-specific-equal-fit")
def test_it_helps_them_more_than_what_they_miss_of_other_narrow_ones(judgement: Judgement) -> None:
    """FP([S_α, R(S_α→W)]) − FP([S_α, R(S_α→S_α′)]) > δ."""
    assert judgement.holds, judgement.why
