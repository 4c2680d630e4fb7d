//! SIP over TLS 1.2 and 1.3: who we are, whom we believe, and which names a far end proved.
//!
//! A caller from where a trunk wants names is asked for a certificate. It may show one and need not; one that is shown must
//! lead to a root that is trusted here, and is taken with the usage of a server as well as of a client: certificates of
//! public authorities, Microsoft's among them, carry only that of a server. Nobody else is asked: telephones prove who they
//! are by password, and the certificates that their makers gave them lead nowhere.
//!
//! Unless the configuration names roots, those are the public ones of the web; but a name of Microsoft's telephony is
//! believed only under one of the seven roots that Microsoft names for it.

use crate::tls::{Certificate, provider, read_certificates};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, DistinguishedName,
    RootCertStore, ServerConfig, ServerConnection, SignatureScheme,
};
use std::sync::Arc;
use webpki::{EndEntityCert, KeyUsage};

/// The roots that Microsoft names for the hosts of Direct Routing.
const MICROSOFT_ROOTS: &str = include_str!("microsoft_roots.pem");
/// The domains of these hosts.
const MICROSOFT_DOMAINS: [&str; 3] =
    ["pstnhub.microsoft.com", "pstnhub.gov.teams.microsoft.us", "pstnhub.dod.teams.microsoft.us"];
/// The most names of a certificate that are looked at.
const MOST_NAMES: usize = 100;
/// What may wait inside one connection to be encrypted or sent, in bytes.
const BUFFER: usize = 256 * 1024;

/// Everything that a TLS connection of SIP begins with.
pub struct SipTls {
    certificate: Arc<Certificate>,
    server: Arc<ServerConfig>,
    /// Towards callers that are asked for no certificate.
    unasked: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    /// Towards hosts of Microsoft's telephony.
    to_microsoft: Arc<ClientConfig>,
}

impl std::fmt::Debug for SipTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SipTls")
    }
}

impl SipTls {
    /// With our certificate, and a file of roots in PEM; without one the public roots of the web.
    ///
    /// # Errors
    /// A sentence that names the key of the configuration.
    pub fn new(certificate: Arc<Certificate>, roots: &str) -> Result<SipTls, String> {
        let microsoft = if roots.is_empty() { microsoft_roots()? } else { roots_of(roots)? };
        SipTls::believing(certificate, roots_of(roots)?, microsoft)
    }

    /// With the roots that far ends are believed under, and those of Microsoft's telephony.
    fn believing(
        certificate: Arc<Certificate>,
        roots: RootCertStore,
        microsoft: RootCertStore,
    ) -> Result<SipTls, String> {
        let (roots, microsoft) = (Arc::new(roots), Arc::new(microsoft));
        let algorithms = provider().signature_verification_algorithms;
        let verifier =
            Arc::new(CallerVerifier { roots: roots.clone(), microsoft: microsoft.clone(), algorithms });
        let mut server = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(certificate.clone());
        let mut unasked = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .with_no_client_auth()
            .with_cert_resolver(certificate.clone());
        // A session that is taken up again shows no certificate, so a new one of ours would not be seen.
        for config in [&mut server, &mut unasked] {
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        let client = |roots| {
            let known = WebPkiServerVerifier::builder_with_provider(roots, provider())
                .build()
                .map_err(|e| format!("sip.tls_roots: {e}"))?;
            let mut client = ClientConfig::builder_with_provider(provider())
                .with_safe_default_protocol_versions()
                .map_err(|e| e.to_string())?
                .with_webpki_verifier(known)
                .with_client_cert_resolver(certificate.clone());
            client.resumption = Resumption::disabled();
            Ok::<_, String>(Arc::new(client))
        };
        let (to_microsoft, client) = (client(microsoft)?, client(roots)?);
        let (server, unasked) = (Arc::new(server), Arc::new(unasked));
        Ok(SipTls { certificate, server, unasked, client, to_microsoft })
    }

    /// A connection that somebody opened to us, who is asked for a certificate or is not.
    pub fn accept(&self, asks: bool) -> Option<rustls::Connection> {
        let config = if asks { &self.server } else { &self.unasked };
        let mut connection = ServerConnection::new(config.clone()).ok()?;
        connection.set_buffer_limit(Some(BUFFER));
        Some(connection.into())
    }

    /// A connection of ours to a far end that must prove this name, or address.
    pub fn connect(&self, name: &str) -> Option<rustls::Connection> {
        let config = if is_microsoft(name) { &self.to_microsoft } else { &self.client };
        let name = ServerName::try_from(name.to_owned()).ok()?;
        let mut connection = ClientConnection::new(config.clone(), name).ok()?;
        connection.set_buffer_limit(Some(BUFFER));
        Some(connection.into())
    }

    /// Which of our certificates is in force: another number after each change.
    pub fn edition(&self) -> u64 {
        self.certificate.edition()
    }
}

fn roots_of(path: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    if path.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    }
    for root in read_certificates("sip.tls_roots", path)? {
        roots
            .add(root)
            .map_err(|e| format!("sip.tls_roots = {path:?} has a certificate that is no root: {e}"))?;
    }
    Ok(roots)
}

/// All roots that a certificate of ours may lead to: the public ones of the web, those that Microsoft names, and those of
/// the configuration.
///
/// # Errors
/// A sentence that names the key of the configuration.
pub fn known_roots(configured: &str) -> Result<RootCertStore, String> {
    let mut roots = roots_of("")?;
    roots.roots.extend(microsoft_roots()?.roots);
    if !configured.is_empty() {
        roots.roots.extend(roots_of(configured)?.roots);
    }
    Ok(roots)
}

fn microsoft_roots() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(MICROSOFT_ROOTS.as_bytes()) {
        let root = root.map_err(|e| format!("the roots of Microsoft cannot be read: {e}"))?;
        roots.add(root).map_err(|e| format!("the roots of Microsoft cannot be read: {e}"))?;
    }
    Ok(roots)
}

/// Whether a name, or a family of names, is of Microsoft's telephony.
fn is_microsoft(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    MICROSOFT_DOMAINS
        .iter()
        .any(|domain| name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// The names that a far end proved in its handshake, in small letters; empty when it showed no certificate.
pub fn names_of(connection: &rustls::Connection) -> Vec<String> {
    let Some(first) = connection.peer_certificates().and_then(<[_]>::first) else { return Vec::new() };
    let Ok(certificate) = EndEntityCert::try_from(first) else { return Vec::new() };
    certificate.valid_dns_names().take(MOST_NAMES).map(str::to_ascii_lowercase).collect()
}

/// Why a certificate that the far end showed is not believed, in a word; `None` when a handshake failed for other reasons.
pub fn not_believed(error: &rustls::Error) -> Option<&'static str> {
    use CertificateError as C;
    let rustls::Error::InvalidCertificate(why) = error else { return None };
    Some(match why {
        C::Expired | C::ExpiredContext { .. } => "expired",
        C::NotValidYet | C::NotValidYetContext { .. } => "not-valid-yet",
        C::UnknownIssuer => "unknown-issuer",
        C::NotValidForName | C::NotValidForNameContext { .. } => "wrong-name",
        C::Revoked => "revoked",
        _ => "not-valid",
    })
}

/// Whether a name of a certificate is one of those wanted. `*` stands for one label on both sides: wanted is a name or a
/// family of names, and the certificate is for a name or a family.
pub fn is_wanted(wanted: &str, name: &str) -> bool {
    if wanted.eq_ignore_ascii_case(name) {
        return true;
    }
    let below = |family: &str, one: &str| {
        let Some(domain) = family.strip_prefix("*.") else { return false };
        one.split_once('.').is_some_and(|(label, rest)| {
            !label.is_empty() && label != "*" && rest.eq_ignore_ascii_case(domain)
        })
    };
    below(wanted, name) || below(name, wanted)
}

/// Looks at certificates that callers show.
#[derive(Debug)]
struct CallerVerifier {
    roots: Arc<RootCertStore>,
    microsoft: Arc<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for CallerVerifier {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // A list of all public roots would be a kilobyte for each of them in each handshake.
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let certificate = EndEntityCert::try_from(end_entity)
            .map_err(|_| rustls::Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let of_microsoft = certificate.valid_dns_names().take(MOST_NAMES).any(is_microsoft);
        let roots = if of_microsoft { &self.microsoft.roots } else { &self.roots.roots };
        let verify = |usage| {
            let all = self.algorithms.all;
            certificate.verify_for_usage(all, roots, intermediates, now, usage, None, None).map(|_| ())
        };
        let verified = verify(KeyUsage::server_auth()).or_else(|as_server| {
            // What is wrong besides the usage is the reason.
            verify(KeyUsage::client_auth()).map_err(|as_client| match as_client {
                webpki::Error::RequiredEkuNotFoundContext(_) => as_server,
                other => other,
            })
        });
        verified.map_err(|e| {
            let error = match e {
                webpki::Error::CertExpired { .. } => CertificateError::Expired,
                webpki::Error::CertNotValidYet { .. } => CertificateError::NotValidYet,
                webpki::Error::UnknownIssuer => CertificateError::UnknownIssuer,
                _ => CertificateError::ApplicationVerificationFailure,
            };
            rustls::Error::InvalidCertificate(error)
        })?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_families() {
        for (wanted, name, fits) in [
            ("sip.example.com", "SIP.example.com", true),
            ("*.example.com", "sip.example.com", true),
            ("*.example.com", "*.example.com", true),
            ("sip.example.com", "*.example.com", true),
            ("*.example.com", "a.sip.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.example.com", ".example.com", false),
            ("sip.example.com", "sip.example.org", false),
            ("a.sip.example.com", "*.example.com", false),
            ("*.pstnhub.microsoft.com", "sip.pstnhub.microsoft.com.example.org", false),
        ] {
            assert_eq!(is_wanted(wanted, name), fits, "{wanted} {name}");
        }
    }

    /// The SHA-1 thumbprints by which Microsoft names the roots of its telephony, and their SHA-256.
    const THUMBPRINTS: [(&str, &str); 7] = [
        // DigiCert Global Root CA
        (
            "a8985d3a65e5e5c4b2d7d66d40c6dd2fb19c5436",
            "4348a0e9444c78cb265e058d5e8944b4d84f9662bd26db257f8934a443c70161",
        ),
        // DigiCert Global Root G2
        (
            "df3c24f9bfd666761b268073fe06d1cc8d4f82a4",
            "cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f",
        ),
        // DigiCert Global Root G3
        (
            "7e04de896a3e666d00e687d33ffad93be83d349e",
            "31ad6648f8104138c738f39ea4320133393e3a18cc02296ef97c2ac9ef6731d0",
        ),
        // DigiCert TLS ECC P384 Root G5
        (
            "17f3de5e9f0f19e98ef61f32266e20c407ae30ee",
            "018e13f0772532cf809bd1b17281867283fc48c6e13be9c69812854a490c1b05",
        ),
        // DigiCert TLS RSA4096 Root G5
        (
            "a78849dc5d7c758c8cde399856b3aad0b2a57135",
            "371a00dc0533b3721a7eeb40e8419e70799d2b0a0f2c1d80693165f7cec4ad75",
        ),
        // Microsoft ECC Root Certificate Authority 2017
        (
            "999a64c37ff47d9fab95f14769891460eec4c3c5",
            "358df39d764af9e1b766e9c972df352ee15cfac227af6ad1d70e8e4a6edcba02",
        ),
        // Microsoft RSA Root Certificate Authority 2017
        (
            "73a5e64a3bff8316ff0edccc618a906e4eae4d74",
            "c741f70f4b2a8d88bf2e71c14122ef53ef10eba0cfa5e64cfa20f418853073e0",
        ),
    ];

    #[test]
    fn the_seven_roots_are_those_that_microsoft_names_and_no_others() {
        use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let found: Vec<(String, String)> = CertificateDer::pem_slice_iter(MICROSOFT_ROOTS.as_bytes())
            .map(|root| {
                let root = root.unwrap();
                let of = |algorithm| hex(digest(algorithm, &root).as_ref());
                (of(&SHA1_FOR_LEGACY_USE_ONLY), of(&SHA256))
            })
            .collect();
        let named = THUMBPRINTS.map(|(short, long)| (short.to_string(), long.to_string()));
        assert_eq!(found, named);
        assert_eq!(microsoft_roots().unwrap().len(), 7);
    }

    /// An authority, and a certificate of a far end that it signed for this name.
    fn signed_for(name: &str) -> (CertificateDer<'static>, rcgen::CertifiedKey<rcgen::KeyPair>) {
        let mut about = rcgen::CertificateParams::default();
        about.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority =
            rcgen::CertifiedIssuer::self_signed(about, rcgen::KeyPair::generate().unwrap()).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let mut about = rcgen::CertificateParams::new(vec![name.to_string()]).unwrap();
        about.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        let cert = about.signed_by(&key, &authority).unwrap();
        (authority.der().clone(), rcgen::CertifiedKey { cert, signing_key: key })
    }

    /// What becomes of a handshake between these two, the caller first.
    fn shake(mut a: rustls::Connection, mut b: rustls::Connection) -> Result<(), rustls::Error> {
        fn carry(from: &mut rustls::Connection, to: &mut rustls::Connection) -> Result<bool, rustls::Error> {
            let mut bytes = Vec::new();
            while from.wants_write() {
                from.write_tls(&mut bytes).unwrap();
            }
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                to.read_tls(&mut rest).unwrap();
                to.process_new_packets()?;
            }
            Ok(!bytes.is_empty())
        }
        while carry(&mut a, &mut b)? | carry(&mut b, &mut a)? {}
        assert!(!a.is_handshaking() && !b.is_handshaking());
        Ok(())
    }

    #[test]
    fn a_name_of_microsofts_telephony_below_any_other_root_is_refused_both_ways() {
        let dir = tempfile::tempdir().unwrap();
        let (cert, key) = (dir.path().join("cert"), dir.path().join("key"));
        std::fs::write(&cert, include_str!("../tests/it/certificates/first.crt.pem")).unwrap();
        std::fs::write(&key, include_str!("../tests/it/certificates/first.key.pem")).unwrap();
        let own = Certificate::load("sip", cert.to_str().unwrap(), key.to_str().unwrap()).unwrap();
        for (name, believed) in [
            ("sbc.example.com", true),
            ("sip.pstnhub.microsoft.com", false),
            ("*.pstnhub.microsoft.com", false),
        ] {
            let (root, far) = signed_for(name);
            // The authority is believed for everybody else, as a public one of the web is.
            let mut roots = RootCertStore::empty();
            roots.add(root).unwrap();
            let ours = SipTls::believing(own.clone(), roots, microsoft_roots().unwrap()).unwrap();
            let chain = vec![far.cert.der().clone()];
            let secret = || rustls::pki_types::PrivateKeyDer::Pkcs8(far.signing_key.serialize_der().into());
            let server = ServerConfig::builder_with_provider(provider())
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(chain.clone(), secret())
                .unwrap();
            let host = name.replace('*', "sip");
            let called = ServerConnection::new(Arc::new(server)).unwrap();
            let said = shake(ours.connect(&host).unwrap(), called.into()).err();
            assert_eq!(
                said.as_ref().and_then(not_believed),
                (!believed).then_some("unknown-issuer"),
                "{name}: {said:?}"
            );

            let mut shown = RootCertStore::empty();
            shown.add(own.chain()[0].clone()).unwrap();
            let client = ClientConfig::builder_with_provider(provider())
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(shown)
                .with_client_auth_cert(chain, secret())
                .unwrap();
            let caller = ClientConnection::new(Arc::new(client), "localhost".try_into().unwrap()).unwrap();
            let said = shake(caller.into(), ours.accept(true).unwrap()).err();
            assert_eq!(
                said.as_ref().and_then(not_believed),
                (!believed).then_some("unknown-issuer"),
                "{name}: {said:?}"
            );
        }
    }

    #[test]
    fn names_of_microsofts_telephony() {
        for (name, is) in [
            ("sip.pstnhub.microsoft.com", true),
            ("*.PSTNHUB.microsoft.com", true),
            ("sip.pstnhub.gov.teams.microsoft.us", true),
            ("evilpstnhub.microsoft.com", false),
            ("sip.pstnhub.microsoft.com.example.org", false),
            ("sbc.example.com", false),
        ] {
            assert_eq!(is_microsoft(name), is, "{name}");
        }
    }
}
