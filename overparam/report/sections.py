"""Sections of Markdown files that are written from records: what studies measured, and what their controls did."""

import re
from pathlib import Path

from overparam.errors import ArtifactError
from overparam.files import write_atomically
from overparam.report.control_tables import control_tables
from overparam.report.tables import record_tables
from overparam.results import read_record

KINDS = {"tables": ("*-*.json", record_tables), "controls": ("controls/*-*.json", control_tables)}
NAMES = "|".join(KINDS)
SECTION = re.compile(
    rf"(<!-- (?P<kind>{NAMES}) (?P<scale>\w+) -->\n)"
    rf"(?:(?!<!-- (?:{NAMES}) ).)*?"
    r"(?P<end><!-- end of (?P=kind) -->)",
    re.DOTALL,
)


def fill_sections(path: Path, results: Path) -> None:
    """Write anew every ``<!-- tables SCALE -->`` and ``<!-- controls SCALE -->`` section of a Markdown file.

    Raises:
        ArtifactError: if there is no such file, or it is no UTF-8, has no such section, or a scale has no record.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError):
        raise ArtifactError(f"there is no file {path}: name a Markdown file that has sections for tables") from None
    except UnicodeDecodeError:
        raise ArtifactError(f"{path} is not encoded in UTF-8: convert it first") from None
    if not SECTION.search(text):
        raise ArtifactError(f"{path} has no section <!-- tables SCALE --> … <!-- end of tables -->: mark where they go")

    def filled(match: re.Match[str]) -> str:
        pattern, tables_of = KINDS[match["kind"]]
        records = sorted((results / match["scale"]).glob(pattern))
        if not records:
            raise ArtifactError(
                f"there is no record of the {match['kind']} of scale {match['scale']} in {results}: measure them first"
            )
        tables = "\n\n".join(tables_of(read_record(record)) for record in records)
        return f"{match[1]}\n{tables}\n\n{match['end']}"

    new = SECTION.sub(filled, text)
    write_atomically(path, lambda temporary: temporary.write_text(new, encoding="utf-8"))
