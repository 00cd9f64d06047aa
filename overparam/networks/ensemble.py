"""``U`` independent networks as one batched module: initialise them, take them apart, put them together, run them.

All of it rests on one convention of `networks.registry`: every tensor of a network's state holds the members one
after the other along its first axis. Scalars of the state (batch counters) are common to all members.
"""

import math
from collections.abc import Iterator, Sequence
from functools import cache

import torch
from torch import Tensor

from overparam.data import Examples, Normalisation
from overparam.errors import SpecError
from overparam.networks.batches import prepare
from overparam.networks.registry import Network

State = dict[str, Tensor]
# What a processor multiplies bfloat16 by.
BFLOAT16 = frozenset({"amx_bf16", "avx512_bf16"})


@torch.no_grad()
def initialise(network: Network, seeds: Sequence[int]) -> None:
    """Give member ``k`` the weights that seed ``seeds[k]`` alone determines.

    Convolutions: He's normal initialisation by fan-out; readouts: uniform within 1/√features; other matrices, those of
    Transformers: normal with variance 1/fan-in; normalisation layers: identity; other biases: 0.

    Raises:
        ValueError: unless there is a seed for each member.
        SpecError: for a parameter that is none of these, or does not hold the members along its first axis.
    """
    if len(seeds) != network.members:
        raise ValueError(f"{network.members} members need as many seeds, not {len(seeds)}")
    readouts = {id(parameter) for parameter in network.fc.parameters()}
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    for name, parameter in network.named_parameters():
        if not parameter.dim() or len(parameter) % network.members:
            raise SpecError(
                f"parameter {name} of shape {tuple(parameter.shape)} does not hold {network.members} members one after "
                "the other along its first axis: let it"
            )
        for chunk, generator in zip(parameter.chunk(network.members), generators, strict=True):
            if id(parameter) in readouts:
                bound = 1 / math.sqrt(network.feature_count)
                values = torch.empty(chunk.shape).uniform_(-bound, bound, generator=generator)
            elif chunk.dim() == 4:
                fan_out = chunk.shape[0] * chunk.shape[2] * chunk.shape[3]
                values = torch.empty(chunk.shape).normal_(0, math.sqrt(2 / fan_out), generator=generator)
            elif chunk.dim() == 2:
                values = torch.empty(chunk.shape).normal_(0, chunk.shape[1] ** -0.5, generator=generator)
            elif chunk.dim() == 1 and name.endswith(("weight", "bias")):
                values = torch.full(chunk.shape, 1.0 if name.endswith("weight") else 0.0)
            else:
                raise SpecError(
                    f"parameter {name} of shape {tuple(chunk.shape)} is no convolution's kernel, matrix, weight or "
                    "bias of a normalisation: say in overparam/networks/ensemble.py how it begins"
                )
            chunk.copy_(values)


def split_state(state: State, members: int) -> list[State]:
    """Split ``state`` into the states of the single networks that it holds side by side."""
    return [
        {name: value.chunk(members)[k].clone() if value.dim() else value.clone() for name, value in state.items()}
        for k in range(members)
    ]


def stack_states(states: Sequence[State]) -> State:
    """Stack ``states`` of single networks into that of one batched network; undoes `split_state`."""
    first = states[0]
    return {
        name: torch.cat([state[name] for state in states]) if value.dim() else value.clone()
        for name, value in first.items()
    }


@torch.no_grad()
def stream(
    network: Network,
    examples: Examples,
    normalisation: Normalisation | None,
    *,
    batch_size: int,
    precision: str,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Features and logits of every member, batch by batch in the order of ``examples``, in evaluation mode.

    Yields:
        features (members, batch, features) and logits (members, batch, classes), both float32.
    """
    device = next(network.parameters()).device
    network.eval()
    for start in range(0, len(examples), batch_size):
        # A copy, since processes are handed arrays that may not be written to.
        inputs = torch.tensor(examples.inputs[start : start + batch_size], device=device)
        seen = prepare(inputs, normalisation).expand(network.members, *inputs.shape)
        with autocast(device, precision):
            features = network.features(seen)
            logits = network.fc(features)
        yield features.float(), logits.float()


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """The forward pass's context: bfloat16 where ``precision`` asks for it and it is fast, float32 otherwise."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision_on(device, precision) == "bfloat16")


def precision_on(device: torch.device, precision: str) -> str:
    """``precision``, or float32 on a processor that would emulate bfloat16, eleven times slower."""
    native = device.type != "cpu" or BFLOAT16.intersection(_instructions())
    return precision if native else "float32"


@cache
def _instructions() -> frozenset[str]:
    return frozenset(name for name, has in torch.cpu.get_capabilities().items() if has is True)
