"""The embedded language-inference task: pairs of sentences from a small grammar, labelled by what they mean.

A sentence is a quantifier, a noun and a predicate, which may be negated: *most violinists are not running*. Nouns
and predicates lie in two independent dimensions each; within one, general words stand above special ones (hypernyms),
and both the general ones and the special ones exclude each other (antonyms). A premise entails a hypothesis if the
hypothesis is true in every small world in which the premise is, and contradicts it if in none. All that monotonicity
says of *every*, *some*, *no*, *most* and *not* follows (van Benthem 1986; MacCartney and Manning 2009).
"""

import json
from collections.abc import Sequence
from functools import cache
from itertools import combinations_with_replacement, product

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from overparam.constants import SEED
from overparam.data.examples import Dataset, Examples
from overparam.data.sentences import SPECIALS, encode_pairs
from overparam.io.files import digest_json

ENTAILMENT, NEUTRAL, CONTRADICTION = 0, 1, 2  # as in GLUE's MNLI
QUANTIFIERS = ("every", "some", "no", "most")
FORMS = tuple(product(QUANTIFIERS, (False, True)))  # quantifier, whether the predicate is negated
# By dimension: the general words, each with the special words below it.
NOUNS = (
    {"musician": ("violinist", "pianist", "drummer"), "athlete": ("sprinter", "swimmer", "boxer")},
    {"european": ("italian", "spaniard", "dane"), "asian": ("korean", "nepali", "indian")},
)
PREDICATES = (
    {"moving": ("walking", "running", "dancing"), "resting": ("sitting", "sleeping", "kneeling")},
    {"pleased": ("delighted", "amused", "cheerful"), "upset": ("angry", "worried", "gloomy")},
)
RELATIONS = ("same", "below", "above", "exclusive", "free")
TRIPLES = {"train": 1400, "heldout": 2000}  # those held out by power: docs/default-study.md
LENGTH = 16  # tokens of a pair at most, plurals being two
INDIVIDUALS = 5  # of the largest world; more tell nothing new of these sentences

Lexicon = tuple[dict[str, tuple[str, ...]], ...]


def words(lexicon: Lexicon) -> list[str]:
    """Every word of a lexicon, each general one before those below it."""
    return [word for dimension in lexicon for general, special in dimension.items() for word in (general, *special)]


def relations(lexicon: Lexicon) -> np.ndarray:
    """How the first word's meaning lies to the second's: (words, words), each an index into `RELATIONS`."""
    place = {
        word: (number, general)
        for number, dimension in enumerate(lexicon)
        for general, special in dimension.items()
        for word in (general, *special)
    }

    def relation(first: str, second: str) -> str:
        if first == second:
            return "same"
        if place[first][0] != place[second][0]:
            return "free"
        if place[first] == place[second] and place[second][1] == second:
            return "below"
        if place[first] == place[second] and place[first][1] == first:
            return "above"
        return "exclusive"

    vocabulary = words(lexicon)
    return np.array([[RELATIONS.index(relation(a, b)) for b in vocabulary] for a in vocabulary])


def labels_by_relation(individuals: int = INDIVIDUALS) -> np.ndarray:
    """The label of premise and hypothesis, (forms, forms, noun relations, predicate relations).

    An individual is of one of 16 kinds: whether either noun and either predicate is true of it. A world holds up to
    ``individuals`` of them, at least one of each noun.
    """
    kinds = np.array(list(product((False, True), repeat=4)))  # (kinds, [noun 1, noun 2, predicate 1, predicate 2])
    worlds = np.array(
        [
            np.bincount(world, minlength=len(kinds))
            for size in range(1, individuals + 1)
            for world in combinations_with_replacement(range(len(kinds)), size)
        ]
    )  # (worlds, kinds), how many individuals of each kind
    truth = [
        np.array(
            [_true(worlds, kinds[:, noun], kinds[:, predicate] ^ negated, quantifier) for quantifier, negated in FORMS]
        )
        for noun, predicate in ((0, 2), (1, 3))
    ]  # of premise and hypothesis: (forms, worlds)
    populated = ((worlds @ kinds[:, 0]) > 0) & ((worlds @ kinds[:, 1]) > 0)
    labels = np.full((len(FORMS), len(FORMS), len(RELATIONS), len(RELATIONS)), NEUTRAL)
    for (n, nouns), (p, predicates) in product(enumerate(RELATIONS), repeat=2):
        allowed = _allowed(nouns, kinds[:, 0], kinds[:, 1]) & _allowed(predicates, kinds[:, 2], kinds[:, 3])
        possible = populated & (worlds[:, ~allowed].sum(axis=1) == 0)
        premise, hypothesis = (part[:, possible].astype(int) for part in truth)
        both, first = premise @ hypothesis.T, premise.sum(axis=1)[:, None]  # worlds in which they are true
        labels[:, :, n, p][both == first] = ENTAILMENT
        labels[:, :, n, p][both == 0] = CONTRADICTION
    return labels


def _true(worlds: np.ndarray, noun: np.ndarray, predicate: np.ndarray, quantifier: str) -> np.ndarray:
    """Whether a sentence is true in each world."""
    of_noun, of_both = worlds @ noun, worlds @ (noun & predicate)
    return {
        "every": of_both == of_noun,
        "some": of_both > 0,
        "no": of_both == 0,
        "most": 2 * of_both > of_noun,
    }[quantifier]


def _allowed(relation: str, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Which kinds of individuals there can be, given how two words' meanings lie to each other."""
    return {
        "same": first == second,
        "below": ~first | second,
        "above": first | ~second,
        "exclusive": ~(first & second),
        "free": np.ones_like(first),
    }[relation]


def sentence(form: int, noun: int, predicate: int) -> str:
    """A sentence in words."""
    quantifier, negated = FORMS[form]
    copula = f"{'s are' if quantifier == 'most' else ' is'}{' not' if negated else ''}"
    return f"{quantifier} {words(NOUNS)[noun]}{copula} {words(PREDICATES)[predicate]}"


@cache
def generate() -> tuple[list[str], list[str], np.ndarray]:
    """Distinct pairs in `TRIPLES`: premises, hypotheses, and labels (pairs,).

    A triple has one hypothesis, and for each label a premise that shares the same parts with it, so that neither the
    hypothesis nor the words that it shares with the premise tell anything of the label.
    """
    shape = (len(FORMS), len(words(NOUNS)), len(words(PREDICATES)))
    form, noun, predicate = (axis.ravel() for axis in np.indices(shape))  # of every sentence
    labels, noun_relations, predicate_relations = labels_by_relation(), relations(NOUNS), relations(PREDICATES)
    parts = (form // 2, form % 2, noun, predicate)  # of every sentence; the first two are quantifier and negation
    rng = np.random.default_rng(SEED)
    seen: set[tuple[int, int]] = set()
    triples: list[list[tuple[int, int]]] = []
    while len(triples) < sum(TRIPLES.values()):
        h, which = int(rng.integers(len(form))), int(rng.integers(16))
        shared = sum(((part == part[h]) << place for place, part in enumerate(parts)), np.zeros_like(form))
        premise = np.flatnonzero(shared == which)  # those that share these parts with the hypothesis
        nouns = noun_relations[noun[premise], noun[h]]
        predicates = predicate_relations[predicate[premise], predicate[h]]
        label = labels[form[premise], form[h], nouns, predicates]
        candidates = [premise[label == each] for each in range(3)]
        if all(len(each) for each in candidates):
            triple = [(int(rng.choice(each)), h) for each in candidates]
            if seen.isdisjoint(triple):
                seen.update(triple)
                triples.append(triple)
    texts = [sentence(f, n, p) for f, n, p in zip(form, noun, predicate, strict=True)]
    premises, hypotheses = zip(*(pair for triple in triples for pair in triple), strict=True)
    return [texts[i] for i in premises], [texts[i] for i in hypotheses], np.tile(range(3), len(triples))


def word_pieces(words: Sequence[str]) -> Tokenizer:
    """A tokenizer of lower-case words, or of the pieces that they are made of, ``##s`` being an ending."""
    vocabulary = {word: number for number, word in enumerate([*SPECIALS, *words])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def load_nli(train_examples: int | None) -> Dataset:
    """Generated pairs, whole triples for training or held out; no pair is in both."""
    premises, hypotheses, labels = generate()
    tokenizer = word_pieces([*QUANTIFIERS, "is", "are", "not", "##s", *words(NOUNS), *words(PREDICATES)])
    inputs, _ = encode_pairs(tokenizer, premises, hypotheses, length=LENGTH)  # all are short
    everything = Examples(np.arange(len(labels)), inputs, labels)
    cut = 3 * TRIPLES["train"]
    train, heldout = (
        Examples(everything.ids[part], everything.inputs[part], everything.labels[part])
        for part in (slice(0, cut), slice(cut, None))
    )
    train = train.subset(train_examples)
    return Dataset(
        source="generated sentence pairs, embedded",
        sha256={},
        classes=3,
        channels=tokenizer.get_vocab_size(),
        train=train,
        fit=train,
        heldout=heldout,
        tokenizer=digest_json(json.loads(tokenizer.to_str())),
    )
