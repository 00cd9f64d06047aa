import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision.models import resnet18
from worlds import PROPERTY

from overparam.errors import MeasurementError, SpecError
from overparam.networks.hooks import extract_features

EXAMPLES, CHANNELS = 10, 6


class Words(nn.Module):
    """What gives no tensor."""

    def forward(self, maps):
        return ("none",)


class Net(nn.Module):
    """A small network with layers of every kind that can be asked for."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Sequential(nn.Conv2d(3, CHANNELS, 3), nn.BatchNorm2d(CHANNELS), nn.ReLU(inplace=True))
        self.twice = nn.Identity()
        self.never = nn.Identity()
        self.rows = nn.Flatten(0)
        self.pair = nn.LSTM(4, 5, batch_first=True)
        self.positions = nn.Identity()
        self.words = Words()
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(CHANNELS, 2)

    def forward(self, pictures):
        maps = self.twice(self.twice(self.stem(pictures)))
        self.rows(maps)
        self.pair(pictures[:, 0])
        self.positions(maps.flatten(2))
        self.words(maps)
        return self.head(self.dropout(maps.mean(dim=(2, 3))))


def pictures():
    return torch.randn(EXAMPLES, 3, 4, 4, generator=torch.Generator().manual_seed(1))


def loader(batch_size=4, **options):
    return DataLoader(TensorDataset(pictures(), torch.arange(EXAMPLES)), batch_size=batch_size, **options)


def hooks(model):
    return sum(len(module._forward_hooks) for module in model.modules())


@given(batch_size=st.integers(1, EXAMPLES + 1))
@PROPERTY
def test_features_are_what_the_layer_gives_in_evaluation_mode_whatever_the_batches(batch_size):
    model = Net()
    features, labels = extract_features(model, loader(batch_size), "head")
    assert features.dtype == np.float32
    with torch.no_grad():
        expected = model.eval()(pictures()).numpy()
    np.testing.assert_allclose(features, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(labels, np.arange(EXAMPLES))


def test_spatial_axes_are_averaged_over_before_the_next_layer_works_in_place():
    model = Net()
    features, _ = extract_features(model, loader(), "stem.1")
    with torch.no_grad():
        maps = model.eval().stem[1](model.stem[0](pictures()))
    assert (maps < 0).any()
    np.testing.assert_allclose(features, maps.mean(dim=(2, 3)).numpy(), rtol=1e-5, atol=1e-6)


def test_features_are_copied_before_the_next_layer_works_in_place():
    model = nn.Sequential(nn.Identity(), nn.ReLU(inplace=True))
    features, _ = extract_features(model, [torch.tensor([[-1.0, 2.0]])], "0")
    np.testing.assert_array_equal(features, [[-1, 2]])


def test_pooling_a_feature_map_is_what_a_model_pools_itself():
    torch.manual_seed(0)
    model, batches = resnet18(weights=None), [torch.randn(2, 3, 64, 64)]
    pooled, labels = extract_features(model, batches, "avgpool")
    assert (pooled.shape, labels) == ((2, 512), None)
    np.testing.assert_allclose(pooled, extract_features(model, batches, "layer4")[0], rtol=1e-5)


@pytest.mark.parametrize(
    "batches",
    [[pictures()], [(pictures(),)], [[pictures(), torch.arange(EXAMPLES)]], [(pictures(), range(EXAMPLES), 0)]],
)
def test_batches_are_inputs_or_inputs_and_labels(batches):
    features, labels = extract_features(Net(), batches, "head")
    np.testing.assert_array_equal(features, extract_features(Net(), loader(EXAMPLES), "head")[0])
    if len(batches[0]) in (2, 3):
        np.testing.assert_array_equal(labels, np.arange(EXAMPLES))
    else:
        assert labels is None


def test_low_precision_becomes_float32():
    model = nn.Sequential(nn.Linear(3, 2)).bfloat16()
    features, _ = extract_features(model, [torch.ones(2, 3, dtype=torch.bfloat16)], "0")
    assert features.dtype == np.float32


def test_nothing_needs_a_gradient_or_changes_a_statistic():
    model = Net().train()
    seen = []
    model.head.register_forward_hook(lambda module, inputs, output: seen.append(output.requires_grad))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    extract_features(model, loader(), "head")
    assert seen == [False] * 3
    assert torch.is_grad_enabled()
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)


def broken(model):
    def fail(module, inputs):
        raise RuntimeError("out of memory")

    model.dropout.register_forward_pre_hook(fail)
    return model


@pytest.mark.parametrize("layer", ["head", "twice", "never", "pair", "heads"])
@pytest.mark.parametrize("prepare", [lambda model: model, broken])
def test_hooks_and_modes_are_afterwards_as_they_were_whatever_happens(layer, prepare):
    model = prepare(Net().train())
    model.stem[1].eval()
    modes = {name: module.training for name, module in model.named_modules()}
    count = hooks(model)
    if layer == "head" and prepare is not broken:
        extract_features(model, loader(), layer)
    else:
        with pytest.raises((RuntimeError, MeasurementError, SpecError)):
            extract_features(model, loader(), layer)
    assert hooks(model) == count
    assert {name: module.training for name, module in model.named_modules()} == modes


@pytest.mark.parametrize(
    ("layer", "batches", "error", "sentence"),
    [
        ("haed", loader(), SpecError, "has no layer 'haed': there is head"),
        ("stem.7", loader(), SpecError, "has no layer 'stem.7': there is stem.2, stem.1, stem.0"),
        ("zzz", loader(), SpecError, "there is stem, twice, never, rows, pair, positions, words, dropout, head"),
        ("", loader(), SpecError, "has no layer ''"),
        ("head", loader(shuffle=True), MeasurementError, "the loader draws"),
        ("head", [], MeasurementError, "the loader gave no batches"),
        ("head", [{"pixels": pictures()}], MeasurementError, "the model takes no keyword 'pixels', as a batch has"),
        ("head", [{"pictures": [1.0]}], MeasurementError, "a batch has no tensor among its inputs"),
        ("head", [["a.png", 1]], MeasurementError, "a batch starts with a str, not a tensor"),
        ("head", [[]], MeasurementError, "a batch starts with a list, not a tensor"),
        ("twice", loader(), MeasurementError, "gave [4, 4] rows for a batch of 4 examples"),
        ("never", loader(), MeasurementError, "gave [] rows for a batch of 4 examples"),
        ("rows", loader(), MeasurementError, "gives shape (96,) where"),
        ("pair", loader(), MeasurementError, "gives shape (4, 4, 5) where"),
        ("words", loader(), MeasurementError, "layer 'words' gives a tuple, not a tensor"),
        ("positions", loader(), MeasurementError, "gives shape (4, 6, 4) where (examples, features)"),
    ],
)
def test_what_gives_no_features_is_one_sentence(layer, batches, error, sentence):
    with pytest.raises(error) as raised:
        extract_features(Net(), batches, layer)
    assert sentence in str(raised.value)
