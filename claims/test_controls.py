"""A sceptic's controls: is it fit, parameters, numbers, linearity or chance, rather than width?"""

from collections.abc import Callable

import pytest

from overparam.verdicts.judge import Judgement

pytestmark = pytest.mark.control
# What is done to the features of trained networks; `overparam.error_rates.perturbations` says what may come of it.
PERTURBED = (
    "M_1 replaced by an S",
    "wide and narrow swapped",
    "labels shuffled",
    "residual replaced by noise",
    "rows of the residual shuffled",
    "features stored as float16",
    "S × 1000",
    "rows misaligned between blocks",
    "S with half the features",
    "one replicate copied",
)


@pytest.mark.claim("span-over-matched-parameters")
def test_narrow_networks_with_as_many_parameters_do_not_span_the_wide_one(judgement: Judgement) -> None:
    """FSE(S_α^(1/α²)→M_1) − FSE(M_1′→M_1) > δ."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("performance-matched-parameters")
def test_the_wide_network_classifies_better_than_narrow_ones_with_as_many_parameters(judgement: Judgement) -> None:
    """FP(M_1) − FP(S_α^(1/α²)) > δ."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("span-over-best-penalty")
def test_narrow_networks_span_less_even_at_the_penalty_that_suits_them_best(judgement: Judgement) -> None:
    """min_λ FSE(S_α→M_1) − min_λ FSE(M_1′→M_1) > δ, each least along its ridge path, on the held-out examples."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("span-over-nonlinear")
def test_narrow_networks_give_less_of_the_wide_one_even_to_a_nonlinear_map(judgement: Judgement) -> None:
    """FSE(MLP(S_α→M_1)→M_1) − FSE(MLP(M_1′→M_1)→M_1) > δ."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("span-over-twice-as-many")
def test_twice_as_many_narrow_networks_do_not_span_the_wide_one(judgement: Judgement) -> None:
    """FSE(S_α^(2/α)→M_1) − FSE(M_1′→M_1) > δ."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("span-over-comes-with-training")
def test_before_training_narrow_networks_span_the_wide_one_as_well_as_another(judgement: Judgement) -> None:
    """FSE(S_α→M_1) − FSE(M_1′→M_1) not > δ, of the networks as they were initialised."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("performance-stitched")
def test_the_readout_of_the_wide_network_works_less_well_on_narrow_ones(judgement: Judgement) -> None:
    """Accuracy of M_1's readout on what M_1′ predicts of M_1, minus that on what S_α predicts, > δ."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("span-over-unseen")
def test_narrow_networks_span_less_also_by_maps_fitted_on_unseen_examples(judgement: Judgement) -> None:
    """FSE(S_α→M_1) − FSE(M_1′→M_1) > δ, fitted on examples that no network was trained on."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("performance-unseen")
def test_the_wide_network_classifies_better_also_by_probes_fitted_on_unseen_examples(judgement: Judgement) -> None:
    """FP(M_1) − FP(S_α) > δ, fitted on examples that no network was trained on."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("residuals-aid-unseen")
def test_residuals_help_narrow_networks_also_where_fitted_on_unseen_examples(judgement: Judgement) -> None:
    """FP([S_α, R(S_α→M_1)]) − FP(S_α) > δ, fitted on examples that no network was trained on."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("residuals-redundant-unseen")
def test_residuals_do_not_help_the_wide_network_where_fitted_on_unseen_examples_either(judgement: Judgement) -> None:
    """FP([M_1, R(M_1→S_α)]) − FP(M_1) is not above δ, fitted on examples that no network was trained on."""
    assert judgement.holds, judgement.why


@pytest.mark.claim("toy-collapse-needs-product")
def test_without_a_product_nothing_collapses(judgement: Judgement) -> None:
    """`toy-collapse`, judged where the target has no product, is refuted."""
    assert judgement.holds, judgement.why


@pytest.mark.parametrize("world", PERTURBED)
def test_no_verdict_can_be_had_from_features_that_do_not_earn_it(
    perturbed: Callable[[str], list[str]], world: str
) -> None:
    """Replaced, swapped, shuffled, noisy, misaligned, halved, copied: no claim holds that must not, guards raise."""
    assert perturbed(world) == []
