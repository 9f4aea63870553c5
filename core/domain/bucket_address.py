"""The address of a data directory in a bucket of an object store: ``s3://bucket/prefix``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from core.errors import SettingsError

#: Beginnings of addresses: Amazon S3 and what speaks its protocol, Google's and Azure's stores.
SCHEMES = ("s3", "gs", "az")

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/{1,2}(.*)", re.DOTALL)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
#: A part of a prefix; none is “.” or “..”.
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]{0,99}")


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """Where in an object store a data directory lies.

    Attributes:
        scheme: One of ``SCHEMES``.
        bucket: Name of the bucket (Azure: of the container).
        prefix: Beginning of all keys, without slashes at its ends; may be empty.
    """

    scheme: str
    bucket: str
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the address that a text says.

        Raises:
            SettingsError: It is none, or holds anything but a bucket and a plain prefix. The text
                is not repeated: it may hold a password.
        """
        match = _ADDRESS.fullmatch(text)
        scheme, rest = (match[1].lower(), match[2]) if match else ("", "")
        bucket, _, prefix = rest.partition("/")
        parts = [part for part in prefix.split("/") if part]
        if (
            scheme not in SCHEMES
            or not _BUCKET.fullmatch(bucket)
            or not all(map(_PART.fullmatch, parts))
        ):
            raise SettingsError(
                "A data directory in an object store is written s3://bucket/prefix (or gs://, "
                "az://): a bucket's name of small letters, digits, dots and dashes, and a prefix "
                "of letters, digits, dots, dashes and slashes. Keys and passwords belong into the "
                "environment."
            )
        return cls(scheme, bucket, "/".join(parts))

    def __str__(self) -> str:
        return "/".join(part for part in (f"{self.scheme}://{self.bucket}", self.prefix) if part)


def is_address(text: str) -> bool:
    """Tell whether a text is meant as the address of a store, not as a folder."""
    return _ADDRESS.fullmatch(text) is not None
