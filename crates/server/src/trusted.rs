//! Whose certificates other systems are believed by: webhooks, look-ups, receivers of secret digits and the mail server.
//!
//! Without a word in the configuration it is the certificate authorities of the web (Mozilla's list); with
//! `[outside] tls_roots` those of that file in their place. Microsoft is always asked by the web's.

use crate::tls::read_certificates;
use lettre::transport::smtp::client::{CertificateStore, TlsParameters};
use rustls::pki_types::CertificateDer;
use std::error::Error;

/// Certificate authorities.
#[derive(Clone, Debug, Default)]
pub struct Trusted {
    // None: those of the web.
    roots: Option<Vec<CertificateDer<'static>>>,
}

impl Trusted {
    /// From the path of a PEM file; empty are those of the web.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn new(path: &str) -> Result<Trusted, String> {
        if path.is_empty() {
            return Ok(Trusted::default());
        }
        let roots = read_certificates("outside.tls_roots", path)?;
        let mut store = rustls::RootCertStore::empty();
        for root in &roots {
            store.add(root.clone()).map_err(|e| {
                format!("outside.tls_roots = {path:?} has a certificate that is no root: {e}")
            })?;
        }
        Ok(Trusted { roots: Some(roots) })
    }

    /// For a client of HTTP.
    pub fn for_http(&self) -> ureq::tls::RootCerts {
        match &self.roots {
            None => ureq::tls::RootCerts::WebPki,
            Some(roots) => {
                let certificate =
                    |root: &CertificateDer<'_>| ureq::tls::Certificate::from_der(root).to_owned();
                let roots: Vec<_> = roots.iter().map(certificate).collect();
                ureq::tls::RootCerts::Specific(std::sync::Arc::new(roots))
            }
        }
    }

    /// For a client of a mail server that must prove to be this host.
    ///
    /// # Errors
    /// A sentence.
    pub fn for_mail(&self, host: &str) -> Result<TlsParameters, String> {
        let mut builder = TlsParameters::builder(host.into());
        if let Some(roots) = &self.roots {
            builder = builder.certificate_store(CertificateStore::None);
            for root in roots {
                let root = lettre::transport::smtp::client::Certificate::from_der(root.to_vec());
                builder = builder.add_root_certificate(root.map_err(|e| format!("outside.tls_roots: {e}"))?);
            }
        }
        builder.build_rustls().map_err(|e| format!("mail.tls: {e}"))
    }
}

/// Whether TLS was what failed, somewhere among the causes of an error.
pub fn is_about_tls(e: &(dyn Error + 'static)) -> bool {
    let mut next = Some(e);
    while let Some(cause) = next {
        if cause.is::<rustls::Error>() {
            return true;
        }
        // An I/O error does not give what it wraps as its source, but what that has as source.
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return true;
        }
        next = cause.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_named() {
        assert!(Trusted::new("").unwrap().roots.is_none());
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("roots.pem");
        let path = file.display().to_string();
        for text in [None, Some(""), Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")] {
            if let Some(text) = text {
                std::fs::write(&file, text).unwrap();
            }
            let problem = Trusted::new(&path).unwrap_err();
            assert!(problem.contains("outside.tls_roots") && problem.contains("roots.pem"), "{problem}");
        }
        std::fs::write(&file, include_str!("../tests/it/certificates/first.crt.pem")).unwrap();
        let trusted = Trusted::new(&path).unwrap();
        assert_eq!(trusted.roots.as_ref().map(Vec::len), Some(1));
        trusted.for_mail("mail.example.org").unwrap();
    }

    #[test]
    fn tls_is_found_among_causes() {
        let wrapped = std::io::Error::new(std::io::ErrorKind::InvalidData, rustls::Error::DecryptError);
        assert!(is_about_tls(&wrapped) && is_about_tls(&rustls::Error::DecryptError));
        assert!(!is_about_tls(&std::io::Error::other("broken")));
    }
}
