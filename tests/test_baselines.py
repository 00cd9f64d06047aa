from dataclasses import replace

import numpy as np
from networks import tiny_data

from overparam.data import Examples
from overparam.data.sentences import PADDING, SEPARATOR, START
from overparam.data.word_baselines import word_baselines

WORDS, LENGTH = 20, 12  # token ids 4 to 23


def pairs(label_of, count=600, seed=0):
    """Pairs of four words each, with the label that ``label_of(premise, hypothesis)`` gives."""
    rng = np.random.default_rng(seed)
    premises, hypotheses = rng.integers(4, 4 + WORDS, (2, count, 4))
    column = np.ones((count, 1), np.int64)
    inputs = np.hstack([START * column, premises, SEPARATOR * column, hypotheses, SEPARATOR * column])
    inputs = np.hstack([inputs, np.full((count, 1), PADDING)])
    return Examples(np.arange(count), inputs, label_of(premises, hypotheses).astype(np.int64))


def dataset(label_of):
    return replace(tiny_data("transformer"), channels=4 + WORDS, train=pairs(label_of), heldout=pairs(label_of, seed=1))


def test_a_word_of_the_hypothesis_that_tells_the_label_is_found_by_both():
    found = word_baselines(dataset(lambda premises, hypotheses: (hypotheses == 7).any(axis=1)))
    assert found["hypothesis"] > 0.97
    assert found["overlap"] > 0.97


def test_what_both_sentences_have_in_common_is_found_by_overlap_alone():
    def in_common(premises, hypotheses):
        return (premises[:, :, None] == hypotheses[:, None, :]).any(axis=(1, 2))

    found = word_baselines(dataset(in_common))
    assert found["hypothesis"] < 0.65
    assert found["overlap"] > 0.9


def test_a_word_of_the_premise_alone_is_found_by_neither():
    found = word_baselines(dataset(lambda premises, hypotheses: premises[:, 0] < 14))
    assert max(found.values()) < 0.6


def test_the_labels_of_generated_pairs_are_hardly_told_by_words():
    found = word_baselines(tiny_data("transformer"))
    assert max(found.values()) < 0.45
