import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import ALPHAS, HALF, ONE, QUARTER, sample_of, synthetic_record

from overparam.errors import ArtifactError
from overparam.io.files import digest_json, write_json
from overparam.metrics.penalties import PenaltyChoice
from overparam.metrics.stats import Effect
from overparam.study.feature_blocks import M_1, M_1_PRIME, PLANTED, S
from overparam.study.quantities import FP, FSE, Contrast
from overparam.study.record import PENALTY_FACTORS, read_record, write_record

PROPERTY = settings(max_examples=20, deadline=None, derandomize=True)


def contributions(seed: int, replicates: int = 3, quantities: int = 4, examples: int = 30) -> np.ndarray:
    """(penalty factors, replicates, quantities, examples), correlated through the examples."""
    rng = np.random.default_rng(seed)
    own = rng.standard_normal((len(PENALTY_FACTORS), replicates, quantities, examples))
    return own + rng.standard_normal(examples) + rng.standard_normal((replicates, 1, 1))


@PROPERTY
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.floats(-2, 2), min_size=4, max_size=4),
    st.sampled_from(PENALTY_FACTORS),
    st.integers(1, 4),
)
def test_the_effect_of_a_contrast_is_that_of_its_contributions(seed, weights, factor, replicates):
    psi = contributions(seed, replicates)
    expected = Effect.of(np.einsum("q,rqn->rn", weights, psi[PENALTY_FACTORS.index(factor)]))
    sample = sample_of(psi, ("a", "b", "c", "d"))
    named = dict(zip("dcba", weights[::-1], strict=True))  # by name, not by order
    effect = sample.effect(Contrast(named), factor)
    np.testing.assert_allclose(effect.values, expected.values, atol=1e-10)
    np.testing.assert_allclose(effect.shared, expected.shared, atol=1e-10)
    assert effect.variance == pytest.approx(expected.variance, abs=1e-10)


def test_an_effect_is_found_in_the_sample_that_has_all_its_quantities():
    record = synthetic_record()
    gap = FSE(S(QUARTER), M_1) - FSE(M_1_PRIME, M_1)
    assert record.effect(gap).mean == pytest.approx(0.1)
    assert record.effect(FP(M_1) - FP(S(HALF))).mean == pytest.approx(0.02)
    for unknown in (FSE(M_1, M_1), FP(M_1) - FSE(M_1_PRIME, M_1)):
        with pytest.raises(ArtifactError, match=r"digits-resnet18 at scale smoke has not measured") as caught:
            record.effect(unknown)
        assert str(caught.value).endswith(str(unknown))


def test_a_record_knows_its_widths_and_how_well_they_fit():
    record = synthetic_record(train_accuracy={HALF: 0.75})
    assert record.narrow_alphas == ALPHAS[1:]
    assert (record.train_accuracy(ONE), record.train_accuracy(HALF)) == (1.0, 0.75)


def test_a_record_reads_back_as_it_was_written(tmp_path):
    record = synthetic_record()
    sample = sample_of(contributions(3, replicates=5, quantities=2), ("a", "b"))
    record = replace(record, samples={**record.samples, "another": sample})
    path = tmp_path / "new" / "record.json"
    write_record(path, record)
    again = read_record(path)
    assert replace(again, samples={}) == replace(record, samples={})
    for name, sample in record.samples.items():
        assert again.samples[name].quantities == sample.quantities
        np.testing.assert_array_equal(again.samples[name].values, sample.values)
        np.testing.assert_allclose(again.samples[name].shared, sample.shared, rtol=1e-5, atol=1e-300)
        np.testing.assert_array_equal(again.samples[name].shared, again.samples[name].shared.transpose(0, 2, 1))
    first = path.read_bytes()
    write_record(path, again)
    assert path.read_bytes() == first


CURVED = {
    str(FSE(M_1, M_1_PRIME)): {
        "ridge": [
            PenaltyChoice(1e-8, "falling", (1e-8, 1e-7), (1.23456e-15, 0.3)),
            PenaltyChoice(1e-7, "flat", (1e-8, 1e-7), (0.25, 0.2)),
        ]
    },
    str(FP(S(HALF), M_1)): {
        "ridge": [PenaltyChoice(1e-7, "inside", (1e-8, 1e-7), (0.4, 0.1))] * 2,
        "probe": [
            PenaltyChoice(1e4, "flat", (1e4, 1.0, 1e-4), (0.5, 0.6, 12.5)),
            PenaltyChoice(1.0, "inside", (1e4, 1.0, 1e-4), (0.9, 0.6, 0.7)),
        ],
    },
}


def test_curves_and_edges_read_back_as_they_were_written_to_six_digits(tmp_path):
    path = tmp_path / "record.json"
    record = replace(synthetic_record(), penalties=CURVED)
    write_record(path, record)
    assert read_record(path).penalties == CURVED
    (choice, *_) = CURVED[str(FSE(M_1, M_1_PRIME))]["ridge"]
    finer = replace(choice, losses=(1.23456e-15, 0.2999999999))
    write_record(path, replace(record, penalties={"a": {"ridge": [finer]}}))
    assert read_record(path).penalties == {"a": {"ridge": [choice]}}


def test_a_curve_that_ends_before_the_grid_does_keeps_the_penalties_that_it_is_of(tmp_path):
    grid = (1e2, 1e1, 1e0, 1e-1)
    whole = PenaltyChoice(1e-1, "falling", grid, (0.5, 0.4, 0.3, 0.2))
    short = PenaltyChoice(1e1, "inside", grid[:3], (0.5, 0.1, 0.9))
    penalties = {"a": {"probe": [short, whole]}, "b": {"probe": [short, short]}}
    write_record(tmp_path / "record.json", replace(synthetic_record(), penalties=penalties))
    assert read_record(tmp_path / "record.json").penalties == penalties


def of_an_older_schema(path, penalties) -> None:
    """Rewrite a record as it was written before records kept loss curves."""
    content = json.loads(path.read_text(encoding="utf-8"))
    write_json(path, sealed({**content, "schema": 3, "penalties": penalties}))


def test_a_record_of_the_older_schema_is_read_with_penalties_whose_curves_are_unknown(tmp_path):
    path = tmp_path / "record.json"
    record = synthetic_record()
    write_record(path, record)
    of_an_older_schema(path, {str(FSE(M_1_PRIME, M_1)): [1e-3, 1e-2], str(FP(M_1, PLANTED)): [1e4, 10.0]})
    again = read_record(path)
    assert again.penalties == {
        str(FSE(M_1_PRIME, M_1)): {"ridge": [PenaltyChoice(1e-3, "unknown"), PenaltyChoice(1e-2, "unknown")]},
        str(FP(M_1, PLANTED)): {"probe": [PenaltyChoice(1e4, "unknown"), PenaltyChoice(10.0, "unknown")]},
    }
    assert replace(again, penalties={}, samples={}) == replace(record, penalties={}, samples={})
    write_record(path, again)  # from then on of the newer one
    assert read_record(path).penalties == again.penalties


def test_a_record_of_controls_of_the_older_schema_is_read(tmp_path):
    path = tmp_path / "record.json"
    record = synthetic_record()
    write_record(path, replace(record, samples={"path": record.samples["span"]}))
    of_an_older_schema(path, {})
    assert read_record(path).penalties == {}


def edited(content, **changes):
    return {**content, **changes}


def sealed(content):
    content = {name: value for name, value in content.items() if name != "sha256"}
    return {**content, "sha256": digest_json(content)}


def without(content, name):
    return {key: value for key, value in content.items() if key != name}


def without_edges(content):
    for choices in content["penalties"]["chosen"].values():
        for chosen in choices.values():
            chosen["edge"].pop()
    return content


def without_grids(content):
    return {**content, "penalties": {**content["penalties"], "grids": {}}}


DAMAGES = {
    "an edited number": lambda text: text.replace('"epochs": 10', '"epochs": 11').encode(),
    "an edited value": lambda text: text.replace("0.2", "0.3", 1).encode(),
    "cut": lambda text: text[: len(text) // 2].encode(),
    "empty": lambda text: b"",
    "no text": lambda text: b"\xff\xfe" + text.encode(),
    "no object": lambda text: b"[1, 2]",
    "another schema": lambda text: json.dumps(sealed(edited(json.loads(text), schema=0))).encode(),
    "no seal": lambda text: json.dumps(without(json.loads(text), "sha256")).encode(),
    "a schema to come": lambda text: json.dumps(sealed(edited(json.loads(text), schema=5))).encode(),
    "no grids": lambda text: json.dumps(sealed(without_grids(json.loads(text)))).encode(),
    "a penalty without its edge": lambda text: json.dumps(sealed(without_edges(json.loads(text)))).encode(),
    "no samples": lambda text: json.dumps(sealed(without(json.loads(text), "samples"))).encode(),
    "another entry": lambda text: json.dumps(sealed(edited(json.loads(text), extra=1))).encode(),
    "a wrong kind": lambda text: json.dumps(sealed(edited(json.loads(text), networks=[]))).encode(),
}


@pytest.mark.parametrize(
    ("place", "value", "why"),
    [
        ("networks", [], "it: networks must be a section, not []"),
        ("networks.1.features", "128", "it: networks.1.features must be a whole number, not '128'"),
        ("networks.1.history.loss", [[1.0, True]], "it: networks.1.history.loss.0.1 must be a finite number, not True"),
        ("networks.1.width", 16, "it: networks.1 has unknown width"),
        ("samples.span.values", [[1.0, 2.0], [3.0]], "it: samples.span.values must be rows of rows of numbers"),
        ("samples.span.values", [[["1.0"]]], "it: samples.span.values must be rows of rows of numbers"),
        ("samples.span.values", [[[float("nan")]]], "it: samples.span.values must be rows of rows of numbers"),
        ("samples.span.shared_lower_triangle", [1.0], "shared_lower_triangle must be rows of numbers, not [1.0]"),
        ("penalties.grids.probes", [1.0], "it: penalties.grids.probes"),
        ("samples.span.shared_lower_triangle", [[1.0]], "it has covariances of shape (1, 1), not (5, "),
        ("alphas", ["1", "1e-99999999"], "it: width factor '1e-99999999' is not a fraction"),
        ("replicates", [0, 1.0], "it: replicates.1 must be a whole number, not 1.0"),
        ("schema", "4", "is refused: Input tag '4'"),
    ],
)
def test_what_is_wrong_in_a_record_is_named_by_its_place(tmp_path, monkeypatch, place, value, why):
    path = tmp_path / "record.json"
    write_record(path, synthetic_record())
    content = without(json.loads(path.read_text(encoding="utf-8")), "sha256")
    *parents, last = place.split(".")
    section = content
    for key in parents:
        section = section[key]
    section[last] = value
    monkeypatch.setattr("overparam.study.record.read_sealed", lambda *_: content)
    with pytest.raises(ArtifactError, match=f"is damaged or was edited .*{re.escape(why)}"):
        read_record(path)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_record_that_was_edited_or_damaged_is_refused_in_a_sentence(tmp_path, damage):
    path = tmp_path / "record.json"
    write_record(path, synthetic_record())
    text = path.read_text(encoding="utf-8")
    damaged = damage(text)
    assert damaged != text.encode()
    path.write_bytes(damaged)
    with pytest.raises(ArtifactError, match=r"is damaged or was edited .*: restore it with git, or measure again") as e:
        read_record(path)
    assert str(path) in str(e.value)
    assert "\n" not in str(e.value)


def test_a_missing_record_says_what_to_do(tmp_path):
    with pytest.raises(ArtifactError, match=r"there is no record .*record\.json: measure the study first"):
        read_record(tmp_path / "record.json")


def test_a_record_with_a_missing_number_is_not_written(tmp_path):
    record = synthetic_record()
    sample = replace(record.samples["span"], values=record.samples["span"].values * np.nan)
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_record(tmp_path / "record.json", replace(record, samples={"span": sample}))
    assert not list(tmp_path.iterdir())


def test_a_seal_over_the_same_content_is_accepted_however_it_is_laid_out(tmp_path):
    path = tmp_path / "record.json"
    write_record(path, synthetic_record())
    content = json.loads(path.read_text(encoding="utf-8"))
    write_json(path, dict(reversed(content.items())))
    assert read_record(path).task == "digits"
