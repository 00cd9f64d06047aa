from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from features import HALF, MEMBERS, ONE, QUARTER, WIDTH, file_of, world

from overparam.errors import MeasurementError
from overparam.study.feature_blocks import M_1, M_1_PRIME, Early, S, S_matched, S_prime
from overparam.study.layout import Replicate, check_distinct, check_same_examples


def test_the_first_members_make_the_concatenation_and_the_next_as_many_are_held_out_of_it():
    files = world()
    replicate = Replicate.of(files)
    assert replicate.alphas == (HALF, QUARTER)
    blocks = replicate.blocks
    assert set(blocks.arrays) == {
        *(M_1, M_1_PRIME, Early(4)),
        *(S(HALF), S_prime(HALF), S_matched(HALF)),
        *(S(QUARTER), S_prime(QUARTER)),
    }
    assert replicate.early_epochs == (4,)
    np.testing.assert_array_equal(blocks[Early(4)], files[ONE].features[:, 2])
    np.testing.assert_array_equal(blocks[S_matched(HALF)], np.hstack([blocks[S(HALF)], blocks[S_prime(HALF)]]))
    np.testing.assert_array_equal(blocks[M_1], files[ONE].features[:, 0])
    np.testing.assert_array_equal(blocks[M_1_PRIME], files[ONE].features[:, 1])
    for alpha in (HALF, QUARTER):
        U, members = alpha.denominator, files[alpha].features
        np.testing.assert_array_equal(blocks[S(alpha)], np.hstack([members[:, k] for k in range(U)]))
        np.testing.assert_array_equal(blocks[S_prime(alpha)], np.hstack([members[:, k] for k in range(U, 2 * U)]))
        assert blocks[S(alpha)].shape == blocks[M_1].shape
    for name in ("ids", "labels", "heldout"):
        np.testing.assert_array_equal(getattr(blocks, name), getattr(files[ONE], name))


@pytest.mark.parametrize("members", [8, 15, 16, 20])
def test_further_members_make_a_concatenation_with_the_parameters_of_the_wide_network(members):
    files = world()
    many = np.random.default_rng(0).standard_normal((len(files[ONE].ids), members, WIDTH // 4))
    blocks = Replicate.of({**files, QUARTER: file_of(many)}).blocks
    np.testing.assert_array_equal(blocks[S_prime(QUARTER)], many[:, 4:8].reshape(len(many), -1))
    assert (S_matched(QUARTER) in blocks.arrays) == (members >= 16)
    if members >= 16:
        np.testing.assert_array_equal(blocks[S_matched(QUARTER)], many[:, :16].reshape(len(many), -1))


def backwards(values):
    return values[::-1].copy()


@pytest.mark.parametrize("alpha", [HALF, QUARTER])
@pytest.mark.parametrize(
    ("name", "change"),
    [("ids", backwards), ("ids", lambda ids: ids[:-1]), ("labels", backwards), ("heldout", np.logical_not)],
)
def test_rows_that_are_not_aligned_are_refused(alpha, name, change):
    files = world()
    files[alpha] = replace(files[alpha], **{name: change(getattr(files[alpha], name))})
    message = rf"α = {alpha} are of other examples than those of α = 1, or in another order \({name} differ\)"
    with pytest.raises(MeasurementError, match=message):
        Replicate.of(files)


@pytest.mark.parametrize("alpha", [HALF, QUARTER])
def test_a_concatenation_with_half_the_features_is_refused(alpha):
    files = world()
    half = files[alpha].features[:, :, ::2]
    files[alpha] = replace(files[alpha], features=half)
    message = f"S_{alpha} has {alpha.denominator} × {half.shape[2]} features where M_1 has {WIDTH}: .* equal numbers"
    with pytest.raises(MeasurementError, match=message):
        Replicate.of(files)


@pytest.mark.parametrize("members", [2, 4, 7])
def test_too_few_members_for_a_concatenation_and_a_target_are_refused(members):
    files = world()
    files[QUARTER] = replace(files[QUARTER], features=files[QUARTER].features[:, :members])
    with pytest.raises(MeasurementError, match=f"α = 1/4 has {members} networks where 8 are needed, half of them held"):
        Replicate.of(files)


def digests(alpha: Fraction, replicate: int) -> list[str]:
    return [f"{alpha}-{replicate}-{k}" for k in range(MEMBERS[alpha])]


@pytest.mark.parametrize(
    ("to", "source", "message"),
    [
        (("1/4-r0", 5), ("1/4-r0", 1), "member 5 of 1/4-r0 has the very weights of member 1 of 1/4-r0"),
        (("1-r1", 0), ("1-r0", 0), "member 0 of 1-r1 has the very weights of member 0 of 1-r0"),
        (("1-r0", 1), ("1-r0", 0), "member 1 of 1-r0 has the very weights of member 0 of 1-r0"),
        (("1/4-r1", 7), ("1/2-r0", 3), "member 7 of 1/4-r1 has the very weights of member 3 of 1/2-r0"),
    ],
)
def test_the_same_weights_twice_are_refused_wherever_they_stand(to, source, message):
    study = {f"{alpha}-r{r}": digests(alpha, r) for r in (0, 1) for alpha in (ONE, HALF, QUARTER)}
    check_distinct(study)
    study[to[0]][to[1]] = study[source[0]][source[1]]
    with pytest.raises(MeasurementError, match=f"{message}: train it from its own seed"):
        check_distinct(study)


def test_one_replicate_copied_is_refused():
    study = {f"1-r{r}": digests(ONE, 0) for r in (0, 1, 2)}
    with pytest.raises(MeasurementError, match="member 0 of 1-r1 has the very weights of member 0 of 1-r0"):
        check_distinct(study)


def with_ids(change) -> Replicate:
    return Replicate.of({alpha: replace(file, ids=change(file.ids)) for alpha, file in world(seed=1).items()})


@pytest.mark.parametrize("change", [lambda ids: ids + 1, backwards])
def test_replicates_on_other_examples_or_in_another_order_are_refused(change):
    first = Replicate.of(world())
    check_same_examples({0: first, 1: with_ids(lambda ids: ids)})
    check_same_examples({0: first})
    for place in (1, 2):
        others = {1: with_ids(lambda ids: ids), 2: with_ids(lambda ids: ids), place: with_ids(change)}
        with pytest.raises(MeasurementError, match="replicates are measured on different examples"):
            check_same_examples({0: first, **others})


@pytest.mark.parametrize("lacking", [ONE, HALF])
def test_replicates_with_other_networks_are_refused(lacking):
    files = world(seed=1)
    fewer = 2 if lacking == ONE else 0  # without M_1′ early in training, or without one of the widths
    files = {a: f for a, f in files.items() if a != lacking or fewer}
    if lacking == ONE:
        files[ONE] = replace(files[ONE], features=files[ONE].features[:, :2], epochs=files[ONE].epochs[:2])
    with pytest.raises(MeasurementError, match="replicates have different networks"):
        check_same_examples({0: Replicate.of(world()), 1: Replicate.of(files)})
