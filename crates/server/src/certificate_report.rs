//! What our certificates say: names, until when, for which usages, and whether they lead to a root.

use crate::sip_tls::is_wanted;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_cert::Certificate;
use x509_cert::der::asn1::UintRef;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Decode, Reader, SliceReader};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, SubjectAltName};

/// The usages that TLS asks for (RFC 5280, 4.2.1.12).
const SERVER: &str = "1.3.6.1.5.5.7.3.1";
const CLIENT: &str = "1.3.6.1.5.5.7.3.2";
/// `rsaEncryption` (RFC 8017, A.1).
const RSA: &str = "1.2.840.113549.1.1.1";
/// The shortest RSA key that serves, in bits: neither our crypto library nor Microsoft Teams takes a shorter one.
pub const SHORTEST_RSA: usize = 2_048;
/// The attribute of a common name (RFC 5280, A.1).
const COMMON_NAME: &str = "2.5.4.3";
/// A certificate that ends within so many days is worth a word.
const SOON: i64 = 30;
/// The largest file of certificates that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// What a certificate file came to: lines that tell, and what is wrong.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// A line for each certificate, ours first.
    pub lines: Vec<String>,
    /// Sentences; empty when it can be used.
    pub problems: Vec<String>,
}

/// Looks at a chain. `key` is the key of the configuration that names its file, `name` the name that ours must be for;
/// empty for any. `now` is in seconds since 1970.
pub fn report(key: &str, chain: &[CertificateDer<'_>], name: &str, now: i64) -> Report {
    let mut report = Report::default();
    for (n, der) in chain.iter().enumerate() {
        let Ok(certificate) = Certificate::from_der(der) else {
            report.problems.push(format!("{key}: certificate {} cannot be read", n + 1));
            continue;
        };
        let about = &certificate.tbs_certificate;
        let names = names(&certificate);
        let at = |time: &x509_cert::time::Time| time.to_unix_duration().as_secs() as i64;
        let (from, until) = (at(&about.validity.not_before), at(&about.validity.not_after));
        let mut line = format!("{key}: {}", about.subject);
        if !names.is_empty() {
            line += &format!(", for {}", names.join(", "));
        }
        line +=
            &format!(", until {} ({} days), {}", day(until), (until - now) / 86_400, usages(&certificate));
        if n + 1 == chain.len() && about.subject != about.issuer {
            line += &format!("; signed by {}, which is not in the file", about.issuer);
        }
        report.lines.push(line);
        let mut say = |what: String| {
            report.problems.push(format!("{key}: the certificate of {} {what}", about.subject))
        };
        if now < from {
            say(format!("is valid from {} only", day(from)));
        } else if now >= until {
            say(format!("ended on {}", day(until)));
        } else if until - now < SOON * 86_400 {
            report.lines.push(format!("{key}: the certificate of {} ends soon: renew it", about.subject));
        }
        if n == 0 && !name.is_empty() && !names.iter().any(|one| is_wanted(one, name)) {
            report.problems.push(format!("{key}: the certificate is not for {name:?}, which is our name"));
        }
    }
    report
}

/// The same of a file of certificates in PEM, which need not be for a name.
pub fn report_file(key: &str, path: &str, now: i64) -> Report {
    let problem =
        |what: String| Report { lines: Vec::new(), problems: vec![format!("{key} = {path:?}: {what}")] };
    match std::fs::metadata(path) {
        Err(e) => return problem(e.to_string()),
        Ok(about) if about.len() > LARGEST => return problem("too large to be one".into()),
        Ok(_) => {}
    }
    let chain: Result<Vec<_>, _> = match CertificateDer::pem_file_iter(path) {
        Ok(all) => all.collect(),
        Err(e) => return problem(e.to_string()),
    };
    match chain {
        Ok(chain) if !chain.is_empty() => report(key, &chain, "", now),
        _ => problem("holds no certificate in PEM".into()),
    }
}

/// The present, in seconds since 1970.
pub fn now() -> i64 {
    UnixTime::now().as_secs() as i64
}

fn day(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| "?".into(), |t| t.strftime("%Y-%m-%d").to_string())
}

fn extension<'a, T: Decode<'a> + AssociatedOid>(certificate: &'a Certificate) -> Option<T> {
    let all = certificate.tbs_certificate.extensions.as_ref()?;
    let one = all.iter().find(|extension| extension.extn_id == T::OID)?;
    T::from_der(one.extn_value.as_bytes()).ok()
}

/// The names and addresses that a certificate is for, in small letters: its alternative names.
pub fn names(certificate: &Certificate) -> Vec<String> {
    let Some(SubjectAltName(all)) = extension(certificate) else { return Vec::new() };
    let name = |one: &GeneralName| match one {
        GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
        GeneralName::IpAddress(ip) => match *ip.as_bytes() {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(a, b, c, d).to_string()),
            _ => <[u8; 16]>::try_from(ip.as_bytes()).ok().map(|ip| std::net::Ipv6Addr::from(ip).to_string()),
        },
        _ => None,
    };
    all.iter().filter_map(name).collect()
}

/// The common name of whom a certificate is of, in small letters.
pub fn common_name(certificate: &Certificate) -> Option<String> {
    let attributes = certificate.tbs_certificate.subject.0.iter().flat_map(|set| set.0.iter());
    let mut common = attributes.filter(|attribute| attribute.oid.to_string() == COMMON_NAME);
    // All kinds of text that stand there are bytes of ASCII or UTF-8.
    let text = std::str::from_utf8(common.next_back()?.value.value()).ok()?;
    Some(text.to_ascii_lowercase())
}

/// How many bits the modulus of an RSA key has; `None` for other keys.
pub fn rsa_bits(certificate: &Certificate) -> Option<usize> {
    let key = &certificate.tbs_certificate.subject_public_key_info;
    if key.algorithm.oid.to_string() != RSA {
        return None;
    }
    let bytes = key.subject_public_key.as_bytes()?;
    let modulus = SliceReader::new(bytes).ok()?.sequence(|inner| {
        let modulus: UintRef<'_> = inner.decode()?;
        let _exponent: UintRef<'_> = inner.decode()?;
        Ok(modulus.as_bytes().len() * 8
            - modulus.as_bytes().first().map_or(0, |b| b.leading_zeros() as usize))
    });
    modulus.ok()
}

/// Whether a certificate may be that of a server.
pub fn has_server_usage(certificate: &Certificate) -> bool {
    let usages: Option<ExtendedKeyUsage> = extension(certificate);
    usages.is_none_or(|ExtendedKeyUsage(all)| all.iter().any(|one| one.to_string() == SERVER))
}

fn usages(certificate: &Certificate) -> String {
    let Some(ExtendedKeyUsage(all)) = extension(certificate) else { return "for any usage".into() };
    let has = |usage: &str| all.iter().any(|one| one.to_string() == usage);
    match (has(SERVER), has(CLIENT)) {
        (true, true) => "usages server and client",
        (true, false) => "usage server only",
        (false, true) => "usage client only",
        (false, false) => "neither usage server nor client",
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_and_usages_are_told() {
        let pem = include_bytes!("../tests/it/certificates/first.crt.pem");
        let chain = vec![CertificateDer::from_pem_slice(pem).unwrap()];
        let certificate = Certificate::from_der(&chain[0]).unwrap();
        let until = certificate.tbs_certificate.validity.not_after.to_unix_duration().as_secs() as i64;
        let fine = report("sip.tls_cert", &chain, "", until - 30 * 86_400);
        assert_eq!((fine.lines.len(), fine.problems.len()), (1, 0), "{fine:?}");
        assert!(fine.lines[0].contains("(30 days)"), "{fine:?}");
        let soon = report("sip.tls_cert", &chain, "", until - 86_400);
        assert!(soon.lines[1].contains("ends soon"), "{soon:?}");
        let over = report("sip.tls_cert", &chain, "nowhere.example", until + 1);
        assert!(over.problems[0].contains(" ended on "), "{over:?}");
        assert!(over.problems[1].contains("nowhere.example"), "{over:?}");
    }

    #[test]
    fn a_file_of_a_certificate_is_read_and_its_end_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.pem");
        let at = path.display().to_string();
        let key = "microsoft.background_certificate";
        assert!(report_file(key, &at, 0).problems[0].contains(key));
        std::fs::write(&path, "no certificate\n").unwrap();
        assert!(report_file(key, &at, 0).problems[0].contains("holds no certificate"));
        std::fs::write(&path, include_bytes!("../tests/it/certificates/first.crt.pem")).unwrap();
        let chain = [CertificateDer::from_pem_file(&path).unwrap()];
        let certificate = Certificate::from_der(&chain[0]).unwrap();
        let until = certificate.tbs_certificate.validity.not_after.to_unix_duration().as_secs() as i64;
        let fine = report_file(key, &at, until - 31 * 86_400);
        assert_eq!((fine.lines.len(), fine.problems.len()), (1, 0), "{fine:?}");
        assert!(report_file(key, &at, until - 29 * 86_400).lines[1].contains("ends soon"));
        assert!(report_file(key, &at, until).problems[0].contains(" ended on "));
    }
}
