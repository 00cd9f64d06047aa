"""The command that writes what DVC reads."""

from pathlib import Path
from typing import Annotated

import typer

from overparam.cli.app import app, console, tell
from overparam.config.studies import load_config


@app.command()
def pipeline(
    write: Annotated[bool, typer.Option("--write/--check", help="write the files, or compare with what lies there")],
) -> None:
    """Write every dvc.yaml from params.yaml and what each stage imports, or exit with code 1 if one differs from that.

    Example: `overparam pipeline --check`
    """
    from overparam.io.files import write_text
    from overparam.pipeline.dvc_yaml import differing

    root = Path()
    found = differing(load_config(), root)
    if not write:
        for place in found:
            tell(f"{place} is not what params.yaml and the code give: write it with `overparam pipeline --write`")
        if found:
            raise typer.Exit(1)
    for place, text in found.items():
        write_text(root / place, text)
    console.print("every dvc.yaml is up to date")
