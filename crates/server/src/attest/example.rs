//! The example tenant of a profile, running on this machine against the made-up Microsoft tenant, for an attestation of
//! what the product does by itself. Everything lies in a scratch folder and goes with it.

use crate::attest::canary::http;
use crate::attest::listeners::ask;
use crate::cli::Failure;
use crate::cli::serve::Server;
use crate::config::{self, ServerConfig};
use crate::demo::{MadeUpMicrosoft, SIGN_IN_APP, connect_teams, directory_of, start_microsoft, work_account};
use crate::http::CALLBACK;
use crate::tenant::check::{Documents, check_values, read_folder};
use crate::view;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use engine::Time;
use std::path::Path;

include!(concat!(env!("OUT_DIR"), "/examples.rs"));

/// People of the made-up directory.
const PEOPLE: u32 = 50;

/// A running example.
pub struct Example {
    /// The server.
    pub server: Server,
    /// The tenant's name.
    pub tenant: String,
    microsoft: MadeUpMicrosoft,
    _folder: tempfile::TempDir,
}

impl Example {
    /// Starts it.
    ///
    /// # Errors
    /// A sentence.
    pub fn start(profile: &str) -> Result<Example, Failure> {
        let files: Vec<&(&str, &str, &str)> = EXAMPLES.iter().filter(|(p, ..)| *p == profile).collect();
        if files.is_empty() {
            let mut known: Vec<&str> = EXAMPLES.iter().map(|(p, ..)| *p).collect();
            known.dedup();
            return Err(Failure::Usage(format!("--example {profile}: there are {}", known.join(", "))));
        }
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let tenant_folder = folder.path().join("tenant");
        let io = |e: std::io::Error| format!("the example's scratch folder: {e}");
        std::fs::create_dir(&tenant_folder).map_err(io)?;
        for (_, name, text) in files {
            std::fs::write(tenant_folder.join(name), text).map_err(io)?;
        }
        let (mut config, documents) = (configuration(folder.path())?, documents(&tenant_folder)?);
        let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let data = folder.path().join("data");
        let microsoft = start_microsoft(&mut config, &data, listen, (PEOPLE, 0))?;
        // Those of the profiles that have a bot and a tab.
        if matches!(profile, "connector" | "contact-center") {
            connect_teams(&mut config, &data, &microsoft)?;
        }
        let documents = connected(documents, directory_of(&microsoft))?;
        let tenant = crate::running::tenant_name(&documents)
            .ok_or_else(|| "the example has no object of kind Tenant".to_string())?;
        let server = Server::start(&config, Some(&documents), Vec::new())?;
        let example = Example { server, tenant, microsoft, _folder: folder };
        // An attestation compares tokens that really came: somebody of the made-up company signs in.
        if let Err(why) = example.sign_in(profile) {
            tracing::warn!(event = "example", why, "nobody could sign in to the example");
        }
        Ok(example)
    }

    /// Signs somebody of the made-up directory in, as their browser would; whether they have a user here does not matter.
    fn sign_in(&self, profile: &str) -> Result<(), String> {
        if profile != "contact-center" {
            return Ok(());
        }
        let ground = self.server.ground();
        let redirect = format!("https://{}{CALLBACK}", ground.http);
        self.microsoft
            .with(|m, _| m.change_registration(SIGN_IN_APP, |app| app.redirect_uris.push(redirect)));
        let name = work_account().ok_or("the made-up directory has nobody")?.replace('@', "%40");
        let get = |path: &str, host: &str, cookie: &str| {
            format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n")
        };
        let host = ground.http.to_string();
        let begun = ask(ground, &get("/api/v1/session/microsoft", &host, ""))?;
        let cookie = header(&begun, "set-cookie")?.split(';').next().unwrap_or_default().to_string();
        let (entra, path) = place(&format!("{}&sim_user={name}", header(&begun, "location")?))?;
        let to = entra.parse().map_err(|_| "the made-up Entra ID has no address".to_string())?;
        let picked = http(to, &get(&path, &entra, ""))?;
        let picked = String::from_utf8_lossy(&picked).into_owned();
        let (_, back) = place(header(&picked, "location")?)?;
        ask(ground, &get(&back, &host, &cookie)).map(|_| ())
    }

    /// Stops it.
    ///
    /// # Errors
    /// A sentence.
    pub fn stop(self) -> Result<(), String> {
        let stopped = self.server.stop();
        self.microsoft.stop();
        stopped
    }
}

/// The host and port of an address, and the path behind them.
fn place(url: &str) -> Result<(String, String), String> {
    let rest = url.split_once("://").map(|(_, rest)| rest).ok_or("an answer leads nowhere")?;
    let (host, path) = rest.split_once('/').ok_or("an answer leads nowhere")?;
    Ok((host.into(), format!("/{path}")))
}

/// A header of an answer, the last of its name.
fn header<'a>(answer: &'a str, name: &str) -> Result<&'a str, String> {
    let lines = answer.split("\r\n").take_while(|l| !l.is_empty()).filter_map(|l| l.split_once(": "));
    let found = lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).last();
    found.map(|(_, value)| value).ok_or_else(|| format!("an answer has no {name}"))
}

fn configuration(folder: &Path) -> Result<ServerConfig, Failure> {
    let mut config = config::defaults()?;
    let at = |name: &str| folder.join("data").join(name).display().to_string();
    std::fs::create_dir_all(folder.join("data")).map_err(|e| e.to_string())?;
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let made = self_signed()?;
    for (path, text) in [(&certificate, &made.0), (&key, &made.1)] {
        std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let here = || "127.0.0.1:0".to_string();
    (config.http.listen, config.admin.listen) = (here(), here());
    (config.http.tls_cert, config.http.tls_key) = (certificate.clone(), key.clone());
    (config.sip.udp, config.sip.tcp, config.sip.tls) = (here(), String::new(), here());
    (config.sip.tls_cert, config.sip.tls_key) = (certificate.clone(), key);
    config.sip.tls_roots = certificate;
    config.store.url = format!("sqlite:{}", at("switchroom.db"));
    config.blobs.url = format!("file:{}", at("blobs"));
    config.keys.url = format!("file:{}", at("master.key"));
    config.secrets.folder = at("secrets");
    config.shutdown.grace = "1s".into();
    Ok(config)
}

fn documents(folder: &Path) -> Result<Documents, Failure> {
    read_folder(folder).map_err(|p| Failure::from(p.iter().map(ToString::to_string).collect::<Vec<_>>()))
}

/// The example's tenant with the made-up directory, unless it names one or its profile has none.
fn connected(documents: Documents, directory: Option<String>) -> Result<Documents, Failure> {
    let mut values: Vec<serde_json::Value> = documents.into_values().map(|d| d.body).collect();
    for value in values.iter_mut().filter(|v| v["kind"] == "Tenant" && v["profile"] != "bridge") {
        if let (Some(directory), None) = (&directory, value.get("microsoft")) {
            value["microsoft"] = directory.clone().into();
        }
    }
    check_values(values).map_err(|p| Failure::from(p.iter().map(ToString::to_string).collect::<Vec<_>>()))
}

/// DER: a tag, the length, the content (X.690, 8.1).
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        n @ 0..128 => out.push(n as u8),
        n @ 128..256 => out.extend([0x81, n as u8]),
        n => out.extend([0x82, (n >> 8) as u8, n as u8]),
    }
    out.extend_from_slice(content);
    out
}

/// A certificate for this machine that signed itself, and its key, both PEM; for a day.
fn self_signed() -> Result<(String, String), String> {
    let failed = |_| "the system's cryptography gave no key".to_string();
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(failed)?;
    let pkcs8 = pair.to_pkcs8v1().map_err(failed)?;
    let ecdsa_with_sha256 = der(0x30, &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]);
    let common_name = [vec![6, 3, 0x55, 4, 3], der(0x0c, b"localhost")].concat();
    let name = der(0x30, &der(0x31, &der(0x30, &common_name)));
    let now = crate::clock::wall_ms();
    let utc = |ms: u64| {
        let digits: String = view::time(Time(ms)).chars().filter(char::is_ascii_digit).take(14).collect();
        der(0x17, format!("{}Z", digits.get(2..).unwrap_or_default()).as_bytes())
    };
    let validity = der(0x30, &[utc(now - 3_600_000), utc(now + 40 * 86_400_000)].concat());
    let curve =
        der(0x30, &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]);
    let point = [&[0], pair.public_key().as_ref()].concat();
    let key = der(0x30, &[curve, der(3, &point)].concat());
    let names = der(0x30, &[der(0x82, b"localhost"), der(0x87, &[127, 0, 0, 1])].concat());
    let usages = [der(6, &[0x2b, 6, 1, 5, 5, 7, 3, 1]), der(6, &[0x2b, 6, 1, 5, 5, 7, 3, 2])].concat();
    let extension = |id: u8, value: &[u8]| der(0x30, &[vec![6, 3, 0x55, 0x1d, id], der(4, value)].concat());
    let extensions = [extension(17, &names), extension(37, &der(0x30, &usages))].concat();
    let about = der(
        0x30,
        &[
            der(0xa0, &der(2, &[2])),
            der(2, &[1]),
            ecdsa_with_sha256.clone(),
            name.clone(),
            validity,
            name,
            key,
            der(0xa3, &der(0x30, &extensions)),
        ]
        .concat(),
    );
    let signature = pair.sign(&SystemRandom::new(), &about).map_err(failed)?;
    let signature = [&[0], signature.as_ref()].concat();
    let certificate = der(0x30, &[about, ecdsa_with_sha256, der(3, &signature)].concat());
    Ok((pem("CERTIFICATE", &certificate), pem("PRIVATE KEY", pkcs8.as_ref())))
}

/// PEM (RFC 7468).
fn pem(label: &str, bytes: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    let lines: Vec<String> =
        text.as_bytes().chunks(64).map(|l| String::from_utf8_lossy(l).into_owned()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
