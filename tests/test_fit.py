"""Training fit in a form in which networks can be compared."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from networks import QUARTER, tiny_data, tiny_recipe_of
from sklearn.metrics import accuracy_score, log_loss

from overparam import Blocks, ridge_regression, span_error
from overparam.constants import SEED
from overparam.networks import ensemble as ensembles
from overparam.networks.batches import epoch_batches, prepare
from overparam.networks.ensemble import precision_on, stream
from overparam.networks.fit import measure_fit
from overparam.networks.registry import build
from overparam.networks.training import accuracy, train


@pytest.fixture(scope="module", params=["resnet18", "transformer"])
def trained(request):
    data, recipe = tiny_data(request.param), tiny_recipe_of(request.param)
    network = build(request.param, QUARTER, 3, base_width=8, channels=data.channels, classes=data.classes)
    train(network, data, recipe, [1, 2, 3])
    return network, data, recipe


def test_fit_is_what_scikit_learn_makes_of_the_probabilities(trained):
    network, data, recipe = trained
    fit = measure_fit(network, data, recipe, together=2)
    with torch.no_grad():
        inputs = prepare(torch.from_numpy(data.train.inputs), data.normalisation)
        probabilities = network(inputs.expand(3, *inputs.shape)).double().softmax(-1).numpy()
    labels, classes = data.train.labels, range(data.classes)
    for member, given in enumerate(probabilities):
        assert fit.accuracy[member] == pytest.approx(accuracy_score(labels, given.argmax(1)), abs=0.006)
        assert fit.cross_entropy[member] == pytest.approx(log_loss(labels, given, labels=classes), rel=1e-4)
    mean = probabilities[:2].mean(0)
    assert fit.ensemble_accuracy == pytest.approx(accuracy_score(labels, mean.argmax(1)), abs=0.006)
    assert fit.ensemble_cross_entropy == pytest.approx(log_loss(labels, mean, labels=classes), rel=1e-4)


def test_a_single_network_is_an_ensemble_of_one(trained):
    network, data, recipe = trained
    fit = measure_fit(network, data, recipe, together=1)
    assert fit.ensemble_accuracy == fit.accuracy[0]
    assert fit.ensemble_cross_entropy == pytest.approx(fit.cross_entropy[0])


def test_statistics_that_training_left_behind_do_not_matter():
    data, recipe = tiny_data("resnet18"), tiny_recipe_of("resnet18")
    network = build("resnet18", QUARTER, 2, base_width=8, channels=1, classes=10)
    train(network, data, recipe, [1, 2])
    before = measure_fit(network, data, recipe, together=2)
    for name, value in network.state_dict().items():
        if "running_mean" in name:
            value += 10.0
    assert measure_fit(network, data, recipe, together=2) == before
    assert not network.training


def test_statistics_are_taken_as_training_takes_them_and_examples_are_looked_at_as_they_are():
    data, recipe = tiny_data("resnet18"), replace(tiny_recipe_of("resnet18"), batch_size=200, crop_padding=3)
    network = build("resnet18", QUARTER, 1, base_width=8, channels=1, classes=10)
    train(network, data, recipe, [1])
    fit = measure_fit(network, data, recipe, together=1)
    stem = network.bn1.running_mean.clone()
    (cropped, _), *_ = epoch_batches(data.train, recipe, [SEED], 0, torch.device("cpu"))
    with torch.no_grad():
        seen = network.conv1(prepare(cropped, data.normalisation)[0])
    torch.testing.assert_close(stem, seen.mean(dim=(0, 2, 3)), rtol=1e-4, atol=1e-5)
    assert fit.accuracy == pytest.approx(accuracy(network, data, data.train, recipe))


@pytest.mark.parametrize(
    ("instructions", "wanted", "used"),
    [
        ({"amx_bf16": True}, "bfloat16", "bfloat16"),
        ({"avx512_bf16": True, "amx_bf16": False}, "bfloat16", "bfloat16"),
        ({"avx512_f": True, "avx512_bf16": False}, "bfloat16", "float32"),
        ({"avx2": True, "l1d_cache_size": 32768}, "bfloat16", "float32"),
        ({"amx_bf16": True}, "float32", "float32"),
        ({}, "float32", "float32"),
    ],
)
def test_bfloat16_is_used_where_the_processor_has_it(monkeypatch, instructions, wanted, used):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: instructions)
    ensembles._instructions.cache_clear()
    assert precision_on(torch.device("cpu"), wanted) == used
    assert precision_on(torch.device("cuda"), wanted) == wanted
    monkeypatch.undo()
    ensembles._instructions.cache_clear()


@pytest.mark.skipif(precision_on(torch.device("cpu"), "bfloat16") == "float32", reason="no bfloat16 in this processor")
def test_features_in_either_precision_are_the_same_but_for_two_thousandths_of_their_variance():
    data = tiny_data("resnet18")
    network = build("resnet18", QUARTER, 1, base_width=32, channels=1, classes=10)
    train(network, data, tiny_recipe_of("resnet18"), [1])

    def features(precision):
        batches = stream(network, data.heldout, data.normalisation, batch_size=50, precision=precision)
        return np.concatenate([features[0].numpy() for features, _ in batches])

    count = len(data.heldout)
    arrays = {"bfloat16": features("bfloat16"), "float32": features("float32")}
    blocks = Blocks(arrays, np.arange(count), data.heldout.labels, np.arange(count) % 2 == 1)
    for source, target in (("bfloat16", "float32"), ("float32", "bfloat16")):
        assert span_error(blocks, ridge_regression(blocks, source, target)).value < 2e-3
