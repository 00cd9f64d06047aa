"""What can go wrong, each with a sentence that says what, where and what to do."""


class OverparamError(Exception):
    """Base of every error that a user can mend; its message is one sentence for a person."""


class SpecError(OverparamError):
    """A scale, width factor, task or recipe that cannot be run as written."""


class DataError(OverparamError):
    """Data that is missing, truncated or not what was pinned."""


class ArtifactError(OverparamError):
    """A checkpoint, feature file or record that is missing, damaged or made from something else."""


class MeasurementError(OverparamError):
    """Features or labels on which the asked measurement would give a wrong number."""


class KernelError(OverparamError):
    """A library that computes something wrong on this processor, so that what is trained by it would be no evidence."""


class StorageError(OverparamError):
    """The disk refused a write; what stood there before is untouched."""
