"""Figures 1 and 2: wide and narrow networks learn features that the others do not span."""

import pytest

from overparam.verdicts.judge import Judgement


@pytest.mark.claim("span-over")
def test_narrow_concatenations_do_not_span_the_wide_network(judgement: Judgement) -> None:
    """FSE(S_α→M_1) − FSE(M_1′→M_1) > δ: narrow networks miss more of M_1 than another wide network does."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("span-over", part="trend")
def test_the_narrower_the_networks_the_less_they_span(judgement: Judgement) -> None:
    """FSE(S_α→M_1) − FSE(M_1′→M_1) grows as α falls."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("span-mild")
def test_networks_of_half_the_width_nearly_span_the_wide_one(judgement: Judgement) -> None:
    """FSE(S_1/2→M_1) − FSE(M_1′→M_1) is not above δ, and below the same gap at every narrower width."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("span-under")
def test_the_wide_network_does_not_span_narrow_ones(judgement: Judgement) -> None:
    """FSE(M_1→S_α′) − FSE(S_α→S_α′) > δ: M_1 misses more of held-out narrow networks than other narrow ones do."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("span-under", part="trend")
def test_the_narrower_the_networks_the_less_the_wide_one_spans_them(judgement: Judgement) -> None:
    """FSE(M_1→S_α′) − FSE(S_α→S_α′) grows as α falls."""
    assert judgement.holds, judgement.why
