"""How far penalties can be moved before the outcome of span-over changes."""

from dataclasses import replace

import numpy as np
import pytest
from records import EIGHTH, HALF, ONE, QUARTER, SIXTEENTH, synthetic_record

from overparam.report.penalty_sensitivity import insensitive_range, penalty_sensitivity
from overparam.study.controls.penalties import PATH_FACTORS
from overparam.study.feature_blocks import M_1, M_1_PRIME, S
from overparam.study.quantities import FSE
from overparam.study.record import Sample

MARGIN = 0.02


def path_of(gaps, alphas=(QUARTER,)):
    """Three replicates whose gap at each factor of the path is given, and almost the same in all."""
    quantities = (str(FSE(M_1_PRIME, M_1)), *(str(FSE(S(alpha), M_1)) for alpha in alphas))
    values = np.full((len(PATH_FACTORS), 3, len(quantities)), 0.3)
    values[:, :, 1:] += np.reshape(gaps, (len(PATH_FACTORS), 1, -1)) + 1e-5 * np.arange(3)[:, None]
    return Sample(quantities, values, np.zeros((len(PATH_FACTORS), *[3 * len(quantities)] * 2)), PATH_FACTORS)


@pytest.mark.parametrize(
    ("gap_at", "expected"),
    [
        (lambda factor: 0.1, (1e-4, 1e4)),
        (lambda factor: 0.1 if factor <= 100 else 0.0, (1e-4, 1e2)),
        (lambda factor: 0.1 if factor >= 1 else 0.0, (1.0, 1e4)),
        (lambda factor: 0.1 if factor != 10 else 0.0, (1e-4, 10**0.5)),  # that it holds again further off is no help
        (lambda factor: 0.0 if factor < 1e3 else 0.1, (1e-4, 10**2.5)),  # a refuted gap is insensitive too
    ],
)
def test_the_range_ends_where_the_verdict_first_changes(gap_at, expected):
    path = path_of([gap_at(factor) for factor in PATH_FACTORS])
    assert insensitive_range(path, QUARTER, MARGIN) == pytest.approx(expected)


def test_the_sentence_names_every_width_that_the_claim_is_about():
    record = synthetic_record(replicates=3)
    gaps = np.array([[0.1, 0.1, 0.1 if factor <= 10 else 0.0] for factor in PATH_FACTORS])
    path = path_of(gaps, alphas=(QUARTER, EIGHTH, SIXTEENTH))
    controls = replace(record, samples={"path": path})
    assert penalty_sensitivity(controls, MARGIN) == (
        "The gap of span-over compares with δ as it does even if all ridge penalties are moved by "
        "−4 to +4 (α = 1/4, 1/8), −4 to +1 (α = 1/16) decades, of −4 to +4 tried."
    )
    assert penalty_sensitivity(replace(controls, replicates=(0,)), MARGIN) == ""
    wide = {alpha: record.networks[alpha] for alpha in (ONE, HALF)}
    assert penalty_sensitivity(replace(controls, networks=wide), MARGIN) == ""
