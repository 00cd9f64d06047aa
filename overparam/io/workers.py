"""The processes that share work."""

import os
import threading
import time
from functools import cache

from joblib.externals.loky import get_reusable_executor


def fresh_workers() -> None:
    """End the processes that joblib keeps from earlier work, so that the next ones start anew.

    Those that only measured have loaded no torch; once they train, loky would take its memory for a leak, and end them.
    """
    get_reusable_executor().shutdown(wait=True)


@cache
def end_with(parent: int) -> None:
    """Let this process end within a second of the one that it was started by, unless it is that one.

    What it makes would be for nobody, and in the way of those who begin anew.
    """
    if os.getpid() != parent:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
