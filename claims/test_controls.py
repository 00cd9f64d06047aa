"""A sceptic's controls: would narrow networks do as well, were they not trained less well or short of parameters?"""

import pytest

from overparam.judging import Judgement

pytestmark = pytest.mark.control


@pytest.mark.claim("span-over-matched-fit")
def test_narrow_networks_span_less_even_than_a_wide_one_that_fits_as_badly(judgement: Judgement) -> None:
    """FSE(S_α→M_1) − FSE(M_1′→M_1) > δ, with M_1′ stopped at the narrow networks' training accuracy."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("performance-matched-fit")
def test_even_a_wide_network_that_fits_as_badly_classifies_better(judgement: Judgement) -> None:
    """FP(M_1′) − FP(S_α) > δ, with M_1′ stopped at the narrow networks' training accuracy."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("span-over-matched-parameters")
def test_narrow_networks_with_as_many_parameters_do_not_span_the_wide_one(judgement: Judgement) -> None:
    """FSE(S_α^(1/α²)→M_1) − FSE(M_1′→M_1) > δ."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("performance-matched-parameters")
def test_the_wide_network_classifies_better_than_narrow_ones_with_as_many_parameters(judgement: Judgement) -> None:
    """FP(M_1) − FP(S_α^(1/α²)) > δ."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("toy-collapse-needs-product")
def test_without_a_product_nothing_collapses(judgement: Judgement) -> None:
    """`toy-collapse`, judged where the target has no product, is refuted."""
    assert judgement.holds, judgement.why
