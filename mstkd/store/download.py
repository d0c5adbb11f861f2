"""One file from an https address."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import mstkd
from mstkd.errors import InputError

MOST_BYTES = 2 * 1000**3
"""The largest package that is taken; the paper's network in half precision has 0.3 GB."""
_TIMEOUT_S = 30
_CHUNK = 1 << 20
_EVERY_S = 0.2
Report = Callable[[float, str], None]


class _HttpsOnly(HTTPRedirectHandler):
    """Follows a redirect only where it stays encrypted."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if not newurl.lower().startswith("https://"):
            raise InputError(f"{req.full_url} redirects to {newurl}, which is not https; use another address.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(address: str, path: Path, report: Report) -> None:
    """Write what the https address holds to ``path``, reporting the share as it comes in, also on a slow line.

    Certificates are checked against the system's; ``SSL_CERT_FILE`` and ``HTTPS_PROXY`` count.

    Raises:
        InputError: The address cannot be reached, breaks off, or holds more than 2 GB.
    """
    try:
        request = Request(address, headers={"User-Agent": f"mstkd/{mstkd.__version__}"})  # noqa: S310  # https only
        with build_opener(_HttpsOnly()).open(request, timeout=_TIMEOUT_S) as answer:
            total = int(answer.headers.get("Content-Length") or 0)
            with path.open("wb") as file:
                _copy(answer, file, total, address, report)
    except HTTPError as error:
        raise InputError(f"{address} was refused by its server ({error.code} {error.reason}); check it.") from error
    except (OSError, HTTPException, ValueError) as error:
        raise InputError(
            f"{address} could not be downloaded ({error}); check address and network, or fetch the file by other "
            "means and give its path."
        ) from error


def _copy(answer: HTTPResponse, file: IO[bytes], total: int, address: str, report: Report) -> None:
    done, said = 0, time.monotonic()
    of = f" of {total / 1e6:.0f}" if total else ""
    while not _too_large(max(done, total), address) and (chunk := answer.read1(_CHUNK)):
        file.write(chunk)
        done += len(chunk)
        if done < total and time.monotonic() - said < _EVERY_S:
            continue
        said = time.monotonic()
        report(min(1.0, done / total) if total else 0.0, f"Downloading the model ({done / 1e6:.0f}{of} MB)")
    if done < total:
        raise OSError(f"it broke off after {done / 1e6:.1f} of {total / 1e6:.1f} MB")


def _too_large(size: int, address: str) -> bool:
    if size > MOST_BYTES:
        raise InputError(f"{address} holds more than {MOST_BYTES / 1e9:.0f} GB, which no model package has; check it.")
    return False
