"""Markdown tables of what was measured, by width, beside what the paper's figures say; made from records alone."""

from dataclasses import dataclass

from overparam.report.readings import ONE, Reading, accuracy, measured, over_replicates, title, words_alone
from overparam.report.tables.markdown import number, table
from overparam.study.feature_blocks import M_1, M_1_PRIME, Early, R, S, S_matched, S_prime
from overparam.study.quantities import FP, FSE
from overparam.study.record import Record
from overparam.study.record_file import EarlyStages


@dataclass(frozen=True)
class Row:
    """One measured quantity by width: how to read it off a record, its unit, and what the paper says of it."""

    label: str
    paper: str
    percent: bool
    effect: Reading


ROWS = (
    Row("training accuracy of a network", "", True, accuracy("train_accuracy")),
    Row("held-out accuracy of a network", "", True, accuracy("heldout_accuracy")),
    Row(
        "FSE(S_α→M_1); at α = 1 FSE(M_1′→M_1)",
        "Fig. 1: near that of M_1′ at 1/2, far above it at 1/8 and 1/16",
        False,
        measured(lambda alpha: FSE(S(alpha), M_1), FSE(M_1_PRIME, M_1)),
    ),
    Row(
        "FSE(M_1→S_α′)",
        "Fig. 2: above the next line, the more the smaller α",
        False,
        measured(lambda alpha: FSE(M_1, S_prime(alpha))),
    ),
    Row("FSE(S_α→S_α′)", "Fig. 2", False, measured(lambda alpha: FSE(S(alpha), S_prime(alpha)))),
    Row(
        "FP(S_α); at α = 1 FP(M_1)",
        "Fig. 3: falls below that of M_1 as α falls",
        True,
        measured(lambda alpha: FP(S(alpha)), FP(M_1)),
    ),
    Row(
        "gain of S_α by R(S_α→M_1)",
        "Fig. 4a, b: grows as α falls",
        True,
        measured(lambda alpha: FP(S(alpha), R(S(alpha), M_1)) - FP(S(alpha))),
    ),
    Row(
        "gain of S_α by R(S_α→S_α′)",
        "control: what as many further narrow networks give",
        True,
        measured(lambda alpha: FP(S(alpha), R(S(alpha), S_prime(alpha))) - FP(S(alpha))),
    ),
    Row(
        "gain of M_1 by R(M_1→S_α)",
        "Fig. 4c, d: none, or a loss",
        True,
        measured(lambda alpha: FP(M_1, R(M_1, S(alpha))) - FP(M_1)),
    ),
    Row(
        "FSE(S_α^(1/α²)→M_1)",
        "control: as many parameters as M_1",
        False,
        measured(lambda alpha: FSE(S_matched(alpha), M_1)),
    ),
    Row(
        "FP(S_α^(1/α²))",
        "control: as many parameters as M_1",
        True,
        measured(lambda alpha: FP(S_matched(alpha))),
    ),
)


def record_tables(record: Record) -> str:
    """What one study measured, by width, and the wide network early in its training, as Markdown."""
    data, epochs = record.data, record.recipe["epochs"]
    drawn, fitted = (", drawn anew for each replicate,", "others") if "admission" in data else ("", "of them")
    heading = (
        f"**{title(record)}**, scale {record.scale}: "
        f"trained on {data['train_examples']:,} examples{drawn} for {epochs} epochs, ridge maps and probes fitted on "
        f"{data['fit_examples']:,} {fitted}, measured on {data['heldout_examples']:,} held-out ones "
        f"({data['source']}), R = {len(record.replicates)}. {words_alone(record)}"
    ).strip()
    head = ["measured", "in the paper", *(f"α = {record.width(alpha)}" for alpha in record.alphas)]
    rows = []
    for row in ROWS:
        effects = [row.effect(record, alpha) for alpha in record.alphas]
        if any(effects):
            rows.append([row.label, row.paper, *(number(effect, percent=row.percent) for effect in effects)])
    tables = [heading, table(head, rows, words=2)]
    if "early" in record.networks[ONE]:
        tables.append(_early_table(record, record.networks[ONE]["early"]))
    return "\n\n".join(tables)


def _early_table(record: Record, entry: EarlyStages) -> str:
    stages = [*entry["epochs"], record.recipe["epochs"]]
    head = ["M_1′ after epochs", *map(str, stages)]
    accuracies = {
        part: [
            *(over_replicates([[row[k]] for row in entry[part]]) for k in range(len(entry["epochs"]))),
            over_replicates([row[1:2] for row in record.networks[ONE][part]]),
        ]
        for part in ("train_accuracy", "heldout_accuracy")
    }
    spans = [record.effect(FSE(Early(epochs), M_1)) for epochs in entry["epochs"]]
    probes = [record.effect(FP(Early(epochs))) for epochs in entry["epochs"]]
    rows = [
        ["training accuracy", *(number(effect, percent=True) for effect in accuracies["train_accuracy"])],
        ["held-out accuracy", *(number(effect, percent=True) for effect in accuracies["heldout_accuracy"])],
        ["FSE(M_1′→M_1)", *(number(e, percent=False) for e in (*spans, record.effect(FSE(M_1_PRIME, M_1))))],
        ["FP(M_1′)", *(number(effect, percent=True) for effect in (*probes, None))],
    ]
    return table(head, rows, words=1)
