"""The generated sentences mean what logic says, and nothing but both sentences together tells a label."""

from collections import Counter
from itertools import product

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from overparam.data import load_dataset
from overparam.data.entailment import (
    CONTRADICTION,
    ENTAILMENT,
    FORMS,
    NEUTRAL,
    NOUNS,
    PREDICATES,
    QUANTIFIERS,
    RELATIONS,
    TRIPLES,
    generate,
    labels_by_relation,
    relations,
    words,
)

CUT = 3 * TRIPLES["train"]
LABELS = labels_by_relation()
CONVERSE = {"same": "same", "below": "above", "above": "below", "exclusive": "exclusive", "free": "free"}


def label(premise, hypothesis, nouns="same", predicates="same"):
    """Of two forms, such as "every" and "some not", and how their words lie to each other."""
    first, second = (FORMS.index((text.split()[0], text.endswith("not"))) for text in (premise, hypothesis))
    return LABELS[first, second, RELATIONS.index(nouns), RELATIONS.index(predicates)]


@pytest.mark.parametrize(
    ("quantifier", "of_noun", "of_predicate"),
    [("every", "down", "up"), ("some", "up", "up"), ("no", "down", "down"), ("most", None, "up")],
)
def test_quantifiers_are_as_monotone_as_natural_logic_says(quantifier, of_noun, of_predicate):
    for place, monotone in (("nouns", of_noun), ("predicates", of_predicate)):
        up = label(quantifier, quantifier, **{place: "below"})  # from the special word to the general one
        down = label(quantifier, quantifier, **{place: "above"})
        assert (up, down) == {
            "up": (ENTAILMENT, NEUTRAL),
            "down": (NEUTRAL, ENTAILMENT),
            None: (NEUTRAL, NEUTRAL),
        }[monotone]


@pytest.mark.parametrize(
    ("premise", "hypothesis", "expected"),
    [
        ("every", "most", ENTAILMENT),
        ("most", "some", ENTAILMENT),
        ("some", "most", NEUTRAL),
        ("most", "every", NEUTRAL),
        ("every", "no", CONTRADICTION),
        ("every", "some not", CONTRADICTION),
        ("no", "every not", ENTAILMENT),
        ("every not", "no", ENTAILMENT),
        ("some", "some not", NEUTRAL),
        ("most", "most not", CONTRADICTION),
        ("most", "no", CONTRADICTION),
    ],
)
def test_the_square_of_opposition(premise, hypothesis, expected):
    assert label(premise, hypothesis) == expected


def test_antonyms_contradict_and_unrelated_words_say_nothing():
    assert label("every", "every", predicates="exclusive") == CONTRADICTION
    assert label("every", "every not", predicates="exclusive") == ENTAILMENT
    assert label("some", "some", predicates="exclusive") == NEUTRAL
    for first, second in product(QUANTIFIERS, QUANTIFIERS):
        assert label(first, second, nouns="free", predicates="free") == NEUTRAL


def test_contradiction_is_symmetric():
    for (f, first), (s, second) in product(enumerate(FORMS), repeat=2):
        for n, p in product(RELATIONS, RELATIONS):
            there = LABELS[f, s, RELATIONS.index(n), RELATIONS.index(p)] == CONTRADICTION
            back = LABELS[s, f, RELATIONS.index(CONVERSE[n]), RELATIONS.index(CONVERSE[p])] == CONTRADICTION
            assert there == back, (first, second, n, p)


def test_larger_worlds_tell_nothing_new():
    np.testing.assert_array_equal(LABELS, labels_by_relation(6))


def test_words_lie_to_each_other_as_the_lexicon_says():
    table, nouns = relations(NOUNS), words(NOUNS)

    def relation(first, second):
        return RELATIONS[table[nouns.index(first), nouns.index(second)]]

    assert relation("violinist", "musician") == "below"
    assert relation("musician", "violinist") == "above"
    assert relation("violinist", "pianist") == relation("violinist", "boxer") == "exclusive"
    assert relation("musician", "athlete") == relation("violinist", "athlete") == "exclusive"
    assert relation("violinist", "dane") == relation("musician", "asian") == "free"
    for a, b in product(nouns, nouns):
        assert relation(a, b) == CONVERSE[relation(b, a)]
    assert len(set(nouns) | set(words(PREDICATES))) == 32


def test_pairs_are_distinct_balanced_and_split_without_overlap():
    premises, hypotheses, labels = generate()
    pairs = list(zip(premises, hypotheses, strict=True))
    assert len(set(pairs)) == len(pairs) == 3 * sum(TRIPLES.values())
    assert not set(pairs[:CUT]) & set(pairs[CUT:])
    assert Counter(labels.tolist()) == dict.fromkeys(range(3), sum(TRIPLES.values()))
    nli = load_dataset("nli")
    assert (len(nli.train), len(nli.heldout)) == (CUT, len(pairs) - CUT)
    np.testing.assert_array_equal(nli.heldout.labels, labels[CUT:])
    assert len(np.unique(np.vstack([nli.train.inputs, nli.heldout.inputs]), axis=0)) == len(pairs)
    assert not (nli.train.inputs == 1).any()  # no unknown word


def heldout_accuracy(inputs, labels):
    return LogisticRegression(max_iter=2000).fit(inputs[:CUT], labels[:CUT]).score(inputs[CUT:], labels[CUT:])


def parts(text):
    first, noun, *rest = text.split()
    return first, noun.removesuffix("s"), "not" in rest, rest[-1]


def test_neither_the_hypothesis_nor_the_words_shared_tell_the_label():
    premises, hypotheses, labels = generate()
    chance = 1 / 3 + 0.03
    assert heldout_accuracy(CountVectorizer().fit_transform(hypotheses), labels) < chance
    shared = [
        [a == b for a, b in zip(parts(premise), parts(hypothesis), strict=True)]
        for premise, hypothesis in zip(premises, hypotheses, strict=True)
    ]
    assert heldout_accuracy(np.eye(16)[np.array(shared) @ [1, 2, 4, 8]], labels) < chance
    assert heldout_accuracy(CountVectorizer().fit_transform(premises), labels) < 0.6
