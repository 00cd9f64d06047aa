"""What needs no network: how well words alone tell the labels of sentence pairs, a mark that networks should pass."""

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from overparam.data import Dataset
from overparam.data.sentences import SPECIALS, token_types

STRENGTHS = (0.001, 0.01, 0.1, 1.0)  # inverse penalties on offer


def word_baselines(dataset: Dataset) -> dict[str, float]:
    """Held-out accuracy in [0, 1] of logistic regressions on bags of words, by what the words are.

    ``hypothesis``: how often it has each token. ``overlap``: how often in common with the premise, and how often not.
    Fitted to all training pairs, the penalty chosen among `STRENGTHS` by three-fold cross-validation within them.

    Args:
        dataset: sentence pairs, ``inputs`` (pairs, length) token ids.
    """
    train, heldout = (_bags(examples.inputs, dataset.channels) for examples in (dataset.train, dataset.heldout))
    predicted = {name: _fitted(train[name], dataset.train.labels).predict(heldout[name]) for name in train}
    return {name: float(np.mean(labels == dataset.heldout.labels)) for name, labels in predicted.items()}


def _fitted(bags: sparse.csr_array, labels: np.ndarray) -> GridSearchCV:
    regression = make_pipeline(MaxAbsScaler(), LogisticRegression(max_iter=1000))
    return GridSearchCV(regression, {"logisticregression__C": STRENGTHS}, cv=3).fit(bags, labels)


def _bags(tokens: np.ndarray, vocabulary: int) -> dict[str, sparse.csr_array]:
    """Token counts (pairs, features) of each kind, from token ids (pairs, length)."""
    types = token_types(tokens)
    new, common = (_counts(tokens, types == kind, vocabulary) for kind in (1, 3))
    return {"hypothesis": common + new, "overlap": sparse.csr_array(sparse.hstack([common, new]))}


def _counts(tokens: np.ndarray, part: np.ndarray, vocabulary: int) -> sparse.csr_array:
    rows, places = np.nonzero(part & (tokens >= len(SPECIALS)))
    return sparse.csr_array((np.ones(len(rows)), (rows, tokens[rows, places])), shape=(len(tokens), vocabulary))
