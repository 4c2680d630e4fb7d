//! SIP over TLS 1.2 and 1.3: who we are, whom we believe, and which names a far end proved.
//!
//! A caller may show a certificate and need not: telephones have none and prove who they are by password. One that is
//! shown must lead to a root that is trusted here, and is taken with the usage of a server as well as of a client:
//! certificates of public authorities, Microsoft's among them, carry only that of a server.
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
        let microsoft = Arc::new(if roots.is_empty() { microsoft_roots()? } else { roots_of(roots)? });
        let roots = Arc::new(roots_of(roots)?);
        let algorithms = provider().signature_verification_algorithms;
        let verifier =
            Arc::new(CallerVerifier { roots: roots.clone(), microsoft: microsoft.clone(), algorithms });
        let mut server = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(certificate.clone());
        // A session that is taken up again shows no certificate, so a new one of ours would not be seen.
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
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
        Ok(SipTls { certificate, server: Arc::new(server), client, to_microsoft })
    }

    /// A connection that somebody opened to us.
    pub fn accept(&self) -> Option<rustls::Connection> {
        let mut connection = ServerConnection::new(self.server.clone()).ok()?;
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
        verify(KeyUsage::server_auth()).or_else(|_| verify(KeyUsage::client_auth())).map_err(|e| {
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

    #[test]
    fn the_seven_roots_are_there_and_are_for_names_of_microsofts_telephony() {
        assert_eq!(microsoft_roots().unwrap().len(), 7);
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
