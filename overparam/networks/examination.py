"""The kernels that a step of training calls, found by taking it, and each examined before the networks get it.

Since a wrong kernel may take its process with it, this one is run by another: `overparam.pipeline.doctor`.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import torch
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.module_tracker import ModuleTracker

from overparam.constants import SEED
from overparam.networks.ensemble import autocast, initialise
from overparam.networks.kernels import Finding, Kernel, examine, is_floating, kind_of
from overparam.networks.registry import build
from overparam.networks.training import member_losses

# Words in the names of what libraries have special kernels for; what treats each number by itself, or only moves it, is
# left out.
OPERATIONS = ("conv", "mm", "norm", "softmax", "pool", "embedding", "sum", "mean", "loss")


@dataclass(frozen=True)
class Step:
    """One step of training of networks of some widths, as far as its kernels depend on it.

    Attributes:
        arch: architecture.
        base_width: of M_1.
        members: width factors, written as 1/16, each with the number of networks that are trained side by side.
        channels: of an image; of sentences the tokens of the vocabulary.
        classes: number of classes.
        example: shape of one example.
        batch_size: examples that each member sees.
        precision: of the recipe; `overparam.networks.ensemble.autocast` says what becomes of it here.
        threads: of the processor.
    """

    arch: str
    base_width: int
    members: Sequence[tuple[str, int]]
    channels: int
    classes: int
    example: Sequence[int]
    batch_size: int
    precision: str
    threads: int


def examine_step(step: Step, begin: Callable[[Kernel], object], end: Callable[[Finding], object]) -> None:
    """Train networks of every width by one step, evaluate them, and examine what kernels that calls.

    Args:
        step: what is run, on random examples.
        begin: as in `Examination`.
        end: likewise.
    """
    generator = torch.Generator().manual_seed(SEED)
    seen: set[str] = set()
    for alpha, members in step.members:
        size = {"base_width": step.base_width, "channels": step.channels, "classes": step.classes}
        network = build(step.arch, Fraction(alpha), members, **size)
        initialise(network, range(members))
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        shape, is_image = (members, step.batch_size, *step.example), len(step.example) > 1
        inputs = torch.randint(1 if is_image else step.channels, shape, generator=generator)
        if is_image:
            inputs = torch.randn(shape, generator=generator)
        labels = torch.randint(step.classes, shape[:2], generator=generator)
        with Examination(f"at α = {alpha}", seen, begin, end):
            with autocast(inputs.device, step.precision):
                logits = network.train()(inputs)
            member_losses(logits.float(), labels).sum().backward()
            with torch.no_grad(), autocast(inputs.device, step.precision):
                network.eval()(inputs)


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
        if is_examined(func, arguments) and (kind := kind_of(func, arguments)) not in self.seen:
            self.seen.add(kind)
            _, *names = max(self.tracker.parents, key=len).split(".")  # the first is the network's own
            kernel = Kernel.of(f"{'.'.join(names) or 'the network'} {self.place}", func, arguments)
            self.begin(kernel)
            self.end(examine(kernel, func, arguments))
        return func(*args, **(kwargs or {}))


def is_examined(func: OpOverload, arguments: Any) -> bool:
    """Whether libraries have kernels of their own for an operation, which is on floating-point numbers."""
    named = any(word in func._schema.name for word in OPERATIONS)
    return named and any(map(is_floating, tree_leaves(arguments)))


def main() -> None:
    """Examine the step that the last argument is in JSON, and answer in lines of JSON.

    The kernel as its examination begins, the finding as it ends, and null when all is over.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer

    def say(content: Kernel | Finding | None) -> None:
        print(json.dumps(content and asdict(content)), file=answers, flush=True)

    step = Step(**json.loads(sys.argv[-1]))
    torch.set_num_threads(step.threads)
    examine_step(step, begin=say, end=say)
    say(None)


if __name__ == "__main__":
    main()
