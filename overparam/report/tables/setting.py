"""A Markdown table of how far the networks of each study are from the paper's: width, data, training, fit."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from overparam.config.architectures import CHANNELS, POSITIONS, Unit
from overparam.report.readings import ONE, title_of_arch, title_of_task
from overparam.report.tables.markdown import table
from overparam.study.record import Record

# Widths of the paper's M_1, as scale `paper` has them, and all training examples of its data. What it says of epochs,
# accuracies and repetitions is not taken over: nothing here is compared with it.
PAPER_WIDTHS = {CHANNELS: 64, POSITIONS: 512}
PAPER_EXAMPLES = {"cifar": 50_000, "mnli": 392_702}
NOT_TAKEN = "–"


def setting_table(records: Sequence[Record]) -> str:
    """The paper's setting, and beside it that of each record, as Markdown."""
    narrow = records[0].narrow_alphas
    rows = [
        ["width of M_1", _of_paper([ONE]), *(record.width(ONE).absolute for record in records)],
        [
            f"of M_α at α = {', '.join(map(str, narrow))}",
            _of_paper(narrow),
            *(_widths([r.width(alpha).count for alpha in r.narrow_alphas], r.width(ONE).unit) for r in records),
        ],
        [
            "training examples",
            "; ".join(f"{title_of_task(task)}: {count:,}" for task, count in PAPER_EXAMPLES.items()),
            *(f"{record.data['train_examples']:,}" for record in records),
        ],
        ["data", "as published", *(record.data["source"] for record in records)],
        ["epochs", NOT_TAKEN, *(str(record.recipe["epochs"]) for record in records)],
        *(
            [label, said, *(_from_widest(record, part) for record in records)]
            for label, said, part in (
                ("fit: training accuracy, M_1 to the narrowest", "enough parameters to fit them", "train_accuracy"),
                ("held-out accuracy, likewise", NOT_TAKEN, "heldout_accuracy"),
            )
        ),
        ["replicates", NOT_TAKEN, *(str(len(record.replicates)) for record in records)],
    ]
    here = [f"here: {title_of_arch(record.arch)}, {title_of_task(record.task)}" for record in records]
    return table(["", "the paper", *here], rows, words=2 + len(records))


def _of_paper(alphas: Sequence[Fraction]) -> str:
    return "; ".join(_widths([int(alpha * base) for alpha in alphas], unit) for unit, base in PAPER_WIDTHS.items())


def _widths(counts: Sequence[int], unit: Unit) -> str:
    return f"{', '.join(map(str, counts))} {unit.name}"


def _from_widest(record: Record, part: str) -> str:
    """Mean accuracy of the networks of the widest and of the narrowest width."""
    means = [np.mean(record.networks[alpha][part]) for alpha in (record.alphas[0], record.alphas[-1])]
    return " to ".join(f"{100 * mean:.1f} %" for mean in means)
