"""The command that writes what DVC reads."""

from typing import Annotated

import typer

from overparam.cli.app import app, tell
from overparam.cli.lookup import config_of
from overparam.cli.options import OwnRoot
from overparam.cli.output import console


@app.command()
def pipeline(
    write: Annotated[bool, typer.Option("--write/--check", help="write the files, or compare with what lies there")],
    *,
    root: OwnRoot,
) -> None:
    """Write every dvc.yaml from params.yaml and what each stage imports, or exit with code 1 if one differs from that.

    Example: `overparam pipeline --check`
    """
    from overparam.io.files import write_text
    from overparam.pipeline.dvc_yaml import differing

    found = differing(config_of(root), root)
    if not write:
        for place in found:
            tell(f"{place} is not what params.yaml and the code give: write it with `overparam pipeline --write`")
        if found:
            raise typer.Exit(1)
    for place, text in found.items():
        write_text(root / place, text)
    console.print("every dvc.yaml is up to date")
