from __future__ import annotations

import pytest

from core.base.credentials import without_credentials


def test_credentials_of_the_environment_and_of_signed_links_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "abc/def+secret")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "azure-key")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    text = (
        "eu-central-1 said: abc/def+secret, azure-key; "
        "http://x/y?X-Amz-Signature=0123&X-Amz-Date=2026&sig=99"
    )
    assert without_credentials(text) == (
        "eu-central-1 said: …, …; http://x/y?X-Amz-Signature=…&X-Amz-Date=2026&sig=…"
    )


def test_a_sign_in_within_an_address_is_left_out() -> None:
    text = "can't reach http://anna:pass-word@store.example/x or https://proxy.example:80/a@b"
    assert without_credentials(text) == (
        "can't reach http://…@store.example/x or https://proxy.example:80/a@b"
    )
