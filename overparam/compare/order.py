"""Whether files of features have their rows in the same order, by what lies beside them."""

from collections.abc import Mapping, Sequence

import numpy as np

from overparam.compare.inputs import NetworkFeatures, beside_features, named_features
from overparam.errors import MeasurementError
from overparam.metrics.rows import one_each, plain_array


def check_order(
    networks: Mapping[str, NetworkFeatures], labels: np.ndarray | None, label_ids: np.ndarray | None, count: int
) -> str:
    """See that all rows are of the same examples in the same order, as far as ids and labels beside them tell.

    Args:
        networks: by name of the replicate.
        labels: (examples,) that were given for all of them, if any.
        label_ids: (examples,) what example each of those is of, if known.
        count: number of examples.

    Returns:
        A sentence that says what was taken on trust.

    Raises:
        MeasurementError: if ids are not ``count`` different whole numbers or text, or ids or labels of two networks, or
            of a network and of ``labels``, differ.
    """
    ids = ({} if label_ids is None else {"labels": plain_array(label_ids)}) | beside_features(networks, "ids")
    for where, values in ids.items():
        if values.dtype.kind not in "iuU" or values.shape != (count,) or len(np.unique(values)) < count:
            raise MeasurementError(
                f"ids of {where} are {values.dtype} of shape {values.shape} where {count} whole numbers or texts "
                "belong, each once: say which example each row is"
            )
    given = {} if labels is None else {"labels": one_each(labels, count)}
    beside = {where: one_each(values, count) for where, values in beside_features(networks, "labels").items()}
    _refuse_differing("ids", ids)
    told = given | beside
    _refuse_differing("labels", told)
    trusted = [where for where in (*given, *named_features(networks)) if where not in ids]
    if not trusted:
        return "all rows are in the same order by their ids"
    agree = [where for where in trusted if where in told and len(told) > 1]
    return (
        f"that rows are in the same order was taken on trust where there are no ids: {_listed(trusted)}"
        f"{f'; but labels agree of {_listed(agree)}' if agree else ''}"
    )


def _refuse_differing(what: str, by_file: Mapping[str, np.ndarray]) -> None:
    first = next(iter(by_file), "")
    for where, values in by_file.items():
        differ = values != by_file[first]
        if np.any(differ):
            row = np.argmax(differ)
            raise MeasurementError(
                f"{where} and {first} have different {what}, first in row {row} ({values.tolist()[row]!r} "
                f"and {by_file[first].tolist()[row]!r}): extract all over the same examples in the same order"
            )


def _listed(names: Sequence[str]) -> str:
    """The first three names, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
