"""Every kernel that training calls is found and examined before the networks get it."""

import itertools
from dataclasses import replace

import pytest
import torch
from torch import nn

from overparam.networks import examination
from overparam.networks.examination import Step, examine_step
from overparam.networks.layers import Convolution
from overparam.networks.registry import build

STEPS = {
    "resnet18": Step("resnet18", 4, (("1", 2),), 1, 10, (1, 8, 8), 6, "float32", 1),
    "vgg16": Step("vgg16", 4, (("1", 2),), 3, 10, (3, 32, 32), 4, "float32", 1),
    "transformer": Step("transformer", 8, (("1", 2),), 44, 3, (16,), 5, "float32", 1),
}


def findings_of(step):
    findings = []
    examine_step(step, lambda kernel: None, findings.append)
    return findings


def called(findings, operation):
    return sum(finding.kernel.operation == operation for finding in findings)


@pytest.mark.parametrize("arch", STEPS)
def test_every_layer_with_weights_is_examined_and_its_gradients_too(arch, monkeypatch):
    numbers = itertools.count()
    monkeypatch.setattr(examination, "kind_of", lambda func, arguments: str(next(numbers)))  # no two are alike
    findings = findings_of(STEPS[arch])
    network = build(arch, 1, 2, base_width=STEPS[arch].base_width, channels=STEPS[arch].channels, classes=3)
    layers = [name for name, module in network.named_modules() if [*module.parameters(recurse=False)]]
    forwards = {f.kernel.layer for f in findings if not f.kernel.operation.endswith("backward")}
    assert {f"{name} at α = 1" for name in layers} <= forwards
    for kind, operation in ((Convolution, "convolution"), (nn.BatchNorm2d, "native_batch_norm")):
        count = sum(isinstance(module, kind) for module in network.modules())
        assert called(findings, operation) == 2 * count  # in training and in evaluation
        assert called(findings, f"{operation}_backward") == count
    if arch == "transformer":
        assert called(findings, "native_layer_norm") == 2 * called(findings, "native_layer_norm_backward") == 10
        products = called(findings, "bmm")
        assert products == 2 * 16 + 2 * 16 + 2  # of 2 layers: 6 with weights, 2 of attention; gradients; the readout's


@pytest.mark.parametrize("arch", STEPS)
def test_the_same_step_gives_the_same_findings_all_sound(arch):
    findings = findings_of(STEPS[arch])
    assert findings == findings_of(STEPS[arch])
    assert all(finding.sound for finding in findings)


def test_a_kernel_is_examined_once_for_operands_of_one_kind():
    step = STEPS["resnet18"]
    once = findings_of(step)
    assert len(once) == len(findings_of(replace(step, members=(("1", 2), ("1", 2)))))
    assert len(once) < len(findings_of(replace(step, members=(("1", 2), ("1/2", 4)))))


def test_each_kernel_is_announced_before_it_is_called():
    told = []
    examine_step(STEPS["resnet18"], told.append, lambda finding: told.append(finding.kernel))
    assert told[::2] == told[1::2]


@pytest.mark.parametrize(("asked", "used"), [("bfloat16", "float32"), ("float32", "bfloat16")])
def test_what_is_examined_is_the_precision_that_training_really_uses(monkeypatch, asked, used):
    def autocast(device, precision):
        assert precision == asked
        return torch.autocast("cpu", torch.bfloat16, enabled=used == "bfloat16")

    monkeypatch.setattr(examination, "autocast", autocast)
    findings = findings_of(replace(STEPS["resnet18"], precision=asked))
    assert {f.kernel.precision for f in findings if "conv" in f.kernel.operation} == {used}


@torch.library.custom_op("faulty::pointwise_conv", mutates_args=[])
def pointwise_conv(images: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return torch.conv2d(images, weight)


@torch.library.custom_op("faulty::pointwise_conv_backward", mutates_args=[])
def pointwise_conv_backward(gradient: torch.Tensor, images: torch.Tensor, weight: torch.Tensor) -> list[torch.Tensor]:
    of_input = nn.grad.conv2d_input(images.shape, weight, gradient)
    of_weight = nn.grad.conv2d_weight(images, weight.shape, gradient)
    return [of_input, of_weight if images.dtype == torch.float64 else of_weight.flip(0)]


pointwise_conv.register_autograd(
    lambda ctx, gradient: tuple(pointwise_conv_backward(gradient, *ctx.saved_tensors)),
    setup_context=lambda ctx, inputs, output: ctx.save_for_backward(*inputs),
)


def test_a_broken_layer_is_named_and_so_is_what_it_gets_wrong(monkeypatch):
    right = Convolution.forward

    def forward(self, images):
        if self.weight.shape[-1] > 1:
            return right(self, images)
        return pointwise_conv(images[:, :, :: self.stride, :: self.stride], self.weight)

    monkeypatch.setattr(Convolution, "forward", forward)
    unsound = [f for f in findings_of(replace(STEPS["resnet18"], members=(("1", 1),))) if not f.sound]
    assert [f.kernel.layer for f in unsound] == [f"layer{stage}.0.downsample.0 at α = 1" for stage in (4, 3, 2)]
    assert {f.kernel.operation for f in unsound} == {"pointwise_conv_backward"}
    assert {f.part for f in unsound} == {"gradient of the weight"}
    assert all(f.error > 1 for f in unsound)
    assert unsound[0].kernel.operands == "6×32×1×1, 6×16×1×1, 32×16×1×1"
