from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from features import HALF, HELDOUT, MEMBERS, ONE, QUARTER, WIDTH, replicates, world
from records import EARLY, synthetic_record

from overparam.errors import MeasurementError
from overparam.metrics.blocks import Blocks
from overparam.metrics.definitions import feature_performance, residuals, ridge_regression, span_error
from overparam.metrics.stats import Effect
from overparam.study import measure as measurement
from overparam.study.feature_blocks import M_1, M_1_PRIME, PLANTED, Early, R, S, S_matched, S_prime
from overparam.study.layout import Replicate
from overparam.study.measure import describe_networks, measure
from overparam.study.quantities import FP, FSE
from overparam.study.record import PENALTY_FACTORS
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.controls import CONTROLS
from overparam.verdicts.judge import Judgement
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.registry import judge_record

NARROW = (HALF, QUARTER)
SPAN = [(M_1_PRIME, M_1), (Early(4), M_1)]
PERFORMANCE = [(M_1,), (M_1, PLANTED), (Early(4),)]
for a in NARROW:
    SPAN += [(S(a), M_1), (M_1, S_prime(a)), (S(a), S_prime(a))]
    matched = a == HALF  # of which there are enough networks to match the parameters of M_1
    SPAN += [(S_matched(a), M_1)] * matched
    PERFORMANCE += [(S(a),), *[(S_matched(a),)] * matched]
    PERFORMANCE += [(S(a), R(S(a), M_1)), (M_1, R(M_1, S(a))), (S(a), R(S(a), S_prime(a)))]
REPLICATES = 2


def generated_record(samples, count):
    """A record of the networks of the generated worlds."""
    alphas, stages = (ONE, *NARROW), {4: EARLY[2]}
    record = synthetic_record(alphas=alphas, replicates=count, members=MEMBERS, early_stages=stages)
    return replace(record, samples=samples)


@cache
def measured():
    return measure(replicates(count=REPLICATES), workers=1)


def of(sample, contrast):
    """(penalty factors, replicates) of one quantity."""
    return sample.values[:, :, sample.quantities.index(str(contrast))]


def test_every_quantity_is_measured_in_every_replicate_at_every_penalty_factor():
    samples, penalties = measured()
    assert samples["span"].quantities == tuple(str(FSE(*pair)) for pair in SPAN)
    assert samples["performance"].quantities == tuple(str(FP(*names)) for names in PERFORMANCE)
    for sample in samples.values():
        count = len(sample.quantities)
        assert sample.values.shape == (len(PENALTY_FACTORS), REPLICATES, count)
        assert sample.shared.shape == (len(PENALTY_FACTORS), REPLICATES * count, REPLICATES * count)
        assert np.isfinite(sample.values).all()
    assert set(penalties) == {*samples["span"].quantities, *samples["performance"].quantities}
    assert {len(chosen) for choices in penalties.values() for chosen in choices.values()} == {REPLICATES}


def test_what_cross_validation_chose_is_told_of_every_map_and_every_probe():
    samples, penalties = measured()
    for quantity in samples["span"].quantities:
        assert set(penalties[quantity]) == {"ridge"}
    for quantity in samples["performance"].quantities:
        assert set(penalties[quantity]) == ({"ridge", "probe"} if "R(" in quantity else {"probe"})
    for number, replicate in replicates(count=REPLICATES).items():
        regression = ridge_regression(replicate.blocks, M_1, S(HALF))
        assert penalties[str(FP(M_1, R(M_1, S(HALF))))]["ridge"][number] == regression.choice
        assert penalties[str(FP(M_1))]["probe"][number] == feature_performance(replicate.blocks, [M_1]).choices["probe"]


def test_every_claim_finds_its_quantities():
    record = generated_record(measured()[0], REPLICATES)
    for claim in (*CLAIMS.values(), *CONTROLS.values()):
        for alpha in claim.widths.about(MEMBERS):
            (compared,) = claim.inequality.compared(record, [alpha])
            assert np.isfinite(record.effect(compared).mean)


@pytest.mark.parametrize(("source", "target"), SPAN)
def test_span_errors_are_those_of_the_definition_at_every_penalty_factor(source, target):
    samples, penalties = measured()
    values = of(samples["span"], FSE(source, target))
    for number, replicate in replicates(count=REPLICATES).items():
        regression = ridge_regression(replicate.blocks, source, target)
        assert penalties[str(FSE(source, target))]["ridge"][number] == regression.choice
        for k, factor in enumerate(PENALTY_FACTORS):
            expected = span_error(replicate.blocks, regression, penalty=factor * regression.penalty)
            assert values[k, number] == pytest.approx(expected.value, rel=1e-8)


@pytest.mark.parametrize("name", [M_1, Early(4), S(HALF), S(QUARTER), S_matched(HALF)])
def test_the_performance_of_plain_blocks_is_that_of_the_definition_and_knows_no_ridge_penalty(name):
    samples, penalties = measured()
    values = of(samples["performance"], FP(name))
    for number, replicate in replicates(count=REPLICATES).items():
        expected = feature_performance(replicate.blocks, (name,))
        np.testing.assert_array_equal(values[:, number], expected.value)
        assert penalties[str(FP(name))]["probe"][number].penalty == expected.penalty


@pytest.mark.parametrize(
    ("source", "target"),
    [(S(HALF), M_1), (M_1, S(HALF)), (S(QUARTER), M_1), (M_1, S(QUARTER)), (S(QUARTER), S_prime(QUARTER))],
)
def test_performance_with_residuals_chooses_its_probe_once(source, target):
    samples, penalties = measured()
    name = R(source, target)
    values = of(samples["performance"], FP(source, name))
    for number, replicate in replicates(count=REPLICATES).items():
        blocks, regression = replicate.blocks, ridge_regression(replicate.blocks, source, target)
        for k, factor in enumerate(PENALTY_FACTORS):
            residual = residuals(blocks, regression, penalty=factor * regression.penalty)
            joined = Blocks({source: blocks[source], name: residual}, blocks.ids, blocks.labels, blocks.heldout)
            probe = penalties[str(FP(source, name))]["probe"][number].penalty
            expected = feature_performance(joined, (source, name), penalty=None if factor == 1 else probe)
            assert values[k, number] == pytest.approx(expected.value, abs=1 / HELDOUT)
            assert expected.penalty == probe


@pytest.mark.parametrize("factor", PENALTY_FACTORS)
def test_an_effect_has_the_covariance_of_its_contributions(factor):
    record = generated_record(measured()[0], REPLICATES)
    gaps = []
    for replicate in replicates(count=REPLICATES).values():
        studied, baseline = (ridge_regression(replicate.blocks, source, M_1) for source in (S(HALF), M_1_PRIME))
        gap = [span_error(replicate.blocks, r, penalty=factor * r.penalty) for r in (studied, baseline)]
        gaps.append((gap[0] - gap[1]).contributions)
    expected = Effect.of(np.array(gaps))
    effect = record.effect(FSE(S(HALF), M_1) - FSE(M_1_PRIME, M_1), factor)
    np.testing.assert_allclose(effect.values, expected.values, rtol=1e-8)
    np.testing.assert_allclose(effect.shared, expected.shared, rtol=1e-6, atol=1e-12)


def test_planted_labels_give_a_probe_a_few_points():
    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=4000)
    wide = np.eye(4)[labels] + rng.standard_normal((4000, 4))
    blocks = Blocks({M_1: wide}, np.arange(4000), labels, np.arange(4000) >= 2000)
    planted = measurement._planted(blocks)
    told = planted[np.arange(4000), labels] > 0.5
    assert told.mean() == pytest.approx(measurement.PLANTED_SHARE, abs=0.05)
    beside = Blocks({M_1: wide, PLANTED: planted}, blocks.ids, labels, blocks.heldout)
    gain = feature_performance(beside, (M_1, PLANTED)).value - feature_performance(blocks, (M_1,)).value
    assert 0.02 < gain < 0.2


def test_measuring_again_gives_the_same_and_says_how_far_it_is():
    calls = []
    samples, penalties = measure(
        replicates(count=1), workers=1, advance=lambda done, total: calls.append((done, total))
    )
    assert calls == [(k, 6) for k in range(1, 7)]
    assert penalties == {
        name: {fitted: chosen[:1] for fitted, chosen in choices.items()} for name, choices in measured()[1].items()
    }
    for name, sample in samples.items():
        count = len(sample.quantities)
        np.testing.assert_allclose(sample.values[:, 0], measured()[0][name].values[:, 0], rtol=1e-12)
        np.testing.assert_allclose(sample.shared, measured()[0][name].shared[:, :count, :count], rtol=1e-9, atol=1e-15)


def test_replicates_on_other_examples_are_not_measured():
    shifted = Replicate.of({alpha: replace(file, ids=file.ids + 1) for alpha, file in world(seed=1).items()})
    with pytest.raises(MeasurementError, match="replicates are measured on different examples"):
        measure({0: Replicate.of(world()), 1: shifted}, workers=1)


def test_features_that_are_not_finite_are_not_measured():
    files = world()
    files[QUARTER].features[7, 0, 0] = np.nan
    with pytest.raises(MeasurementError, match=r"block S_1/4 has features that are NaN or infinite, .* id 1007"):
        measure({0: Replicate.of(files)}, workers=1)


def shuffled_labels(files):
    labels = np.random.default_rng(3).permutation(files[ONE].labels)
    return {alpha: replace(file, labels=labels) for alpha, file in files.items()}


def half_precision(files):
    return {alpha: replace(file, features=file.features.astype(np.float16)) for alpha, file in files.items()}


def thousandfold(files):
    return {a: replace(file, features=file.features * (1 if a == 1 else 1000)) for a, file in files.items()}


@cache
def verdicts(kind="signal", change=lambda files: files) -> list[Judgement]:
    """Every judgement on three replicates of a world."""
    worlds = {number: Replicate.of(change(world(kind, number))) for number in range(3)}
    record = generated_record(measure(worlds, workers=1)[0], 3)
    labels = worlds[0].blocks.labels[worlds[0].blocks.heldout]
    record = replace(record, data={"majority_share": float(np.bincount(labels).max() / len(labels))})
    return judge_record(record, load_preregistration(), evidence="record")


def outcomes(judgements, *claims):
    return {j.verdict for j in judgements if j.claim in claims and j.alpha is not None}


def test_where_wide_networks_know_more_the_claims_hold():
    names = ("span-over", "span-under", "performance", "residuals-aid", "residuals-specific")
    assert outcomes(verdicts(), *names) == {"holds"}
    # So few examples would not show a small gain either.
    assert {j.why.split(":")[0] for j in verdicts() if j.claim == "residuals-redundant"} == {"positive control"}
    assert outcomes(verdicts(), "span-mild") == {"refuted"}


def test_where_m_1_is_one_more_concatenation_nothing_holds():
    judgements = verdicts("all S")
    assert "holds" not in outcomes(
        judgements, "span-over", "span-under", "performance", "residuals-aid", "residuals-specific"
    )


def test_where_narrow_networks_know_the_labels_performance_is_refuted():
    judgements = verdicts("swapped")
    assert outcomes(judgements, "performance") == {"refuted"}
    assert outcomes(judgements, "residuals-aid", "residuals-redundant") == {"inconclusive"}
    assert all("positive control" in j.why for j in judgements if j.claim.startswith("residuals"))


def test_shuffled_labels_leave_spans_alone_and_claims_about_residuals_inconclusive():
    judgements = verdicts(change=shuffled_labels)
    assert "holds" not in outcomes(judgements, "performance")
    assert outcomes(judgements, "residuals-aid", "residuals-redundant") == {"inconclusive"}
    assert all("positive control" in j.why for j in judgements if j.claim.startswith("residuals"))
    spans = [[(j.cell, j.effect) for j in js if j.claim.startswith("span")] for js in (judgements, verdicts())]
    assert spans[0] == spans[1]


@pytest.mark.parametrize("change", [half_precision, thousandfold])
def test_neither_precision_nor_scale_of_features_changes_a_verdict(change):
    assert [(j.cell, j.verdict) for j in verdicts(change=change)] == [(j.cell, j.verdict) for j in verdicts()]


def test_networks_are_described_with_their_dead_features():
    metadata = {
        "checkpoint": {"path": "p", "md5": "m"}, "seeds": [1, 2], "parameters": 9, "environment": {"device": "CPU"},
        "train_accuracy": [0.5, 0.6], "heldout_accuracy": [0.4, 0.5],
    }  # fmt: skip
    files = {number: replace(world(seed=number)[QUARTER], metadata=metadata) for number in (0, 1)}
    files[1].features[:, 3, :] = 0.0
    files[1].features[~files[1].heldout, 0, 0] = 2.0  # varies on held-out rows only
    entry = describe_networks(files)
    assert entry["dead_features"] == [0, WIDTH // 4 + 1]
    assert entry["features"] == WIDTH // 4
    assert (entry["checkpoints"], entry["seeds"], entry["parameters"]) == (
        [{"path": "p", "md5": "m"}] * 2,
        [[1, 2]] * 2,
        9,
    )
    assert (entry["train_accuracy"], entry["heldout_accuracy"]) == ([[0.5, 0.6]] * 2, [[0.4, 0.5]] * 2)
    assert "early" not in entry


def test_training_is_described_by_means_over_the_networks_of_a_replicate():
    metadata = {
        "checkpoint": {"path": "p", "md5": "m"}, "seeds": [1, 2], "parameters": 9, "environment": {"device": "CPU"},
        "train_accuracy": [0.5, 0.6], "heldout_accuracy": [0.4, 0.5],
        "history": {"loss": [[3.0, 1.0], [1.0, 0.0]], "accuracy": [[0.25, 0.5], [0.5, 1.0]]},
    }  # fmt: skip
    other = {**metadata, "history": {"loss": [[4.0, 2.0], [2.0, 1.0]], "accuracy": [[0.0, 0.0], [1.0, 1.0]]}}
    files = {r: replace(world(seed=r)[QUARTER], metadata=m) for r, m in enumerate((metadata, other))}
    assert describe_networks(files)["history"] == {
        "loss": [[2.0, 0.5], [3.0, 1.5]],
        "accuracy": [[0.375, 0.75], [0.0, 1.0]],
    }


def test_the_wide_network_early_in_training_is_described_apart():
    metadata = {
        "checkpoint": {"path": "p", "md5": "m"}, "seeds": [1, 2, 2], "parameters": 9, "environment": {"device": "CPU"},
        "train_accuracy": [0.9, 0.8, 0.5], "heldout_accuracy": [0.7, 0.6, 0.4],
    }  # fmt: skip
    file = replace(world()[ONE], metadata=metadata)
    file.features[:, 2, :] = 0.0
    entry = describe_networks({0: file})
    assert (entry["train_accuracy"], entry["heldout_accuracy"]) == ([[0.9, 0.8]], [[0.7, 0.6]])
    assert entry["early"] == {"epochs": [4], "train_accuracy": [[0.5]], "heldout_accuracy": [[0.4]]}
    assert entry["dead_features"] == [0]
    assert (entry["seeds"], entry["environment"]) == ([[1, 2]], [{"device": "CPU"}])
