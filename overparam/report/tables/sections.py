"""Sections of Markdown files that are written from records: what studies measured, and what their controls did."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import ValidationError

from overparam.config.refusals import refusal
from overparam.error_rates.trial_file import of_trials
from overparam.errors import ArtifactError
from overparam.io.files import read_sealed, write_text
from overparam.io.reading import RECORDED, read_text
from overparam.report.tables.claims import record_tables
from overparam.report.tables.controls import control_tables
from overparam.report.tables.equal_fit import equal_fit_tables
from overparam.report.tables.error_rates import error_rates_table
from overparam.report.tables.setting import setting_table
from overparam.report.tables.verdicts import verdict_table
from overparam.study.belonging import REMEDY, check_belongs, what_it_is_of
from overparam.study.record import Record, read_record
from overparam.study.widths import BESIDE_ALPHA
from overparam.verdicts.intervals import CONDITION


def _one_by_one(tables_of: Callable[[Record], str]) -> Callable[[Sequence[Record]], str]:
    """What is written of several records: the tables of each, below what their intervals are conditional on."""
    return lambda records: "\n\n".join([f"{CONDITION} {BESIDE_ALPHA}", *map(tables_of, records)])


# Of records, by kind of section: where those of a scale lie, of what kind they are, and what is written of them.
OF_RECORDS = {
    "tables": ("*-*.json", "measurements", _one_by_one(record_tables)),
    "controls": ("controls/*-*.json", "controls", _one_by_one(control_tables)),
    "equal-fit": ("equal-fit/*-*.json", "equal fit", _one_by_one(equal_fit_tables)),
    "setting": ("*-*.json", "measurements", setting_table),
    "verdicts": ("*-*.json", "measurements", verdict_table),
}
SCALED = "|".join(OF_RECORDS)
SECTION = re.compile(
    rf"(<!-- (?P<kind>(?:{SCALED})(?= \w)|error-rates)(?: (?P<scale>\w+))? -->\n)"
    rf"(?:(?!<!-- (?:{SCALED}|error-rates) ).)*?"
    r"(?P<end><!-- end of (?P=kind) -->)",
    re.DOTALL,
)


def fill_sections(path: Path, results: Path) -> None:
    """Write anew every section ``<!-- KIND SCALE -->`` of the kinds of `OF_RECORDS`, or ``<!-- error-rates -->``.

    Raises:
        ArtifactError: if there is no such file, or it is no UTF-8, has no such section, or what it is of was not
            measured.
    """
    try:
        text = read_text(path, RECORDED)
    except UnicodeDecodeError:
        raise ArtifactError(f"{path} is not encoded in UTF-8: convert it first") from None
    except (FileNotFoundError, ValueError):
        raise ArtifactError(f"there is no file {path}: name a Markdown file that has sections for tables") from None
    if not SECTION.search(text):
        raise ArtifactError(
            f"{path} has no section <!-- tables SCALE --> … <!-- end of tables -->, nor of controls, equal-fit, "
            "setting, verdicts or error-rates: mark where they go"
        )

    def filled(match: re.Match[str]) -> str:
        trial = match["kind"] == "error-rates"
        written = _of_error_rates(results) if trial else _of_records(results / match["scale"], match["kind"])
        return f"{match[1]}\n{written}\n\n{match['end']}"

    new = SECTION.sub(filled, text)
    write_text(path, new)


def _of_records(folder: Path, kind: str) -> str:
    pattern, holds, written_of = OF_RECORDS[kind]
    paths = sorted(folder.glob(pattern))
    if not paths:
        raise ArtifactError(
            f"there is no record of the {kind} of scale {folder.name} in {folder.parent}: measure them first"
        )
    return written_of([_in_its_place(path, holds, folder.name) for path in paths])


def _in_its_place(path: Path, kind: str, scale: str) -> Record:
    record = read_record(path)
    found = {**what_it_is_of(record), "file name": f"{record.task}-{record.arch}.json"}
    check_belongs(path, found, {"kind": kind, "scale": scale, "file name": path.name}, REMEDY)
    return record


def _of_error_rates(folder: Path) -> str:
    path = folder / "error-rates.json"
    try:
        return error_rates_table(of_trials().validate_python(read_sealed(path, "trial of the judge")))
    except FileNotFoundError:
        raise ArtifactError(f"there are no error rates {path}: make them with `overparam error-rates`") from None
    except ValueError as error:
        why = refusal(error, lambda keys: ("it", keys)) if isinstance(error, ValidationError) else error
        raise ArtifactError(
            f"{path} is damaged or was edited ({why}): restore it with git, or make it with `overparam error-rates`"
        ) from None
