from fractions import Fraction
from typing import Any

import pytest
import torch
import torchvision
import transformers

from overparam.config import architectures
from overparam.config.architectures import ARCHITECTURES, Architecture, known_architecture
from overparam.data.sentences import LENGTH, token_types
from overparam.errors import SpecError
from overparam.networks import build
from overparam.networks.architectures import architecture
from overparam.networks.ensemble import initialise
from overparam.networks.layers import Convolution, ImageNetwork

ONE = Fraction(1)
IMAGES = [arch for arch in ARCHITECTURES if issubclass(architecture(arch), ImageNetwork)]


def randomise(module, seed=0):
    """Weights and normalisation statistics away from their defaults, so that every tensor matters."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                value.copy_(torch.rand(value.shape, generator=generator) * 0.2 + (0.5 if "var" in name else -0.1))
    return module.eval()


def test_resnet18_gives_torchvisions_outputs_with_its_weights():
    reference = torchvision.models.resnet18(num_classes=10)
    reference.conv1 = torch.nn.Conv2d(3, 64, 3, 1, 1, bias=False)
    reference.maxpool = torch.nn.Identity()
    randomise(reference)
    network = build("resnet18", ONE, 1, base_width=64, channels=3, classes=10).eval()
    network.load_state_dict(reference.state_dict())
    images = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        ours, theirs = network(images[None])[0], reference(images)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5 * float(theirs.abs().max()))


def test_vgg16_has_the_convolutional_part_of_torchvisions():
    reference = torchvision.models.vgg16_bn(num_classes=10).features
    randomise(reference)
    network = build("vgg16", ONE, 1, base_width=64, channels=3, classes=10).eval()
    network.convolutions.load_state_dict(reference.state_dict())
    images = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        ours, theirs = network.features(images[None])[0], reference(images).flatten(1)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5 * float(theirs.abs().max()))


def tokens(members=1, batch=4, length=12, vocabulary=40):
    """Pairs of different lengths: [CLS] … [SEP] … [SEP], padded."""
    generator = torch.Generator().manual_seed(3)
    inputs = torch.randint(4, vocabulary, (members, batch, length), generator=generator)
    inputs[..., 0] = 2
    for row in range(batch):
        inputs[:, row, [3, 6 + row]] = 3
        inputs[:, row, 7 + row :] = 0
    return inputs


@pytest.mark.parametrize(("width", "heads"), [(8, 1), (16, 1), (64, 4), (128, 8)])
def test_the_transformer_gives_berts_outputs_with_its_weights(width, heads):
    config = transformers.BertConfig(
        vocab_size=40, hidden_size=width, num_hidden_layers=2, num_attention_heads=heads,
        intermediate_size=4 * width, max_position_embeddings=LENGTH, type_vocab_size=4,
    )  # fmt: skip
    reference = transformers.BertModel(config, add_pooling_layer=False).eval()
    randomise(reference)
    network = build("transformer", ONE, 1, base_width=width, channels=40, classes=3).eval()
    network.encoder.load_state_dict(reference.state_dict())
    inputs = tokens()
    (pairs,), mask = inputs, (inputs[0] != 0).long()
    types = token_types(pairs)
    with torch.no_grad():
        hidden = reference(pairs, attention_mask=mask, token_type_ids=types).last_hidden_state
        theirs = torch.stack([row[real.bool()].mean(0) for row, real in zip(hidden, mask, strict=True)])
        torch.testing.assert_close(network.features(inputs)[0], theirs, rtol=1e-4, atol=1e-5)


def test_a_tokens_type_says_its_sentence_and_whether_the_other_one_has_it():
    pairs = torch.tensor([[2, 7, 8, 7, 3, 8, 9, 8, 3, 0], [2, 4, 5, 3, 6, 3, 0, 0, 0, 0]])
    assert token_types(pairs).tolist() == [[0, 0, 2, 0, 0, 3, 1, 3, 1, 1], [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]]


def test_what_a_pair_is_padded_with_changes_nothing():
    network = build("transformer", ONE, 2, base_width=16, channels=40, classes=3)
    initialise(network, [1, 2])
    inputs = tokens(members=2)
    padded = torch.nn.functional.pad(inputs, (0, 5))
    torch.testing.assert_close(network(padded), network(inputs), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("alpha", [ONE, Fraction(1, 2), Fraction(1, 16)])
def test_a_transformer_of_width_alpha_has_alpha_times_the_features(alpha):
    network = build("transformer", alpha, 3, base_width=16, channels=40, classes=3)
    initialise(network, [1, 2, 3])
    assert network.features(tokens(members=3)).shape == (3, 4, 16 * alpha)
    assert network(tokens(members=3)).shape == (3, 4, 3)


def test_building_a_transformer_draws_nothing_from_the_global_generator():
    before = torch.get_rng_state()
    build("transformer", ONE, 2, base_width=16, channels=40, classes=3)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("arch", IMAGES)
@pytest.mark.parametrize("size", [8, 32])
@pytest.mark.parametrize("alpha", [ONE, Fraction(1, 2), Fraction(1, 16)])
def test_a_network_of_width_alpha_has_alpha_times_the_features(arch, size, alpha):
    network = build(arch, alpha, 3, base_width=16, channels=1, classes=7)
    initialise(network, [1, 2, 3])
    images = torch.randn(3, 2, 1, size, size, generator=torch.Generator().manual_seed(0))
    assert network.features(images).shape == (3, 2, 128 * alpha)
    assert network(images).shape == (3, 2, 7)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_what_an_architecture_says_of_itself_is_known_without_loading_it(arch):
    network: Any = architecture(arch)
    assert known_architecture(arch) == Architecture(
        network.title, network.unit, f"{network.__module__}:{network.__name__}"
    )


def test_a_file_whose_class_says_nothing_of_itself_is_refused(tmp_path, monkeypatch):
    (tmp_path / "silent.py").write_text("class Silent:\n    unit = CHANNELS\n")
    monkeypatch.setattr(architectures, "FOLDER", tmp_path)
    monkeypatch.setattr(architectures, "ARCHITECTURES", ("silent",))
    with pytest.raises(SpecError, match="silent.py has no class with a title and a unit: give its class both"):
        known_architecture("silent")


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_hidden_widths_scale_and_depth_stays(arch):
    wide, narrow = (build(arch, a, 1, base_width=16, channels=3, classes=10) for a in (ONE, Fraction(1, 4)))
    for (name, wide_weight), (narrow_name, weight) in zip(
        wide.named_parameters(), narrow.named_parameters(), strict=True
    ):
        assert name == narrow_name
        if wide_weight.dim() == 4 or name.endswith("dense.weight"):
            assert weight.shape[0] == wide_weight.shape[0] // 4


@pytest.mark.parametrize(
    ("arch", "alpha", "members", "message"),
    [
        ("lenet", ONE, 1, "no architecture 'lenet'"),
        ("resnet18", Fraction(0), 1, r"must lie in \(0, 1\]"),
        ("resnet18", Fraction(3), 1, r"must lie in \(0, 1\]"),
        ("resnet18", Fraction(1, 32), 1, "whole number"),
        ("resnet18", ONE, 0, "at least one"),
    ],
)
def test_what_cannot_be_built_is_refused_in_a_sentence(arch, alpha, members, message):
    with pytest.raises(SpecError, match=message):
        build(arch, alpha, members, base_width=16, channels=1, classes=10)


@pytest.mark.parametrize("members", [1, 2, 3, 4, 6, 16, 32])
@pytest.mark.parametrize(("inputs", "outputs"), [(3, 1), (1, 2), (4, 8), (16, 32)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_convolution_is_the_grouped_one_with_a_group_a_member(members, inputs, outputs, bias):
    generator = torch.Generator().manual_seed(members)
    ours = Convolution(members, inputs, outputs, kernel=3, stride=2, bias=bias)
    theirs = torch.nn.Conv2d(members * inputs, members * outputs, 3, 2, padding=1, groups=members, bias=bias)
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.normal_(generator=generator)
    theirs.load_state_dict(ours.state_dict())
    images = torch.randn(5, members * inputs, 8, 8, generator=generator)
    outputs_of = [layer(images) for layer in (ours, theirs)]
    torch.testing.assert_close(*outputs_of, rtol=1e-4, atol=1e-5)
    for output in outputs_of:
        output.square().sum().backward()
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad, rtol=1e-4, atol=1e-3)
    assert ours.groups * ours.packed == members
