"""The processes that share work."""

from joblib.externals.loky import get_reusable_executor


def fresh_workers() -> None:
    """End the processes that joblib keeps from earlier work, so that the next ones start anew.

    Those that only measured have loaded no torch; once they train, loky would take its memory for a leak, and end them.
    """
    get_reusable_executor().shutdown(wait=True)
