"""A certificate authority of one's own, for phones that need HTTPS.

`hub tls init` makes an authority and a server certificate signed by it. The authority's key is
written with mode 0600 and never leaves the folder; the certificate is what phones install, from
the public pages' AUTHORITY_PATH, to which the QR code leads.
"""

import ipaddress
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.errors import Conflict, Unavailable

AUTHORITY_PATH = "/ca.crt"
AUTHORITY_DAYS = 3650
SERVER_DAYS = 397  # the longest that today's browsers accept


@dataclass(frozen=True, slots=True)
class Issued:
    """Where the files stand and what phones are to compare."""

    authority: Path
    certificate: Path
    key: Path
    fingerprint: str


def initialise(folder: Path, names: Sequence[str], now: datetime, *, renew: bool = False) -> Issued:
    """Make an authority (once) and a server certificate for `names` (host names or addresses).

    Raises Conflict("exists") when a server certificate stands there and `renew` is not set.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)  # one that stood there already
    issued = folder / "server.pem"
    if issued.exists() and not renew:
        raise Conflict("exists", f"{issued} exists: add --renew to replace it")
    authority, signer = _authority(folder, now)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name(names[0]), authority.subject, now, SERVER_DAYS)
        .public_key(key.public_key())
        .add_extension(
            x509.SubjectAlternativeName([_alternative(n) for n in names]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
        .sign(signer, hashes.SHA256())
    )
    _write_secret(folder / "server.key", _private(key))
    issued.write_bytes(_pem(certificate) + _pem(authority))
    return Issued(
        folder / "authority.pem",
        issued,
        folder / "server.key",
        authority.fingerprint(hashes.SHA256()).hex(":").upper(),
    )


def check(certificate: Path, key: Path) -> None:
    """Whether pages can be served with these; raises Unavailable with what to do."""
    for file in (certificate, key):
        if not file.is_file():
            raise Unavailable(f"{file}: there is no such file; `hub tls init` makes both")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise Unavailable(
            f"{certificate} and {key} are no certificate with its key ({error.reason}): "
            "give the chain and its key as PEM"
        ) from error


def trust_alone(certificate: Path) -> ssl.SSLContext:
    """Trust the holder of this very certificate, by whatever name it is reached.

    For programs on the same machine, which reach the pages by 127.0.0.1.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(certificate)
    return context


def authority_behind(certificate: Path, folder: Path) -> Path | None:
    """The authority in `folder` where it has signed this chain; else phones need none of ours."""
    authority = folder / "authority.pem"
    if authority.exists() and authority.read_bytes() in certificate.read_bytes():
        return authority
    return None


def own_address() -> str | None:
    """The address by which the network knows this machine; None without one. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if ipaddress.ip_address(address).is_loopback else address


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _authority(folder: Path, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate_file, key_file = folder / "authority.pem", folder / "authority.key"
    if certificate_file.exists() and key_file.exists():
        kept = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        if not isinstance(kept, ec.EllipticCurvePrivateKey):
            raise Conflict("foreign_key", f"{key_file} is not a key that `hub tls init` made")
        return x509.load_pem_x509_certificate(certificate_file.read_bytes()), kept
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Supervision hub local authority")
    certificate = (
        _builder(name, name, now, AUTHORITY_DAYS)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_secret(key_file, _private(key))
    certificate_file.write_bytes(_pem(certificate))
    return certificate, key


def _builder(
    subject: x509.Name, issuer: x509.Name, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # phones whose clock is a little behind
        .not_valid_after(now + timedelta(days=days))
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write_secret(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)
