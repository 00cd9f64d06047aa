"""Figure 3: the wide network's features are the better ones."""

import pytest

from overparam.verdicts.judge import Judgement


@pytest.mark.claim("performance")
def test_the_wide_network_classifies_better_than_narrow_ones_together(judgement: Judgement) -> None:
    """FP(M_1) − FP(S_α) > δ, with as many features on both sides."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("performance", part="trend")
def test_the_narrower_the_networks_the_worse_they_classify(judgement: Judgement) -> None:
    """FP(M_1) − FP(S_α) grows as α falls."""
    assert judgement.holds, judgement.why
