"""``python -u -m mstkd.worker REQUESTS PARENT``: the file to which requests are appended, and who appends them."""

import sys
from pathlib import Path

from mstkd.worker.channels import open_events
from mstkd.worker.heartbeat import start_heartbeat
from mstkd.worker.inbox import Inbox


def main() -> None:
    """Listen at once, load what takes seconds, then answer."""
    requests, parent = sys.argv[1:]
    events = open_events()
    inbox = Inbox(Path(requests), int(parent), events)
    start_heartbeat(events)

    from mstkd.worker.serve import ready, serve

    events.emit("ready", **ready())
    serve(inbox, events)


if __name__ == "__main__":  # a library's child processes may import this module again
    main()
