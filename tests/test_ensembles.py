from fractions import Fraction

import numpy as np
import pytest
import torch
from networks import QUARTER, tiny_data, tiny_digits, tiny_recipe_of

from overparam.config.architectures import ARCHITECTURES
from overparam.errors import SpecError
from overparam.networks.ensemble import initialise, split_state, stack_states, stream
from overparam.networks.registry import build
from overparam.networks.training import train

SEEDS = [11, 22, 33]


def ensemble(arch, members=3, alpha=QUARTER):
    data = tiny_data(arch)
    return build(arch, alpha, members, base_width=8, channels=data.channels, classes=data.classes)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_each_member_has_the_losses_it_would_have_alone(arch):
    data, recipe = tiny_data(arch), tiny_recipe_of(arch)
    together = train(ensemble(arch), data, recipe, SEEDS)
    for member, seed in enumerate(SEEDS):
        alone = train(ensemble(arch, members=1), data, recipe, [seed])
        np.testing.assert_allclose(np.array(together.loss)[:, member], np.array(alone.loss)[:, 0], rtol=1e-4)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_members_taken_apart_give_equal_outputs_and_go_together_again(arch):
    data = tiny_data(arch)
    network = ensemble(arch)
    train(network, data, tiny_recipe_of(arch), SEEDS)
    states = split_state(network.state_dict(), 3)
    outputs = dict(
        zip(
            ("features", "logits"),
            next(stream(network, data.heldout, data.normalisation, batch_size=32, precision="float32")),
            strict=True,
        )
    )
    for member, state in enumerate(states):
        single = ensemble(arch, members=1)
        single.load_state_dict(state)
        features, logits = next(stream(single, data.heldout, data.normalisation, batch_size=32, precision="float32"))
        torch.testing.assert_close(features[0], outputs["features"][member], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(logits[0], outputs["logits"][member], rtol=1e-4, atol=1e-5)
    again = stack_states(states)
    assert all(torch.equal(again[name], value) for name, value in network.state_dict().items())


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_a_members_initial_weights_depend_on_its_seed_alone(arch):
    network, single = ensemble(arch), ensemble(arch, members=1)
    initialise(network, SEEDS)
    initialise(single, [SEEDS[2]])
    last = split_state(network.state_dict(), 3)[2]
    assert all(torch.equal(last[name], value) for name, value in single.state_dict().items())
    first = split_state(network.state_dict(), 3)[0]
    assert not torch.equal(first["fc.weight"], last["fc.weight"])


def test_initial_weights_have_hes_scale_in_every_copy():
    network = build("resnet18", Fraction(1), 2, base_width=16, channels=1, classes=10)
    initialise(network, [1, 2])
    weight = network.layer4[1].conv2.weight  # 128 outputs in each member
    for chunk in weight.chunk(2):
        assert chunk.std().item() == pytest.approx((2 / (128 * 9)) ** 0.5, rel=0.02)


def test_a_transformers_matrices_start_with_a_variance_of_one_over_their_inputs():
    network = build("transformer", Fraction(1), 2, base_width=64, channels=44, classes=3)
    initialise(network, [1, 2])
    layer = network.encoder.encoder.layer[0]
    for chunk in (
        *layer.intermediate.dense.weight.chunk(2),
        *network.encoder.embeddings.word_embeddings.weight.chunk(2),
    ):
        assert chunk.std().item() == pytest.approx(64**-0.5, rel=0.05)
    assert layer.output.dense.weight.std().item() == pytest.approx(256**-0.5, rel=0.05)
    assert torch.all(layer.output.LayerNorm.weight == 1)
    assert torch.all(layer.output.dense.bias == 0)


def test_seeds_must_be_as_many_as_members():
    with pytest.raises(ValueError, match="3 members need as many seeds, not 2"):
        initialise(ensemble("resnet18"), [1, 2])


@pytest.mark.parametrize(
    ("name", "shape", "said"),
    [
        (
            "kernels",
            (6, 4, 3),
            r"parameter kernels of shape \(2, 4, 3\) is no convolution's kernel, matrix, weight or",
        ),
        ("volume", (3, 1, 2, 2, 2), r"parameter volume of shape \(1, 1, 2, 2, 2\) is no convolution's kernel"),
        ("temperatures", (3,), r"parameter temperatures of shape \(1,\) is no convolution's kernel"),
        ("shared", (4, 2), r"parameter shared of shape \(4, 2\) does not hold 3 members one after the other"),
        ("temperature", (), r"parameter temperature of shape \(\) does not hold 3 members one after the other"),
    ],
)
def test_a_parameter_that_nobody_knows_how_to_begin_is_refused(name, shape, said):
    network = ensemble("resnet18")
    network.register_parameter(name, torch.nn.Parameter(torch.empty(shape)))
    with pytest.raises(SpecError, match=said):
        initialise(network, SEEDS)


def test_streaming_gives_every_example_once_in_order():
    data = tiny_digits()
    network = ensemble("resnet18")
    initialise(network, SEEDS)
    small = torch.cat(
        [f for f, _ in stream(network, data.fit, data.normalisation, batch_size=7, precision="float32")], 1
    )
    large = torch.cat(
        [f for f, _ in stream(network, data.fit, data.normalisation, batch_size=500, precision="float32")], 1
    )
    assert small.shape == (3, len(data.fit), network.feature_count)
    torch.testing.assert_close(small, large, rtol=1e-4, atol=1e-5)
