"""The toy setting: its networks learn as autograd says, its claims are judged as the margins say."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from overparam.errors import ArtifactError, MeasurementError, SpecError
from overparam.io.progress import silent
from overparam.pipeline.evidence import NoEvidence
from overparam.pipeline.toy import gather_toy, record_path, run_toy
from overparam.toy import measurement
from overparam.toy.record import Activated, BestAlignment, ToyRecord, read_toy_record, write_toy_record
from overparam.toy.simulation import _descend, draw_inputs, seed_generators, train_networks
from overparam.toy.spec import read_toy
from overparam.verdicts.judge import judge
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.registry import OF_THE_TOY

ROOT = Path(__file__).parent.parent
ONE, NARROW = Fraction(1), Fraction(1, 300)
SPEC = read_toy(ROOT / "params.yaml")
TINY = replace(
    SPEC,
    neurons=12,
    alphas=(ONE, Fraction(1, 6)),
    seeds=2,
    steps=40,
    batch_size=16,
    initial_scale=0.1,
    spans=replace(SPEC.spans, examples=300),
    controls=replace(SPEC.controls, changes={"no product": {"product": 0.0}, "longer": {"steps": 50}}),
    phase=replace(SPEC.phase, networks=3),
)
MARGINS = load_preregistration()


@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("width", [1, 3, 12])
def test_a_step_goes_down_the_gradient_of_every_networks_own_error(width, biases):
    spec = replace(TINY, biases=biases)
    generators = seed_generators(spec, "test")
    inputs, targets = draw_inputs(spec, generators, 16)
    first = torch.randn(2, inputs.shape[2], 12, generator=generators[0]).requires_grad_()
    second = torch.randn(2, 12, generator=generators[0]).requires_grad_()
    hidden = torch.relu(inputs @ first)
    outputs = (hidden * second[:, None]).unflatten(-1, (-1, width)).sum(-1)
    (0.5 * (outputs - targets[..., None]).square().mean(1)).sum().backward()
    moved = [parameter.detach().clone() for parameter in (first, second)]
    _descend(spec, *moved, width, inputs, targets)
    for before, after in zip((first, second), moved, strict=True):
        torch.testing.assert_close(after, before.detach() - spec.learning_rate * before.grad, rtol=1e-4, atol=1e-5)


def test_the_same_spec_gives_the_same_networks_and_a_seed_does_not_depend_on_the_others():
    first, again = (train_networks(TINY, ONE) for _ in range(2))
    assert torch.equal(first.first, again.first)
    assert all(np.array_equal(first.alignment[plane], again.alignment[plane]) for plane in first.alignment)
    alone = train_networks(replace(TINY, seeds=1), ONE)
    torch.testing.assert_close(alone.first[0], first.first[0], rtol=1e-4, atol=1e-6)
    assert not torch.allclose(first.first[0], first.first[1])


def test_alignment_is_the_length_of_the_projection_on_the_signals_plane():
    networks = train_networks(TINY, Fraction(1, 6))
    weights = networks.first[:, :20].numpy()
    for plane, axes in (("addition", [0, 1]), ("product", [2, 3])):
        expected = np.linalg.norm(weights[:, axes], axis=1) / np.linalg.norm(weights, axis=1)
        np.testing.assert_allclose(networks.alignment[plane][-1], expected, rtol=1e-5)
    assert networks.steps.tolist()[0] == 0
    assert networks.steps[-1] == TINY.steps


def test_targets_are_the_sum_and_the_product_of_the_signals():
    inputs, targets = draw_inputs(replace(TINY, product=3.0), seed_generators(TINY, "t"), 5)
    x = inputs.numpy()
    np.testing.assert_allclose(targets, x[..., 0] + x[..., 1] + 3 * x[..., 2] * x[..., 3], rtol=1e-5)
    assert (x[..., -1] == 1).all()


def test_networks_that_diverge_are_refused_in_a_sentence():
    with pytest.raises(MeasurementError, match="toy networks of α = 1 diverged: lower toy.learning_rate"):
        train_networks(replace(TINY, learning_rate=100.0), ONE)


def record(shares, best=0.99, rise=0.3, spec=SPEC, controls=None):
    """A record in which ``shares[plane, alpha]`` of the neurons are activated; by threshold, or at every one."""
    quantities = {}
    for (plane, alpha), share in shares.items():
        for place, threshold in enumerate(spec.thresholds):
            level = share[place] if isinstance(share, list) else share
            quantities[str(Activated(plane, alpha, threshold))] = [level, level + 1e-4, level]
        quantities[str(BestAlignment(plane, alpha))] = [best] * 3
        quantities[str(BestAlignment(plane, alpha, rise=True))] = [rise] * 3
    ran = {"alphas": ["1", "1/300"], "thresholds": list(spec.thresholds), "threshold": spec.threshold}
    ran |= {"neurons": spec.neurons}
    return ToyRecord("key", ran, {}, quantities, controls or {}, {})


def judged(claim, toy_record, alpha):
    return judge(OF_THE_TOY[claim], toy_record, alpha, MARGINS, evidence="record")


def verdict(claim, toy_record, alpha):
    return judged(claim, toy_record, alpha).verdict


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        (0.1, 0.0, "holds"),
        (0.1, 0.3, "refuted"),
        (0.0, 0.0, "refuted"),  # nothing to lose, so nothing collapses
        ([0.1, 0.1, 0.1, 0.0], 0.0, "inconclusive"),
        (0.1, [0.3, 0.0, 0.0, 0.0], "inconclusive"),
    ],
)
def test_collapse_asks_that_the_wide_network_has_what_the_narrow_ones_lose(wide, narrow, expected):
    shares = {("product", ONE): wide, ("product", NARROW): narrow}
    assert verdict("toy-collapse", record(shares), NARROW) == expected


@pytest.mark.parametrize(("wide", "expected"), [(0.0, "holds"), (0.1, "refuted"), (0.01, "inconclusive")])
def test_without_a_product_a_collapse_must_be_refuted(wide, expected):
    without = record({("product", ONE): wide, ("product", NARROW): 0.0})
    with_product = record({}, controls={"no product": without.quantities})
    found = judged("toy-collapse-needs-product", with_product, NARROW)
    assert found.verdict == expected
    collapse = judged("toy-collapse", without, NARROW)
    assert (found.p_value, found.p_value_against) == (collapse.p_value_against, collapse.p_value)
    with pytest.raises(ArtifactError, match="has no control 'no product': run `overparam toy` again"):
        verdict("toy-collapse-needs-product", without, NARROW)


def test_for_the_claims_alone_only_the_control_that_they_need_is_run(tmp_path):
    steps = []
    made = run_toy(TINY, record_path(tmp_path), silent(), claims_only=True)
    assert (set(made.controls), made.more) == ({"no product"}, {})
    assert not any(name.startswith("FSE") for name in made.quantities)
    total = measurement.total_steps(TINY, TINY.controls.changes, phase=True)
    measurement.measure_claims(TINY, advance=steps.append)
    measurement.measure_controls(TINY, TINY.controls.changes, advance=steps.append)
    measurement.phase_diagram(TINY, advance=steps.append)
    assert sum(steps) == total


@pytest.mark.parametrize(("share", "expected"), [(0.1, "holds"), (0.0, "refuted"), (0.01, "inconclusive")])
def test_addition_asks_for_a_share_of_the_neurons(share, expected):
    assert verdict("toy-addition", record({("addition", ONE): share}), ONE) == expected


@pytest.mark.parametrize(
    ("best", "rise", "expected"), [(0.99, 0.3, "holds"), (0.9, 0.3, "refuted"), (0.99, -0.1, "refuted")]
)
def test_alignment_asks_for_a_rise_to_about_one(best, rise, expected):
    shares = {("addition", ONE): 0.1, ("product", ONE): 0.1}
    assert verdict("toy-alignment", record(shares, best, rise), ONE) == expected


def test_a_whole_run_measures_everything_and_is_found_again(tmp_path, monkeypatch):
    path = record_path(tmp_path)
    made = run_toy(TINY, path, silent())
    assert read_toy_record(path).quantities == made.quantities
    assert set(made.more) == {"trajectories", "phase"}
    assert set(made.controls) == {"no product", "longer"}
    assert np.shape(made.more["phase"]["learned"]) == (len(TINY.phase.neurons), len(TINY.phase.products))
    assert np.shape(made.more["trajectories"]["curves"]["1/6"]["product"]["activated"]) == (41, 2)
    assert {"FSE(S_1/6→M_1)", "FSE(S_1/6→y)", "FSE(M_1→y)"} <= set(made.quantities)
    assert all(len(values) == TINY.seeds for values in made.quantities.values())
    monkeypatch.setattr(measurement, "measure_claims", None)  # nothing is trained again
    assert run_toy(TINY, path, silent()).quantities == made.quantities


def test_an_edited_record_is_refused(tmp_path):
    path = tmp_path / "toy.json"
    write_toy_record(path, record({("addition", ONE): 0.1}))
    path.write_text(path.read_text().replace("0.1", "0.2", 1))
    with pytest.raises(ArtifactError, match="damaged or was edited .*: restore it with git"):
        read_toy_record(path)
    with pytest.raises(ArtifactError, match="there is no record .*: make it with `overparam toy`"):
        read_toy_record(tmp_path / "nothing.json")
    with pytest.raises(ArtifactError, match="has not measured neurons of M_1 activated by the product above 0.9"):
        verdict("toy-collapse", record({("product", NARROW): 0.0}), NARROW)


@pytest.mark.parametrize(
    ("level", "message"),
    [("checkpoint", "keeps no checkpoints"), ("record", "has no record: make it with `overparam toy`")],
)
def test_without_evidence_the_remedy_is_named(tmp_path, level, message):
    with pytest.raises(NoEvidence, match=message):
        gather_toy(TINY, level, tmp_path, silent)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dimensions": 3}, "dimensions must be at least 4"),
        ({"neurons": 100}, "neurons 100 times α = 1/3, 1/120, 1/200, 1/300 is no whole number"),
        ({"alphas": ["1_2"]}, "alphas must contain 1"),
        ({"alphas": 3}, "toy in params.yaml: alphas must be a list, not 3"),
        ({"seeds": 0}, "must be at least 1"),
        ({"steps": 1.5}, "steps must be a whole number, not 1.5"),
        ({"learning_rate": 0.0}, "must be positive"),
        ({"threshold": 0.7}, "threshold among them"),
        ({"thresholds": [0.9, 1.0]}, r"thresholds must lie in \(0, 1\)"),
        ({"seeds": True}, "seeds must be a whole number, not True"),
        ({"product": float("nan")}, "product must be a finite number, not nan"),
        ({"product": "1.0"}, "product must be a finite number, not '1.0'"),
        ({"biases": 1}, "biases must be true or false, not 1"),
        ({"spans": []}, r"toy in params.yaml: spans must be a section, not \[\]"),
        ({"alphas": ["1", "1e-99999999"]}, "toy in params.yaml: width factor '1e-99999999' is not a fraction"),
        ({"controls": {"seeds": 2, "changes": []}}, r"controls.changes must be a section, not \[\]"),
        (
            {"controls": {"seeds": 2, "changes": {"no product": {"product": 0.0}, "slow": {"steps": 0}}}},
            "control 'slow' of toy in params.yaml: steps must be at least 1, not 0",
        ),
        ({"phase": {"neurons": [1, 0.5], "products": [1.0], "networks": 3}}, "phase.neurons.1 must be a whole number"),
        ({"depth": 2}, "toy in params.yaml has unknown depth"),
        ({"spans": {"examples": 3, "penalty": 1e-6}}, "toy in params.yaml: spans.examples must be at least 4, not 3"),
        ({"spans": {"examples": 300}}, "toy in params.yaml: spans lacks penalty"),
        ({"controls": {"seeds": 2, "changes": {}}}, "controls must have one named 'no product'"),
        (
            {"phase": {"neurons": [], "products": [1.0], "networks": 3}},
            "toy in params.yaml: phase.neurons must have an entry",
        ),
    ],
)
def test_a_toy_that_cannot_be_run_is_refused_in_a_sentence(tmp_path, change, message):
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["toy"] |= change
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(params), encoding="utf-8")
    with pytest.raises(SpecError, match=message):
        read_toy(path)


def test_the_least_toy_has_two_neurons_a_network():
    assert SPEC.width(min(SPEC.alphas)) == 2


def test_a_control_of_an_entry_that_there_is_not_is_refused():
    spec = replace(SPEC, controls=replace(SPEC.controls, changes={"no product": {"products": 0.0}}))
    with pytest.raises(SpecError, match="control 'no product' of toy in params.yaml has unknown products"):
        spec.changed("no product")
