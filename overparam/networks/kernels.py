"""What the kernels of a training step give, beside what float64 gives: the arithmetic that all results stand on.

A kernel is one call into PyTorch's libraries on operands of certain shapes, strides and formats. A library may have a
wrong one for just some shapes on just some processors (uxlfoundation/oneDNN#6035), and no loss curve tells.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._pytree import tree_leaves, tree_map

from overparam.constants import SEED

# Relative errors that rounding explains. A sum of n products, added one after the other, errs by about u·√(n/2). In
# float32 u = 2⁻²⁴, which makes 3e-5 of the 512,000 pixels of the largest weight gradient. In bfloat16 u = 2⁻⁹ = 0.2 %,
# once where sums are taken in float32; where the processor has no such instructions, batches are added in bfloat16.
TOLERANCES = {torch.float32: 1e-4, torch.bfloat16: 5e-2}
PEAK = 10  # how many times the tolerance one element may err by, in root mean squares of all
GRADIENTS = ("input", "weight", "bias")  # what kernels named backward give the gradients of, in this order


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

    @classmethod
    def of(cls, layer: str, func: OpOverload, arguments: Any) -> "Kernel":
        """The kernel that ``func`` calls on (args, kwargs)."""
        operands = [leaf for leaf in tree_leaves(arguments) if isinstance(leaf, Tensor)]
        formats = {operand.dtype for operand in operands if is_floating(operand)}
        return cls(
            layer=layer,
            operation=func._schema.name.partition("::")[2],
            operands=", ".join("×".join(map(str, operand.shape)) or "a scalar" for operand in operands),
            precision=str(max(formats, key=lambda dtype: torch.finfo(dtype).eps)).partition(".")[2],
        )


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


def kind_of(func: OpOverload, arguments: Any) -> str:
    """What libraries choose a kernel by: of tensors their formats, shapes and strides, of all else the values."""

    def spelled(leaf: Any) -> Any:
        return f"{leaf.dtype}{tuple(leaf.shape)}{leaf.stride()}" if isinstance(leaf, Tensor) else leaf

    return f"{func} {tree_map(spelled, arguments)}"


def is_floating(leaf: Any) -> bool:
    """Whether it is a tensor of floating-point numbers."""
    return isinstance(leaf, Tensor) and leaf.is_floating_point()


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
        if is_floating(value)
    }
    worst = max(errors, key=lambda part: (errors[part] != errors[part], errors[part]))  # first what is no number
    repeats = all(torch.equal(_bits(first[part]), _bits(second[part])) for part in exact)
    return Finding(kernel, worst, errors[worst], repeats)


def _results(func: OpOverload, arguments: Any) -> dict[str, Tensor]:
    """What a kernel returns, and its vectors as it leaves them, for running statistics are written there."""
    args, kwargs = arguments
    with torch.no_grad(), torch.autocast("cpu", enabled=False):
        returned = tree_leaves(func(*args, **kwargs))
    names = [f"result {place + 1}" for place in range(len(returned))]
    if func._schema.name.endswith("backward"):
        names[: len(GRADIENTS)] = [f"gradient of the {name}" for name in GRADIENTS[: len(names)]]
    vectors = [leaf for leaf in tree_leaves(arguments) if is_floating(leaf) and leaf.dim() == 1]
    left = {f"vector {place + 1} afterwards": vector for place, vector in enumerate(vectors)}
    # A gradient that is not asked for is None.
    return {name: value for name, value in zip(names, returned, strict=True) if isinstance(value, Tensor)} | left


def _extent(tensor: Tensor) -> int:
    """How many numbers lie between the first and the last of a tensor in memory, both counted."""
    if not tensor.numel():
        return 0
    return 1 + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))


def _drawn(leaf: Any, generator: torch.Generator) -> Any:
    """Standard normal numbers, laid out in memory as ``leaf`` is; whole numbers and truth values stay as they are.

    Vectors are drawn from [1/2, 3/2), since some of them are variances.
    """
    if not is_floating(leaf):
        return leaf
    draw = torch.rand if leaf.dim() == 1 else torch.randn
    numbers = draw(_extent(leaf), generator=generator) + (0.5 if leaf.dim() == 1 else 0.0)
    return numbers.to(leaf.dtype).as_strided(leaf.shape, leaf.stride())


def _exact(leaf: Any) -> Any:
    """The same in float64; a format that is asked for becomes float64 too."""
    if isinstance(leaf, torch.dtype) and leaf.is_floating_point:
        return torch.float64
    return _copied(leaf, torch.float64) if is_floating(leaf) else _copied(leaf)


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
