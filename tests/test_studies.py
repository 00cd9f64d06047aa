import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overparam.config.studies import StudySpec, alpha_label, load_config, parse_alpha
from overparam.errors import SpecError

PROPERTY = settings(max_examples=30, deadline=None, derandomize=True)
CONFIG = load_config(Path(__file__).parent.parent / "params.yaml")


@PROPERTY
@given(st.integers(1, 10**6), st.sampled_from(["/", "_"]))
def test_a_width_factor_is_read_back_from_its_label(k, bar):
    alpha = Fraction(1, k)
    assert parse_alpha(alpha_label(alpha)) == alpha
    assert parse_alpha(f" 1{bar}{k} ") == alpha
    assert parse_alpha(str(alpha)) == alpha
    assert re.fullmatch(r"1(_\d+)?", alpha_label(alpha))


@PROPERTY
@given(st.fractions().filter(lambda x: x <= 0 or x.numerator != 1 or x > 1))
def test_no_other_number_is_a_width_factor(number):
    with pytest.raises(SpecError, match=r"must be 1 or 1/k for a whole number k"):
        parse_alpha(str(number))


@pytest.mark.parametrize(
    "text", ["", "half", "1/0", "1_0", "1/", "1/2/3", "nan", "inf", "1 / 2", "½", "1e-2", "1e-99999999", "0x10"]
)
def test_what_is_no_fraction_is_refused_with_how_to_write_it(text):
    with pytest.raises(SpecError, match=re.escape(f"width factor {text!r} is not a fraction: write it as 1/16")):
        parse_alpha(text)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: CONFIG.study("mnist", "resnet18"), "there is no task 'mnist': params.yaml has mosaics, nli"),
        (lambda: CONFIG.study("mosaics", "lenet"), "no architecture 'lenet': it has resnet18, vgg16"),
        (lambda: CONFIG.study("mosaics", "resnet18", "tiny"), "there is no scale 'tiny': params.yaml has smoke"),
        (
            lambda: CONFIG.study("mosaics", "resnet18", "paper"),
            "scale paper does not run task mosaics: it runs cifar, mnli",
        ),
        (lambda: CONFIG.studies("tiny"), "there is no scale 'tiny'"),
        (
            lambda: smoke().check_ensemble(Fraction(1, 3), 0),
            "mosaics at scale smoke has no α = 1/3: it has 1, 1/4",
        ),
        (
            lambda: smoke().check_ensemble(Fraction(1), 9),
            "mosaics at scale smoke has no replicate 9: it has 0, 1",
        ),
    ],
)
def test_what_params_does_not_bring_together_is_refused_with_what_there_is(ask, message):
    with pytest.raises(SpecError, match=re.escape(message)):
        ask()


def smoke() -> StudySpec:
    return CONFIG.study("mosaics", "resnet18")


def test_a_study_is_at_its_tasks_default_scale_unless_another_is_named():
    assert smoke().scale == CONFIG.scales["smoke"]["mosaics"]
    assert CONFIG.study("cifar", "resnet18", "pilot").scale == CONFIG.scales["pilot"]["cifar"]
    smoke().check_ensemble(Fraction(1, 4), 2)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"name": "other", "quick": False, "fit_examples": 10, "replicates": (0,)}, True),
        ({"base_width": 32}, False),
        ({"train_examples": 100}, False),
        ({"dtype": "float16"}, False),
        ({"train": replace(CONFIG.scales["smoke"]["mosaics"].train, epochs=11)}, False),
        ({"members": {**CONFIG.scales["smoke"]["mosaics"].members, Fraction(1, 4): 9}}, False),
        ({"members": {**CONFIG.scales["smoke"]["mosaics"].members, Fraction(1, 8): 17}}, True),
    ],
)
def test_weights_depend_on_what_their_identity_names_and_on_nothing_else(change, same):
    study = smoke()
    other = replace(study, scale=replace(study.scale, **change))
    quarter = Fraction(1, 4)
    assert (other.training_identity(quarter, 0) == study.training_identity(quarter, 0)) == same
    assert study.training_identity(quarter, 0) != study.training_identity(quarter, 1)
