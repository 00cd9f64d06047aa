"""How fast the parts are that were written for speed, each beside its peer in the same run.

Run with `pytest tests/benchmarks --benchmark-enable`; without it each runs once, as a test that it runs.
"""

from fractions import Fraction

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, RidgeCV

from overparam.metrics.blocks import Blocks
from overparam.metrics.definitions import ridge_regression
from overparam.metrics.probe_penalty import CURVE_TOLERANCE
from overparam.metrics.probe_penalty import PENALTIES as GRID
from overparam.metrics.probes import ProbeFits
from overparam.metrics.ridge import PENALTIES
from overparam.networks.ensemble import initialise
from overparam.networks.layers import Convolution
from overparam.networks.registry import build

MEMBERS = 8


@pytest.fixture(scope="module")
def blocks():
    rng = np.random.default_rng(0)
    source = rng.normal(size=(4000, 128)) * np.logspace(0, -2, 128)
    target = source @ rng.normal(size=(128, 128)) + 0.1 * rng.normal(size=(4000, 128))
    labels = target[:, :10].argmax(axis=1)
    return Blocks({"A": source, "B": target}, np.arange(4000), labels, np.arange(4000) >= 3000)


@pytest.mark.benchmark(group="ridge path with cross-validation, 128 to 128 features")
def test_ridge_from_moments(benchmark, blocks):
    assert benchmark(lambda: ridge_regression(blocks, "A", "B").penalty) > 0


@pytest.mark.benchmark(group="ridge path with cross-validation, 128 to 128 features")
def test_ridge_of_scikit_learn(benchmark, blocks):
    fit = ~blocks.heldout
    scale = np.square(blocks["A"][fit] - blocks["A"][fit].mean(axis=0)).sum() / 128
    assert benchmark(lambda: RidgeCV(PENALTIES * scale, cv=5).fit(blocks["A"][fit], blocks["B"][fit]).alpha_) > 0


@pytest.mark.benchmark(group="probe, 128 features, 10 classes")
def test_probe(benchmark, blocks):
    fit = ~blocks.heldout
    assert benchmark(lambda: ProbeFits(blocks["A"][fit], blocks.labels[fit], 10).at(1.0)[0]).penalty == 1.0


@pytest.mark.benchmark(group="probe, 128 features, 10 classes")
def test_probe_of_scikit_learn(benchmark, blocks):
    fit = ~blocks.heldout
    regression = LogisticRegression(C=1.0, max_iter=5000)
    assert benchmark(lambda: regression.fit(blocks["A"][fit], blocks.labels[fit])).C == 1.0


@pytest.fixture(scope="module")
def separable():
    """Features and labels of ten classes that weak penalties all but separate, as they do those of real networks."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 2000)
    centres = rng.normal(size=(10, 100))
    return 0.4 * centres[labels] + rng.normal(size=(2000, 100)) * np.logspace(0.5, -1, 100), labels


@pytest.mark.benchmark(group="walk over the grid of penalties, 100 features, 10 classes")
def test_walk_of_a_probe(benchmark, separable):
    def walk():
        fit = ProbeFits(*separable, 10)
        return [fit.at(penalty, tolerance=CURVE_TOLERANCE) for penalty in GRID]

    assert len(benchmark(walk)) == len(GRID)


@pytest.mark.benchmark(group="walk over the grid of penalties, 100 features, 10 classes")
def test_walk_of_scikit_learn(benchmark, separable):
    regression = LogisticRegression(solver="newton-cholesky", warm_start=True, tol=1e-6, max_iter=5000)

    def walk():
        return [regression.set_params(C=1 / penalty).fit(*separable) for penalty in GRID]

    assert len(benchmark(walk)) == len(GRID)


def networks(members):
    network = build("resnet18", Fraction(1, MEMBERS), members, base_width=16, channels=1, classes=10)
    initialise(network, list(range(members)))
    return network.to(memory_format=torch.channels_last)


def step(network, images):
    network(images).square().mean().backward()


@pytest.mark.benchmark(group=f"training step of {MEMBERS} narrow networks")
def test_members_together(benchmark):
    network, images = networks(MEMBERS), torch.randn(MEMBERS, 50, 1, 8, 8)
    benchmark(step, network, images)


@pytest.mark.benchmark(group=f"training step of {MEMBERS} narrow networks")
def test_members_one_after_the_other(benchmark):
    singles, images = [networks(1) for _ in range(MEMBERS)], torch.randn(1, 50, 1, 8, 8)
    benchmark(lambda: [step(network, images) for network in singles])


def convolve(layer, maps):
    layer(maps).sum().backward()


@pytest.mark.benchmark(group="convolution of 16 members of 2 channels, bfloat16")
@pytest.mark.parametrize("packed", [True, False], ids=["packed into full groups", "a group a member"])
def test_convolution(benchmark, packed):
    layer = Convolution(16, 2, 2, kernel=3) if packed else torch.nn.Conv2d(32, 32, 3, padding=1, groups=16, bias=False)
    torch.nn.init.normal_(layer.weight)
    maps = torch.randn(125, 32, 32, 32, dtype=torch.bfloat16).contiguous(memory_format=torch.channels_last)
    benchmark(convolve, layer.bfloat16().to(memory_format=torch.channels_last), maps.requires_grad_())
