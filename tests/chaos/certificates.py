"""An authority of the tests' own, and servers' certificates by it: for the right name, and for a wrong one."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

TEN_YEARS = timedelta(days=3650)
"""Valid so long before and after now, that a clock that is years off is not the certificates' business."""


@dataclass(frozen=True)
class Authority:
    """``file`` holds its certificate, for clients."""

    file: Path
    _certificate: x509.Certificate
    _key: ec.EllipticCurvePrivateKey

    def server(self, name: str) -> ssl.SSLContext:
        """What a server of that name shows."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(name, key.public_key(), self._certificate.subject, self._key, False)
        path = self.file.with_name(f"{name}.pem")
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def authority(folder: Path) -> Authority:
    """A new one, its certificate in ``folder``."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate("kiosk tests", key.public_key(), _name("kiosk tests"), key, True)
    path = folder / "authority.pem"
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return Authority(path, certificate, key)


def _certificate(
    name: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name, by: ec.EllipticCurvePrivateKey, ca: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(_name(name)).issuer_name(issuer).public_key(key)
    built = built.serial_number(x509.random_serial_number())
    built = built.not_valid_before(now - TEN_YEARS).not_valid_after(now + TEN_YEARS)
    built = built.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if not ca:
        built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return built.sign(by, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
