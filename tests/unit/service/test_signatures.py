"""The signature of a job: only who has the secret can make it, and only for this job, now."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardian_service.signatures import SecretFile, sign, verified

NOW = 1_800_000_000.0
BODY = b'{"id": "one"}'


def test_a_signature_is_taken_by_whoever_has_the_secret_and_proved_with_the_same() -> None:
    signed = sign(b"new", BODY, NOW)
    for accepted in ([b"new"], [b"old", b"new"]):
        assert verified(signed.header, BODY, accepted, NOW + 60) == signed
    assert b"new" not in f"{signed.header}{signed.proof}".encode()


@pytest.mark.parametrize(
    ("body", "accepted", "now"),
    [
        (b'{"id": "two"}', [b"new"], NOW),
        (BODY, [b"old"], NOW),
        (BODY, [], NOW),
        (BODY, [b"new"], NOW + 301),
        (BODY, [b"new"], NOW - 301),
    ],
    ids=["another job", "another secret", "no secret", "too late", "too early"],
)
def test_any_other_is_refused(body: bytes, accepted: list[bytes], now: float) -> None:
    assert verified(sign(b"new", BODY, NOW).header, body, accepted, now) is None


@pytest.mark.parametrize("header", ["", "Bearer new", "Guardian-HMAC-SHA256 time=1,nonce=1,mac=1", "\0" * 1000])
def test_what_is_no_signature_is_refused(header: str) -> None:
    assert verified(header, BODY, [b"new"], NOW) is None


def test_the_secrets_are_read_anew_each_time(tmp_path: Path) -> None:
    secrets = SecretFile(tmp_path / "shared")
    assert secrets.read() == []
    secrets.path.write_text("one")
    assert secrets.read() == [b"one"]
    secrets.path.write_text(" two \n\none\n")
    assert secrets.read() == [b"two", b"one"]
