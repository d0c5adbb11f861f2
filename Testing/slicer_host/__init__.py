"""A test host that imitates the 3D Slicer application for scripted modules.

Real MRML (the slicer-core wheel) and real Qt (PySide6, offscreen) behind wrappers that are as strict as PythonQt:
what Slicer refuses is refused here. What the host cannot show is listed in `host.py`.
"""


def boot():
    """The one host of this process; see `slicer_host.host.Host`."""
    from slicer_host.host import boot as start  # Qt is loaded only by those who need it

    return start()
