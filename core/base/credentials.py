"""Keep credentials out of texts that are logged, stored or shown."""

from __future__ import annotations

import os
import re

#: Variables of the environment whose values are never repeated.
_SECRET = re.compile(r"(KEY|SECRET|TOKEN|PASSWORD|SAS|CREDENTIAL|ACCOUNT)", re.IGNORECASE)
_STORES = ("AWS_", "GOOGLE_", "AZURE_", "GCS_")
#: What a signed address carries.
_SIGNED = re.compile(
    r"((?:X-Amz-(?:Credential|Signature|Security-Token)|X-Goog-(?:Credential|Signature)|sig)=)"
    r"[^&\s\"'<>]+",
    re.IGNORECASE,
)
#: Name and password in an address, as proxies and endpoints may have them.
_SIGN_IN = re.compile(r"(\b[A-Za-z][A-Za-z0-9+.-]*://)[^/\s@\"'<>]+@")
_SHORTEST = 4


def without_credentials(text: str) -> str:
    """Return a text in which the environment's credentials for object stores are left out."""
    for name, value in os.environ.items():
        hides = name.startswith(_STORES) and _SECRET.search(name)
        if hides and len(value) >= _SHORTEST:
            text = text.replace(value, "…")
    return _SIGN_IN.sub(r"\1…@", _SIGNED.sub(r"\1…", text))
