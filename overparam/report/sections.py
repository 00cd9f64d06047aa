"""Sections of Markdown files that are written from records: what studies measured, and what their controls did."""

import json
import re
from pathlib import Path

from overparam.errors import ArtifactError
from overparam.files import write_atomically
from overparam.report.calibration_table import calibration_table
from overparam.report.control_tables import control_tables
from overparam.report.tables import record_tables
from overparam.results import read_record

# Of records, by kind of section: where those of a scale lie, and what is written of each.
OF_RECORDS = {"tables": ("*-*.json", record_tables), "controls": ("controls/*-*.json", control_tables)}
SCALED = "|".join(OF_RECORDS)
SECTION = re.compile(
    rf"(<!-- (?P<kind>(?:{SCALED})(?= \w)|calibration)(?: (?P<scale>\w+))? -->\n)"
    rf"(?:(?!<!-- (?:{SCALED}|calibration) ).)*?"
    r"(?P<end><!-- end of (?P=kind) -->)",
    re.DOTALL,
)


def fill_sections(path: Path, results: Path) -> None:
    """Write anew every section ``<!-- tables SCALE -->``, ``<!-- controls SCALE -->`` or ``<!-- calibration -->``.

    Raises:
        ArtifactError: if there is no such file, or it is no UTF-8, has no such section, or what it is of was not
            measured.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError):
        raise ArtifactError(f"there is no file {path}: name a Markdown file that has sections for tables") from None
    except UnicodeDecodeError:
        raise ArtifactError(f"{path} is not encoded in UTF-8: convert it first") from None
    if not SECTION.search(text):
        raise ArtifactError(
            f"{path} has no section <!-- tables SCALE --> … <!-- end of tables -->, nor of controls or calibration: "
            "mark where they go"
        )

    def filled(match: re.Match[str]) -> str:
        trial = match["kind"] == "calibration"
        written = _of_calibration(results) if trial else _of_records(results / match["scale"], match["kind"])
        return f"{match[1]}\n{written}\n\n{match['end']}"

    new = SECTION.sub(filled, text)
    write_atomically(path, lambda temporary: temporary.write_text(new, encoding="utf-8"))


def _of_records(folder: Path, kind: str) -> str:
    pattern, tables_of = OF_RECORDS[kind]
    records = sorted(folder.glob(pattern))
    if not records:
        raise ArtifactError(
            f"there is no record of the {kind} of scale {folder.name} in {folder.parent}: measure them first"
        )
    return "\n\n".join(tables_of(read_record(record)) for record in records)


def _of_calibration(folder: Path) -> str:
    path = folder / "calibration.json"
    try:
        return calibration_table(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ArtifactError(f"there is no calibration {path}: make it with `overparam calibrate`") from None
    except (ValueError, KeyError, TypeError):
        raise ArtifactError(f"{path} is damaged: restore it with git, or make it with `overparam calibrate`") from None
