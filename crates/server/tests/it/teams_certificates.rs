//! Certificates between Teams and us that are for another name, of another authority, or not valid any more: whoever shows
//! one is neither called nor heard.

use crate::program::{Program, free_port, run};
use crate::secure_sip::{Authority, call_to, client, connect};
use crate::teams_machines::Machines;
use crate::teams_trunk::FQDN;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};
use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A host that shows this certificate, and what it was told by whoever believed it.
struct Host {
    addr: SocketAddr,
    told: Arc<Mutex<String>>,
    ends: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Host {
    fn start(authority: &Authority, name: &str) -> Host {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_file(authority.path(&format!("{name}.pem"))).unwrap()],
                PrivateKeyDer::from_pem_file(authority.path(&format!("{name}.key"))).unwrap(),
            )
            .unwrap();
        let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
        let addr = listener.local_addr().unwrap();
        let (told, ends) = (Arc::new(Mutex::new(String::new())), Arc::new(AtomicBool::new(false)));
        let (kept, stops) = (told.clone(), ends.clone());
        let thread = Some(std::thread::spawn(move || {
            for socket in listener.incoming() {
                if stops.load(Ordering::Relaxed) {
                    return;
                }
                let (mut socket, mut text) = (socket.unwrap(), String::new());
                let mut connection = ServerConnection::new(config.clone()).unwrap();
                while connection.complete_io(&mut socket).is_ok_and(|(read, _)| read > 0) {
                    let _ = connection.reader().read_to_string(&mut text);
                }
                kept.lock().unwrap().push_str(&text);
            }
        }));
        Host { addr, told, ends, thread }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = std::net::TcpStream::connect(self.addr);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[test]
fn hosts_that_are_not_who_they_should_be_are_not_called_and_the_status_says_why() {
    let (authority, other) = (Authority::new(), Authority::new());
    authority.sign_for("serverAuth,clientAuth", "ours", &format!("DNS:{FQDN}"), 30);
    authority.sign("elsewhere", "DNS:sip.elsewhere.test", 30);
    authority.sign("expired", "DNS:*.pstnhub.test", -1);
    other.sign("stranger", "DNS:*.pstnhub.test", 30);
    authority.sign_by_itself("itself", "DNS:*.pstnhub.test");
    let port = free_port();
    let machines =
        Machines::start(&authority, &[("contoso.test", &[])], SocketAddr::from(([127, 0, 0, 1], port)));
    // Both authorities have the same name, so the signature tells them apart.
    let bad = [
        (&authority, "elsewhere", "name"),
        (&other, "stranger", "signature"),
        (&authority, "expired", "expired"),
        (&authority, "itself", "issuer"),
    ];
    let hosts: Vec<Host> = bad.iter().map(|(whose, name, _)| Host::start(whose, name)).collect();
    let named: String = (4..)
        .zip(&hosts)
        .map(|(n, host)| format!(", {{name: sip{n}.pstnhub.test, address: \"{}\"}}", host.addr))
        .collect();
    let files = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\n---\n\
         kind: Trunk\nid: teams\nteams:\n  fqdn: {FQDN}\n  hosts: [{}{named}]\nnetworks: [127.0.0.1/32]\ntls_names: [\"*.pstnhub.test\"]\n",
        machines.hosts()
    );
    let program = Program::start_secure(&[("tenant.yaml", &files)], &[], &authority.lines(port, "ours"));
    machines.ready();
    let ends = program.wait_for("/trunks/teams/status", |t| {
        let ends = t["far_ends"].as_array()?;
        ends.get(3..)?.iter().all(|e| e["up"] == false && e["why"].is_string()).then(|| ends.clone())
    });
    for (n, end) in ends.iter().enumerate() {
        match bad.get(n.wrapping_sub(3)) {
            None => assert_eq!(end["up"], true, "{end:#}"),
            Some((_, _, word)) => {
                let why = end["why"].as_str().unwrap_or_default().to_lowercase();
                assert!(why.contains(word), "{word}: {end:#}");
            }
        }
    }
    for (host, (_, name, _)) in hosts.iter().zip(&bad) {
        assert_eq!(*host.told.lock().unwrap(), "", "{name} was told something");
    }
    machines.nothing_broken();
    program.stop();
}

#[test]
fn whoever_calls_as_teams_and_does_not_prove_it_is_refused() {
    let (authority, other) = (Authority::new(), Authority::new());
    authority.sign_for("serverAuth,clientAuth", "ours", &format!("DNS:{FQDN}"), 30);
    let port = free_port();
    let files = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\n---\n\
         kind: Trunk\nid: teams\nteams:\n  fqdn: {FQDN}\n  hosts: [{{name: sip.pstnhub.test, address: \"127.0.0.1:{}\"}}]\n\
         networks: [127.0.0.1/32]\ntls_names: [\"*.pstnhub.test\"]\n",
        free_port()
    );
    let program = Program::start_with_sip(&[("tenant.yaml", &files)], &authority.lines(port, "ours"));
    authority.sign("good", "DNS:*.pstnhub.test", 30);
    authority.sign("elsewhere", "DNS:sip.elsewhere.test", 30);
    authority.sign("deeper", "DNS:sip.pstnhub.test.elsewhere.test", 30);
    authority.sign("expired", "DNS:sip.pstnhub.test", -1);
    other.sign("stranger", "DNS:sip.pstnhub.test", 30);
    authority.sign_by_itself("itself", "DNS:sip.pstnhub.test");
    for (whose, name, host, expected) in [
        (&authority, "good", FQDN, Some(404)),
        (&authority, "good", "sbc2.contoso.test", Some(403)),
        (&authority, "elsewhere", FQDN, Some(403)),
        (&authority, "deeper", FQDN, Some(403)),
        (&authority, "", FQDN, Some(403)),
        (&authority, "expired", FQDN, None),
        (&other, "stranger", FQDN, None),
        (&authority, "itself", FQDN, None),
    ] {
        let shows = (!name.is_empty())
            .then(|| (whose.path(&format!("{name}.pem")), whose.path(&format!("{name}.key"))));
        let config = client(&authority.path("ca.pem"), shows);
        let uri = format!("sip:+49421555404@{host}:{port};user=phone;transport=tls");
        assert_eq!(call_to(&mut connect(&config, port, FQDN), &uri), expected, "{name:?} {host}");
    }
    program.stop();
}

#[test]
fn what_teams_would_refuse_of_our_certificate_is_told_by_the_check_and_at_the_start() {
    let authority = Authority::new();
    authority.sign_rsa(2048, "good", &format!("DNS:{FQDN}"));
    authority.sign_rsa(2048, "family", "DNS:*.test");
    authority.sign_rsa(1024, "short", &format!("DNS:{FQDN}"));
    authority.sign("curve", &format!("DNS:{FQDN}"), 30);
    // The authority of all of these is one that nobody was told of.
    let public = std::fs::read_to_string(authority.path("ca.pem")).unwrap();
    let port = free_port();
    let files = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\n---\n\
         kind: Trunk\nid: teams\nteams:\n  fqdn: {FQDN}\n  hosts: [{{name: sip.pstnhub.test, address: \"127.0.0.1:{}\"}}]\n\
         networks: [127.0.0.1/32]\ntls_names: [\"*.pstnhub.test\"]\n",
        free_port()
    );
    let program = Program::start_with_sip(&[("tenant.yaml", &files)], &authority.lines(port, "family"));
    let told = format!("the certificate is not for \\\"{FQDN}\\\", the teams.fqdn of Trunk \\\"teams\\\"");
    let log = program.log.lock().unwrap().clone();
    assert!(log.contains(&told), "{log}");
    let dir = program.dir.clone();
    program.stop();

    let (config, tenant) = (dir.path().join("switchroom.toml"), dir.path().join("tenant"));
    let started = std::fs::read_to_string(&config).unwrap();
    let check = |lines: &str| {
        std::fs::write(&config, started.replace(&authority.lines(port, "family"), lines)).unwrap();
        run(&["check", "--config", config.to_str().unwrap(), "--tenant-files", tenant.to_str().unwrap()])
    };
    let (code, said, errors) = check(&authority.lines(port, "good"));
    assert_eq!(code, 0, "{errors}");
    assert!(
        said.contains(&format!("the certificate is for {FQDN:?}, the teams.fqdn of Trunk \"teams\"")),
        "{said}"
    );
    assert!(said.contains("30 days") || said.contains("29 days"), "{said}");
    assert!(said.contains("usage server only"), "{said}");
    for (lines, part) in [
        (authority.lines(port, "family"), "the * of *.test stands for one label only"),
        (authority.lines(port, "short"), "the key has 1024 bits"),
        (authority.lines(port, "curve"), "the key is not RSA"),
        (String::new(), "set sip.tls, sip.tls_cert and sip.tls_key"),
    ] {
        let (code, _, errors) = check(&lines);
        assert!(code == 1 && errors.contains(part), "{part}: {code} {errors}");
    }
    // With a root that did not sign it, what is between is missing.
    authority.sign_rsa(2048, "other", "DNS:other.test");
    std::fs::copy(authority.path("other.pem"), authority.path("ca.pem")).unwrap();
    let (code, _, errors) = check(&authority.lines(port, "good"));
    assert!(
        code == 1 && errors.contains("put your authority's intermediate certificates after ours"),
        "{errors}"
    );
    let whole = std::fs::read_to_string(authority.path("good.pem")).unwrap() + &public;
    std::fs::write(authority.path("good.pem"), whole).unwrap();
    let (code, _, errors) = check(&authority.lines(port, "good"));
    assert!(code == 1 && errors.contains("CN=authority, which is no public authority"), "{errors}");
}
