"""A small nonlinear network in the ridge map's place: how much of the gap is only that the maps are linear?"""

import numpy as np
from sklearn.neural_network import MLPRegressor

from overparam.constants import SEED
from overparam.metrics.blocks import Blocks, Name
from overparam.metrics.probe_penalty import scale_block

HIDDEN = 256
EPOCHS = 1000  # at most; training stops once a tenth of the fit split, held back, has not improved for ten epochs


def predict_nonlinearly(blocks: Blocks, source: Name, target: Name) -> np.ndarray:
    """The target's features as one hidden layer of rectifiers predicts them from the source's, of all rows.

    Both blocks are centred and divided by their root mean square on the fit split, on which alone the network is
    trained (scikit-learn's ``MLPRegressor`` with early stopping).

    Returns:
        (examples, features of the target), in units of the target's root mean square.
    """
    fit = ~blocks.heldout
    A, B = (scale_block(np.asarray(blocks[name][:], dtype=np.float64), fit) for name in (source, target))
    network = MLPRegressor(
        hidden_layer_sizes=(HIDDEN,), early_stopping=True, max_iter=EPOCHS, random_state=SEED % 2**32
    )
    return np.asarray(network.fit(A[fit], B[fit]).predict(A)).reshape(B.shape)
