"""The command line: wires stages, holds no maths. Every error is one sentence, every command says how it ended.

Exit codes: 0 done; 1 it could not be done (data missing, a file damaged, the disk full); 2 it was asked for wrongly (an
unknown option, task or scale, a width factor out of range); 130 interrupted.
"""

from overparam.cli import doctor, make, own, pipeline, read, schema
from overparam.cli.app import main

__all__ = ["doctor", "main", "make", "own", "pipeline", "read", "schema"]
