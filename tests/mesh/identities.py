"""Certificates as istiod gives them out: a SPIFFE id of a service account, and no name."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = timedelta(days=1)


def spiffe(account: str, namespace: str) -> str:
    return f"spiffe://cluster.local/ns/{namespace}/sa/{account}"


@dataclass(frozen=True)
class Identity:
    certificate: Path
    key: Path
    authority: Path


class Authority:
    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder / name
        self._folder.mkdir(parents=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)])
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        certificate = (
            _lasting(x509.CertificateBuilder().subject_name(self._subject).issuer_name(self._subject))
            .public_key(self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.path = self._folder / "ca.pem"
        self.path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, account: str, namespace: str) -> Identity:
        identity = Identity(
            self._folder / f"{namespace}.{account}.pem", self._folder / f"{namespace}.{account}.key", self.path
        )
        if identity.key.exists():
            return identity
        key = ec.generate_private_key(ec.SECP256R1())
        uri = x509.UniformResourceIdentifier(spiffe(account, namespace))
        uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        certificate = (
            _lasting(x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(self._subject))
            .public_key(key.public_key())
            .add_extension(x509.SubjectAlternativeName([uri]), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        identity.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        encoding = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        identity.key.write_bytes(key.private_bytes(*encoding))
        return identity


def _lasting(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return builder.serial_number(x509.random_serial_number()).not_valid_before(now - _DAY).not_valid_after(now + _DAY)
