"""Answering requests, one after the other."""

from __future__ import annotations

import platform
import traceback
from typing import Any

import monai
import torch

import mstkd
from mstkd.errors import CancelledError, InputError
from mstkd.inference.device import choose_device, memory_sentence
from mstkd.worker.channels import Events
from mstkd.worker.inbox import Inbox
from mstkd.worker.requests import parse
from mstkd.worker.tasks import run


def ready() -> dict[str, Any]:
    """What the ``ready`` event says of this worker."""
    device = choose_device("auto")
    on_gpu = device.type == "cuda"
    return {
        "device": device.type,
        "device_name": torch.cuda.get_device_name(device) if on_gpu else platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "versions": {"torch": torch.__version__, "monai": monai.__version__, "mstkd": mstkd.__version__},
    }


def serve(inbox: Inbox, events: Events) -> None:
    """Answer requests until the parent has gone or one says to cancel."""

    def report(share: float, text: str) -> None:
        inbox.check()
        events.emit("progress", share=share, text=text)

    for line in inbox.requests():
        try:
            events.emit("done", **run(parse(line), report, inbox.stopped))
        except CancelledError:
            break
        except InputError as error:
            events.emit("error", message=str(error))
        except Exception as error:  # the last wall before Slicer: say it, stay alive
            traceback.print_exc()
            events.emit("error", message=_sentence(error))
    if inbox.cancelled:
        events.emit("cancelled")


def _sentence(error: Exception) -> str:
    words = " ".join(str(error).split())[:200]
    return memory_sentence(error) or f"the engine failed ({type(error).__name__}: {words})."
