"""Errors that end in one sentence for a person."""


class InputError(Exception):
    """Bad input: the message is one sentence that names the file or option and the remedy.

    The command line prints it and exits with code 2, the worker sends it as an event.
    """


class CancelledError(Exception):
    """The user asked to stop; nothing was written."""


def why(error: OSError) -> str:
    """Why the system refused, as words for the middle of a sentence."""
    return (error.strerror or str(error)).lower()
