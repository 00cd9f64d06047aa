"""The controls that take measurements of their own, on networks whose truth is known."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from features import HALF, MEMBERS, ONE, QUARTER, WIDTH, world
from networks import tiny_study
from sklearn.linear_model import Ridge

from overparam.config.workspace import Workspace
from overparam.constants import SEED
from overparam.errors import ArtifactError, MeasurementError
from overparam.metrics.blocks import Blocks
from overparam.metrics.definitions import feature_performance, ridge_regression, span_error
from overparam.metrics.penalties import Penalties
from overparam.metrics.similarity import MEASURES
from overparam.pipeline import controls as stage
from overparam.pipeline.controls import controls_stage
from overparam.pipeline.run import run_study
from overparam.study.controls.measurement import Networks, Readout, measure_controls
from overparam.study.controls.members import asymptote, counts
from overparam.study.controls.nonlinear import predict_nonlinearly
from overparam.study.controls.penalties import PATH_FACTORS
from overparam.study.controls.quantities import (
    FSE_best,
    FSE_nonlinear,
    OneNarrow,
    Untrained,
    similarity,
    stitched,
    unseen,
)
from overparam.study.controls.unseen import measure_unseen
from overparam.study.feature_blocks import M_1, M_1_PRIME, Concatenation, S
from overparam.study.layout import Replicate
from overparam.study.measure import measure
from overparam.study.quantities import FP, FSE, Contrast
from overparam.study.record import PENALTY_FACTORS, Sample, read_record
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.controls import CONTROLS_APART


def networks_of(seed: int) -> Networks:
    """Trained networks as `features.world` draws them; before training, all see the same through other weights."""
    files, before = world("signal", seed), world("all S", seed)
    initial = {alpha: before[alpha].features[:, : max(2, alpha.denominator)] for alpha in files}
    rng = np.random.default_rng(seed)
    return Networks(files, initial, Readout(rng.standard_normal((3, WIDTH)), np.zeros(3)))


@pytest.fixture(scope="module")
def measured() -> tuple[dict[str, Sample], Penalties]:
    return measure_controls({0: networks_of(0), 1: networks_of(1)}, workers=1)


@pytest.fixture(scope="module")
def samples(measured) -> dict[str, Sample]:
    return measured[0]


def value(samples: dict[str, Sample], contrast: Contrast, replicate: int = 0) -> float:
    (sample,) = [sample for sample in samples.values() if set(contrast.by_name) <= set(sample.quantities)][:1]
    return float(sample.effect(contrast).values[replicate])


def test_span_errors_are_those_that_the_claims_are_judged_on(samples):
    known, _ = measure({r: Replicate.of(world("signal", r)) for r in (0, 1)}, workers=1)
    for contrast in (FSE(M_1_PRIME, M_1), FSE(S(HALF), M_1), FSE(S(QUARTER), M_1)):
        assert value(samples, contrast, 1) == pytest.approx(value(known, contrast, 1), abs=1e-9)
    assert value(samples, FSE(M_1, S(HALF))) != pytest.approx(value(samples, FSE(S(HALF), M_1)), abs=0.01)


def test_more_networks_that_see_the_same_span_no_more_of_what_they_do_not_see(samples):
    U = counts(QUARTER, MEMBERS[QUARTER])
    errors = [value(samples, FSE(Concatenation(QUARTER, members), M_1)) for members in U]
    assert U == [1, 2, 4, 8]
    assert errors[0] > errors[1] > errors[2]
    assert errors[-1] > value(samples, FSE(M_1_PRIME, M_1)) + 0.2  # the wide ones see three numbers more


def test_before_training_there_is_no_gap_where_all_see_the_same(samples):
    gap = FSE(Untrained(S(HALF)), Untrained(M_1)) - FSE(Untrained(M_1_PRIME), Untrained(M_1))
    assert abs(value(samples, gap)) < 0.15
    assert value(samples, FSE(S(HALF), M_1) - FSE(M_1_PRIME, M_1)) > 0.2


def test_no_map_gives_what_was_not_seen(samples):
    assert value(samples, FSE_nonlinear(S(HALF)) - FSE_nonlinear(M_1_PRIME)) > 0.2


def test_a_nonlinear_map_finds_what_ridge_regression_does_not():
    rng = np.random.default_rng(0)
    source = rng.standard_normal((2000, 3))
    blocks = Blocks({"A": source, "B": np.abs(source)}, np.arange(2000), np.zeros(2000, int), np.arange(2000) >= 1500)
    predicted = predict_nonlinearly(blocks, "A", "B")
    held = blocks.heldout
    target = np.abs(source) - np.abs(source[~held]).mean(axis=0)
    target /= np.sqrt(np.mean(target[~held] ** 2))
    assert np.mean((target - predicted)[held] ** 2) < 0.1
    linear = Ridge().fit(source[~held], target[~held]).predict(source)
    assert np.mean((target - linear)[held] ** 2) > 0.9
    np.testing.assert_array_equal(predict_nonlinearly(blocks, "A", "B"), predicted)
    unseen = np.where(held[:, None], 0, np.abs(source))
    other = Blocks({"A": source, "B": unseen}, blocks.ids, blocks.labels, held)
    np.testing.assert_array_equal(predict_nonlinearly(other, "A", "B"), predicted)  # held-out targets are not looked at


def test_the_path_goes_on_where_the_claims_leave_off(samples):
    known, _ = measure({r: Replicate.of(world("signal", r)) for r in (0, 1)}, workers=1)
    path, gap = samples["path"], FSE(S(HALF), M_1) - FSE(M_1_PRIME, M_1)
    assert path.factors == PATH_FACTORS
    assert set(PENALTY_FACTORS) < set(PATH_FACTORS)
    for factor in PENALTY_FACTORS:
        ours, theirs = path.effect(gap, factor), known["span"].effect(gap, factor)
        np.testing.assert_allclose(ours.values, theirs.values, atol=1e-9)
        np.testing.assert_allclose(ours.variance, theirs.variance, atol=1e-9)
    assert path.effect(FSE(S(HALF), M_1), PATH_FACTORS[-1]).mean > 0.9  # nothing is left of the map


def test_the_best_penalty_is_the_one_that_errs_least_held_out(samples):
    networks = networks_of(1)
    for rival, features in ((M_1_PRIME, networks.trained[ONE].features[:, 1]), (S(HALF), networks.blocks[S(HALF)][:])):
        errors = np.array([samples["path"].effect(FSE(rival, M_1), factor).values for factor in PATH_FACTORS])
        best = FSE_best(rival)
        for factor in PENALTY_FACTORS:
            np.testing.assert_allclose(samples["best"].effect(best, factor).values, errors.min(axis=0))
        wide, held = networks.trained[ONE].features[:, 0].astype(float), networks.trained[ONE].heldout
        chosen = ridge_regression(networks.blocks, rival, M_1).penalty
        fitted = features[~held].astype(float)
        strength = np.square(fitted - fitted.mean(axis=0)).sum() / fitted.shape[1]
        predicted = [
            Ridge(alpha=chosen * factor * strength).fit(fitted, wide[~held]).predict(features[held])
            for factor in PATH_FACTORS
        ]
        total = np.square(wide[held] - wide[~held].mean(axis=0)).sum()
        least = min(np.square(wide[held] - p).sum() for p in predicted) / total
        assert value(samples, best, 1) == pytest.approx(least, rel=1e-6)


def test_stitching_reads_classes_off_what_is_predicted_of_the_wide_network(samples):
    networks = networks_of(0)
    wide, held = networks.trained[ONE], networks.trained[ONE].heldout
    logits = wide.features[held, 0] @ networks.readout.weight.T
    assert value(samples, stitched(M_1)) == pytest.approx(np.mean(logits.argmax(axis=1) == wide.labels[held]))
    fit = Ridge(alpha=1e-6).fit(wide.features[~held, 1], wide.features[~held, 0])
    predicted = fit.predict(wide.features[held, 1]) @ networks.readout.weight.T
    mine = value(samples, stitched(M_1_PRIME))
    assert mine == pytest.approx(np.mean(predicted.argmax(axis=1) == wide.labels[held]), abs=0.03)


def test_similarities_are_taken_on_held_out_examples(samples):
    wide = networks_of(0).trained[ONE]
    for measure_ in MEASURES:
        expected = measure_(wide.features[wide.heldout, 0], wide.features[wide.heldout, 1])
        assert value(samples, similarity(measure_.name, M_1_PRIME)) == pytest.approx(expected)


def test_a_network_that_died_does_not_stand_for_its_width():
    networks = networks_of(0)
    dead = networks.trained[QUARTER].features.copy()
    dead[:, 0] = 1.0
    files = {**networks.trained, QUARTER: replace(networks.trained[QUARTER], features=dead)}
    blocks = replace(networks, trained=files).blocks
    np.testing.assert_array_equal(blocks[OneNarrow(QUARTER)][:], dead[:, 1])


def test_on_unseen_examples_all_is_measured_as_ever_from_half_of_the_held_out_ones():
    files = world("signal", 0)
    samples, penalties = measure_unseen({0: files, 1: world("signal", 1)}, workers=1)
    held = np.flatnonzero(files[ONE].heldout)
    half = np.random.default_rng(SEED).permutation(len(held)) < len(held) // 2
    wide, narrow = files[ONE].features[held], files[HALF].features[held]
    arrays = {M_1: wide[:, 0], S(HALF): narrow[:, :2].reshape(len(held), -1)}
    blocks = Blocks(arrays, files[ONE].ids[held], files[ONE].labels[held], half)
    span = span_error(blocks, ridge_regression(blocks, S(HALF), M_1)).value
    assert value(samples, unseen(FSE(S(HALF), M_1))) == pytest.approx(span, rel=1e-9)
    assert value(samples, unseen(FP(M_1))) == feature_performance(blocks, [M_1]).value
    quantities = [q for sample in samples.values() for q in sample.quantities]
    assert not [q for q in quantities if "after" in q or "unseen" not in q]
    assert set(penalties) == set(quantities)
    expected = ridge_regression(blocks, S(HALF), M_1).choice
    assert penalties[str(unseen(FSE(S(HALF), M_1)))]["ridge"][0] == expected


def test_every_claim_on_unseen_examples_is_the_claim_itself_elsewhere():
    for name in (name for name in CONTROLS_APART if name.endswith("-unseen")):
        control, claim = CONTROLS_APART[name], CLAIMS[name.removesuffix("-unseen")]
        assert control.inequality.effect(QUARTER) == unseen(claim.inequality.effect(QUARTER))
        assert type(control.inequality) is type(claim.inequality)
        assert (control.inequality.unit, control.widths) == (claim.inequality.unit, claim.widths)
        assert control.words.startswith("unseen F")


@pytest.mark.parametrize("level", [0.0, 0.2])
def test_the_asymptote_is_where_a_curve_ends(level):
    U = [1, 2, 4, 8, 16, 32]
    errors = np.array([[level + height * n**-0.7 for n in U] for height in (0.5, 0.6)])
    np.testing.assert_allclose(asymptote(U, errors).values, level, atol=1e-3)


def test_one_over_alpha_networks_are_put_side_by_side_whatever_their_number():
    assert counts(Fraction(1, 3), 6) == [1, 2, 3, 4, 6]
    assert counts(Fraction(1, 3), 3) == [1, 2, 3]


def test_three_numbers_of_networks_tell_no_asymptote():
    with pytest.raises(MeasurementError, match="3 numbers of networks tell no asymptote: measure at least 4"):
        asymptote([1, 2, 4], np.ones((2, 3)))


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    workspace = Workspace.at(tmp_path_factory.mktemp("controls"))
    run_study(tiny_study(), workspace)
    return workspace, controls_stage(tiny_study(), workspace)


def test_the_stage_leaves_a_record_and_run_again_does_nothing(studied, monkeypatch):
    workspace, record = studied
    path = workspace.controls(tiny_study())
    assert read_record(path).key == record.key
    assert path.stat().st_size < 200_000
    monkeypatch.setattr(stage, "measure_controls", None)
    assert controls_stage(tiny_study(), workspace).key == record.key


def test_every_control_apart_finds_what_it_compares(studied):
    _, record = studied
    for control in CONTROLS_APART.values():
        (compared,) = control.inequality.compared(record, [QUARTER])
        assert record.lacks(compared) == []


def test_what_cross_validation_chose_is_told_of_all_that_stands_on_ridge_maps(measured, studied):
    samples, penalties = measured
    mapped = {q for sample in samples.values() for q in sample.quantities if "FSE" in q or "stitched" in q}
    assert set(penalties) == mapped - {str(stitched(M_1))}
    expected = [ridge_regression(networks_of(seed).blocks, S(HALF), M_1).choice for seed in (0, 1)]
    for contrast in (FSE(S(HALF), M_1), FSE_best(S(HALF)), stitched(S(HALF))):
        assert penalties[str(contrast)] == {"ridge": expected}
    _, record = studied
    assert {str(FSE(M_1, M_1_PRIME)), str(unseen(FP(M_1)))} <= set(record.penalties)


def test_without_features_the_stage_says_what_to_do(tmp_path):
    with pytest.raises(ArtifactError, match="extract the features"):
        controls_stage(tiny_study(), Workspace.at(tmp_path))
