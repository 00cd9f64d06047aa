"""What networks see of examples: standardised images, in training cropped and flipped; sentences as they are."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from overparam.config.recipes import ImageRecipe, TrainSpec
from overparam.data import Examples, Normalisation


def prepare(inputs: Tensor, normalisation: Normalisation | None) -> Tensor:
    """Standardised float32 images from uint8 ones (…, channels, height, width); token ids, without any, as they are."""
    if normalisation is None:
        return inputs
    mean = torch.tensor(normalisation.mean, device=inputs.device).view(-1, 1, 1)
    std = torch.tensor(normalisation.std, device=inputs.device).view(-1, 1, 1)
    return inputs.float().sub_(mean).div_(std)


def epoch_batches(
    examples: Examples, spec: TrainSpec, seeds: Sequence[int], epoch: int, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch for every member, in its own order; images with its own crops and flips; a last part batch is dropped.

    Yields:
        inputs (members, batch, …), where … is the shape of one example, and labels (members, batch).
    """
    count, size = len(examples), min(spec.batch_size, len(examples))
    generators = [_generator(seed, epoch) for seed in seeds]
    order = torch.stack([torch.randperm(count, generator=generator) for generator in generators]).to(device)
    labels = torch.from_numpy(examples.labels).to(device)
    inputs = torch.from_numpy(examples.inputs).to(device)
    look = (
        _random_views(inputs, spec, generators) if isinstance(spec, ImageRecipe) else lambda chosen, _: inputs[chosen]
    )
    for start in range(0, count - size + 1, size):
        batch = slice(start, start + size)
        yield look(order[:, batch], batch), labels[order[:, batch]]


def _random_views(
    images: Tensor, spec: ImageRecipe, generators: Sequence[torch.Generator]
) -> Callable[[Tensor, slice], Tensor]:
    """Each member's random crops, and flips where the recipe has them, of the chosen images (members, batch, …)."""
    padding, (count, _, height, width) = spec.crop_padding, images.shape
    draws = [
        (*torch.randint(0, 2 * padding + 1, (2, count), generator=generator), torch.rand(count, generator=generator))
        for generator in generators
    ]
    rows, columns, coins = (torch.stack(parts).to(images.device) for parts in zip(*draws, strict=True))
    windows = F.pad(images, (padding,) * 4).unfold(2, height, 1).unfold(3, width, 1)
    # windows: (examples, channels, row, column, height, width)

    def look(chosen: Tensor, batch: slice) -> Tensor:
        crops = windows[chosen, :, rows[:, batch], columns[:, batch]]  # (members, batch, channels, height, width)
        heads = coins[:, batch, None, None, None] < 0.5
        return torch.where(heads, crops.flip(-1), crops) if spec.flip else crops

    return look


def _generator(seed: int, epoch: int) -> torch.Generator:
    """Of what one member draws in one epoch, from its seed alone."""
    mixed = int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0])
    return torch.Generator().manual_seed(mixed)
