"""The kernels are examined in a process of their own; a fault there is a sentence here, and nothing is trained."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from fractions import Fraction

import pytest
import torch
from networks import QUARTER, ROOT, tiny_data, tiny_digits, tiny_recipe, tiny_study
from test_examination import STEPS, findings_of

from overparam.config.workspace import Workspace
from overparam.errors import KernelError
from overparam.networks.checkpoints import load_checkpoint
from overparam.networks.examination import Step
from overparam.networks.kernels import Finding, Kernel
from overparam.pipeline import doctor
from overparam.pipeline.doctor import Diagnosis, check_kernels, diagnose, step_of
from overparam.pipeline.run import run_study
from overparam.pipeline.stages import train_stage

KERNEL = Kernel("layer2.0.downsample.0 at α = 1/2", "convolution_backward", "50×8×4×4, 50×4×8×8, 8×4×1×1", "float32")
SOUND = Finding(KERNEL, "gradient of the weight", 1e-6, True)
BEGUN, ENDED = (f"print({json.dumps(asdict(content))!r}, flush=True)" for content in (KERNEL, SOUND))
CALL = "layer2.0.downsample.0 at α = 1/2: convolution_backward in float32, of 50×8×4×4, 50×4×8×8, 8×4×1×1, by PyTorch "


def examiner(*lines):
    """A program in the examiner's place."""
    return (sys.executable, "-c", "\n".join(["import os, signal, sys, time", *lines]))


WARNING = "print('free(): invalid size', file=sys.stderr)"
DONE = "print('null', flush=True)"


@pytest.mark.parametrize(
    ("lines", "end"),
    [
        ((BEGUN, "time.sleep(60)"), "hung: no answer in 5 s"),
        ((BEGUN, ENDED, "time.sleep(60)"), "hung: no answer in 5 s"),
        ((BEGUN, "while True: pass"), "hung: no answer in 5 s"),
        ((BEGUN, "os.kill(os.getpid(), signal.SIGSEGV)"), "crashed (SIGSEGV)"),
        ((BEGUN, "os.kill(os.getpid(), signal.SIGFPE)"), "crashed (SIGFPE)"),
        ((BEGUN, WARNING, "os.abort()"), "crashed (SIGABRT, free(): invalid size)"),
        ((BEGUN, "raise RuntimeError('no primitive')"), "crashed (exit code 1, RuntimeError: no primitive)"),
        ((BEGUN, "print('[1, 2', end='', flush=True)", "os.abort()"), "crashed (SIGABRT)"),
        ((BEGUN, "sys.exit(3)"), "crashed (exit code 3)"),
        ((BEGUN, "os._exit(0)"), "crashed (exit code 0)"),
        ((BEGUN, ENDED), "crashed (exit code 0)"),
        ((BEGUN, ENDED, DONE, "os.abort()"), "crashed (SIGABRT)"),
    ],
)
def test_a_kernel_that_hangs_or_crashes_is_named_in_a_sentence(monkeypatch, lines, end):
    if end.startswith("hung"):
        monkeypatch.setattr(doctor, "SILENCE", 5)
    diagnosis = diagnose(STEPS["resnet18"], examiner(*lines))
    (fault,) = diagnosis.faults
    assert fault.startswith(CALL)
    assert fault.endswith(f") {end}")
    assert diagnosis.findings == (SOUND,) * lines.count(ENDED)


def test_an_examination_that_cannot_begin_is_a_sentence_too():
    (fault,) = diagnose(STEPS["resnet18"], examiner("import nothing")).faults
    assert fault.startswith("PyTorch ")
    assert fault.endswith("crashed (exit code 1, ModuleNotFoundError: No module named 'nothing')")


def test_what_a_library_prints_is_no_answer():
    diagnosis = diagnose(STEPS["vgg16"], ("env", "ONEDNN_VERBOSE=1", *doctor.EXAMINER))
    assert diagnosis.faults == []
    assert len(diagnosis.findings) > 30


@pytest.mark.parametrize("arch", STEPS)
def test_the_process_examines_what_this_one_would(arch):
    diagnosis = diagnose(STEPS[arch])
    assert diagnosis.faults == []
    assert [f.kernel for f in diagnosis.findings] == [f.kernel for f in findings_of(STEPS[arch])]


ERRS = "in its gradient of the weight, where rounding explains 0.01%"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"error": 0.98}, f"errs by 98.00% {ERRS}"),
        ({"error": float("nan")}, f"errs by nan% {ERRS}"),
        ({"error": float("inf")}, f"errs by inf% {ERRS}"),
        ({"repeats": False}, "gives other bits when it is called again"),
        ({"error": 2.0, "repeats": False}, f"errs by 200.00% {ERRS} and gives other bits when it is called again"),
    ],
)
def test_a_fault_is_a_sentence_on_layer_kernel_library_and_processor(changes, said):
    (fault,) = Diagnosis((SOUND, replace(SOUND, **changes)), None).faults
    assert fault == f"{CALL}{doctor.library().partition(' ')[2]} on {doctor.processor()} {said}"


@pytest.fixture
def examined(monkeypatch):
    """The steps that are examined, in no time and with no fault; another diagnosis can be put in place."""

    class Examined(list):
        diagnosis = Diagnosis((SOUND,), None)

        def __call__(self, step, examiner):
            self.append(step)
            return self.diagnosis

    steps = Examined()
    monkeypatch.setattr(doctor, "diagnose", steps)
    return steps


def check(tmp_path, alphas=(QUARTER,), **changes):
    return check_kernels(tiny_study(**changes), alphas, tiny_digits(), Workspace.at(tmp_path))


def test_what_passed_is_examined_no_more_on_this_machine_and_what_is_new_is(tmp_path, examined):
    first = check(tmp_path)
    assert first == check(tmp_path)
    assert first["processor"] == doctor.processor()
    assert [step.members for step in examined] == [(("1/4", 8),)]
    check(tmp_path, (Fraction(1), QUARTER, Fraction(1, 2)))
    assert [step.members for step in examined] == [(("1/4", 8),), (("1", 2), ("1/2", 4))]
    check(tmp_path / "elsewhere")
    assert len(examined) == 3


OTHERS = {
    "architecture": lambda patch: {"arch": "vgg16"},
    "base width": lambda patch: {"base_width": 8},
    "number of networks": lambda patch: {"members": {Fraction(1): 2, Fraction(1, 2): 4, QUARTER: 16}},
    "batch": lambda patch: {"train": tiny_recipe(batch_size=40)},
    "examples": lambda patch: {"train": tiny_recipe(batch_size=300)},
    "precision": lambda patch: {"train": tiny_recipe(precision="bfloat16")},
    "threads": lambda patch: patch.setattr(torch, "get_num_threads", lambda: 7) or {"quick": False},
    "instructions": lambda patch: patch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41") or {},
    "capability": lambda patch: patch.setenv("ATEN_CPU_CAPABILITY", "default") or {},
    "processor": lambda patch: patch.setattr(torch.cpu, "get_capabilities", lambda: {"cpu_name": "another"}) or {},
    "torch": lambda patch: patch.setattr(doctor, "version", lambda name: "2.0") or {},
    "libraries": lambda patch: patch.setattr(torch.__config__, "show", lambda: "other libraries") or {},
    "code": lambda patch: patch.setattr(doctor, "code_version", lambda *names: "0" * 64) or {},
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_on_another_machine_or_for_another_step_it_is_examined_again(tmp_path, examined, monkeypatch, other):
    check(tmp_path)
    check(tmp_path, **other(monkeypatch))
    assert len(examined) == 2


@pytest.mark.parametrize("same", [{"train": tiny_recipe(epochs=7, learning_rate=0.01)}, {"replicates": (0, 1, 2)}])
def test_what_no_kernel_depends_on_asks_for_no_other_examination(tmp_path, examined, same):
    check(tmp_path)
    check(tmp_path, **same)
    assert len(examined) == 1


@pytest.mark.parametrize(
    "diagnosis",
    [Diagnosis((SOUND, replace(SOUND, error=0.98)), None), Diagnosis((replace(SOUND, repeats=False),), "crashed")],
)
def test_nothing_is_trained_with_a_wrong_kernel_and_it_is_examined_again_next_time(tmp_path, examined, diagnosis):
    examined.diagnosis = diagnosis
    workspace = Workspace.at(tmp_path)
    for count in (1, 2):
        with pytest.raises(KernelError, match="layer2.0.downsample.0 at α = 1/2: convolution_backward") as refused:
            train_stage(tiny_study(), QUARTER, 0, workspace)
        assert str(refused.value).endswith(
            "; train digits-resnet18 at scale tiny on another processor or with another version of PyTorch "
            "(`overparam doctor digits resnet18 --scale tiny` examines all of its kernels)"
        )
        assert len(examined) == count
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    with pytest.raises(KernelError):
        run_study(tiny_study(), workspace)


def test_a_study_is_examined_once_for_all_its_processes_and_its_checkpoints_say_that_it_passed(tmp_path):
    workspace, study = Workspace.at(tmp_path), tiny_study(alphas=(Fraction(1), QUARTER))
    record = run_study(study, workspace)
    passes = sorted((tmp_path / "artifacts" / "kernels").iterdir())
    assert len(passes) == 2
    assert {json.loads(path.read_text())["passed"]["members"][0][0] for path in passes} == {"1", "1/4"}
    said = {"processor": doctor.processor(), "kernels": "give what float64 gives, twice the same"}
    _, provenance = load_checkpoint(workspace.checkpoint(study, QUARTER, 1))
    assert said.items() <= provenance.environment.items()
    for networks in record.networks.values():
        assert all(said.items() <= environment.items() for environment in networks["environment"])


def test_a_gpu_is_not_examined_and_the_provenance_says_so(tmp_path, examined, monkeypatch):
    monkeypatch.setattr(doctor, "default_device", lambda: torch.device("cuda"))
    assert check(tmp_path) == {"kernels": "not examined, being no processor's"}
    assert not examined


@pytest.mark.parametrize("arch", STEPS)
def test_the_step_is_that_of_training(arch):
    data = tiny_data(arch)
    study = tiny_study(arch, train=tiny_recipe(batch_size=64))
    step = step_of(study, (Fraction(1, 2),), data)
    assert (step.arch, step.base_width, step.members, step.threads) == (arch, 4, (("1/2", 4),), 1)
    assert (step.channels, step.classes, step.example) == (data.channels, data.classes, data.train.inputs.shape[1:])
    assert (step.batch_size, step.precision) == (64, "float32")


AVX2 = """
import sys, torch
from fractions import Fraction
from overparam.networks.ensemble import initialise
from overparam.networks.registry import build

for alpha in ("1", "1/2", "1/4", "1/8"):
    gradients = []
    for dtype in (torch.float64, torch.float32, torch.float32):
        network = build("resnet18", Fraction(alpha), 1, base_width=8, channels=1, classes=10)
        initialise(network, [0])
        network = network.to(dtype).to(memory_format=torch.channels_last).train()
        images = torch.randn(1, 50, 1, 8, 8, generator=torch.Generator().manual_seed(1)).to(dtype)
        network(images).square().mean().backward()
        gradients.append(torch.cat([p.grad.double().flatten() for p in network.parameters()]))
    exact, one, two = gradients
    assert torch.equal(one, two), alpha
    assert (one - exact).norm() < 1e-3 * exact.norm(), alpha
"""


def test_single_narrow_networks_have_the_gradients_of_float64_on_a_processor_with_avx2_alone():
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", AVX2], env=environment, check=True, timeout=300)


@pytest.mark.parametrize("instructions", ["AVX2", "AVX2_VNNI", "SSE41"])
def test_their_kernels_pass_on_processors_with_fewer_instructions(instructions):
    single = Step("resnet18", 8, (("1", 1), ("1/2", 1), ("1/4", 1)), 1, 10, (1, 8, 8), 50, "float32", 1)
    assert diagnose(single, ("env", f"ONEDNN_MAX_CPU_ISA={instructions}", *doctor.EXAMINER)).faults == []


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"ONEDNN_MAX_CPU_ISA": "AVX2"}], ids=["here", "AVX2"])
def test_no_kernel_of_any_network_that_can_be_trained_fails(settings):
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | settings
    subprocess.run([sys.executable, ROOT / "tests" / "scan_kernels.py"], env=environment, check=True)
