"""The command line: wires stages, holds no maths. Every error is one sentence, every command says how it ended.

No command asks which folder it is called in, except for the files that it is told to read or to write.

Exit codes: 0 done; 1 it could not be done (data missing, a file damaged, the disk full); 2 it was asked for wrongly (an
unknown option, task or scale, a width factor out of range); 130 interrupted.
"""

from overparam.cli import doctor, ls, make, own, pipeline, read, schema, span
from overparam.cli.app import main

__all__ = ["doctor", "ls", "main", "make", "own", "pipeline", "read", "schema", "span"]
