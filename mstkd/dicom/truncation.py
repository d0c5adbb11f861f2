"""Whether a DICOM file is there to its end, without reading its pixels."""

from __future__ import annotations

import math
import os
import struct
from typing import BinaryIO

from pydicom import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from mstkd.dicom.header import whole_number

_SIZE = ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")
_ITEM, _END_OF_SEQUENCE = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"


def is_whole(header: Dataset, file: BinaryIO) -> bool:
    """Whether the pixels, before which ``file`` stands, are there to the end."""
    syntax = header.file_meta.TransferSyntaxUID
    if syntax == DeflatedExplicitVRLittleEndian:
        return "Rows" in header  # inflated as a whole, which fails when an end is missing
    start = file.tell() + (8 if syntax == ImplicitVRLittleEndian else 12)
    size = file.seek(0, os.SEEK_END)
    if not syntax.is_compressed:
        frames = whole_number(header, "NumberOfFrames") or 1
        factors = [whole_number(header, name) for name in _SIZE]
        bits = frames * math.prod(factor or 0 for factor in factors)
        return 0 < bits <= 8 * (size - start)
    while start + 8 <= size:
        file.seek(start)
        tag, length = struct.unpack("<4sI", file.read(8))
        if tag == _END_OF_SEQUENCE:
            return True
        if tag != _ITEM:
            return False
        start += 8 + length
    return False
