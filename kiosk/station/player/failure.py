"""Why a programme cannot be shown."""


class Failure(Exception):
    """Its message goes into the as-run row as the cause."""
