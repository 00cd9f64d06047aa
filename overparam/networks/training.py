"""One loop for all networks; it owns seeding, the learning-rate schedule, resuming and progress.

Members are independent: member ``k`` draws its initialisation, its order of the examples and its augmentation from its
own seed, so that an ensemble gives each the trajectory it would have had alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from rich.progress import Progress
from torch import Tensor

from overparam.config.recipes import ImageRecipe, TrainSpec
from overparam.data import Dataset, Examples
from overparam.errors import ArtifactError, MeasurementError
from overparam.io.progress import silent
from overparam.io.sealed import read_metadata, read_sealed, write_sealed
from overparam.networks.batches import epoch_batches, prepare
from overparam.networks.checkpoints import as_arrays, as_tensors
from overparam.networks.ensemble import State, autocast, initialise, split_state, stream
from overparam.networks.registry import Network


@dataclass
class History:
    """What training leaves behind beside the trained network.

    Attributes:
        loss: mean training loss (nats) of every epoch so far, (epochs, members).
        accuracy: likewise in [0, 1].
        snapshots: by epoch, the last member's state as it was after it.
    """

    loss: list[list[float]] = field(default_factory=list)
    accuracy: list[list[float]] = field(default_factory=list)
    snapshots: dict[int, State] = field(default_factory=dict, compare=False)


def learning_rate(step: int, steps: int, spec: TrainSpec) -> float:
    """One cycle: from 0 up to the peak over the warmup share of ``steps``, then down to 0, both linear."""
    return float(np.interp(step + 1, [0, spec.warmup * steps, steps + 1], [0, spec.learning_rate, 0]))


def train(
    network: Network,
    dataset: Dataset,
    spec: TrainSpec,
    seeds: Sequence[int],
    *,
    snapshots: Sequence[int] = (),
    resume: Path | None = None,
    key: str = "",
    progress: Progress | None = None,
    label: str = "training",
) -> History:
    """Initialise ``network`` and train it in place on its own device; every member by its own seed.

    The loss of a member is its mean cross-entropy; members share no parameter, so the sum over members has the gradient
    of each alone. After each epoch in ``snapshots`` the last member is kept as it is. With ``resume``, the state is
    saved there after every epoch, and a run that finds a state saved under the same ``key`` goes on from it: it ends
    with the weights of an uninterrupted run.

    Raises:
        MeasurementError: if the loss of a member stops being finite.
    """
    initialise(network, seeds)
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimiser = make_optimiser(network, spec)
    history = _load_state(resume, key, network, optimiser) if resume else History()
    batches = len(dataset.train) // min(spec.batch_size, len(dataset.train))
    steps = max(1, round(spec.epochs * batches))
    progress = progress or silent()
    bar = progress.add_task(label, total=steps, completed=len(history.loss) * batches)
    forward = torch.compile(network) if spec.compile else network
    device = next(network.parameters()).device
    for epoch in range(len(history.loss), math.ceil(steps / batches)):
        network.train()
        loss_sum = torch.zeros(network.members, device=device)
        hits = torch.zeros(network.members, device=device)
        step = epoch * batches
        count = min(batches, steps - step)  # the last epoch may be a part of one
        for inputs, labels in islice(epoch_batches(dataset.train, spec, seeds, epoch, device), count):
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(step, steps, spec)
            inputs = prepare(inputs, dataset.normalisation)
            with autocast(device, spec.precision):
                logits = forward(inputs)
            losses = member_losses(logits.float(), labels)
            optimiser.zero_grad(set_to_none=True)
            losses.sum().backward()
            clip_gradients(network, spec.clip_norm)
            optimiser.step()
            loss_sum += losses.detach()
            hits += (logits.detach().argmax(-1) == labels).float().mean(1)
            step += 1
            progress.advance(bar)
        history.loss.append((loss_sum / count).tolist())
        history.accuracy.append((hits / count).tolist())
        if not np.isfinite(history.loss[-1]).all():
            member = int(np.flatnonzero(~np.isfinite(history.loss[-1]))[0])
            raise MeasurementError(
                f"the loss of member {member} ({label}) is not finite after epoch {epoch + 1}: "
                "lower learning_rate in params.yaml"
            )
        if epoch + 1 in snapshots:
            last = split_state(network.state_dict(), network.members)[-1]
            history.snapshots[epoch + 1] = {name: value.cpu() for name, value in last.items()}
        if resume:
            _save_state(resume, key, network, optimiser, history)
        progress.update(bar, loss=np.mean(history.loss[-1]), accuracy=np.mean(history.accuracy[-1]))
    return history


def make_optimiser(network: Network, spec: TrainSpec) -> torch.optim.Optimizer:
    """SGD with momentum for images; for sentences AdamW, which decays matrices and leaves biases and norms alone."""
    if isinstance(spec, ImageRecipe):
        return torch.optim.SGD(
            network.parameters(), lr=spec.learning_rate, momentum=spec.momentum, weight_decay=spec.weight_decay
        )
    matrices = [p for p in network.parameters() if p.dim() > 1]
    vectors = [p for p in network.parameters() if p.dim() == 1]
    groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=spec.learning_rate, weight_decay=spec.weight_decay)


def clip_gradients(network: Network, limit: float) -> None:
    """Scale down the gradient of each member whose Euclidean norm is above ``limit``, each member by itself."""
    gradients = [p.grad.unflatten(0, (network.members, -1)) for p in network.parameters() if p.grad is not None]
    norms = torch.stack([g.square().flatten(1).sum(dim=1) for g in gradients]).sum(dim=0).sqrt()  # (members,)
    scale = (limit / (norms + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(scale.view(-1, *[1] * (gradient.dim() - 1)))


def member_losses(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of each member, (members,); of logits (members, batch, classes), labels (members, batch)."""
    flat = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
    return flat.unflatten(0, labels.shape).mean(dim=1)


def accuracy(network: Network, dataset: Dataset, examples: Examples, spec: TrainSpec) -> list[float]:
    """Share of ``examples`` that each member gets right, in [0, 1]; no augmentation, evaluation mode."""
    hits = torch.zeros(network.members)
    start = 0
    for _, logits in stream(
        network, examples, dataset.normalisation, batch_size=spec.batch_size, precision=spec.precision
    ):
        labels = torch.from_numpy(examples.labels[start : start + logits.shape[1]])
        hits += (logits.argmax(-1).cpu() == labels).sum(1)
        start += logits.shape[1]
    return (hits / len(examples)).tolist()


def _save_state(path: Path, key: str, network: Network, optimiser: torch.optim.Optimizer, history: History) -> None:
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    for name, parameter in network.named_parameters():
        tensors |= {f"optimiser.{slot}.{name}": value for slot, value in optimiser.state[parameter].items()}
    for epoch, state in history.snapshots.items():
        tensors |= {f"snapshot.{epoch}.{name}": value for name, value in state.items()}
    metadata = {"key": key, "loss": history.loss, "accuracy": history.accuracy, "snapshots": [*history.snapshots]}
    write_sealed(path, as_arrays(tensors), metadata)


def _load_state(path: Path, key: str, network: Network, optimiser: torch.optim.Optimizer) -> History:
    """Put a saved state into ``network`` and ``optimiser``; one of another run, or a damaged one, starts afresh."""
    if read_metadata(path).get("key") != key:
        return History()
    try:
        arrays, metadata = read_sealed(path, remedy="train from the start")
    except ArtifactError:
        return History()
    tensors = as_tensors(arrays)
    network.load_state_dict({name: tensors[f"network.{name}"] for name in network.state_dict()})
    parameters = dict(network.named_parameters())
    for key, value in tensors.items():
        kind, _, rest = key.partition(".")
        if kind == "optimiser":
            slot, _, name = rest.partition(".")
            parameter = parameters[name]
            if value.dim():
                value = value.to(parameter.device).contiguous(memory_format=_memory_format(value))
            optimiser.state[parameter][slot] = value
    snapshots = {
        epoch: {name: tensors[f"snapshot.{epoch}.{name}"] for name in network.state_dict()}
        for epoch in metadata["snapshots"]
    }
    return History(metadata["loss"], metadata["accuracy"], snapshots)


def _memory_format(value: Tensor) -> torch.memory_format:
    """Of convolutions' weights, which are kept channels-last; what is added up in one order stays in it."""
    return torch.channels_last if value.dim() == 4 else torch.contiguous_format
