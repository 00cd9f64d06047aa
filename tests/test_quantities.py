from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overparam.study.feature_blocks import M_1, M_1_PRIME, PLANTED, R, S, S_prime
from overparam.study.quantities import FP, FSE, Contrast

PROPERTY = settings(max_examples=30, deadline=None, derandomize=True)
names = st.sampled_from(["a", "b", "c", "d"])
weights = st.floats(-8, 8).map(lambda x: round(x * 8) / 8)  # exact in binary, so that arithmetic is
contrasts = st.dictionaries(names, weights).map(Contrast)
HALF = Fraction(1, 2)


def value(contrast, quantities):
    return sum(weight * quantities[name] for name, weight in contrast.weights.items())


@PROPERTY
@given(contrasts, contrasts, weights, st.fixed_dictionaries(dict.fromkeys("abcd", weights)))
def test_evaluating_a_contrast_is_linear(x, y, factor, quantities):
    assert value(x + y, quantities) == value(x, quantities) + value(y, quantities)
    assert value(x - y, quantities) == value(x, quantities) - value(y, quantities)
    assert value(factor * x, quantities) == factor * value(x, quantities)


@PROPERTY
@given(contrasts, contrasts)
def test_sums_name_each_quantity_once_and_leave_their_terms_as_they_were(x, y):
    before = dict(x.weights), dict(y.weights)
    total = x + y
    assert list(total.weights) == list(dict.fromkeys([*x.weights, *y.weights]))
    assert (dict(x.weights), dict(y.weights)) == before
    assert set((x - x).weights.values()) <= {0.0}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (S(HALF), "S_1/2"),
        (S_prime(Fraction(1, 16)), "S_1/16′"),
        (R(S(HALF), M_1), "R(S_1/2→M_1)"),
        (M_1_PRIME, "M_1′"),
    ],
)
def test_blocks_have_the_papers_names(name, text):
    assert str(name) == text


@pytest.mark.parametrize(
    ("contrast", "text"),
    [
        (FSE(S(HALF), M_1), "FSE(S_1/2→M_1)"),
        (FSE(M_1, S_prime(HALF)), "FSE(M_1→S_1/2′)"),
        (FP(M_1), "FP(M_1)"),
        (FP(M_1, R(M_1, S(HALF))), "FP(M_1, R(M_1→S_1/2))"),
        (FP(M_1, PLANTED), "FP(M_1, planted labels)"),
    ],
)
def test_a_quantity_is_a_contrast_of_weight_one(contrast, text):
    assert contrast.by_name == {text: 1.0}
    assert str(contrast) == text


def test_a_contrast_reads_like_its_formula():
    assert str(FSE(S(HALF), M_1) - FSE(M_1_PRIME, M_1)) == "FSE(S_1/2→M_1) − FSE(M_1′→M_1)"
    assert str(-1.0 * FP(M_1) + 0.5 * FP(S(HALF))) == "− FP(M_1) + 0.5·FP(S_1/2)"


def test_every_block_and_quantity_has_its_own_name():
    alphas = [Fraction(1, k) for k in (2, 4, 8, 16)]
    blocks = [M_1, M_1_PRIME, PLANTED, *map(S, alphas), *map(S_prime, alphas)]
    pairs = [(a, b) for a in blocks for b in blocks]
    found = [str(FSE(*pair)) for pair in pairs] + [str(FP(*pair)) for pair in pairs] + [str(R(*pair)) for pair in pairs]
    assert len(set(map(str, blocks))) == len(set(blocks)) == len(blocks)
    assert len(set(found)) == len(found)
