"""The module `SampleData`: sources are registered for real, `file:` addresses are fetched and checked."""

from __future__ import annotations

import hashlib
import shutil
import sys
import types
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlparse

import slicer


@dataclass
class SampleDataSource:
    """One set of samples: parallel lists of addresses, file names, node names and checksums."""

    sampleName: str | None = None
    sampleDescription: str | None = None
    uris: list | None = None
    fileNames: list | None = None
    nodeNames: list | None = None
    checksums: list | None = None
    loadFiles: list | None = None
    customDownloader: object = None
    thumbnailFileName: str | None = None
    loadFileTypes: list | None = None
    loadFileProperties: dict = field(default_factory=dict)

    def __post_init__(self):
        for name in ("uris", "fileNames", "nodeNames", "checksums", "loadFiles", "loadFileTypes"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, list):
                setattr(self, name, [value])
        lengths = {len(v) for v in (self.uris, self.fileNames, self.nodeNames, self.checksums) if v is not None}
        if len(lengths) > 1:
            raise ValueError("All fields (uris, fileNames, nodeNames, checksums) must have the same length")


class SampleDataLogic:
    """Downloads and loads registered samples."""

    @staticmethod
    def registerCustomSampleDataCategory(category, title=None):
        slicer.modules.sampleDataSources.setdefault(category, [])

    @staticmethod
    def registerCustomSampleDataSource(category="Custom", sampleName=None, uris=None, fileNames=None, nodeNames=None,
                                       customDownloader=None, thumbnailFileName=None, loadFileType=None,
                                       loadFiles=None, loadFileProperties=None, checksums=None,
                                       sampleDescription=None):  # fmt: skip
        source = SampleDataSource(
            sampleName, sampleDescription, uris, fileNames, nodeNames, checksums, loadFiles,
            customDownloader, thumbnailFileName, loadFileType, loadFileProperties or {},
        )  # fmt: skip
        sources = slicer.modules.sampleDataSources.setdefault(category, [])
        if source not in sources:
            sources.append(source)

    @staticmethod
    def sourceForSampleName(sampleName):
        every = [s for sources in slicer.modules.sampleDataSources.values() for s in sources]
        return next((s for s in every if s.sampleName == sampleName), None)

    def downloadSamples(self, sampleName) -> list:
        """The loaded nodes of the set, in its order.

        Raises:
            KeyError: no such sample.  ValueError: a file differs from its checksum.
        """
        source = self.sourceForSampleName(sampleName)
        if source is None:
            raise KeyError(f"Sample not found: {sampleName}")
        return self.downloadFromSource(source)

    def downloadFromSource(self, source) -> list:
        if source.customDownloader:
            return source.customDownloader(source)
        checks = source.checksums or [None] * len(source.uris)
        names = source.nodeNames or [None] * len(source.uris)
        nodes = []
        for uri, fileName, nodeName, checksum in zip(source.uris, source.fileNames, names, checks, strict=True):
            path = self.downloadFile(uri, slicer.app.temporaryPath, fileName, checksum)
            nodes.append(slicer.util.loadVolume(path, properties={"name": nodeName} if nodeName else {}))
        return nodes

    def downloadFile(self, uri, destFolderPath, name, checksum=None) -> str:
        """Fetch a `file:` address into the cache; the test host reaches nothing else."""
        if urlparse(uri).scheme != "file":
            raise ValueError(f"the test host fetches only file: addresses, not {uri}")
        path = Path(destFolderPath) / name
        shutil.copyfile(urllib.request.url2pathname(urlparse(uri).path), path)
        if checksum:
            method, digest = checksum.split(":")
            if hashlib.new(method, path.read_bytes()).hexdigest() != digest.lower():
                path.unlink()
                raise ValueError(f"Checksum of {name} differs from {checksum}")
        return str(path)


def downloadSample(sampleName):
    return SampleDataLogic().downloadSamples(sampleName)[0]


def downloadSamples(sampleName):
    return SampleDataLogic().downloadSamples(sampleName)


def reset() -> None:
    slicer.modules.sampleDataSources = {}


def install() -> None:
    module = types.ModuleType("SampleData")
    for member in (SampleDataLogic, SampleDataSource, downloadSample, downloadSamples):
        setattr(module, member.__name__, member)
    sys.modules["SampleData"] = module
    reset()
