"""`slicer.i18n`: no translations, the texts as they are."""

from __future__ import annotations

import sys
import types

import slicer


def getContext(sourceFile) -> str:
    return str(sourceFile)


def translate(context: str, text: str) -> str:
    if not isinstance(context, str) or not isinstance(text, str):
        raise TypeError("translate takes the context and the text")
    return text


def tr(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError("tr takes a text")
    return text


def install() -> None:
    module = types.ModuleType("slicer.i18n")
    module.tr, module.translate, module.getContext = tr, translate, getContext
    sys.modules["slicer.i18n"] = module
    slicer.i18n = module
