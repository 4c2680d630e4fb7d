//! Whether our certificate is one that Microsoft Teams takes: for the name of each trunk, of an authority that can be
//! found, with an RSA key.
//!
//! Teams looks for the name in the common name as well as among the alternative names, lets `*` stand for one label, takes
//! RSA keys, and wants the whole chain in the handshake. What it refuses shows there only as a
//! connection that fails, so it is said here before.

use crate::certificate_report::{self, Report, SHORTEST_RSA, common_name, has_server_usage, names, rsa_bits};
use crate::config::Sip;
use crate::sip_tls::{is_wanted, known_roots};
use crate::tenant::check::NOT_OWNED;
use crate::tenant::trunk::TrunkPlan;
use crate::tls::Certificate as Loaded;
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
use webpki::{EndEntityCert, KeyUsage};
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// What Teams would refuse, for these trunks, of the certificate that the configuration names for SIP. Nothing where its
/// files cannot be loaded: that is told where they are.
pub fn judge_ours(trunks: &[TrunkPlan], sip: &Sip) -> Option<Report> {
    let chain = match sip.tls.is_empty() || sip.tls_cert.is_empty() {
        true => Vec::new(),
        false => Loaded::load("sip", &sip.tls_cert, &sip.tls_key).ok()?.chain(),
    };
    Some(judge(trunks, &chain, &sip.tls_roots, certificate_report::now()))
}

/// What all trunks to Teams of a tenant want of the certificate of SIP: nothing where there is none. `chain` is ours first,
/// empty where the configuration names no file; `roots` is `sip.tls_roots`, and `now` in seconds since 1970.
fn judge(trunks: &[TrunkPlan], chain: &[CertificateDer<'_>], roots: &str, now: i64) -> Report {
    let mut report = Report::default();
    let wanted: Vec<(&str, &str)> =
        trunks.iter().filter_map(|t| Some((t.name.as_str(), t.teams.as_ref()?.fqdn.as_str()))).collect();
    let Some((first, _)) = wanted.first() else { return report };
    if chain.is_empty() {
        report.problems.push(format!(
            "Trunk {first:?} pairs with Microsoft Teams, which takes SIP over TLS alone: set sip.tls, sip.tls_cert and sip.tls_key"
        ));
        return report;
    }
    let read: Vec<Certificate> = chain.iter().map_while(|der| Certificate::from_der(der).ok()).collect();
    // What cannot be read is said of the file already.
    let Some(ours) = read.first() else { return report };
    let mut held = names(ours);
    held.extend(common_name(ours).filter(|name| name.contains('.')));
    for (trunk, fqdn) in &wanted {
        match not_for(&held, fqdn) {
            None => report.lines.push(format!(
                "sip.tls_cert: the certificate is for {fqdn:?}, the teams.fqdn of Trunk {trunk:?}"
            )),
            Some(why) => report.problems.push(format!(
                "sip.tls_cert: the certificate is not for {fqdn:?}, the teams.fqdn of Trunk {trunk:?}{why}"
            )),
        }
        if fqdn.ends_with(NOT_OWNED) {
            report.problems.push(format!(
                "Trunk {trunk:?}: teams.fqdn = {fqdn:?} is of no domain that Teams takes: use a verified domain of your own"
            ));
        }
    }
    let mut say = |what: String| report.problems.push(format!("sip.tls_cert: {what}"));
    // A shorter RSA key is not even loaded.
    if rsa_bits(ours).is_none() {
        say(format!("the key is not RSA, and Teams takes RSA keys of {SHORTEST_RSA} bits and more"));
    }
    if !has_server_usage(ours) {
        say("the certificate is not for the usage of a server, and Teams takes no other".into());
    }
    if let Some(what) = broken_chain(chain, &read) {
        say(what);
        return report;
    }
    // A file of roots that cannot be read is told of where it is loaded.
    if let Some(what) = known_roots(roots).ok().and_then(|roots| leads_nowhere(chain, &read, &roots, now)) {
        say(what);
    }
    report
}

/// Why a certificate for these names is not for this one, as the end of a sentence; `None` when it is.
fn not_for(held: &[String], fqdn: &str) -> Option<String> {
    if held.iter().any(|name| is_wanted(name, fqdn)) {
        return None;
    }
    // The family whose name would have to stand for more than one label, or for none.
    let beside = held.iter().find(|name| {
        name.strip_prefix("*.").is_some_and(|domain| {
            fqdn == domain || fqdn.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
        })
    });
    Some(match (beside, held.is_empty()) {
        (Some(family), _) => format!(": the * of {family} stands for one label only"),
        (None, true) => ", and has no name at all".into(),
        (None, false) => format!(", only for {}", held.join(", ")),
    })
}

/// What is wrong with the order of the file.
fn broken_chain(chain: &[CertificateDer<'_>], read: &[Certificate]) -> Option<String> {
    let about = |n: usize| read.get(n).map(|one| &one.tbs_certificate);
    let ours = about(0)?;
    if ours.subject == ours.issuer {
        return Some("the certificate is signed by itself, and Teams takes none such".into());
    }
    let signs = |n: usize| Some(about(n)?.issuer == about(n + 1)?.subject);
    let stray = (0..chain.len()).find(|n| signs(*n) == Some(false))?;
    Some(format!(
        "certificate {} of the file is not that of {}, which signed the one before it: put ours first, and after each the one that signed it",
        stray + 2,
        about(stray)?.issuer
    ))
}

/// What is wrong where the chain ends.
fn leads_nowhere(
    chain: &[CertificateDer<'_>],
    read: &[Certificate],
    roots: &RootCertStore,
    now: i64,
) -> Option<String> {
    let (ours, between) = chain.split_first()?;
    let certificate = EndEntityCert::try_from(ours).ok()?;
    let algorithms = crate::tls::provider().signature_verification_algorithms.all;
    let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now).unwrap_or(0)));
    let found = certificate.verify_for_usage(
        algorithms,
        &roots.roots,
        between,
        at,
        KeyUsage::server_auth(),
        None,
        None,
    );
    match found {
        Err(webpki::Error::UnknownIssuer) => {}
        Err(webpki::Error::InvalidSignatureForPublicKey) => {
            let what = "a certificate of the file was not signed by the one after it, though that one has the right name: use those that came with ours";
            return Some(what.into());
        }
        // Ends and usages are told on their own.
        _ => return None,
    }
    let last = &read.last()?.tbs_certificate;
    Some(if last.subject == last.issuer {
        format!(
            "the chain leads to {}, which is no public authority that is known here: Teams believes those of Microsoft's trusted root programme alone",
            last.subject
        )
    } else {
        format!(
            "the chain ends with {}, and {}, which signed it, is neither in the file nor a root that is known here: put your authority's intermediate certificates after ours",
            last.subject, last.issuer
        )
    })
}

#[cfg(test)]
mod tests;
