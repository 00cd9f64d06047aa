"""Row k of extracted features is example k, by what a loader does and not by what its sampler is called."""

import random
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
)

from overparam.errors import MeasurementError
from overparam.networks.hooks import extract_features

COUNT = 40
DATA = TensorDataset(torch.arange(float(COUNT))[:, None].repeat(1, 3), torch.arange(COUNT))
MODEL = nn.Sequential(nn.Identity(), nn.Linear(3, 1))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


class Ours(Sampler):
    """A sampler of one's own, of examples or of batches."""

    def __init__(self, draw):
        self.draw = draw

    def __iter__(self):
        return iter(self.draw())

    def __len__(self):
        return COUNT


class Stream(IterableDataset):
    def __iter__(self):
        return iter(DATA)


class Wrapper:
    """What a library puts around a loader."""

    def __init__(self, loader):
        self.loader = loader
        self.sampler = loader.sampler

    def __iter__(self):
        return iter(self.loader)


def of(**options):
    return lambda: DataLoader(DATA, **({"batch_size": 8} | options))


def of_batches(sampler):
    return lambda: DataLoader(DATA, batch_sampler=sampler)


def eights(order):
    return [order[k : k + 8] for k in range(0, COUNT, 8)]


def some_batches_first():
    return random.sample(eights(list(range(COUNT))), 5)


def drop_odd(examples):
    return default_collate([example for example in examples if example[1] % 2 == 0])


def twice(examples):
    return default_collate([example for example in examples for _ in range(2)])


MOVED = "the loader draws .* where examples .* of its dataset come next"
OUT_OF_ORDER = {
    "shuffle": (of(shuffle=True), MOVED),
    "shuffle, seeded": (of(shuffle=True, generator=seeded()), MOVED),
    "shuffle, by workers": (of(shuffle=True, num_workers=1, multiprocessing_context="fork"), MOVED),
    "a random subset": (of(sampler=SubsetRandomSampler(range(COUNT))), MOVED),
    "a random subset, seeded": (of(sampler=SubsetRandomSampler(range(COUNT), generator=seeded())), MOVED),
    "weights": (of(sampler=WeightedRandomSampler(torch.ones(COUNT), COUNT)), MOVED),
    "with replacement": (of(sampler=RandomSampler(DATA, replacement=True)), MOVED),
    "random batches": (of_batches(BatchSampler(RandomSampler(DATA), 8, False)), MOVED),
    "batches in random order": (of_batches(Ours(some_batches_first)), MOVED),
    "batches drawn whole": (of(batch_size=None, sampler=BatchSampler(RandomSampler(DATA), 8, False)), MOVED),
    "a share of the examples, shuffled": (of(sampler=DistributedSampler(DATA, 2, 0)), MOVED),
    "the second share of the examples": (of(sampler=DistributedSampler(DATA, 2, 1, shuffle=False)), "draws 1, 3, 5"),
    "NumPy's permutation": (of(sampler=Ours(lambda: np.random.default_rng(0).permutation(COUNT))), MOVED),
    "tensors": (of(sampler=Ours(lambda: torch.randperm(COUNT))), MOVED),
    "sorted by length": (of(sampler=Ours(lambda: sorted(range(COUNT), key=lambda k: k % 7))), MOVED),
    "backwards": (of(sampler=range(COUNT)[::-1]), "draws 39, 38, 37, 36, 35, … where examples 0, 1, 2, 3, 4, …"),
    "the second half": (of(sampler=range(20, COUNT)), "draws 20, 21, 22, 23, 24, …"),
    "one example twice": (of(sampler=[0, 1, 1, *range(2, COUNT)]), "draws 0, 1, 1, 2, 3, …"),
    "the last two exchanged": (of(sampler=[*range(38), 39, 38]), MOVED),
    "names": (of(sampler=Ours(lambda: [f"{k}.png" for k in range(COUNT)])), "draws 0.png, 1.png"),
    "batches as workers finish them": (
        of(num_workers=1, in_order=False, multiprocessing_context="fork"),
        "gives batches as workers finish them: make it with in_order=True",
    ),
    "examples left out of batches": (of(collate_fn=drop_odd), "gave 20 rows for the 40 examples that it drew"),
    "two rows an example": (of(collate_fn=twice), "gave 80 rows for the 40 examples that it drew"),
    "a wrapper of a loader": (
        lambda: Wrapper(of(shuffle=True)()),
        "a Wrapper has a sampler but is no torch DataLoader",
    ),
}
IN_ORDER = {
    "nothing said": of(),
    "one by one": of(batch_size=1),
    "all at once": of(batch_size=COUNT),
    "a last part batch": of(batch_size=7),
    "a sequential sampler": of(sampler=SequentialSampler(DATA)),
    "sequential batches": of_batches(BatchSampler(SequentialSampler(DATA), 8, False)),
    "batches drawn whole": of(batch_size=None, sampler=BatchSampler(SequentialSampler(DATA), 8, False)),
    "the only share": of(sampler=DistributedSampler(DATA, 1, 0, shuffle=False)),
    "a sampler of one's own": of(sampler=Ours(lambda: range(COUNT))),
    "batches of unequal size": of_batches(Ours(lambda: [[0], list(range(1, 9)), list(range(9, COUNT))])),
    "workers": of(num_workers=2, multiprocessing_context="fork"),
    "workers that stay": of(num_workers=1, persistent_workers=True, multiprocessing_context="fork"),
    "no worker to finish first": of(in_order=False),
    "a stream": lambda: DataLoader(Stream(), batch_size=8),
    "a list of batches": lambda: list(of()()),
    "a generator of batches": lambda: (batch for batch in of()()),
}


@pytest.mark.parametrize(("make", "message"), OUT_OF_ORDER.values(), ids=OUT_OF_ORDER.keys())
def test_rows_that_are_not_the_datasets_in_its_order_are_refused(make, message):
    with pytest.raises(MeasurementError, match=message):
        extract_features(MODEL, make(), "0")


@pytest.mark.parametrize("make", IN_ORDER.values(), ids=IN_ORDER.keys())
def test_rows_in_order_are_taken_twice_alike(make):
    loader = make()
    for again in (loader, make() if isinstance(loader, Iterator) else loader):
        features, labels = extract_features(MODEL, again, "0")
        np.testing.assert_array_equal(features[:, 0], np.arange(COUNT))
        np.testing.assert_array_equal(labels, np.arange(COUNT))


def test_dropping_the_last_part_batch_leaves_the_first_examples():
    features, labels = extract_features(MODEL, of(batch_size=9, drop_last=True)(), "0")
    np.testing.assert_array_equal(features[:, 0], np.arange(36))
    np.testing.assert_array_equal(labels, np.arange(36))


def test_another_order_is_given_by_a_subset():
    order = np.random.default_rng(0).permutation(COUNT)[:15]
    features, labels = extract_features(MODEL, DataLoader(Subset(DATA, order.tolist()), 4), "0")
    np.testing.assert_array_equal(features[:, 0], order)
    np.testing.assert_array_equal(labels, order)


def states():
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002


@pytest.mark.parametrize("make", [of(), of(generator=seeded()), of(sampler=SequentialSampler(DATA))])
def test_extraction_draws_no_more_than_reading_the_loader_does(make):
    after = []
    for read in (list, partial(extract_features, MODEL, layer="0")):
        torch.manual_seed(3)
        loader = make()
        if loader.generator is not None:
            loader.generator.manual_seed(5)
        read(loader=loader) if read is not list else read(loader)
        after.append((states(), None if loader.generator is None else loader.generator.get_state().tolist()))
    assert after[0] == after[1]


@pytest.mark.parametrize("make", [of(), of(shuffle=True), of_batches(BatchSampler(SequentialSampler(DATA), 8, False))])
def test_the_loader_is_afterwards_as_it_was(make):
    loader = make()
    before = dict(vars(loader))
    with suppress(MeasurementError):
        extract_features(MODEL, loader, "0")
    assert vars(loader) == before
    assert sorted(torch.cat([labels for _, labels in loader]).tolist()) == list(range(COUNT))


ONES = torch.ones(4, 3)
LABELS = {
    "numbers": ([0, 1, 2, 3], [0, 1, 2, 3]),
    "a column": (torch.arange(4)[:, None], [0, 1, 2, 3]),
    "text": (["cat", "dog", "cow", "emu"], ["cat", "dog", "cow", "emu"]),
    "missing ones": (torch.tensor([0, -1, 2, -1]), [0, -1, 2, -1]),
    "bfloat16": (torch.arange(4, dtype=torch.bfloat16), [0, 1, 2, 3]),
    "a tensor that wants a gradient": (torch.ones(4, requires_grad=True), [1, 1, 1, 1]),
    "regression targets": (torch.tensor([0.5, 1, 2, 3]), [0.5, 1, 2, 3]),
}


@pytest.mark.parametrize(("given", "expected"), LABELS.values(), ids=LABELS.keys())
def test_labels_come_out_as_they_went_in_one_an_example(given, expected):
    _, labels = extract_features(MODEL, [(ONES, given)] * 2, "0")
    assert labels.tolist() == expected * 2


NO_LABELS = {
    "one-hot": ([(ONES, torch.eye(4))], r"labels have shape \(4, 4\) where \(4,\) belongs"),
    "one for all": ([(ONES, 3)], r"labels have shape \(\) where"),
    "a dictionary": ([(ONES, {"boxes": ONES})], r"labels have shape \(\) where"),
    "one too few": ([(ONES, [0, 1, 2])], "there are 3 labels for 4 examples"),
    "lists of several lengths": ([(ONES, [[0], [0, 1], [1], [2]])], "a list cannot be made an array"),
    "in some batches only": ([(ONES, [0, 1, 2, 3]), ONES], "some batches have labels and others have none"),
}


@pytest.mark.parametrize(("batches", "message"), NO_LABELS.values(), ids=NO_LABELS.keys())
def test_labels_that_are_not_one_an_example_are_refused(batches, message):
    with pytest.raises(MeasurementError, match=message):
        extract_features(MODEL, batches, "0")
