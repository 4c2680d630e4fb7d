//! The web app as a browser gets it.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::Program;
use std::collections::BTreeMap;

/// Status, headers and body of an answer.
fn ask(program: &Program, method: &str, path: &str) -> (u16, BTreeMap<String, String>, String) {
    let url = format!("http://{}{path}", program.http);
    let request = ureq::http::Request::builder().method(method).uri(url).body(()).unwrap();
    let mut answer = program.agent().run(request).unwrap();
    let headers =
        answer.headers().iter().map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_string())).collect();
    let text = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), headers, text)
}

#[test]
fn pages_and_answers_tell_the_browser_what_they_may_do() {
    let desk = Desk::new();
    let program = Program::start(&[("tenant.yaml", &tenant(&desk, 1))]);
    let (status, headers, page) = ask(&program, "GET", "/");
    assert_eq!((status, headers["content-type"].as_str()), (200, "text/html; charset=utf-8"));
    assert!(page.contains("Switchroom"), "{page}");
    assert_eq!(headers["cache-control"], "no-cache");
    let policy = &headers["content-security-policy"];
    for part in ["default-src 'none'", "script-src 'self';", "base-uri 'none'", "frame-ancestors 'self'"] {
        assert!(policy.contains(part), "{part} is not in {policy}");
    }
    assert!(!policy.contains("unsafe-eval") && !policy.contains("script-src 'self' '"), "{policy}");
    assert!(headers["permissions-policy"].contains("microphone=(self)"));
    let (status, answer, _) = ask(&program, "GET", "/api/v1/calls");
    assert_eq!(status, 401);
    assert_eq!(answer["cache-control"], "no-store");
    assert_eq!(answer["content-security-policy"], "default-src 'none'; frame-ancestors 'none'");
    for headers in [&headers, &answer] {
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert!(!headers.contains_key("strict-transport-security"), "only over HTTPS");
    }
    for (method, path, expected) in [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/nothing", 404),
        ("GET", "/assets/none.js", 404),
        ("HEAD", "/", 200),
        ("POST", "/", 405),
    ] {
        assert_eq!(ask(&program, method, path).0, expected, "{method} {path}");
    }
    program.stop();
}
