import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from networks import QUARTER, ROOT, tiny_data, tiny_digits, tiny_recipe, tiny_recipe_of, tiny_study

from overparam.errors import MeasurementError
from overparam.networks import training
from overparam.networks.batches import epoch_batches
from overparam.networks.ensemble import split_state
from overparam.networks.registry import build
from overparam.networks.seeds import member_seeds
from overparam.networks.training import learning_rate, train

CPU = torch.device("cpu")


ARCHITECTURES = ["resnet18", "transformer"]  # one an optimiser


def network(members=2, arch="resnet18"):
    data = tiny_data(arch)
    return build(arch, QUARTER, members, base_width=8, channels=data.channels, classes=data.classes)


def weights(net):
    return torch.cat([value.flatten().double() for value in net.state_dict().values()])


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_same_spec_gives_the_same_weights(arch):
    first, second = network(arch=arch), network(arch=arch)
    data = tiny_data(arch)
    histories = [train(net, data, tiny_recipe_of(arch), [1, 2]) for net in (first, second)]
    assert histories[0] == histories[1]
    assert torch.equal(weights(first), weights(second))


def test_training_learns():
    net, data, recipe = network(), tiny_digits(), tiny_recipe(epochs=12)
    history = train(net, data, recipe, [1, 2])
    assert np.mean(history.loss[-1]) < 0.9 * np.mean(history.loss[0])
    assert min(training.accuracy(net, data, data.train, recipe)) > 0.3


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_an_interrupted_run_ends_with_the_weights_of_an_uninterrupted_one(tmp_path, monkeypatch, arch):
    data, recipe, state = tiny_data(arch), tiny_recipe_of(arch), tmp_path / "state"
    uninterrupted = network(arch=arch)
    expected = train(uninterrupted, data, recipe, [1, 2], snapshots=[1])

    def interrupt_in_second_epoch(examples, spec, seeds, epoch, device):
        if epoch == 1:
            raise KeyboardInterrupt
        return epoch_batches(examples, spec, seeds, epoch, device)

    resumed = network(arch=arch)
    with monkeypatch.context() as patch:
        patch.setattr(training, "epoch_batches", interrupt_in_second_epoch)
        with pytest.raises(KeyboardInterrupt):
            train(resumed, data, recipe, [1, 2], snapshots=[1], resume=state, key="k")
    resumed = network(arch=arch)
    history = train(resumed, data, recipe, [1, 2], snapshots=[1], resume=state, key="k")
    assert history == expected
    assert torch.equal(weights(resumed), weights(uninterrupted))
    assert list(history.snapshots) == list(expected.snapshots) == [1]
    for name, value in expected.snapshots[1].items():
        assert torch.equal(history.snapshots[1][name], value)


KILLED_RUN = """
import sys
from pathlib import Path
from test_training import network, tiny_digits, tiny_recipe, train
train(network(), tiny_digits(), tiny_recipe(epochs=40), [1, 2], resume=Path(sys.argv[1]), key="k")
"""


def test_a_killed_run_goes_on_and_ends_with_the_weights_of_an_uninterrupted_one(tmp_path):
    state = tmp_path / "state"
    process = subprocess.Popen([sys.executable, "-c", KILLED_RUN, str(state)], cwd=ROOT / "tests")
    while not state.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    uninterrupted, resumed = network(), network()
    expected = train(uninterrupted, tiny_digits(), tiny_recipe(epochs=40), [1, 2])
    assert train(resumed, tiny_digits(), tiny_recipe(epochs=40), [1, 2], resume=state, key="k") == expected
    assert torch.equal(weights(resumed), weights(uninterrupted))


@pytest.mark.parametrize("damage", ["another key", "cut", "missing"])
def test_a_state_of_another_run_or_a_damaged_one_starts_afresh(tmp_path, damage):
    state = tmp_path / "state"
    expected = train(network(), tiny_digits(), tiny_recipe(), [1, 2], resume=state, key="k")
    if damage == "cut":
        state.write_bytes(state.read_bytes()[:-100])
    if damage == "missing":
        state.unlink()
    key = "other" if damage == "another key" else "k"
    assert train(network(), tiny_digits(), tiny_recipe(), [1, 2], resume=state, key=key) == expected


def test_only_the_matrices_of_a_transformer_decay():
    net = network(arch="transformer")
    before = {name: value.clone() for name, value in net.named_parameters()}
    optimiser = training.make_optimiser(net, replace(tiny_recipe_of("transformer"), weight_decay=0.5))
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(1.0)
    optimiser.step()
    for name, parameter in net.named_parameters():
        assert torch.all(parameter < 1.0 if before[name].dim() > 1 else parameter == 1.0)


def test_every_member_sees_every_example_once_an_epoch_in_its_own_order():
    data = tiny_digits()
    recipe = tiny_recipe(crop_padding=0)
    labels = [torch.cat([batch[1][k] for batch in epoch_batches(data.train, recipe, [1, 2], 0, CPU)]) for k in (0, 1)]
    assert sorted(labels[0].tolist()) == sorted(data.train.labels.tolist())
    assert labels[0].tolist() != labels[1].tolist()
    other_epoch = torch.cat([batch[1][0] for batch in epoch_batches(data.train, recipe, [1, 2], 1, CPU)])
    assert labels[0].tolist() != other_epoch.tolist()


def test_augmentation_shifts_by_at_most_the_padding_and_flips():
    data = tiny_digits()
    plain, flipped = set(), 0
    originals = {image.tobytes(): row for row, image in enumerate(data.train.inputs)}
    for inputs, _ in epoch_batches(data.train, tiny_recipe(crop_padding=0), [5], 0, CPU):
        plain |= {originals[image.numpy().tobytes()] for image in inputs[0]}
    assert len(plain) == len(data.train)
    recipe = tiny_recipe(crop_padding=0, flip=True)
    for inputs, _ in epoch_batches(data.train, recipe, [5], 0, CPU):
        for image in inputs[0].numpy():
            mirrored = np.ascontiguousarray(image[:, :, ::-1])
            flipped += image.tobytes() not in originals
            assert image.tobytes() in originals or mirrored.tobytes() in originals
    assert 0.3 < flipped / len(data.train) < 0.7


def test_crops_come_from_the_padded_image():
    data = tiny_digits()
    padded = np.pad(data.train.inputs, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = {padded[n, :, r : r + 8, c : c + 8].tobytes() for n in range(200) for r in range(3) for c in range(3)}
    inputs, _ = next(epoch_batches(data.train, tiny_recipe(crop_padding=1), [5], 0, CPU))
    assert all(image.numpy().tobytes() in windows for image in inputs[0])


def test_the_learning_rate_rises_to_its_peak_and_falls_to_nothing():
    recipe = tiny_recipe()
    rates = [learning_rate(step, 100, recipe) for step in range(100)]
    assert max(rates) == pytest.approx(recipe.learning_rate)
    assert rates.index(max(rates)) == int(recipe.warmup * 100) - 1
    assert rates[-1] < 0.03 * recipe.learning_rate
    assert all(rate > 0 for rate in rates)


def test_gradients_are_clipped_member_by_member():
    net = network(members=2)
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
        parameter.grad.chunk(2)[1].mul_(1e-6)
    training.clip_gradients(net, 1.0)
    large, small = (torch.cat([p.grad.chunk(2)[k].flatten() for p in net.parameters()]).norm().item() for k in (0, 1))
    assert large == pytest.approx(1.0, rel=1e-3)
    assert small == pytest.approx(1e-6 * sum(p.numel() / 2 for p in net.parameters()) ** 0.5, rel=1e-3)


def test_a_loss_that_is_not_finite_stops_the_run_in_a_sentence(monkeypatch):
    monkeypatch.setattr(training, "member_losses", lambda logits, labels: logits.sum(dim=(1, 2)) * torch.nan)
    with pytest.raises(MeasurementError, match="loss of member 0 .* is not finite after epoch 1: lower learning_rate"):
        train(network(), tiny_digits(), tiny_recipe(), [1, 2])


def test_no_two_networks_share_a_seed():
    seeds = [
        seed
        for arch in ("resnet18", "vgg16")
        for alpha in tiny_study().scale.alphas
        for replicate in (0, 1)
        for seed in member_seeds(tiny_study(arch), alpha, replicate)
    ]
    assert len(set(seeds)) == len(seeds) == 2 * 2 * (2 + 4 + 8)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_members_end_apart():
    net = network(members=2)
    train(net, tiny_digits(), tiny_recipe(), [1, 2])
    first, second = split_state(net.state_dict(), 2)
    assert not torch.allclose(first["conv1.weight"], second["conv1.weight"])
