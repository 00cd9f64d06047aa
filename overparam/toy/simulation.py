"""Two-layer ReLU networks trained on a sum and a product of signals: all networks of a width, from all seeds, at once.

Our reading of the paper's Section 4, whose exact distribution is not public to us: x ~ N(0, I) and
y = ⟨v_1,x⟩ + ⟨v_2,x⟩ + c⟨v_3,x⟩⟨v_4,x⟩. The signals are orthonormal, and inputs and initial weights look alike in every
direction, so v_1 to v_4 are the first four axes without loss of generality.

Which widths can learn what. Without biases a network Σ_j a_j ReLU(w_j·x) has an odd part ½Σ a_j w_j·x, which is
linear, and an even part ½Σ a_j |w_j·x|. The sum of signals is odd: two neurons suffice, w and −w with opposite a. The
product is even, c(p² − q²)/2 with p = ⟨v_3 + v_4,x⟩/√2 and q = ⟨v_3 − v_4,x⟩/√2: it asks for a neuron along ±p with
a > 0 and one along ±q with a < 0, whose odd parts the first two can take back. So **two neurons** learn the sum alone,
a third can serve half of the product, and **four neurons** are the fewest for both. Which comes first is decided at
small initialisation, where a neuron turns to where E[y ReLU(w·x)] is largest over unit w; along
cos θ (v_1 + v_2)/√2 + sin θ p this is (cos θ)/√2 + c(sin²θ)/√(8π), largest at θ = 0 for c ≤ √π: there every neuron
serves the sum first, and only those that it does not need turn to the product. Biases let a neuron bend like a square,
which keeps it on p or q once it is there, and change nothing in how many directions are asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from joblib import Parallel, delayed
from torch import Tensor

from overparam.constants import SEED
from overparam.errors import MeasurementError
from overparam.io.workers import fresh_workers
from overparam.toy.spec import Plane, ToySpec

PLANES: dict[Plane, slice] = {"addition": slice(0, 2), "product": slice(2, 4)}  # axes that span each pair of signals


@dataclass(frozen=True)
class Networks:
    """The networks of one width after training, and how they came there.

    Attributes:
        alpha: the width factor.
        first: w, (seeds, dimensions, neurons), the networks of a seed one after the other; a last row holds biases if
            there are any.
        second: a, (seeds, neurons).
        width: neurons of one network.
        steps: (records,) after which alignments were written down; 0 first.
        alignment: by plane, (records, seeds, neurons): ‖projection of w/‖w‖ onto the plane of two signals‖, in [0, 1].
    """

    alpha: Fraction
    first: Tensor
    second: Tensor
    width: int
    steps: np.ndarray
    alignment: dict[str, np.ndarray]

    def hidden(self, inputs: Tensor) -> Tensor:
        """Features ReLU(w_j·x + b_j) of what `draw_inputs` gave: (seeds, examples, neurons)."""
        return torch.bmm(inputs, self.first).clamp_min(0)


def draw_inputs(spec: ToySpec, generators: list[torch.Generator], count: int) -> tuple[Tensor, Tensor]:
    """Inputs (seeds, count, dimensions) and targets (seeds, count), each seed's from its own generator.

    Where neurons have biases, a last input is always 1.
    """
    inputs = torch.stack([torch.randn(count, spec.dimensions, generator=generator) for generator in generators])
    targets = inputs[..., 0] + inputs[..., 1] + spec.product * inputs[..., 2] * inputs[..., 3]
    return (F.pad(inputs, (0, 1), value=1.0) if spec.biases else inputs), targets


def train_all(runs: Sequence[tuple[ToySpec, Fraction]], *, advance: Callable[[int], object]) -> list[Networks]:
    """`train_networks` for every spec and width, on one process a core; ``advance`` is called with the steps done."""
    fresh_workers()
    # Products this small gain less from threads than their threads lose waiting for each other.
    run_all: Any = Parallel(n_jobs=-1, return_as="generator")
    trained = []
    for (spec, _), networks in zip(runs, run_all(delayed(train_networks)(*run) for run in runs), strict=True):
        trained.append(networks)
        advance(spec.steps)
    return trained


def train_networks(spec: ToySpec, alpha: Fraction) -> Networks:
    """Train the 1/α networks M_α of every seed by SGD on squared error / 2, with fresh examples at every step.

    Networks of one seed see the same examples and differ in their initial weights.

    Args:
        spec: what to run.
        alpha: the width factor; the networks have α · neurons neurons.

    Raises:
        MeasurementError: if the weights stop being finite.
    """
    width = spec.width(alpha)
    generators = seed_generators(spec, f"training/{alpha}")
    scale = spec.initial_scale
    first = torch.stack([scale * torch.randn(spec.dimensions, spec.neurons, generator=g) for g in generators])
    first = F.pad(first, (0, 0, 0, int(spec.biases)))  # biases start at 0
    second = torch.stack([scale * torch.randn(spec.neurons, generator=g) for g in generators])
    recorded = np.unique(np.linspace(0, spec.steps, spec.records + 1).astype(int))
    alignments = []
    for step in range(spec.steps + 1):
        if step in recorded:
            alignments.append(_alignments(first[:, : spec.dimensions]))
        if step < spec.steps:
            _descend(spec, first, second, width, *draw_inputs(spec, generators, spec.batch_size))
    if not (torch.isfinite(first).all() and torch.isfinite(second).all()):
        raise MeasurementError(f"the toy networks of α = {alpha} diverged: lower toy.learning_rate in params.yaml")
    by_plane = {plane: np.stack([a[plane] for a in alignments]) for plane in PLANES}
    return Networks(alpha, first, second, width, recorded, by_plane)


def seed_generators(spec: ToySpec, purpose: str) -> list[torch.Generator]:
    """One generator a seed, its own for each purpose."""
    word = int.from_bytes(purpose.encode(), "big")
    sequences = [np.random.SeedSequence([SEED, word, seed]) for seed in range(spec.seeds)]
    return [torch.Generator().manual_seed(int(s.generate_state(1, np.uint64)[0])) for s in sequences]


def _descend(spec: ToySpec, first: Tensor, second: Tensor, width: int, inputs: Tensor, targets: Tensor) -> None:
    """One step of gradient descent, in place; gradients by hand, since autograd would keep every product."""
    hidden = torch.bmm(inputs, first).clamp_min_(0)  # (seeds, batch, neurons)
    active = hidden.sign()
    outputs = (hidden * second[:, None]).unflatten(-1, (-1, width)).sum(-1)  # (seeds, batch, networks)
    errors = (outputs - targets[..., None]) / inputs.shape[1]
    errors = errors.repeat_interleave(width, dim=-1)  # (seeds, batch, neurons), each neuron its network's
    step_second = (errors * hidden).sum(1)
    step_first = torch.bmm(inputs.mT, active.mul_(errors)) * second[:, None]
    first.sub_(step_first, alpha=spec.learning_rate)
    second.sub_(step_second, alpha=spec.learning_rate)


def _alignments(first: Tensor) -> dict[str, np.ndarray]:
    unit = first / first.norm(dim=1, keepdim=True)
    return {plane: unit[:, axes].norm(dim=1).numpy() for plane, axes in PLANES.items()}
