"""What stands on a penalty that lies beyond the grid is inconclusive, and nothing else is."""

from dataclasses import replace

import numpy as np
import pytest
from features import replicates
from records import EIGHTH, HALF, QUARTER, SIXTEENTH, synthetic_record
from test_claims import JUDGED, MARGINS

from overparam.metrics.penalties import PenaltyChoice
from overparam.study.feature_blocks import M_1, M_1_PRIME, Early, R, S, S_prime
from overparam.study.layout import Replicate
from overparam.study.measure import measure
from overparam.study.quantities import FP, FSE
from overparam.study.record import Record
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.gates import GridEdge
from overparam.verdicts.judge import judge
from overparam.verdicts.registry import judge_record

FALLING = PenaltyChoice(1e-8, "falling", (1e-8, 1e-7, 1e-6), (0.2, 0.3, 0.4))


def with_edge(record: Record, quantity, choice: PenaltyChoice, fitted="ridge", replicate=2) -> Record:
    """The record, but for what was chosen for one quantity in one replicate."""
    inside = [PenaltyChoice(1e-3, "inside")] * len(record.replicates)
    changed = [
        choice if number == replicate else other for number, other in zip(record.replicates, inside, strict=True)
    ]
    return replace(record, penalties={**record.penalties, str(quantity): {fitted: changed}})


def inconclusive(record: Record) -> set[tuple[str, str]]:
    judgements = judge_record(record, MARGINS, evidence="record")
    return {(j.claim, j.alpha or "trend") for j in judgements if j.verdict == "inconclusive"}


WIDTHS = ("1/2", "1/4", "1/8", "1/16")


def cells(claims, *widths):
    return {(claim, width) for claim in claims for width in widths}


# By quantity whose penalty lies beyond the grid: the cells that stand on it, where every claim holds.
STANDING_ON = {
    "the span error of one width": (
        FSE(S(QUARTER), M_1),
        "ridge",
        cells(["span-over"], "1/4") | cells(["span-over"], "trend") | cells(["span-mild"], "1/2"),
    ),
    "the span error of half the width": (FSE(S(HALF), M_1), "ridge", cells(["span-mild"], "1/2")),
    "the baseline of the span errors": (
        FSE(M_1_PRIME, M_1),
        "ridge",
        cells(["span-over"], "1/4", "1/8", "1/16")
        | cells(["span-over"], "trend")
        | cells(["span-mild"], "1/2")
        | cells(["span-over-matched-parameters"], "1/4"),
    ),
    "a span error onto narrow networks": (
        FSE(M_1, S_prime(EIGHTH)),
        "ridge",
        cells(["span-under"], "1/8", "trend"),
    ),
    "the probe of narrow networks": (
        FP(S(SIXTEENTH)),
        "probe",
        cells(["performance", "residuals-aid"], "1/16", "trend"),
    ),
    "the map to residuals": (
        FP(S(HALF), R(S(HALF), M_1)),
        "ridge",
        cells(["residuals-aid", "residuals-specific"], "1/2") | cells(["residuals-aid"], "trend"),
    ),
    "the probe beside residuals": (FP(M_1, R(M_1, S(EIGHTH))), "probe", cells(["residuals-redundant"], "1/8")),
    "the probe beside the residuals of other narrow networks": (
        FP(S(QUARTER), R(S(QUARTER), S_prime(QUARTER))),
        "probe",
        cells(["residuals-specific"], "1/4"),
    ),
    "the probe of a stage of training, which nothing is judged by": (FP(Early(2)), "probe", set()),
    "a quantity that no claim compares": (FSE(M_1, M_1_PRIME), "ridge", set()),
}


@pytest.mark.parametrize(("quantity", "fitted", "expected"), STANDING_ON.values(), ids=STANDING_ON.keys())
def test_just_the_cells_that_stand_on_a_penalty_beyond_the_grid_are_inconclusive(quantity, fitted, expected):
    record = synthetic_record()
    assert inconclusive(record) == set()
    assert inconclusive(with_edge(record, quantity, FALLING, fitted)) == expected


@pytest.mark.parametrize("edge", ["inside", "flat", "unknown"])
def test_an_edge_that_is_flat_or_not_known_withholds_no_verdict(edge):
    choice = replace(FALLING, edge=edge)
    for quantity, fitted, _ in STANDING_ON.values():
        assert inconclusive(with_edge(synthetic_record(), quantity, choice, fitted)) == set()


def test_the_reason_names_quantity_replicate_and_penalty_and_the_numbers_stay():
    record = synthetic_record()
    before, after = (
        judge(JUDGED["span-over"], r, QUARTER, MARGINS, evidence="record")
        for r in (record, with_edge(record, FSE(S(QUARTER), M_1), FALLING))
    )
    assert after.why == (
        "λ: the best ridge penalty for FSE(S_1/4→M_1) in replicate 2 lies beyond the grid: "
        "the cross-validated loss still falls at its edge, 1e-08"
    )
    assert (after.p_value, after.p_value_against) == (1, 1)
    decided = {name: getattr(before, name) for name in ("verdict", "why", "p_value", "p_value_against")}
    assert replace(after, **decided) == before


def test_penalties_that_a_record_does_not_tell_are_no_complaint():
    record = replace(synthetic_record(), penalties={})
    for claim in CLAIMS.values():
        assert GridEdge().complaint(record, *claim.at(HALF, record.members), MARGINS) is None


def test_from_features_to_verdicts_a_hidden_target_leaves_all_else_as_it_was():
    """One narrow network has an outlier unit so large that no penalty of the grid lets the others speak."""

    def measured(outlier: float):
        worlds = dict(replicates())
        blocks = worlds[0].blocks
        narrow = np.array(blocks[S(QUARTER)])
        narrow[:, 0] *= outlier
        changed = replace(blocks, arrays={**blocks.arrays, S(QUARTER): narrow})
        worlds[0] = Replicate(changed, worlds[0].alphas, worlds[0].early_epochs)
        samples, penalties = measure(worlds, workers=1)
        return samples, penalties

    samples, penalties = measured(2e4)
    plain, _ = measured(1.0)
    falling = {
        (quantity, fitted, number)
        for quantity, choices in penalties.items()
        for fitted, chosen in choices.items()
        for number, choice in enumerate(chosen)
        if choice.edge == "falling"
    }
    assert (str(FSE(S(QUARTER), M_1)), "ridge", 0) in falling
    assert all("S_1/4" in quantity and number == 0 for quantity, _, number in falling)
    span = samples["span"]
    others = [k for k, quantity in enumerate(span.quantities) if "S_1/4→" not in quantity]
    np.testing.assert_allclose(span.values[..., others], plain["span"].values[..., others], rtol=1e-9)
