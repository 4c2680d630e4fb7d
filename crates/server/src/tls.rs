//! Certificates of HTTPS and of SIP over TLS: reading them, and taking up a new one while connections go on.

use crate::certificate_report::{SHORTEST_RSA, rsa_bits};
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SignatureScheme};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, SystemTime};
use x509_cert::der::Decode;

/// Between two looks at the files.
pub const LOOK: Duration = Duration::from_secs(3);
/// The largest file of certificates or of a key, in bytes.
const LARGEST: u64 = 1 << 20;

/// The certificate that new connections get: that of two files, looked at again and again.
pub struct Certificate {
    cert: PathBuf,
    key: PathBuf,
    /// The section of the configuration that names the files.
    section: &'static str,
    /// Grows with each change.
    edition: AtomicU64,
    current: RwLock<Arc<CertifiedKey>>,
    /// What the files looked like when they were read last, for better or worse.
    seen: Mutex<Option<Seen>>,
}

/// When each of the two files was written, and how long it is.
type Seen = [(SystemTime, u64); 2];

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({})", self.cert.display())
    }
}

impl Certificate {
    /// Reads the files of `tls_cert` and `tls_key` of a section of the configuration, `http` or `sip`.
    ///
    /// # Errors
    /// A sentence that names the key of the configuration and the file.
    pub fn load(section: &'static str, cert: &str, key: &str) -> Result<Arc<Certificate>, String> {
        let (cert, key) = (PathBuf::from(cert), PathBuf::from(key));
        // Looked at before it is read: what is written meanwhile is read again.
        let seen = seen(&cert, &key);
        let current = RwLock::new(Arc::new(read(section, &cert, &key)?));
        let edition = AtomicU64::new(0);
        Ok(Arc::new(Certificate { cert, key, section, edition, current, seen: Mutex::new(seen) }))
    }

    /// For a listener that speaks HTTP/1.1 over TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// A sentence.
    pub fn config(self: &Arc<Certificate>) -> Result<Arc<ServerConfig>, String> {
        let builder = ServerConfig::builder_with_provider(provider());
        let builder = builder.with_safe_default_protocol_versions().map_err(|e| e.to_string())?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Takes up what the files hold now, if they were written since. What cannot be used is said once, and the old
    /// certificate stays. To be called where waiting is allowed.
    pub fn look(&self) {
        let now = seen(&self.cert, &self.key);
        {
            let mut last = self.seen.lock().unwrap_or_else(|e| e.into_inner());
            // Files that are away are being replaced.
            if now.is_none() || *last == now {
                return;
            }
            *last = now;
        }
        match read(self.section, &self.cert, &self.key) {
            Ok(new) => {
                *self.current.write().unwrap_or_else(|e| e.into_inner()) = Arc::new(new);
                self.edition.fetch_add(1, Ordering::Relaxed);
                tracing::info!(
                    event = "certificate",
                    section = self.section,
                    "a new certificate is in force for new connections"
                );
            }
            Err(cause) => {
                tracing::warn!(
                    event = "certificate",
                    cause,
                    "the new certificate is not used, the old one stays"
                )
            }
        }
    }
}

impl Certificate {
    /// How often a new certificate was taken up.
    pub fn edition(&self) -> u64 {
        self.edition.load(Ordering::Relaxed)
    }

    /// What is in force: our own certificate first, then those that lead to its root.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.current.read().unwrap_or_else(|e| e.into_inner()).cert.clone()
    }
}

impl ResolvesClientCert for Certificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(|e| e.into_inner()).clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(|e| e.into_inner()).clone())
    }
}

pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn seen(cert: &Path, key: &Path) -> Option<Seen> {
    let of = |path: &Path| {
        let about = std::fs::metadata(path).ok()?;
        Some((about.modified().ok()?, about.len()))
    };
    Some([of(cert)?, of(key)?])
}

/// All certificates of a PEM file, at least one. `name` is the key of the configuration that names it.
///
/// # Errors
/// A sentence.
pub fn read_certificates(name: &str, path: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let name = format!("{name} = {path:?}");
    let bytes = bounded(Path::new(path)).map_err(|e| format!("{name}: {e}"))?;
    let certs: Result<Vec<CertificateDer<'static>>, pem::Error> =
        CertificateDer::pem_slice_iter(&bytes).collect();
    let certs = certs.map_err(|e| format!("{name} is not PEM: {e}"))?;
    if certs.is_empty() {
        return Err(format!("{name} has no certificate: it must be PEM, our own certificate first"));
    }
    Ok(certs)
}

fn read(section: &str, cert: &Path, key: &Path) -> Result<CertifiedKey, String> {
    let certs = read_certificates(&format!("{section}.tls_cert"), &cert.display().to_string())?;
    let cert_name = format!("{section}.tls_cert = {:?}", cert.display());
    let key_name = format!("{section}.tls_key = {:?}", key.display());
    let bytes = bounded(key).map_err(|e| format!("{key_name}: {e}"))?;
    let key = PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        format!(
            "{key_name} has no private key that can be read: it must be PEM, and not locked by a password"
        )
    })?;
    let bits = certs.first().and_then(|ours| x509_cert::Certificate::from_der(ours).ok());
    let bits = bits.as_ref().and_then(rsa_bits);
    CertifiedKey::from_der(certs, key, &provider()).map_err(|e| match (e, bits) {
        (rustls::Error::InconsistentKeys(_), _) => format!("{key_name} is not the key of {cert_name}"),
        (_, Some(bits)) if bits < SHORTEST_RSA => format!(
            "{cert_name} and {key_name} cannot be used: the key has {bits} bits, and RSA needs {SHORTEST_RSA} or more"
        ),
        (e, _) => format!("{cert_name} and {key_name} cannot be used: {e}"),
    })
}

fn bounded(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("it is larger than {LARGEST} bytes"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: (&str, &str) = (
        include_str!("../tests/it/certificates/first.crt.pem"),
        include_str!("../tests/it/certificates/first.key.pem"),
    );
    const SECOND: (&str, &str) = (
        include_str!("../tests/it/certificates/second.crt.pem"),
        include_str!("../tests/it/certificates/second.key.pem"),
    );

    /// Sets both files, with a time of their own: two writes may fall into one tick of the file system's clock.
    fn put(dir: &Path, (cert, key): (&str, &str), at: u64) {
        for (name, text) in [("cert", cert), ("key", key)] {
            std::fs::write(dir.join(name), text).unwrap();
            let file = std::fs::File::options().write(true).open(dir.join(name)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(at)).unwrap();
        }
    }

    fn load(dir: &Path) -> Result<Arc<Certificate>, String> {
        Certificate::load("http", dir.join("cert").to_str().unwrap(), dir.join("key").to_str().unwrap())
    }

    #[test]
    fn a_new_certificate_is_taken_up_and_a_bad_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), FIRST, 1);
        let certificate = load(dir.path()).unwrap();
        let served = || certificate.current.read().unwrap().cert.clone();
        let first = served();
        for (n, bad) in
            [("", ""), ("nonsense", FIRST.1), (SECOND.0, FIRST.1), (SECOND.0, "")].into_iter().enumerate()
        {
            put(dir.path(), bad, 2 + n as u64);
            certificate.look();
            assert_eq!(served(), first, "{bad:?}");
        }
        std::fs::remove_file(dir.path().join("key")).unwrap();
        certificate.look();
        assert_eq!(served(), first, "while it is being replaced");
        put(dir.path(), SECOND, 9);
        certificate.look();
        assert_ne!(served(), first);
    }

    #[test]
    fn what_cannot_be_served_is_said_with_the_name_of_its_key() {
        let dir = tempfile::tempdir().unwrap();
        assert!(load(dir.path()).unwrap_err().starts_with("http.tls_cert = "));
        for (files, part) in [
            (("nonsense", FIRST.1), "has no certificate"),
            ((FIRST.0, "nonsense"), "http.tls_key"),
            ((FIRST.0, SECOND.1), "is not the key of http.tls_cert"),
        ] {
            put(dir.path(), files, 1);
            let said = load(dir.path()).unwrap_err();
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}
