"""The long form of what `pytest tests/faults` tries: more files of every kind, more commands that are disturbed.

Writes results/faults.json, and from it the table of docs/reliability.md. Example, which takes one core ten minutes:
`python tests/faults/long_form.py --inputs 6400 --kills 20 --pairs 8 --disks 8`
"""

import argparse
import json
import platform
from pathlib import Path
from typing import Any

from attempts import SHORT, tried
from interruptions import disturbed
from readers import READERS

from overparam.io.files import write_json
from overparam.report.tables.markdown import replace_section, table

ROOT = Path(__file__).parents[2]
RESULT, PAGE = ROOT / "results" / "faults.json", ROOT / "docs" / "reliability.md"


def written_of(result: dict[str, Any]) -> str:
    """The table of the documents: a line a kind of file, and one a kind of disturbance."""
    head = ["read", "tried", "refused", "as before", "another content", *SHORT, "most memory"]
    rows = [
        [
            name,
            f"{sum(came.values()):,}",
            *(f"{came.get(kind, 0):,}" for kind in ("refused", "understood", "accepted", *SHORT)),
            f"{result['megabytes'][name]} MB",
        ]
        for name, came in result["files"].items()
    ]
    total = sum(sum(came.values()) for came in result["files"].values())
    disturbed_rows = [[kind, f"{count:,}", str(result["short"].get(kind, 0))] for kind, count in result["runs"].items()]
    return "\n\n".join(
        [
            f"Of {total:,} files gone wrong by the seeds 0 to {result['inputs'] - 1:,} of each, on {result['on']}:",
            table(head, rows, words=1),
            f"Of commands that were disturbed, drawn by the seed {result['seed']}:",
            table(["command", "tried", "lost, wrong or left over"], disturbed_rows, words=1),
        ]
    )


def main() -> None:
    """Try, write what came of it, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=6400, help="files of each kind")
    for kind in ("kills", "pairs", "disks"):
        parser.add_argument(f"--{kind}", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0, help="of the disturbances")
    asked = parser.parse_args()
    tallies = {name: tried(name, asked.inputs) for name in READERS}
    runs = disturbed(kills=asked.kills, pairs=asked.pairs, disks=asked.disks, seed=asked.seed)
    result = {
        "on": f"{platform.system()}, Python {platform.python_version()}",
        "inputs": asked.inputs,
        "seed": asked.seed,
        "files": {name: dict(tally.came) for name, tally in tallies.items()},
        "megabytes": {name: tally.megabytes for name, tally in tallies.items()},
        "runs": runs.tried,
        "short": runs.fell,
    }
    write_json(RESULT, result)
    replace_section(PAGE, "faults", written_of(result))
    for attempt in (each for tally in tallies.values() for each in tally.short):
        print(json.dumps(attempt.__dict__))
    print("\n".join(runs.short) or f"{RESULT.relative_to(ROOT)} and {PAGE.relative_to(ROOT)} are written")


if __name__ == "__main__":
    main()
