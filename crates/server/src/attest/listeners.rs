//! What our own listeners take: versions of TLS, certificates, and requests that they must refuse.

use crate::attest::canary::{ANSWER, http};
use crate::attest::check::{Found, Ground, Subject};
use crate::attest::in_clear::{self, Clear};
use crate::attest::inside::tls_client;
use crate::attest::tls_scan::{VERSIONS, offered};
use crate::certificate_report::{Report, now, report, report_file};
use crate::teams_certificate;
use crate::tls::Certificate;
use serde_json::json;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

/// A listener of ours that speaks TLS: what it is called, where it is, and under which name.
type Listener = (String, SocketAddr, String);

fn tls_listeners(ground: &Ground) -> Result<Vec<Listener>, String> {
    let config = &ground.config;
    let mut all = Vec::new();
    if config.http.is_tls() {
        all.push(("http.listen".to_string(), ground.http, String::new()));
    }
    if let Some(sips) = ground.sips {
        all.push(("sip.tls".to_string(), sips, config.sip.tls_name.clone()));
    }
    // A proxy in front is what people really reach.
    if let Some(rest) = config.http.public_url.strip_prefix("https://") {
        let host = rest.split('/').next().unwrap_or_default();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let place = if host.rsplit_once(':').is_some_and(|(_, p)| p.parse::<u16>().is_ok()) {
            host.to_string()
        } else {
            format!("{host}:443")
        };
        let mut found = place.to_socket_addrs().map_err(|e| format!("http.public_url ({place}): {e}"))?;
        let addr = found.next().ok_or_else(|| format!("http.public_url ({place}) has no address"))?;
        all.push(("http.public_url".to_string(), addr, name.trim_matches(['[', ']']).to_string()));
    }
    Ok(all)
}

/// Connects to each listener with each version of TLS alone.
pub fn tls(ground: &Ground, subject: &Subject) -> Found {
    let against = "every address of this server that people and other systems reach";
    let listeners = match tls_listeners(ground) {
        Ok(found) => found,
        Err(why) => return Found { good: Some(false), ..Found::not_done(against, why) },
    };
    let mut good = true;
    let mut lines = Vec::new();
    for (what, addr, name) in &listeners {
        if what == "sip.tls" {
            // It takes connections from trunks' addresses alone, and this is none.
            let here = if addr.ip().is_unspecified() { IpAddr::from([127, 0, 0, 1]) } else { addr.ip() };
            let connections = VERSIONS.len() as u32;
            ground.handle.ask_and_wait(move |switch, _| switch.expect_scan(here, connections));
        }
        match offered(*addr, name) {
            Ok(versions) => {
                let [old, older, new, newest] = versions;
                good &= !old && !older && (new || newest);
                let taken: Vec<&str> =
                    VERSIONS.iter().zip(versions).filter(|(_, is)| *is).map(|((name, _), _)| *name).collect();
                let said = if taken.is_empty() { "no version of TLS".to_string() } else { taken.join(", ") };
                lines.push(format!("{what} ({addr}) takes {said}"));
            }
            Err(why) => {
                good = false;
                lines.push(format!("{what} cannot be reached: {why}"));
            }
        }
    }
    if !ground.config.http.is_tls() {
        let is_here = ground.http.ip().is_loopback();
        let behind = ground.config.http.is_behind_https();
        good &= is_here || behind;
        lines.push(match (is_here, behind) {
            (_, true) => {
                format!("http.listen ({}) is plain HTTP, for the proxy of http.public_url", ground.http)
            }
            (true, _) => {
                format!("http.listen ({}) is plain HTTP and reached from this machine alone", ground.http)
            }
            _ => format!("http.listen ({}) is plain HTTP and reached from elsewhere", ground.http),
        });
    }
    let config = &ground.config.sip;
    for (what, listen) in [("sip.udp", &config.udp), ("sip.tcp", &config.tcp)] {
        if !listen.is_empty() {
            lines.push(format!("{what} ({listen}) takes SIP in the clear"));
        }
    }
    let (tenant, clear) = (subject.tenant, Clear::of(&ground.config));
    let ways = ground
        .handle
        .ask_and_wait(move |switch, _| switch.tenant(tenant).map(|t| in_clear::ways(&t.meaning, clear)));
    let Some(ways) = ways.flatten() else {
        return Found::not_done(against, "the server is stopping".into());
    };
    good &= ways.is_empty();
    lines.push(match ways.is_empty() {
        true => "no trunk, phone or address outside of this machine is reached over SIP without TLS".into(),
        false => format!("{} ways of SIP cross a network without TLS:", ways.len()),
    });
    lines.extend(ways);
    Found { good: Some(good), against: against.into(), lines, data: json!({"listeners": listeners.len()}) }
}

/// How long our certificates last, and whether they can be used.
pub fn certificates(ground: &Ground, subject: &Subject) -> Found {
    let config = &ground.config;
    let mut found = Found {
        against: "the certificates of http, of sip, and of the app registrations at Entra ID".into(),
        ..Found::default()
    };
    let mut good = true;
    let files = [
        ("http", config.http.tls_cert.as_str(), config.http.tls_key.as_str(), ""),
        ("sip", config.sip.tls_cert.as_str(), config.sip.tls_key.as_str(), config.sip.tls_name.as_str()),
    ];
    let mut count = 0;
    for (section, cert, key, name) in files.into_iter().filter(|(_, cert, ..)| !cert.is_empty()) {
        count += 1;
        match Certificate::load(section, cert, key) {
            Ok(certificate) => {
                let said = report(&format!("{section}.tls_cert"), &certificate.chain(), name, now());
                good &= said.problems.is_empty();
                found.lines.extend(said.lines);
                found.lines.extend(said.problems);
            }
            Err(why) => {
                good = false;
                found.lines.push(why);
            }
        }
    }
    if let Some(said) = of_teams(ground, subject) {
        good &= said.problems.is_empty();
        found.lines.extend(said.problems);
    }
    if count == 0 {
        found.lines.push("this server has no certificate of its own".into());
    }
    for (key, path) in config.microsoft.certificates() {
        let said = report_file(&key, path, now());
        good &= said.problems.is_empty();
        found.lines.extend(said.lines);
        found.lines.extend(said.problems);
    }
    found.good = Some(good);
    found
}

/// What Teams would refuse of our certificate for the tenant's trunks.
fn of_teams(ground: &Ground, subject: &Subject) -> Option<Report> {
    let tenant = subject.tenant;
    let trunks = ground
        .handle
        .ask_and_wait(move |switch, _| switch.tenant(tenant).map(|t| t.meaning.trunk_plans.clone()))??;
    teams_certificate::judge_ours(&trunks, &ground.config.sip)
}

/// Sends what the web and the API must refuse, as the common attacks do (OWASP Top 10).
pub fn refusals(ground: &Ground, _: &Subject) -> Found {
    judge("the listener of the web app and the API", &|request| ask(ground, request))
}

/// A request as it stands to our own listener, and all of what comes back.
///
/// # Errors
/// A sentence.
pub fn ask(ground: &Ground, request: &str) -> Result<String, String> {
    if !ground.config.http.is_tls() {
        return http(ground.http, request).map(|a| String::from_utf8_lossy(&a).into_owned());
    }
    let mut stream = tls_client(ground.http)?;
    stream.write_all(request.as_bytes()).map_err(|e| e.to_string())?;
    let mut answer = Vec::new();
    // A listener that closes without the word of TLS has said all it had to say.
    let _ = Read::take(&mut stream, ANSWER).read_to_end(&mut answer);
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A request, what is expected of it, and whether an answer is that.
type Expected = (&'static str, String, fn(&str) -> bool);

fn judge(against: &str, ask: &dyn Fn(&str) -> Result<String, String>) -> Found {
    let end = "Host: localhost\r\nConnection: close\r\n";
    let cases: [Expected; 7] = [
        (
            "broken access control: no token, no answer",
            format!("GET /api/v1/calls HTTP/1.1\r\n{end}\r\n"),
            |a| a.starts_with("HTTP/1.1 401"),
        ),
        (
            "a token that is none is refused",
            format!("GET /api/v1/users HTTP/1.1\r\n{end}Authorization: Bearer {}\r\n\r\n", "0".repeat(64)),
            |a| a.starts_with("HTTP/1.1 401"),
        ),
        (
            "no way out of the folder of pages",
            format!("GET /../../../../etc/passwd HTTP/1.1\r\n{end}\r\n"),
            |a| !a.contains("root:"),
        ),
        (
            "injection: a query is data",
            format!("GET /api/v1/calls?queue=x'%20OR%201=1-- HTTP/1.1\r\n{end}\r\n"),
            |a| a.starts_with("HTTP/1.1 401"),
        ),
        (
            "another site's page can change nothing",
            format!(
                "POST /api/v1/session HTTP/1.1\r\n{end}Origin: https://elsewhere.example\r\nCookie: x=y\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
            ),
            |a| a.starts_with("HTTP/1.1 4"),
        ),
        (
            "pages carry a policy of content and no guess at types",
            format!("GET / HTTP/1.1\r\n{end}\r\n"),
            |a| {
                let a = a.to_ascii_lowercase();
                a.contains("content-security-policy:") && a.contains("x-content-type-options: nosniff")
            },
        ),
        ("errors say nothing of the inside", format!("GET /api/v1/nothing HTTP/1.1\r\n{end}\r\n"), |a| {
            !a.contains("panicked") && !a.contains(".rs:")
        }),
    ];
    let mut found = Found { against: against.into(), ..Found::default() };
    let mut good = true;
    for (what, request, fits) in &cases {
        match ask(request) {
            Ok(answer) => {
                let fine = fits(&answer);
                good &= fine;
                let status = answer.split(' ').nth(1).unwrap_or("none");
                found
                    .lines
                    .push(format!("{what}: {} (status {status})", if fine { "so it is" } else { "NOT so" }));
            }
            Err(why) => return Found::not_done(against, why),
        }
    }
    found.good = Some(good);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer as it should be, by what is asked.
    fn fine(request: &str) -> &'static str {
        match request.split(' ').nth(1).unwrap_or_default() {
            "/" => "HTTP/1.1 200 OK\r\nContent-Security-Policy: x\r\nX-Content-Type-Options: nosniff\r\n\r\n",
            "/../../../../etc/passwd" | "/api/v1/nothing" => "HTTP/1.1 404 Not Found\r\n\r\n",
            "/api/v1/session" => "HTTP/1.1 403 Forbidden\r\n\r\n",
            _ => "HTTP/1.1 401 Unauthorized\r\n\r\n",
        }
    }

    #[test]
    fn a_listener_that_does_one_thing_wrong_is_found_out_by_that_thing() {
        let all = judge("x", &|request| Ok(fine(request).into()));
        assert_eq!((all.good, all.lines.len()), (Some(true), 7), "{:?}", all.lines);
        for (path, answer, what) in [
            ("/api/v1/calls", "HTTP/1.1 200 OK\r\n\r\n[]", "broken access control"),
            ("/api/v1/users", "HTTP/1.1 200 OK\r\n\r\n[]", "a token that is none"),
            ("/../../../../etc/passwd", "HTTP/1.1 200 OK\r\n\r\nroot:x:0:0", "no way out"),
            ("/api/v1/calls?", "HTTP/1.1 500 Internal Server Error\r\n\r\n", "injection"),
            ("/api/v1/session", "HTTP/1.1 204 No Content\r\n\r\n", "another site's page"),
            ("/", "HTTP/1.1 200 OK\r\nContent-Security-Policy: x\r\n\r\n", "a policy of content"),
            ("/api/v1/nothing", "HTTP/1.1 500 x\r\n\r\npanicked at src/x.rs:1", "errors say nothing"),
        ] {
            let is_this = |request: &str| {
                let asked = request.split(' ').nth(1).unwrap_or_default();
                asked == path || (path.ends_with('?') && asked.starts_with(path))
            };
            let found =
                judge("x", &|request| Ok(if is_this(request) { answer } else { fine(request) }.to_string()));
            let bad: Vec<&String> = found.lines.iter().filter(|line| line.contains("NOT so")).collect();
            assert_eq!(found.good, Some(false), "{path}");
            assert!(bad.len() == 1 && bad[0].contains(what), "{path}: {bad:?}");
        }
    }
}
