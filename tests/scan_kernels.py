#!/usr/bin/env python
"""Examines the kernels of all networks of images that the suite could train, as far as widths and numbers of them go.

ResNet-18 and VGG-16, base widths 8, 16 and 64, every width factor, 1 to 32 networks side by side, images like digits
and like CIFAR's; in both layouts of memory and both precisions. Then the shortcuts' 1×1 convolutions called with a
stride of 2, as they once were, each in a process of its own; and those of the studies that have a record, at their
batch sizes. Exit code 1 if a kernel of the networks fails. Takes a quarter of an hour.

    python tests/scan_kernels.py
    ONEDNN_MAX_CPU_ISA=AVX2 python tests/scan_kernels.py    # as on a processor with fewer instructions
"""

import os
import signal
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from rich.console import Console
from rich.progress import track

from overparam.config.studies import load_config
from overparam.config.workspace import Workspace
from overparam.networks.ensemble import initialise
from overparam.networks.examination import Examination
from overparam.networks.kernels import Finding
from overparam.networks.layers import Convolution
from overparam.networks.registry import build
from overparam.pipeline.doctor import library, processor

ROOT = Path(__file__).parent.parent
BASE_WIDTHS = (8, 16, 64)
ALPHAS = [Fraction(1, k) for k in (1, 2, 4, 8, 16)]
MEMBERS = (1, 2, 3, 4, 8, 16, 32)
WIDEST = 128  # channels of the first layer, members together; more members would be more of the same groups
IMAGES = {"digits": (1, 8), "cifar": (3, 32)}  # channels, pixels a side
BATCH = 4
STRIDED_BATCH = 50
LAYOUTS = {"channels last": torch.channels_last, "channels first": torch.contiguous_format}
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}

Strided = tuple[tuple[int, ...], tuple[int, ...], int]  # shapes of images and weight of one group's copy, and groups


def networks() -> list[tuple[str, int, int, tuple[int, int]]]:
    """Every network: architecture, width, how many side by side, and the channels and size of its images."""
    widths = {base_width * alpha for base_width in BASE_WIDTHS for alpha in ALPHAS}
    return [
        (arch, int(width), members, image)
        for arch in ("resnet18", "vgg16")
        for width in sorted(widths)
        for members in MEMBERS
        for image in IMAGES.values()
        if width.denominator == 1 and width * members <= WIDEST
    ]


def strided_of(network: Any, batch: int) -> set[Strided]:
    """Fills a set, as the network runs, with its 1×1 convolutions that have a stride."""
    found: set[Strided] = set()

    def note(layer: Convolution, inputs: tuple[torch.Tensor]) -> None:
        if layer.stride > 1 and layer.weight.shape[-1] == 1:
            weight = (layer.weight.shape[0], layer.packed * layer.weight.shape[1], 1, 1)
            found.add(((batch, *inputs[0].shape[1:]), weight, layer.groups))

    for module in network.modules():
        if isinstance(module, Convolution):
            module.register_forward_pre_hook(note)
    return found


def scan(layout: str, precision: str) -> tuple[list[Finding], set[Strided]]:
    """What the kernels of all networks give in one layout and precision; and their 1×1 convolutions with a stride."""
    findings: list[Finding] = []
    strided: set[Strided] = set()
    seen: set[str] = set()
    chosen = track(networks(), description=f"{layout}, {precision}", console=Console(stderr=True))
    for arch, width, members, (channels, size) in chosen:
        network: Any = build(arch, Fraction(1), members, base_width=width, channels=channels, classes=10)
        initialise(network, range(members))
        network.to(memory_format=LAYOUTS[layout])
        found = strided_of(network, STRIDED_BATCH)
        images = torch.zeros(BATCH, members * channels, size, size).contiguous(memory_format=LAYOUTS[layout])
        with (
            Examination(f"of {members} {arch} of width {width}", seen, lambda kernel: None, findings.append),
            torch.autocast("cpu", PRECISIONS[precision], enabled=precision == "bfloat16"),
        ):
            network.maps(images).float().sum().backward()
        strided |= found
    return findings, strided


def fails(shapes: Strided, layout: str, precision: str) -> bool:
    """Whether a 1×1 convolution with a stride of 2 errs, does not repeat, hangs or crashes in a process of its own."""
    child = os.fork()
    if child == 0:
        signal.alarm(120)
        findings: list[Finding] = []
        images, weight = (
            torch.zeros(shape, dtype=PRECISIONS[precision]).contiguous(memory_format=LAYOUTS[layout]).requires_grad_()
            for shape in shapes[:2]
        )
        with Examination("", set(), lambda kernel: None, findings.append):
            F.conv2d(images, weight, stride=2, groups=shapes[2]).sum().backward()
        os._exit(not all(finding.sound for finding in findings))
    return os.waitpid(child, 0)[1] != 0


def spelled(strided: list[Strided]) -> str:
    """Their channels in and out of a group, and the number of groups."""
    return ", ".join(sorted({f"{weight[1]} to {weight[0] // groups} in {groups}" for _, weight, groups in strided}))


def scan_all() -> bool:
    """Print what the kernels of all networks give; whether all are sound."""
    print(
        "| layout | precision | kernels | fail | largest error | with stride | fail | channels, and groups, of those |"
    )
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |", flush=True)
    sound = [scan_row(layout, precision) for layout in LAYOUTS for precision in PRECISIONS]
    return all(sound)


def scan_row(layout: str, precision: str) -> bool:
    """Print what they give in one layout and precision; whether all are sound."""
    findings, strided = scan(layout, precision)
    wrong = [finding for finding in findings if not finding.sound]
    failing = [shapes for shapes in sorted(strided) if fails(shapes, layout, precision)]
    worst = max(finding.error for finding in findings if finding.kernel.precision == precision)
    numbers = (len(findings), len(wrong), f"{worst:.1e}", len(strided), len(failing), spelled(failing))
    print(f"| {' | '.join(map(str, (layout, precision, *numbers)))} |", flush=True)
    for finding in wrong:
        print(f"fails: {finding}", file=sys.stderr)
    return not wrong


def scan_studies() -> None:
    """Print which shortcuts of the studies of ResNet-18 would fail with a stride, channels last as they are trained."""
    print("\n| study | α | networks | channels of a group's shortcuts, and groups | fail in float32 | in bfloat16 |")
    print("| --- | --- | ---: | --- | ---: | ---: |", flush=True)
    config = load_config(ROOT / "params.yaml")
    studies = [study for scale in config.scales for study in config.studies(scale) if study.arch == "resnet18"]
    for study in (study for study in studies if Workspace.at(ROOT).record(study).exists()):
        channels, size = IMAGES[study.task]
        for alpha, members in study.scale.members.items():
            width = study.scale.base_width
            network: Any = build("resnet18", alpha, members, base_width=width, channels=channels, classes=10)
            strided = strided_of(network, study.scale.train.batch_size)
            network.eval().maps(torch.zeros(1, members * channels, size, size))
            failing = [sum(fails(shapes, "channels last", precision) for shapes in strided) for precision in PRECISIONS]
            cells = (study, alpha, members, spelled([*strided]), *failing)
            print(f"| {' | '.join(map(str, cells))} |", flush=True)


def main() -> int:
    """Print the tables."""
    torch.set_num_threads(1)  # a process with more cannot be forked
    print(f"{library()} on {processor()}\n")
    sound = scan_all()
    scan_studies()
    return not sound


if __name__ == "__main__":
    sys.exit(main())
