"""``python -u -m mstkd.worker``."""

from mstkd.worker.channels import open_channels
from mstkd.worker.heartbeat import start_heartbeat
from mstkd.worker.inbox import Inbox


def main() -> None:
    """Listen at once, load what takes seconds, then answer."""
    requests, events = open_channels()
    inbox = Inbox(requests, events)
    start_heartbeat(events)

    from mstkd.worker.serve import ready, serve

    events.emit("ready", **ready())
    serve(inbox, events)


if __name__ == "__main__":  # a library's child processes may import this module again
    main()
