use super::*;
use crate::tenant::dial_plan::DialPlan;
use crate::tenant::objects::Trunk;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    PKCS_RSA_SHA256, RsaKeySize,
};
use std::sync::OnceLock;

/// 15 July 2030, when everything that is made here is valid.
const NOW: i64 = 1_910_300_000;

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// An authority, signed by another or by itself.
fn authority(name: &str, above: Option<&Issuer>) -> Issuer {
    let mut about = CertificateParams::default();
    about.distinguished_name.push(DnType::CommonName, name);
    about.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    match above {
        Some(above) => CertifiedIssuer::signed_by(about, key, above).unwrap(),
        None => CertifiedIssuer::self_signed(about, key).unwrap(),
    }
}

/// Making RSA keys takes long, so all share one.
fn rsa() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap())
}

fn about(common: &str, names: &[&str], usage: ExtendedKeyUsagePurpose) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut about = CertificateParams::new(names).unwrap();
    about.distinguished_name = rcgen::DistinguishedName::new();
    about.distinguished_name.push(DnType::CommonName, common);
    about.extended_key_usages = vec![usage];
    about
}

/// A trunk as a configuration has it.
fn trunk(name: &str, fqdn: Option<&str>) -> TrunkPlan {
    let text = match fqdn {
        Some(fqdn) => serde_json::json!({"teams": {"fqdn": fqdn}}),
        None => serde_json::json!({"address": "sip:192.0.2.1"}),
    };
    let read: Trunk = serde_json::from_value(text).unwrap();
    TrunkPlan::read(engine::TrunkId(1), name, &read, &DialPlan::default()).unwrap()
}

/// Roots as `sip.tls_roots` names them.
fn roots(issuer: &Issuer) -> tempfile::NamedTempFile {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(issuer.der());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"))
        .unwrap();
    file
}

struct Ground {
    root: Issuer,
    between: Issuer,
    roots: tempfile::NamedTempFile,
}

impl Ground {
    fn new() -> Ground {
        let root = authority("test root", None);
        let (between, roots) = (authority("test intermediate", Some(&root)), roots(&root));
        Ground { root, between, roots }
    }

    fn sign(&self, about: &CertificateParams) -> CertificateDer<'static> {
        about.signed_by(rsa(), &self.between).unwrap().der().clone()
    }

    fn said(&self, trunks: &[TrunkPlan], chain: &[CertificateDer<'_>]) -> Vec<String> {
        judge(trunks, chain, self.roots.path().to_str().unwrap(), NOW).problems
    }
}

#[test]
fn a_whole_chain_for_the_names_of_all_trunks_is_in_order() {
    let ground = Ground::new();
    let ours = ground.sign(&about(
        "sbc",
        &["sbc1.example.com", "*.customers.example.net"],
        ExtendedKeyUsagePurpose::ServerAuth,
    ));
    let trunks = [
        trunk("teams", Some("sbc1.example.com")),
        trunk("customer", Some("C1.customers.example.net")),
        trunk("carrier", None),
    ];
    let chain = [ours.clone(), ground.between.der().clone()];
    let report = judge(&trunks, &chain, ground.roots.path().to_str().unwrap(), NOW);
    assert_eq!((report.problems.len(), report.lines.len()), (0, 2), "{report:?}");
    assert!(report.lines[1].contains("c1.customers.example.net") && report.lines[1].contains("\"customer\""));
    // The root itself does no harm.
    let whole = [ours, ground.between.der().clone(), ground.root.der().clone()];
    assert_eq!(ground.said(&trunks, &whole), Vec::<String>::new());
    // Whoever has no trunk to Teams is asked for nothing.
    assert_eq!(judge(&trunks[2..], &[], "", NOW), Report::default());
}

#[test]
fn each_name_that_is_not_covered_is_told_with_its_trunk_and_why() {
    let ground = Ground::new();
    let chain_of = |common: &str, names: &[&str]| {
        let ours = ground.sign(&about(common, names, ExtendedKeyUsagePurpose::ServerAuth));
        [ours, ground.between.der().clone()]
    };
    for (common, names, fqdn, part) in [
        ("x", &["sbc1.example.com"][..], "sbc1.example.com", None),
        ("x", &["*.example.com"][..], "sbc1.example.com", None),
        // Teams looks at the common name too.
        ("sbc1.example.com", &["other.example.com"][..], "sbc1.example.com", None),
        ("x", &["sbc2.example.com"][..], "sbc1.example.com", Some("only for sbc2.example.com")),
        (
            "x",
            &["*.example.com"][..],
            "a.sbc1.example.com",
            Some("the * of *.example.com stands for one label only"),
        ),
        (
            "x",
            &["*.example.com"][..],
            "example.com",
            Some("the * of *.example.com stands for one label only"),
        ),
        ("x", &["*.example.com"][..], "sbc.notexample.com", Some("only for *.example.com")),
        ("x", &[][..], "sbc1.example.com", Some("has no name at all")),
    ] {
        let said = ground.said(&[trunk("teams", Some(fqdn))], &chain_of(common, names));
        match part {
            None => assert_eq!(said, Vec::<String>::new(), "{names:?} {fqdn}"),
            Some(part) => {
                assert_eq!(said.len(), 1, "{names:?} {fqdn}: {said:?}");
                for part in [part, "\"teams\"", fqdn] {
                    assert!(said[0].contains(part), "{part}: {said:?}");
                }
            }
        }
    }
    let fqdn = "sbc.contoso.onmicrosoft.com";
    let said = ground.said(&[trunk("teams", Some(fqdn))], &chain_of("x", &[fqdn]));
    assert!(said.len() == 1 && said[0].contains("a verified domain of your own"), "{said:?}");
}

#[test]
fn keys_usages_and_chains_that_teams_refuses_are_told() {
    let ground = Ground::new();
    let fqdn = "sbc1.example.com";
    let trunks = [trunk("teams", Some(fqdn))];
    let good = about("sbc", &[fqdn], ExtendedKeyUsagePurpose::ServerAuth);
    let (ours, between) = (ground.sign(&good), ground.between.der().clone());
    let one = |chain: &[CertificateDer<'_>], part: &str| {
        let said = ground.said(&trunks, chain);
        assert!(said.len() == 1 && said[0].contains(part), "{part}: {said:?}");
    };
    one(&[], "set sip.tls, sip.tls_cert and sip.tls_key");
    let curve = KeyPair::generate().unwrap();
    let of_curve = good.signed_by(&curve, &ground.between).unwrap();
    one(&[of_curve.der().clone(), between.clone()], "is not RSA");
    let client = ground.sign(&about("sbc", &[fqdn], ExtendedKeyUsagePurpose::ClientAuth));
    one(&[client, between.clone()], "usage of a server");
    one(&[good.self_signed(rsa()).unwrap().der().clone()], "signed by itself");
    one(std::slice::from_ref(&ours), "test intermediate, which signed it, is neither in the file");
    let stray = authority("stray", None);
    one(
        &[ours.clone(), stray.der().clone(), between.clone()],
        "certificate 2 of the file is not that of CN=test intermediate",
    );
    // Another authority of the same name did not sign it.
    let twin = authority("test intermediate", Some(&ground.root));
    one(&[ours.clone(), twin.der().clone()], "was not signed by the one after it");
    // An authority of one's own that nobody was told of.
    let said = judge(&trunks, &[ours, between, ground.root.der().clone()], "", NOW).problems;
    assert!(said.len() == 1 && said[0].contains("no public authority"), "{said:?}");
}

#[test]
fn the_length_of_a_key_is_that_of_its_modulus() {
    let ground = Ground::new();
    let ours = ground.sign(&about("x", &["x.example"], ExtendedKeyUsagePurpose::ServerAuth));
    assert_eq!(rsa_bits(&Certificate::from_der(&ours).unwrap()), Some(2_048));
    assert_eq!(rsa_bits(&Certificate::from_der(ground.between.der()).unwrap()), None);
}
