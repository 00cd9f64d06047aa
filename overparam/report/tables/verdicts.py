"""A Markdown table of where each claim holds: claims by studies, in the words of badges and summaries."""

from collections.abc import Sequence

from overparam.report.readings import title
from overparam.report.tables.markdown import table
from overparam.study.record import Record
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.headlines import line
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.registry import judge_record


def verdict_table(records: Sequence[Record]) -> str:
    """What is said of each of the paper's claims in each study, by the verdicts of its cells, as Markdown."""
    margins = load_preregistration()
    judged = [judge_record(record, margins, evidence="record") for record in records]
    rows = [
        [f"`{claim}`", *(line([j for j in judgements if j.claim == claim]).words for judgements in judged)]
        for claim in CLAIMS
    ]
    return table(["claim", *map(title, records)], rows, words=1 + len(records))
