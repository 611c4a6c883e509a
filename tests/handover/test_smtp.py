"""Mail leaves to a mail server whose certificate is trusted, or not at all. Real SMTP servers with TLS."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.handover import smtp
from tests.channels.website_server import free_port

WORD = "the-mail-password"


class Mailbox:
    """Keeps what it gets, and every password it was told."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.passwords: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content)
        return "250 OK"

    def auth(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        from aiosmtpd.smtp import AuthResult

        self.passwords.append(data)
        return AuthResult(success=True)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine that no authority signed, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.org")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *plain) + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def serving(box: Mailbox, certificate: Path, scheme: str) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    port = free_port()
    at_once = scheme == "smtps"
    tls = {"ssl_context": context} if at_once else {"tls_context": context, "require_starttls": True}
    server = Controller(
        box, hostname="127.0.0.1", port=port, authenticator=box.auth, auth_require_tls=not at_once, **tls
    )
    server.start()
    try:
        yield f"{scheme}://desk:{WORD}@127.0.0.1:{port}" + ("" if at_once else "?starttls=1")
    finally:
        server.stop()


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "desk@clinic.example", "rosa@patients.example", "Your visit"
    message.set_content("We look forward to it.")
    return message


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_whose_certificate_is_not_trusted_gets_neither_mail_nor_password(
    certificate: Path, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    box = Mailbox()
    with serving(box, certificate, scheme) as url, pytest.raises(smtp.Untrusted, match="SMTP_URL"):
        smtp.send(url, letter())
    assert (box.mails, box.passwords) == ([], [])
    assert "SMTP_URL" in caplog.text
    assert WORD not in caplog.text


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_whose_certificate_this_machine_knows_takes_the_mail(
    certificate: Path, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    box = Mailbox()
    with serving(box, certificate, scheme) as url:
        smtp.send(url, letter())
    assert b"We look forward to it." in box.mails[0]
    assert len(box.passwords) == 1
