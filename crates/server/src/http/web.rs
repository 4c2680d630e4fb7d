//! The web app: its files, which are part of the program, and the headers that keep a browser from doing more than it
//! should with what comes from here.

use crate::config::MicrosoftSection;
use crate::http::problem::Problem;
use axum::body::{Body, Bytes};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, Response as Reply, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use std::collections::HashMap;
use std::sync::OnceLock;

/// A file of the web app.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Its path, without a slash in front.
    pub path: &'static str,
    /// Its bytes.
    pub plain: &'static [u8],
    /// Compressed by Brotli (RFC 7932), if the build made that.
    pub br: Option<&'static [u8]>,
    /// Compressed by gzip (RFC 1952), if the build made that.
    pub gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/web_files.rs"));

/// Pages that Microsoft's clients show a tab in: Teams of all clouds, Microsoft 365 and Outlook.
const TEAMS: &str = "https://teams.microsoft.com https://*.teams.microsoft.com https://*.cloud.microsoft \
    https://*.teams.microsoft.us https://teams.microsoftonline.cn https://*.microsoft365.com https://*.office.com https://outlook.office.com https://outlook.office365.com";
/// For files whose name changes with what is in them.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// For everything else of the web app: kept, and asked after each time.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// For answers of the API: they are about people, and out of date at once.
const NEVER_KEPT: HeaderValue = HeaderValue::from_static("no-store");
/// What a page of ours may use: the microphone for calls, nothing else that watches or costs.
const PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "microphone=(self), publickey-credentials-create=(self), publickey-credentials-get=(self), speaker-selection=(self), autoplay=(self), fullscreen=(self), clipboard-write=(self), \
     camera=(), geolocation=(), payment=(), usb=(), serial=(), hid=(), bluetooth=(), midi=(), display-capture=()",
);

/// The content security policy (CSP level 3) of pages, from `http.frame_ancestors`: who may show them inside a page.
///
/// # Errors
/// A sentence.
pub fn policy(frame_ancestors: &str) -> Result<HeaderValue, String> {
    policy_asking(frame_ancestors, "", "")
}

/// The policy of the connector's tab: as that of pages, but it stands inside Teams wherever Teams is let in, and asks
/// Microsoft's sign-in and Graph.
///
/// # Errors
/// A sentence.
pub fn tab_policy(microsoft: &MicrosoftSection, frame_ancestors: &str) -> Result<HeaderValue, String> {
    // A tab has to stand inside Teams; the configuration may name further places.
    let ancestors = match frame_ancestors {
        "none" | "self" => "teams",
        other => other,
    };
    let cloud = crate::microsoft::cloud_of(microsoft);
    let hosts = cloud.map(|c| format!(" {} {}", c.login.origin(), c.graph.origin())).unwrap_or_default();
    let shown_by: String =
        crate::microsoft::tab::hosts(&microsoft.tab_hosts)?.iter().map(|h| format!(" {h}")).collect();
    policy_asking(ancestors, &hosts, &shown_by)
}

fn policy_asking(frame_ancestors: &str, hosts: &str, shown_by: &str) -> Result<HeaderValue, String> {
    let ancestors = match frame_ancestors {
        "none" => "'none'".into(),
        "self" => "'self'".into(),
        "teams" => format!("'self' {TEAMS}"),
        list => {
            let wrong = |o: &&str| !o.starts_with("https://") || !o.bytes().all(is_origin_byte);
            match list.split(' ').find(wrong) {
                None => format!("'self' {list}"),
                Some(wrong) => {
                    return Err(format!(
                        "{wrong:?}: write none, self, teams, or addresses as https://intranet.example.org, with a space between"
                    ));
                }
            }
        }
    };
    // Fluent UI puts its rules into style elements that it makes itself; scripts come from files of ours only.
    let text = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
         font-src 'self' data:; connect-src 'self'{hosts}; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}{shown_by}"
    );
    HeaderValue::from_str(&text).map_err(|e| e.to_string())
}

/// Whether a byte can stand in an address of a page: one that cannot would end the rule, or begin another.
fn is_origin_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-.:/*".contains(&b)
}

/// Pages that stand alone, beside the app: by path.
const PAGES: [(&str, &str); 2] = [("call", "call.html"), ("connector", "connector.html")];

/// A file with what is told of it.
struct Entry {
    file: &'static File,
    /// Strong validator (RFC 9110 section 8.8.3) of the plain form, without quotes.
    tag: String,
}

/// The web app, looked up by path.
pub struct WebApp {
    entries: HashMap<&'static str, Entry>,
}

impl WebApp {
    /// The one that was built into the program.
    pub fn built_in() -> &'static WebApp {
        static APP: OnceLock<WebApp> = OnceLock::new();
        APP.get_or_init(|| WebApp::new(FILES))
    }

    fn new(files: &'static [File]) -> WebApp {
        let entry = |file: &'static File| {
            let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, file.plain);
            let short = hash.as_ref().get(..12).unwrap_or_default();
            let tag = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(short);
            (file.path, Entry { file, tag })
        };
        WebApp { entries: files.iter().map(entry).collect() }
    }

    /// The answer to a request that no route of the API took.
    pub fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
        let path = uri.path().trim_start_matches('/');
        if path == "api" || path.starts_with("api/") {
            return Problem::not_found("such page; the API is described by /api/v1/openapi.json")
                .into_response();
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            let problem = Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "this method is not possible here: Allow says which are",
            );
            return ([(header::ALLOW, "GET, HEAD")], problem).into_response();
        }
        if let Some(entry) = self.entries.get(path) {
            return file(entry, headers);
        }
        if let Some(entry) =
            PAGES.iter().find(|(name, _)| *name == path).and_then(|(_, f)| self.entries.get(f))
        {
            return file(entry, headers);
        }
        // An old page may still ask for a file of the version before: another page in its place would be run as a script.
        if path.starts_with("assets/") {
            return Problem::not_found("such file").into_response();
        }
        match self.entries.get("index.html") {
            // Where the app was left off stands in the path, which the app itself reads.
            Some(entry) => file(entry, headers),
            None if path.is_empty() => welcome(),
            None => {
                Problem::not_found("such page; the API is described by /api/v1/openapi.json").into_response()
            }
        }
    }
}

/// What is shown where the program was built without the web app.
fn welcome() -> Response {
    let page = "<!doctype html><html lang=en><meta charset=utf-8><title>Switchroom</title>\
        <body><h1>Switchroom</h1><p>This server is running. Its API is described by \
        <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a>.</p></body></html>";
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, page).into_response()
}

fn file(entry: &Entry, headers: &HeaderMap) -> Response {
    let File { path, plain, br, gzip } = *entry.file;
    let wanted = Accepted::read(headers);
    let (encoding, bytes) = match (br, gzip) {
        (Some(bytes), _) if wanted.br => (Some("br"), bytes),
        (_, Some(bytes)) if wanted.gzip => (Some("gzip"), bytes),
        _ => (None, plain),
    };
    // Each form is a representation of its own, and a strong validator tells them apart.
    let tag = format!("\"{}{}\"", entry.tag, encoding.map(|e| format!("-{e}")).unwrap_or_default());
    let known =
        headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok()).any(|list| {
            list.split(',').map(|t| t.trim()).any(|t| t == "*" || t.trim_start_matches("W/") == tag)
        });
    let mut reply = Reply::new(if known { Body::empty() } else { Body::from(Bytes::from_static(bytes)) });
    if known {
        *reply.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let h = reply.headers_mut();
    h.insert(header::CACHE_CONTROL, if path.starts_with("assets/") { FOR_EVER } else { ASK_AGAIN });
    h.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        h.insert(header::ETAG, tag);
    }
    if !known {
        h.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
        if let Some(encoding) = encoding {
            h.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
    }
    reply
}

/// Which compressed forms a browser takes (RFC 9110 section 12.5.3).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Accepted {
    br: bool,
    gzip: bool,
}

impl Accepted {
    fn read(headers: &HeaderMap) -> Accepted {
        let mut found = Accepted::default();
        for value in headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok()) {
            for part in value.split(',') {
                let mut words = part.split(';').map(str::trim);
                let name = words.next().unwrap_or_default().to_ascii_lowercase();
                // A weight of 0 is a refusal.
                let weight = words.find_map(|w| w.strip_prefix("q=").or_else(|| w.strip_prefix("Q=")));
                let yes = weight.is_none_or(|q| q.parse::<f32>().is_ok_and(|q| q > 0.0));
                match name.as_str() {
                    "br" => found.br = yes,
                    "gzip" | "x-gzip" => found.gzip = yes,
                    _ => {}
                }
            }
        }
        found
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Puts the headers on an answer that keep a browser from guessing, telling others, or showing it elsewhere.
/// `secure` is whether it goes out over HTTPS.
pub fn guard(mut reply: Response, pages: &HeaderValue, secure: bool) -> Response {
    const SEALED: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    let is_page = reply
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|t| t.as_bytes().starts_with(b"text/html") || t.as_bytes().starts_with(b"image/svg"));
    let unchanged = reply.status() == StatusCode::NOT_MODIFIED;
    let h = reply.headers_mut();
    // What was not modified keeps its policy: one sent here would take its place in the browser's store (RFC 9111 section
    // 3.2), and nothing tells a page from other files any more.
    if !unchanged {
        h.insert(header::CONTENT_SECURITY_POLICY, if is_page { pages.clone() } else { SEALED });
    }
    h.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A page's address can name a call; other sites have no business with it.
    h.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    h.insert(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    h.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    if secure {
        h.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    h.entry(header::CACHE_CONTROL).or_insert(NEVER_KEPT);
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    static APP: [File; 3] = [
        File { path: "index.html", plain: b"<!doctype html>", br: None, gzip: Some(b"zipped page") },
        File { path: "assets/app-1.js", plain: b"run()", br: Some(b"brotli"), gzip: Some(b"zipped") },
        File { path: "icon.svg", plain: b"<svg/>", br: None, gzip: None },
    ];

    fn ask(method: Method, path: &str, headers: &[(HeaderName, &'static str)]) -> Response {
        let headers = headers.iter().map(|(n, v)| (n.clone(), HeaderValue::from_static(v))).collect();
        WebApp::new(&APP).answer(&method, &path.parse().unwrap(), &headers)
    }

    fn text(reply: &Response, name: HeaderName) -> &str {
        reply.headers().get(name).map_or("", |v| v.to_str().unwrap())
    }

    async fn body(reply: Response) -> Vec<u8> {
        axum::body::to_bytes(reply.into_body(), 1_000).await.unwrap().to_vec()
    }

    #[tokio::test]
    async fn files_go_out_in_the_best_form_that_is_taken() {
        use header::ACCEPT_ENCODING as ACCEPT;
        for (accept, encoding, bytes) in [
            ("gzip, deflate, br", "br", &b"brotli"[..]),
            ("gzip", "gzip", b"zipped"),
            ("br;q=0, gzip;q=0.5", "gzip", b"zipped"),
            ("br;q=nonsense", "", b"run()"),
            ("", "", b"run()"),
        ] {
            let reply = ask(Method::GET, "/assets/app-1.js", &[(ACCEPT, accept)]);
            assert_eq!(text(&reply, header::CONTENT_ENCODING), encoding, "{accept}");
            assert_eq!(text(&reply, header::CACHE_CONTROL), "public, max-age=31536000, immutable");
            assert_eq!(text(&reply, header::VARY), "accept-encoding");
            assert_eq!(text(&reply, header::CONTENT_TYPE), "text/javascript; charset=utf-8");
            assert_eq!(body(reply).await, bytes, "{accept}");
        }
    }

    #[tokio::test]
    async fn the_app_answers_for_its_own_pages_and_for_nothing_else() {
        for (path, status, kind) in [
            ("/", 200, "text/html; charset=utf-8"),
            ("/calls/c12?tab=audio", 200, "text/html; charset=utf-8"),
            ("/icon.svg", 200, "image/svg+xml"),
            ("/assets/app-0.js", 404, "application/problem+json"),
            ("/../../etc/passwd", 200, "text/html; charset=utf-8"),
            ("/api", 404, "application/problem+json"),
            ("/api/v2/calls", 404, "application/problem+json"),
        ] {
            let reply = ask(Method::GET, path, &[]);
            assert_eq!(
                (reply.status().as_u16(), text(&reply, header::CONTENT_TYPE)),
                (status, kind),
                "{path}"
            );
        }
        let reply = ask(Method::POST, "/calls", &[]);
        assert_eq!((reply.status().as_u16(), text(&reply, header::ALLOW)), (405, "GET, HEAD"));
        assert_eq!(text(&ask(Method::GET, "/calls", &[]), header::CACHE_CONTROL), "no-cache");
    }

    #[tokio::test]
    async fn what_a_browser_has_is_not_sent_again() {
        let whole = ask(Method::GET, "/", &[]);
        let tag: &'static str = text(&whole, header::ETAG).to_string().leak();
        let list: &'static str = format!("\"other\", W/{tag}").leak();
        for known in [tag, list, "*"] {
            let reply = ask(Method::GET, "/", &[(header::IF_NONE_MATCH, known)]);
            assert_eq!((reply.status().as_u16(), text(&reply, header::ETAG)), (304, tag), "{known}");
            let guarded = guard(reply, &HeaderValue::from_static("for pages"), false);
            assert!(
                !guarded.headers().contains_key(header::CONTENT_SECURITY_POLICY),
                "the page keeps its own"
            );
            assert!(body(guarded).await.is_empty());
        }
        let headers = [(header::IF_NONE_MATCH, tag), (header::ACCEPT_ENCODING, "gzip")];
        let zipped = ask(Method::GET, "/", &headers);
        assert_eq!(zipped.status().as_u16(), 200, "another form is another thing");
        assert_eq!(body(zipped).await, b"zipped page");
    }

    #[test]
    fn who_may_show_a_page_inside_another() {
        let of = |text: &str| policy(text).map(|v| v.to_str().unwrap().to_string());
        assert!(of("none").unwrap().ends_with("frame-ancestors 'none'"));
        assert!(of("self").unwrap().ends_with("frame-ancestors 'self'"));
        assert!(
            of("teams")
                .unwrap()
                .contains("frame-ancestors 'self' https://teams.microsoft.com https://*.teams")
        );
        for national in ["https://*.teams.microsoft.us", "https://teams.microsoftonline.cn"] {
            assert!(of("teams").unwrap().contains(national), "{national}");
        }
        assert!(of("https://a.example https://b.example:8443").unwrap().ends_with("https://b.example:8443"));
        for bad in ["", "http://a.example", "https://a.example; script-src *", "https://a.example  x", "*"] {
            assert!(of(bad).is_err(), "{bad:?}");
        }
        assert!(of("teams").unwrap().contains("script-src 'self';"));
        // The tab may stand in further pages; another scheme, or what would begin another rule, is refused.
        let with = |hosts: &str| {
            let microsoft =
                MicrosoftSection { tab_hosts: hosts.into(), ..crate::config::defaults().unwrap().microsoft };
            tab_policy(&microsoft, "self").map(|v| v.to_str().unwrap().to_string())
        };
        assert!(
            with("https://a.example http://127.0.0.1:8000")
                .unwrap()
                .ends_with(" https://a.example http://127.0.0.1:8000")
        );
        for bad in
            ["http://a.example", "https://*", "https://a.example;", "a.example", "http://127.0.0.1.a.example"]
        {
            assert!(with(bad).is_err(), "{bad:?}");
        }
    }
}
