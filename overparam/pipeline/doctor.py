"""Whether networks may be trained on this processor with these libraries: the kernels that training calls, examined.

A wrong kernel may hang or crash, so they are examined in a process of their own; and since that takes seconds, once for
each machine, versions of libraries and width of a study.
"""

import json
import os
import platform
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import cache
from importlib.metadata import version
from typing import Any

import torch

from overparam.config.studies import StudySpec
from overparam.config.workspace import Workspace
from overparam.data import Dataset
from overparam.errors import KernelError
from overparam.io.files import digest_json, write_json
from overparam.networks.examination import Step
from overparam.networks.kernels import Finding, Kernel
from overparam.pipeline.dependencies import KERNELS
from overparam.pipeline.provenance import code_version, default_device, environment_of

EXAMINER = (sys.executable, "-P", "-m", "overparam.networks.examination")
SILENCE = 600.0  # seconds that no kernel takes to be examined, on a busy machine either
# Environment variables by which libraries choose kernels.
CHOICES = (
    "ATEN_CPU_CAPABILITY",
    "DNNL_DEFAULT_FPMATH_MODE",
    "DNNL_MAX_CPU_ISA",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "ONEDNN_MAX_CPU_ISA",
)


@dataclass(frozen=True)
class Diagnosis:
    """What the examination of a step found.

    Attributes:
        findings: of each kernel that gave an answer.
        end: the sentence on the kernel that hung or crashed; None if none did.
    """

    findings: tuple[Finding, ...]
    end: str | None

    @property
    def faults(self) -> list[str]:
        """A sentence on each kernel that may not be trained with."""
        unsound = [_fault(finding) for finding in self.findings if not finding.sound]
        return [*unsound, self.end] if self.end else unsound


def check_kernels(
    study: StudySpec, alphas: Sequence[Fraction], dataset: Dataset, workspace: Workspace
) -> dict[str, str]:
    """Examine the kernels that training networks of these widths calls, unless they passed here before.

    Returns:
        What provenance says of it: the processor, and that its kernels passed.

    Raises:
        KernelError: if a kernel errs by more than rounding, does not repeat, hangs or crashes.
    """
    if default_device().type != "cpu":
        return {"kernels": "not examined, being no processor's"}
    step = step_of(study, alphas, dataset)
    passes = {pair: workspace.kernels(_key(replace(step, members=(pair,)))) for pair in step.members}
    lacking = tuple(pair for pair, place in passes.items() if not place.exists())
    if lacking:
        faults = diagnose(replace(step, members=lacking), EXAMINER).faults
        if faults:
            command = f"overparam doctor {study.task} {study.arch} --scale {study.scale.name}"
            raise KernelError(
                f"{faults[0]}; train {study} on another processor or with another version of PyTorch "
                f"(`{command}` examines all of its kernels)"
            )
        for pair in lacking:
            write_json(passes[pair], {"passed": asdict(replace(step, members=(pair,))), "machine": machine()})
    return {"processor": processor(), "kernels": "give what float64 gives, twice the same"}


def step_of(study: StudySpec, alphas: Sequence[Fraction], dataset: Dataset) -> Step:
    """A step of training of a study's networks of some widths on a dataset, as it is done here."""
    return Step(
        arch=study.arch,
        base_width=study.scale.base_width,
        members=tuple((str(alpha), study.scale.members[alpha]) for alpha in alphas),
        channels=dataset.channels,
        classes=dataset.classes,
        example=dataset.train.inputs.shape[1:],
        batch_size=min(study.scale.train.batch_size, len(dataset.train)),
        precision=study.scale.train.precision,
        threads=int(environment_of(study)["threads"]),
    )


@cache
def diagnose(step: Step, examiner: tuple[str, ...] = EXAMINER) -> Diagnosis:
    """Examine every kernel of a step in a process of its own; asked again, this process knows.

    Args:
        step: what to examine.
        examiner: the command that runs `overparam.networks.examination.main`; the step is added as JSON.
    """
    path = os.pathsep.join(map(os.path.abspath, sys.path))  # what is examined is the code that runs here
    findings: list[Finding] = []
    begun, hung, finished = None, False, False
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints,
        subprocess.Popen(
            [*examiner, json.dumps(asdict(step))],
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        ) as process,
    ):
        try:
            for content in _answers(process):
                if content is None:
                    finished = True
                elif "error" in content:
                    findings.append(Finding(**{**content, "kernel": Kernel(**content["kernel"])}))
                else:
                    begun = Kernel(**content)
        except queue.Empty:
            hung = True
            process.kill()
        code = process.wait()
        complaints.seek(0)
        last = complaints.read().strip().rpartition("\n")[2]
    if finished and code == 0:
        return Diagnosis(tuple(findings), None)
    how = f"hung: no answer in {SILENCE:.0f} s" if hung else f"crashed ({_exit(code)}{last and f', {last}'})"
    return Diagnosis(tuple(findings), f"{_call(begun) if begun else f'{library()} on {processor()}'} {how}")


def _answers(process: subprocess.Popen[str]) -> Iterator[Any]:
    """What a process writes, each whole line as JSON; raises queue.Empty if there is nothing for too long."""
    lines: queue.Queue[str] = queue.Queue()

    def pass_on() -> None:
        for line in process.stdout or ():
            lines.put(line)
        lines.put("")

    threading.Thread(target=pass_on, daemon=True).start()
    while (line := lines.get(timeout=SILENCE)).endswith("\n"):
        yield json.loads(line)


def _fault(finding: Finding) -> str:
    ways = [
        f"errs by {finding.error:.2%} in its {finding.part}, where rounding explains {finding.tolerance:.2%}"
        if not finding.error <= finding.tolerance
        else "",
        "" if finding.repeats else "gives other bits when it is called again",
    ]
    return f"{_call(finding.kernel)} {' and '.join(filter(None, ways))}"


def _call(kernel: Kernel) -> str:
    return (
        f"{kernel.layer}: {kernel.operation} in {kernel.precision}, of {kernel.operands}, "
        f"by {library()} on {processor()}"
    )


def _exit(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def library() -> str:
    """What computes, with its version."""
    onednn = re.search(r"MKL-DNN (v[.\d]+)", torch.__config__.show())
    return f"PyTorch {version('torch')}{f' with oneDNN {onednn[1]}' if onednn else ''}"


def processor() -> str:
    """Its name, the instructions that PyTorch uses of it, and what the environment says of kernels."""
    name = torch.cpu.get_capabilities().get("cpu_name", platform.machine())
    return f"{name} ({', '.join([torch.backends.cpu.get_cpu_capability(), *_choices()])})"


def machine() -> dict[str, Any]:
    """All that kernels are chosen by, but for the step."""
    return {
        "capabilities": dict(torch.cpu.get_capabilities()),
        "choices": _choices(),
        "torch": version("torch"),
        "libraries": torch.__config__.show(),
    }


def _choices() -> list[str]:
    return [f"{name}={os.environ[name]}" for name in CHOICES if name in os.environ]


def _key(step: Step) -> str:
    return digest_json(
        {"step": asdict(step), "machine": machine(), "code": code_version(*KERNELS.modules(arch=step.arch))}
    )
