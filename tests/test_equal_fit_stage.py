"""Claims at equal fit: from wide networks that are trained less to verdicts."""

import json
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from networks import QUARTER, tiny_study
from records import synthetic_record

from overparam.config.workspace import Workspace
from overparam.errors import ArtifactError, MeasurementError, SpecError
from overparam.metrics.stats import Effect
from overparam.pipeline import equal_fit as stage
from overparam.pipeline.dvc_pins import stale_reason
from overparam.pipeline.equal_fit import budgets_around, equal_fit_stage, fit_stage
from overparam.pipeline.run import run_study
from overparam.pipeline.stages import feature_stage, train_stage
from overparam.report.tables.equal_fit import equal_fit_tables
from overparam.study.belonging import read_equal_fit_of
from overparam.study.budgets.measurement import Networks, measure_budgets
from overparam.study.feature_blocks import M_1
from overparam.study.feature_file import read_features, write_features
from overparam.study.layout import Replicate
from overparam.study.quantities import FP
from overparam.study.record import Sample, read_record, write_record
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.controls import AT_EQUAL_FIT
from overparam.verdicts.equal_fit import both_matches, fits_of, readings_of
from overparam.verdicts.findings import greater
from overparam.verdicts.inequalities import Above
from overparam.verdicts.judge import judge
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.registry import judge_record

ONE, HALF = Fraction(1), Fraction(1, 2)
EPOCHS = (0.5, 1.0, 1.5)
STUDY = tiny_study(budgets={"resnet18": EPOCHS})
LADDER = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    workspace = Workspace.at(tmp_path_factory.mktemp("budgets"))
    run_study(STUDY, workspace)
    for budget in EPOCHS:
        for replicate in STUDY.scale.replicates:
            train_stage(STUDY.trained_less(budget), ONE, replicate, workspace)
            feature_stage(STUDY.trained_less(budget), ONE, replicate, workspace)
    return workspace, equal_fit_stage(STUDY, workspace)


def test_the_stage_leaves_a_record_of_its_kind_and_run_again_does_nothing(studied, monkeypatch):
    workspace, record = studied
    assert read_equal_fit_of(STUDY, workspace).key == record.key
    monkeypatch.setattr(stage, "measure_budgets", None)
    monkeypatch.setattr(stage, "measure_fit", None)
    assert equal_fit_stage(STUDY, workspace).key == record.key


def test_a_record_in_its_place_is_refused(studied, tmp_path):
    workspace, _ = studied
    other = replace(workspace, results=tmp_path)
    other.equal_fit(STUDY).parent.mkdir(parents=True)
    other.equal_fit(STUDY).write_bytes(workspace.record(STUDY).read_bytes())
    with pytest.raises(ArtifactError, match="of kind measurements, where kind equal fit belongs"):
        read_equal_fit_of(STUDY, other)


def test_every_claim_at_equal_fit_finds_what_it_compares(studied):
    _, record = studied
    for claim in AT_EQUAL_FIT.values():
        for alpha in claim.widths.about({HALF: 4, QUARTER: 8}):
            near = record.networks[alpha]["near"]
            assert near
            assert set(near) <= set(EPOCHS)
            assert all(record.lacks(claim.inequality.at_budget(alpha, budget)) == [] for budget in near)
            judgement = judge(claim, record, alpha, load_preregistration(), evidence="record")
            assert judgement.claim == claim.id
            assert not judgement.confounded
    assert record.lacks(FP(M_1)) == []  # the positive control of the residual claims asks for it


def test_the_tables_say_how_well_networks_fit_and_what_is_judged(studied):
    _, record = studied
    tables = equal_fit_tables(record)
    judged = judge_record(record, load_preregistration(), evidence="record", claims=AT_EQUAL_FIT)
    for claim in AT_EQUAL_FIT:
        (line,) = [line for line in tables.splitlines() if line.startswith(f"| {claim} |")]
        said = [cell.split()[-1] for cell in line.strip("|").split("|")[1:] if cell.strip()]
        assert said == [one.verdict for one in judged if one.claim == claim and one.alpha]
    for one in judged:
        told = [line for line in tables.splitlines() if line.endswith(f" at {one.place}: {one.why}.")]
        assert any(f"`{one.claim}`" in line for line in told) == bool(one.alpha and one.verdict == "inconclusive")
    less = record.networks[ONE]["less"]["fit"]["accuracy"]
    accuracies = " | ".join(f"{100 * accuracy:.1f} %" for accuracy in np.mean(less, axis=0))
    assert f"| training accuracy of a network | {accuracies} |" in tables


def test_fit_is_that_of_the_networks_that_are_compared(studied):
    workspace, record = studied
    for replicate in STUDY.scale.replicates:
        fit = fit_stage(STUDY, QUARTER, replicate, workspace)
        assert len(fit.accuracy) == 8
        assert record.networks[QUARTER]["fit"]["accuracy"][replicate] == pytest.approx(np.mean(fit.accuracy[:4]))
        assert record.networks[QUARTER]["fit"]["ensemble_accuracy"][replicate] == fit.ensemble_accuracy
        less = fit_stage(STUDY.trained_less(1.0), ONE, replicate, workspace)
        wide = record.networks[ONE]["less"]
        assert wide["fit"]["cross_entropy"][replicate][wide["budgets"].index(1.0)] == np.mean(less.cross_entropy)


@pytest.mark.parametrize("damage", ["", "{}", '{"cross_entropy": [1.0]}'])
def test_a_damaged_fit_is_measured_again(studied, damage):
    workspace, _ = studied
    path = workspace.fit(STUDY, HALF, 0)
    before = path.read_bytes()
    path.write_text(damage)
    fit_stage(STUDY, HALF, 0, workspace)
    assert path.read_bytes() == before
    assert len(json.loads(before)["accuracy"]) == 4


def test_features_of_other_examples_are_refused(studied):
    workspace, _ = studied
    files = {alpha: read_features(workspace.feature_file(STUDY, alpha, 0)) for alpha in STUDY.alphas}
    less = read_features(workspace.feature_file(STUDY.trained_less(1.0), ONE, 0))
    turned = replace(less, ids=less.ids[::-1])
    with pytest.raises(MeasurementError, match="after 1 epochs are of other examples than the study's"):
        _ = Networks(Replicate.of(files), {1.0: turned}).blocks


def test_replicates_that_are_measured_on_other_examples_are_refused(studied):
    workspace, _ = studied
    networks = {}
    for replicate, order in ((0, slice(None)), (1, slice(None, None, -1))):
        files = {alpha: read_features(workspace.feature_file(STUDY, alpha, replicate)) for alpha in STUDY.alphas}
        files = {alpha: turned(file, order) for alpha, file in files.items()}
        less = turned(read_features(workspace.feature_file(STUDY.trained_less(1.0), ONE, replicate)), order)
        networks[replicate] = Networks(Replicate.of(files), {1.0: less})
    with pytest.raises(MeasurementError, match="replicates are measured on different examples"):
        measure_budgets(networks, {QUARTER: [1.0]})


def turned(file, order):
    rows = {name: getattr(file, name)[order] for name in ("features", "ids", "labels", "heldout")}
    return replace(file, **rows)


def test_another_wide_network_than_the_pinned_one_makes_the_record_stale_or_of_another_study(studied, tmp_path):
    workspace, record = studied
    less = record.networks[ONE]["less"]
    assert [len(checkpoints) for checkpoints in less["checkpoints"]] == [2, 2, 2]
    pins = {c["path"]: c["md5"] for entry in record.networks.values() for c in entry["checkpoints"]}
    pins |= {c["path"]: c["md5"] for checkpoints in less["checkpoints"] for c in checkpoints}
    path = tmp_path / "record.json"
    path.write_bytes(workspace.equal_fit(STUDY).read_bytes())
    for other in (None, less["checkpoints"][1][0]["path"]):
        outs = [{"path": place, "md5": "0" if place == other else md5} for place, md5 in pins.items()]
        (tmp_path / "dvc.lock").write_text(json.dumps({"stages": {"train": {"outs": outs}}}))
        reason = str(stale_reason(record, path, tmp_path))
        assert ("another version of that checkpoint" in reason) == (other is not None), reason
    exchanged = {**less, "checkpoints": less["checkpoints"][::-1]}
    networks = {**record.networks, ONE: {**record.networks[ONE], "less": exchanged}}
    other = replace(workspace, results=tmp_path)
    write_record(other.equal_fit(STUDY), replace(record, networks=networks))
    with pytest.raises(ArtifactError, match="of another study or network"):
        read_equal_fit_of(STUDY, other)


def test_features_of_wide_networks_that_were_extracted_anew_are_measured_anew(studied, monkeypatch):
    workspace, record = studied
    path = workspace.feature_file(STUDY.trained_less(1.0), ONE, 0)
    file, before = read_features(path), path.read_bytes()
    arrays = {name: getattr(file, name) for name in ("features", "ids", "labels", "heldout", "epochs")}
    write_features(path, arrays, {**file.metadata, "key": "another"})
    try:
        assert equal_fit_stage(STUDY, replace(workspace, results=workspace.results / "again")).key != record.key
    finally:
        path.write_bytes(before)


def test_a_study_without_budgets_has_nothing_to_compare(tmp_path):
    with pytest.raises(SpecError, match="has no budgets of epochs in params.yaml"):
        equal_fit_stage(tiny_study(), Workspace.at(tmp_path))


@pytest.mark.parametrize(
    ("single", "together", "expected"),
    [
        ([0.45], [0.45], LADDER[1:5]),
        ([0.45], [0.65], LADDER[1:7]),
        ([0.25, 0.45], [0.25, 0.25], LADDER[0:5]),
        ([0.1], [0.1], LADDER[0:2]),
        ([0.9], [0.9], LADDER[6:7]),
        ([0.21], [0.79], LADDER),
    ],
)
def test_budgets_around_a_match_are_two_on_either_side(single, together, expected):
    """Budgets are called by the accuracy that they give; losses fall in proportion."""
    narrow = {"cross_entropy": [2.5 * (1 - fit) for fit in single], "ensemble_accuracy": together}
    wide = {"cross_entropy": [[2.5 * (1 - fit) for fit in LADDER]] * len(single), "accuracy": [LADDER] * len(single)}
    assert budgets_around(narrow, wide, LADDER) == expected


def record_at_equal_fit(single: float, together: float, effect: dict[float, float]):
    """Three replicates; accuracies of the budgets are the ladder's, losses in proportion; effects as given."""
    record = synthetic_record(replicates=3)
    near = sorted(effect)
    inequality = AT_EQUAL_FIT["performance-equal-fit"].inequality
    wide = [inequality.at_budget(QUARTER, budget).by_name for budget in near]
    names = tuple(dict.fromkeys(name for contrast in wide for name in contrast))
    narrow = next(name for name in names if "S_" in name)
    by_name = {next(name for name in c if name != narrow): effect[b] for b, c in zip(near, wide, strict=True)}
    values = np.array([[by_name.get(name, 0.0) for name in names]] * 3)
    sample = Sample(names, np.array([values] * 5), np.tile(1e-8 * np.eye(3 * len(names)), (5, 1, 1)))
    accuracy = [near] * 3
    less = {"budgets": near, "fit": {"accuracy": accuracy, "cross_entropy": [[2.5 * (1 - b) for b in near]] * 3}}
    fit = {"cross_entropy": [2.5 * (1 - single)] * 3, "accuracy": [single] * 3, "ensemble_accuracy": [together] * 3}
    networks = dict(record.networks)
    networks[ONE] = {**networks[ONE], "less": less}
    networks[QUARTER] = {**networks[QUARTER], "fit": fit, "near": near}
    return replace(record, networks=networks, samples={"performance 1/4": sample})


NEAR = [0.56, 0.58, 0.60, 0.62, 0.64, 0.66, 0.68, 0.70]


@pytest.mark.parametrize(
    ("below", "above", "outcome", "why"),
    [
        (0.05, 0.05, "holds", "lower bound"),
        (-0.05, -0.05, "refuted", "upper bound"),
        (0.05, -0.05, "inconclusive", "single networks matched: holds"),
        (-0.05, 0.05, "inconclusive", "their ensemble matched: holds at +0.05"),
    ],
)
def test_a_claim_at_equal_fit_holds_where_it_does_at_both_matches(below, above, outcome, why):
    """Single networks fit 59 %, together 67 %; the effect is one below 63 % and another above."""
    record = record_at_equal_fit(0.59, 0.67, {b: below if b < 0.63 else above for b in NEAR})
    judgement = judge(AT_EQUAL_FIT["performance-equal-fit"], record, QUARTER, load_preregistration(), evidence="record")
    assert (judgement.verdict, why in judgement.why) == (outcome, True), judgement.why


def test_readings_are_the_effects_of_the_record(studied):
    _, record = studied
    inequality = AT_EQUAL_FIT["span-over-equal-fit"].inequality
    contrasts = [inequality.at_budget(QUARTER, budget) for budget in record.networks[QUARTER]["near"]]
    for factor in (1.0, 10.0):
        readings = readings_of(record, QUARTER, partial(inequality.at_budget, QUARTER), factor)
        for k, contrast in enumerate(contrasts):
            effect = record.effect(contrast, factor)
            np.testing.assert_allclose(readings.values[:, k], effect.values)
            np.testing.assert_allclose(readings.shared[:, k, :, k], effect.shared)


def test_an_ensemble_is_matched_by_its_errors(studied):
    _, record = studied
    fits = fits_of(record, QUARTER, "ensemble")
    np.testing.assert_allclose(fits.narrow_loss, 1 - fits.narrow_accuracy)
    np.testing.assert_allclose(fits.wide_loss, 1 - fits.wide_accuracy)
    assert (fits_of(record, QUARTER, "single").wide_accuracy == fits.wide_accuracy).all()


def test_both_matches_must_refute():
    effects = [Effect.independent([low, low, low + 1e-3]) for low in (-0.1, 0.02)]
    refuted, doubtful = (greater(effect, 0.02) for effect in effects)
    assert both_matches(refuted, refuted).outcome == "refuted"
    assert both_matches(refuted, doubtful).outcome == "inconclusive"
    assert both_matches(refuted, doubtful).effect is refuted.effect


@pytest.mark.parametrize("name", AT_EQUAL_FIT)
def test_a_claim_at_equal_fit_is_the_claim_with_wide_networks_that_were_trained_less(name):
    claim, plain = AT_EQUAL_FIT[name], CLAIMS[name.removesuffix("-equal-fit")]
    assert isinstance(plain.inequality, Above)
    assert (claim.inequality.unit, claim.widths) == (plain.inequality.unit, plain.widths)
    swapped = str(claim.inequality.at_budget(QUARTER, 2)).replace("W′ after 2", "M_1′").replace("W after 2", "M_1")
    assert swapped == str(plain.inequality.effect(QUARTER))
    assert claim.words.endswith("> δ, with W and W′ wide networks trained until they fit as M_α does")


def test_the_record_is_small(studied):
    workspace, _ = studied
    path = workspace.equal_fit(STUDY)
    assert read_record(path).key
    assert path.stat().st_size < 300_000
