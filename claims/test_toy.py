"""Figure 5: narrow networks keep the sum of signals and lose their product."""

import pytest

from overparam.verdicts.judge import Judgement


@pytest.mark.claim("toy-addition")
def test_all_widths_keep_neurons_for_the_added_signals(judgement: Judgement) -> None:
    """The share of neurons that v_1 and v_2 activate is above δ."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("toy-collapse")
def test_the_narrowest_networks_lose_the_multiplied_signals(judgement: Judgement) -> None:
    """The share of neurons that v_3 and v_4 activate is not above δ, and for the wide network it is."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("toy-alignment")
def test_the_best_neurons_of_the_wide_network_turn_to_the_signals(judgement: Judgement) -> None:
    """The best alignment with each pair of signals rises in training, to above 0.95."""
    assert judgement.holds, judgement.why
