"""What the kernels of a training step give, beside what float64 gives: the arithmetic that all results stand on.

A kernel is one call into PyTorch's libraries on operands of certain shapes, strides and formats. A library may have a
wrong one for just some shapes on just some processors (uxlfoundation/oneDNN#6035), and no loss curve tells. Since a
wrong kernel may take its process with it, this one is run by another: `overparam.doctor`.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.module_tracker import ModuleTracker

from overparam.config import SEED
from overparam.ensembles import autocast, initialise
from overparam.models import build
from overparam.training import copy_losses

# Relative errors that rounding explains. A sum of n products, added one after the other, errs by about u·√(n/2). In
# float32 u = 2⁻²⁴, which makes 3e-5 of the 512,000 pixels of the largest weight gradient. In bfloat16 u = 2⁻⁹ = 0.2 %,
# once where sums are taken in float32; where the processor has no such instructions, batches are added in bfloat16.
TOLERANCES = {torch.float32: 1e-4, torch.bfloat16: 5e-2}
PEAK = 10  # how many times the tolerance one element may err by, in root mean squares of all
# Words in the names of what libraries have special kernels for; what treats each number by itself, or only moves it, is
# left out.
OPERATIONS = ("conv", "mm", "norm", "softmax", "pool", "embedding", "sum", "mean", "loss")
GRADIENTS = ("input", "weight", "bias")  # what kernels named backward give the gradients of, in this order


@dataclass(frozen=True)
class Step:
    """One step of training of networks of some widths, as far as its kernels depend on it.

    Attributes:
        arch: architecture.
        base_width: of M_1.
        copies: width factors, written as 1/16, each with the number of networks that are trained side by side.
        channels: of an image; of sentences the tokens of the vocabulary.
        classes: number of classes.
        example: shape of one example.
        batch_size: examples that each copy sees.
        precision: of the recipe; `overparam.ensembles.autocast` says what becomes of it here.
        threads: of the processor.
    """

    arch: str
    base_width: int
    copies: Sequence[tuple[str, int]]
    channels: int
    classes: int
    example: Sequence[int]
    batch_size: int
    precision: str
    threads: int


@dataclass(frozen=True)
class Kernel:
    """A kernel, and the first layer that calls it on operands of these shapes, strides and formats.

    Attributes:
        layer: its name, and where it stands.
        operation: the library's name for what it does, such as ``convolution_backward``.
        operands: shapes of its tensors.
        precision: the coarsest floating-point format among them.
    """

    layer: str
    operation: str
    operands: str
    precision: str


@dataclass(frozen=True)
class Finding:
    """What a kernel gave.

    Attributes:
        kernel: which one.
        part: the result that errs most.
        error: its distance from float64's in the Frobenius norm, in units of float64's norm; or, if that is more, that
            of a single element over `PEAK` root mean squares. Both calls count.
        repeats: whether two calls gave the same bits.
    """

    kernel: Kernel
    part: str
    error: float
    repeats: bool

    @property
    def tolerance(self) -> float:
        """The largest error that rounding explains."""
        return TOLERANCES[getattr(torch, self.kernel.precision)]

    @property
    def sound(self) -> bool:
        """Whether one may train with the kernel; an error that is no number is too large."""
        return self.repeats and self.error <= self.tolerance


class Examination(TorchDispatchMode):
    """While it is entered, examines each kernel before it is first called on operands of its kind.

    Args:
        place: where the layers stand, which their names do not say.
        seen: the kinds that were met, for several examinations to share.
        begin: told each kernel before it is called, so that it is known which one hung.
        end: told each finding.
    """

    def __init__(
        self, place: str, seen: set[str], begin: Callable[[Kernel], object], end: Callable[[Finding], object]
    ) -> None:
        super().__init__()
        self.place, self.seen, self.begin, self.end = place, seen, begin, end
        self.tracker = ModuleTracker()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # there is nothing to skip, and telling the compiler so would load it, which takes seconds

    def __enter__(self) -> "Examination":
        self.tracker.__enter__()
        return super().__enter__()

    def __exit__(self, *raised: Any) -> None:
        super().__exit__(*raised)
        self.tracker.__exit__(*raised)

    def __torch_dispatch__(self, func: OpOverload, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        arguments = (args, kwargs or {})
        if is_examined(func, arguments):
            kind = f"{func} {tree_map(_kind, arguments)}"
            if kind not in self.seen:
                self.seen.add(kind)
                kernel = self._kernel(func, arguments)
                self.begin(kernel)
                self.end(examine(kernel, func, arguments))
        return func(*args, **(kwargs or {}))

    def _kernel(self, func: OpOverload, arguments: Any) -> Kernel:
        _, *names = max(self.tracker.parents, key=len).split(".")  # the first is the network's own
        operands = [leaf for leaf in tree_leaves(arguments) if isinstance(leaf, Tensor)]
        coarsest = max((operand.dtype for operand in operands if _is_floating(operand)), key=_roundoff)
        return Kernel(
            layer=f"{'.'.join(names) or 'the network'} {self.place}",
            operation=func._schema.name.partition("::")[2],
            operands=", ".join("×".join(map(str, operand.shape)) or "a scalar" for operand in operands),
            precision=str(coarsest).partition(".")[2],
        )


def examine_step(step: Step, begin: Callable[[Kernel], object], end: Callable[[Finding], object]) -> None:
    """Train networks of every width by one step, evaluate them, and examine what kernels that calls.

    Args:
        step: what is run, on random examples.
        begin: as in `Examination`.
        end: likewise.
    """
    torch.set_num_threads(step.threads)
    generator = torch.Generator().manual_seed(SEED)
    seen: set[str] = set()
    for alpha, copies in step.copies:
        size = {"base_width": step.base_width, "channels": step.channels, "classes": step.classes}
        network = build(step.arch, Fraction(alpha), copies, **size)
        initialise(network, range(copies))
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        shape, is_image = (copies, step.batch_size, *step.example), len(step.example) > 1
        inputs = torch.randint(1 if is_image else step.channels, shape, generator=generator)
        if is_image:
            inputs = torch.randn(shape, generator=generator)
        labels = torch.randint(step.classes, shape[:2], generator=generator)
        with Examination(f"at α = {alpha}", seen, begin, end):
            with autocast(inputs.device, step.precision):
                logits = network.train()(inputs)
            copy_losses(logits.float(), labels).sum().backward()
            with torch.no_grad(), autocast(inputs.device, step.precision):
                network.eval()(inputs)


def is_examined(func: OpOverload, arguments: Any) -> bool:
    """Whether libraries have kernels of their own for an operation, which is on floating-point numbers."""
    named = any(word in func._schema.name for word in OPERATIONS)
    return named and any(map(_is_floating, tree_leaves(arguments)))


def examine(kernel: Kernel, func: OpOverload, arguments: Any) -> Finding:
    """Call a kernel twice on random operands like those it was called on, and once on the same numbers in float64.

    The operands themselves would not do: what is zero but for rounding, as the gradient of a bias before batch
    normalisation, has no relative error. Float64 takes other ways through the libraries than float32 and bfloat16.
    """
    generator = torch.Generator().manual_seed(SEED)
    drawn = tree_map(lambda leaf: _drawn(leaf, generator), arguments)
    exact = _results(func, tree_map(_exact, drawn))
    first, second = (_results(func, tree_map(_copied, drawn)) for _ in range(2))
    errors = {
        part: max(_error(result[part], value) for result in (first, second))
        for part, value in exact.items()
        if _is_floating(value)
    }
    worst = max(errors, key=lambda part: (errors[part] != errors[part], errors[part]))  # first what is no number
    repeats = all(torch.equal(_bits(first[part]), _bits(second[part])) for part in exact)
    return Finding(kernel, worst, errors[worst], repeats)


def _results(func: OpOverload, arguments: Any) -> dict[str, Tensor]:
    """What a kernel returns, and its vectors as it leaves them, for running statistics are written there."""
    args, kwargs = arguments
    with torch.no_grad(), torch.autocast("cpu", enabled=False):
        returned = [leaf for leaf in tree_leaves(func(*args, **kwargs)) if isinstance(leaf, Tensor)]
    backward = func._schema.name.endswith("backward")
    names = [f"gradient of the {name}" for name in GRADIENTS] if backward else ["output"]
    names += [f"result {place + 1}" for place in range(len(names), len(returned))]
    vectors = [leaf for leaf in tree_leaves(arguments) if _is_floating(leaf) and leaf.dim() == 1]
    left = {f"vector {place + 1} afterwards": vector for place, vector in enumerate(vectors)}
    return dict(zip(names, returned, strict=False)) | left


def _kind(leaf: Any) -> Any:
    """What a kernel is chosen by: of a tensor its format, shape and strides, of anything else its value."""
    return f"{leaf.dtype}{tuple(leaf.shape)}{leaf.stride()}" if isinstance(leaf, Tensor) else leaf


def _is_floating(leaf: Any) -> bool:
    return isinstance(leaf, Tensor) and leaf.is_floating_point()


def _roundoff(dtype: torch.dtype) -> float:
    return torch.finfo(dtype).eps


def _extent(tensor: Tensor) -> int:
    """How many numbers lie between the first and the last of a tensor in memory, both counted."""
    if not tensor.numel():
        return 0
    return 1 + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))


def _drawn(leaf: Any, generator: torch.Generator) -> Any:
    """Standard normal numbers, laid out in memory as ``leaf`` is; whole numbers and truth values stay as they are.

    Vectors are drawn from [1/2, 3/2), since some of them are variances.
    """
    if not _is_floating(leaf):
        return leaf
    draw = torch.rand if leaf.dim() == 1 else torch.randn
    numbers = draw(_extent(leaf), generator=generator) + (0.5 if leaf.dim() == 1 else 0.0)
    return numbers.to(leaf.dtype).as_strided(leaf.shape, leaf.stride())


def _exact(leaf: Any) -> Any:
    """The same in float64; a format that is asked for becomes float64 too."""
    if isinstance(leaf, torch.dtype) and leaf.is_floating_point:
        return torch.float64
    return _copied(leaf, torch.float64) if _is_floating(leaf) else _copied(leaf)


def _copied(leaf: Any, dtype: torch.dtype | None = None) -> Any:
    """A copy in the same layout, for kernels that write to their operands."""
    if not isinstance(leaf, Tensor):
        return leaf
    numbers = leaf.as_strided((_extent(leaf),), (1,)).to(dtype or leaf.dtype, copy=True)
    return numbers.as_strided(leaf.shape, leaf.stride())


def _error(result: Tensor, exact: Tensor) -> float:
    """As in `Finding`; infinite where float64 gives nothing but zeros and the kernel does not."""
    if not exact.numel():
        return 0.0
    gap, norm = result.double() - exact, float(exact.norm())
    distance = max(float(gap.norm()), float(gap.abs().amax()) * exact.numel() ** 0.5 / PEAK)
    return distance / norm if norm else distance and torch.inf


def _bits(tensor: Tensor) -> Tensor:
    """Bytes in the order of the elements, by which what is no number equals itself."""
    return tensor.contiguous().reshape(-1).view(torch.uint8)


def main() -> None:
    """Examine the step that the last argument is in JSON, and answer in lines of JSON.

    The kernel as its examination begins, the finding as it ends, and null when all is over.
    """

    def say(content: Kernel | Finding) -> None:
        print(json.dumps(asdict(content)), flush=True)

    examine_step(Step(**json.loads(sys.argv[-1])), begin=say, end=say)
    print(json.dumps(None), flush=True)


if __name__ == "__main__":
    main()
