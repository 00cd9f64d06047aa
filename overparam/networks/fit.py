"""Fit: how well networks know their training data, in a form in which networks of any width can be compared.

On training examples as they are, in evaluation mode, and with statistics of batch normalisation taken anew: those that
training leaves lag behind the weights where the learning rate is high. They are taken as training takes them, over
cropped and flipped images: of images as they are, they cost a network whose statistics do not lag two points.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.optim.swa_utils import update_bn

from overparam.config.recipes import TrainSpec
from overparam.constants import SEED
from overparam.data import Dataset
from overparam.networks.batches import epoch_batches, prepare
from overparam.networks.ensemble import autocast, stream
from overparam.networks.registry import Network

# Training examples that fit is measured on, all of them if there are no more. They are the same for every network, so
# that two that are compared differ by less than either is known.
EXAMPLES = 10_000
RENEWING = 5_000  # training examples that the statistics are taken from, drawn once
BATCH = 125  # examples at a time that are only looked at


@dataclass(frozen=True)
class Fit:
    """Fit to the training data, of single networks and of those of one concatenation together.

    Attributes:
        accuracy: of every network, (members,) in [0, 1].
        cross_entropy: of every network, (members,) in nats.
        ensemble_accuracy: of the mean of the probabilities that the first networks give.
        ensemble_cross_entropy: likewise, in nats.
    """

    accuracy: list[float]
    cross_entropy: list[float]
    ensemble_accuracy: float
    ensemble_cross_entropy: float


def measure_fit(network: Network, dataset: Dataset, spec: TrainSpec, together: int) -> Fit:
    """The fit of every member to its training examples, and of the first ``together`` members as an ensemble.

    The network's statistics of batch normalisation are the new ones afterwards.
    """
    _renew_statistics(network, dataset, spec)
    examples = dataset.train.subset(min(EXAMPLES, len(dataset.train)))
    hits, losses = np.zeros(network.members), np.zeros(network.members)
    hits_together = loss_together = 0.0
    start = 0
    for _, logits in stream(network, examples, dataset.normalisation, batch_size=BATCH, precision=spec.precision):
        labels = torch.from_numpy(examples.labels[start : start + logits.shape[1]])
        start += len(labels)
        log_probabilities = logits.cpu().double().log_softmax(-1)  # (members, batch, classes)
        mean = log_probabilities[:together].exp().mean(0)  # (batch, classes)
        rows = torch.arange(len(labels))
        hits += (log_probabilities.argmax(-1) == labels).sum(1).numpy()
        losses -= log_probabilities[:, rows, labels].sum(1).numpy()
        hits_together += float((mean.argmax(-1) == labels).sum())
        loss_together -= float(mean[rows, labels].log().sum())
    count = len(examples)
    return Fit((hits / count).tolist(), (losses / count).tolist(), hits_together / count, loss_together / count)


@torch.no_grad()
def _renew_statistics(network: Network, dataset: Dataset, spec: TrainSpec) -> None:
    device = next(network.parameters()).device
    chosen = dataset.train.subset(min(RENEWING, len(dataset.train)))
    batches = epoch_batches(chosen, spec, [SEED] * network.members, 0, device)
    with autocast(device, spec.precision):
        update_bn((prepare(inputs, dataset.normalisation) for inputs, _ in batches), network)
