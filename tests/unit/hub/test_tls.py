import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from core.errors import Conflict
from hub.tls import initialise

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def test_the_server_certificate_is_signed_by_the_authority_for_every_name(tmp_path: Path) -> None:
    issued = initialise(tmp_path / "tls", ["hub.example", "192.0.2.7"], NOW)
    server = x509.load_pem_x509_certificate(issued.certificate.read_bytes())
    authority = x509.load_pem_x509_certificate(issued.authority.read_bytes())
    server.verify_directly_issued_by(authority)
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["hub.example"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    assert issued.key.stat().st_mode & 0o077 == 0


def test_renewing_keeps_the_authority_that_phones_installed(tmp_path: Path) -> None:
    first = initialise(tmp_path / "tls", ["localhost"], NOW)
    with pytest.raises(Conflict, match="--renew"):
        initialise(tmp_path / "tls", ["localhost"], NOW)
    assert initialise(tmp_path / "tls", ["localhost"], NOW, renew=True).fingerprint == (
        first.fingerprint
    )
