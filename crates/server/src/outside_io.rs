//! Asks other systems what flows want to know, and gives them secret digits: threads of their own carry the switch's
//! requests there and bring the answers back as [`engine::Event::LookedUp`].
//!
//! Everything has a bound: requests that wait, threads, the time and the size of an answer. What cannot be carried is
//! answered as failed at once, so that a flow goes on with its default.

use crate::adapt::Request;
use crate::outward::{Incoming, Method, Outgoing, Outward};
use crate::tenant::Meaning;
use engine::{AttributeId, CallId, Event, LookUpId, MailboxId, SecureId, SlotId};
use redact::Secret;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::TenantId;
use zeroize::Zeroizing;

/// Requests under way at once.
const THREADS: usize = 8;
/// Requests that may wait for a thread.
const WAITING: usize = 256;
/// The longest time-out of a rule, in milliseconds.
const LONGEST_MS: u64 = 60_000;
/// The largest answer of a rule, in bytes.
const LARGEST: usize = 1024 * 1024;
/// What the far end of secret digits may say, in bytes; it is not looked at.
const RECEIPT: usize = 16 * 1024;

/// Who is told of calls and agents.
#[derive(Clone, Debug)]
pub struct WebhookRule {
    /// Number of the configuration object.
    pub number: u32,
    /// Where.
    pub url: String,
    /// What requests are signed with.
    pub secret: Secret<String>,
    /// Which events, by name; `*` is all.
    pub events: Vec<String>,
    /// Whether it may be in a private network.
    pub allow_private: bool,
}

/// A look-up of data over HTTP.
#[derive(Clone, Debug)]
pub struct LookUpRule {
    /// Where. In a GET, `{caller}` and `{digits}` (of the lowest slot) or `{digits:NAME}` stand for what is known.
    pub url: String,
    /// How.
    pub method: Method,
    /// How long it may take, in milliseconds.
    pub timeout_ms: u64,
    /// Whether private networks may be asked.
    pub allow_private: bool,
    /// The largest answer, in bytes.
    pub max_bytes: usize,
    /// Further headers.
    pub headers: Vec<(String, Secret<String>)>,
    /// Digits that are passed on, by the name they have there.
    pub slots: BTreeMap<String, SlotId>,
    /// What is taken from the answer: a JSON pointer (RFC 6901), the attribute, and the values it can have.
    pub results: Vec<(String, AttributeId, Vec<String>)>,
}

/// Where secret digits go.
#[derive(Clone, Debug)]
pub struct SecureRule {
    /// Where. HTTPS, unless it is in a private network.
    pub url: String,
    /// How long it may take, in milliseconds.
    pub timeout_ms: u64,
    /// Whether private networks may be asked.
    pub allow_private: bool,
    /// Further headers.
    pub headers: Vec<(String, Secret<String>)>,
}

/// What a tenant's configuration says about other systems.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Who is told of calls and agents.
    pub webhooks: Vec<WebhookRule>,
    /// Look-ups.
    pub look_ups: BTreeMap<LookUpId, LookUpRule>,
    /// Where secret digits go.
    pub secure: BTreeMap<SecureId, SecureRule>,
    /// Addresses that are told of messages, by box.
    pub mail: BTreeMap<MailboxId, Vec<Secret<String>>>,
}

impl Rules {
    /// The rules of a configuration.
    pub fn of(_meaning: &Meaning) -> Rules {
        Rules::default()
    }
}

/// A request with the rule for it.
pub enum Job {
    /// Ask for data.
    LookUp {
        /// Where and how.
        rule: LookUpRule,
        /// What the switch knows.
        request: Request,
    },
    /// Pass secret digits on.
    Pass {
        /// Where.
        rule: SecureRule,
        /// With the digits.
        request: Request,
    },
}

impl Job {
    /// A request with its rule, or nothing when there is none.
    pub fn new(rules: &Rules, request: Request) -> Option<Job> {
        match &request {
            Request::LookUp { look_up, .. } => {
                Some(Job::LookUp { rule: rules.look_ups.get(look_up)?.clone(), request })
            }
            Request::Pass { secure, .. } => {
                Some(Job::Pass { rule: rules.secure.get(secure)?.clone(), request })
            }
        }
    }

    fn call(&self) -> CallId {
        match self {
            Job::LookUp { request, .. } | Job::Pass { request, .. } => request.call(),
        }
    }
}

/// Threads that carry requests. They end when it is dropped, each after the request it carries.
pub struct Outside {
    jobs: SyncSender<(TenantId, Job)>,
}

impl Outside {
    /// Starts the threads. `answer` is told what came of each request; it may wait.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        outward: &Outward,
        answer: impl Fn(TenantId, Event) + Send + Clone + 'static,
    ) -> std::io::Result<Outside> {
        let (jobs, waiting) = sync_channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        for n in 0..THREADS {
            let (waiting, outward, answer) = (waiting.clone(), outward.clone(), answer.clone());
            let name = format!("outside-{n}");
            std::thread::Builder::new().name(name).spawn(move || run(&waiting, &outward, &answer))?;
        }
        Ok(Outside { jobs })
    }

    /// Carries a request there, or says at once that it is not possible now.
    pub fn carry(&self, tenant: TenantId, job: Job) -> Result<(), CallId> {
        self.jobs.try_send((tenant, job)).map_err(|e| match e {
            std::sync::mpsc::TrySendError::Full((_, job))
            | std::sync::mpsc::TrySendError::Disconnected((_, job)) => job.call(),
        })
    }
}

fn run(waiting: &Mutex<Receiver<(TenantId, Job)>>, outward: &Outward, answer: &impl Fn(TenantId, Event)) {
    loop {
        // Held while waiting: whoever is free next waits for it instead of the channel.
        let next = waiting.lock().unwrap_or_else(|e| e.into_inner()).recv();
        let Ok((tenant, job)) = next else { return };
        let call = job.call();
        let found = ask(outward, &job);
        if let Err(why) = &found {
            let what = if matches!(job, Job::LookUp { .. }) { "look-up" } else { "secret digits" };
            tracing::warn!(
                event = "outside_failed",
                tenant = tenant.0,
                call = call.0,
                what,
                why,
                "another system did not answer as it should"
            );
        }
        // The digits are overwritten before anything else happens.
        drop(job);
        let ok = found.is_ok();
        answer(tenant, Event::LookedUp { call, ok, found: found.unwrap_or_default() });
    }
}

/// Carries one request out.
///
/// # Errors
/// Why it failed, without anything that was sent or came.
pub fn ask(outward: &Outward, job: &Job) -> Result<Vec<(AttributeId, u16)>, String> {
    match job {
        Job::LookUp { rule, request: Request::LookUp { call, caller, digits, .. } } => {
            let known = Known { call: *call, caller, digits, slots: &rule.slots };
            let url = match rule.method {
                Method::Get => known.fill(&rule.url),
                Method::Post => Zeroizing::new(rule.url.clone()),
            };
            let body = if rule.method == Method::Post { known.body() } else { Zeroizing::default() };
            let answer = outward
                .ask(&Outgoing {
                    method: rule.method,
                    url: &url,
                    headers: &rule.headers,
                    body: body.as_bytes(),
                    time_out: Duration::from_millis(rule.timeout_ms.clamp(1, LONGEST_MS)),
                    max_bytes: rule.max_bytes.min(LARGEST),
                    allow_private: rule.allow_private,
                })
                .map_err(|e| e.to_string())?;
            read(rule, &answer)
        }
        Job::Pass { rule, request: Request::Pass { call, digits, .. } } => {
            // In the clear only where the operator's own network carries it.
            if !rule.allow_private && !rule.url.starts_with("https://") {
                return Err("secret digits go over HTTPS only".into());
            }
            let digits = digits.expose_secret();
            // Large enough at once: a buffer that grows would leave the digits behind.
            let mut body = Zeroizing::new(String::with_capacity(64 + digits.len()));
            // Digits need no escapes.
            for part in [r#"{"call":"c"#, &call.0.to_string(), r#"","digits":""#, digits, r#""}"#] {
                body.push_str(part);
            }
            let answer = outward
                .ask(&Outgoing {
                    method: Method::Post,
                    url: &rule.url,
                    headers: &rule.headers,
                    body: body.as_bytes(),
                    time_out: Duration::from_millis(rule.timeout_ms.clamp(1, LONGEST_MS)),
                    max_bytes: RECEIPT,
                    allow_private: rule.allow_private,
                })
                .map_err(|e| e.to_string())?;
            match answer.status {
                200..=299 => Ok(Vec::new()),
                status => Err(format!("it answered {status}")),
            }
        }
        _ => Err("a request without its rule".into()),
    }
}

/// What is known about a call, for a look-up.
struct Known<'a> {
    call: CallId,
    caller: &'a Secret<String>,
    digits: &'a [(SlotId, crate::adapt::SecretDigits)],
    slots: &'a BTreeMap<String, SlotId>,
}

impl Known<'_> {
    fn digits(&self, slot: SlotId) -> &str {
        self.digits.iter().find(|(s, _)| *s == slot).map_or("", |(_, d)| d.expose_secret().as_str())
    }

    /// The URL with what stands for something in its place, each byte but unreserved ones escaped (RFC 3986): what a
    /// caller keyed cannot leave its place.
    fn fill(&self, url: &str) -> Zeroizing<String> {
        let mut out = Zeroizing::new(String::with_capacity(url.len() + 256));
        let mut rest = url;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                out.push('{');
                rest = after;
                continue;
            };
            match name {
                "call" => escape(&mut out, &format!("c{}", self.call.0)),
                "caller" => escape(&mut out, self.caller.expose_secret()),
                "digits" => {
                    let lowest = self.slots.values().min();
                    escape(&mut out, lowest.map_or("", |slot| self.digits(*slot)));
                }
                name => {
                    let slot = name.strip_prefix("digits:").and_then(|n| self.slots.get(n));
                    escape(&mut out, slot.map_or("", |slot| self.digits(*slot)));
                }
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// `{"call": "c1", "caller": "+44…", "digits": {"NAME": "…"}}`
    fn body(&self) -> Zeroizing<String> {
        let quoted = |text: &str| Value::from(text).to_string();
        let digits: Vec<String> = self
            .slots
            .iter()
            .map(|(name, slot)| format!("{}:{}", quoted(name), quoted(self.digits(*slot))))
            .collect();
        Zeroizing::new(format!(
            r#"{{"call":"c{}","caller":{},"digits":{{{}}}}}"#,
            self.call.0,
            quoted(self.caller.expose_secret()),
            digits.join(",")
        ))
    }
}

fn escape(out: &mut String, text: &str) {
    for b in text.bytes() {
        match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(b.into()),
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
}

/// The attributes in an answer. One that is missing, or has a value that was not foreseen, is left out.
fn read(rule: &LookUpRule, answer: &Incoming) -> Result<Vec<(AttributeId, u16)>, String> {
    if !(200..=299).contains(&answer.status) {
        return Err(format!("it answered {}", answer.status));
    }
    if rule.results.is_empty() {
        return Ok(Vec::new());
    }
    let value: Value =
        serde_json::from_slice(&answer.body).map_err(|_| "its answer is not JSON".to_string())?;
    let mut found = Vec::new();
    for (pointer, attribute, values) in &rule.results {
        let text = match value.pointer(pointer) {
            Some(Value::String(s)) => s.clone(),
            Some(Value::Bool(b)) => b.to_string(),
            Some(Value::Number(n)) => n.to_string(),
            _ => continue,
        };
        let place = values.iter().position(|v| *v == text).and_then(|n| u16::try_from(n).ok());
        found.extend(place.map(|n| (*attribute, n)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapt::SecretDigits;
    use crate::outward::tests::{receiver, say};
    use std::sync::mpsc::channel;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.into())
    }

    fn digits(text: &str) -> SecretDigits {
        Secret::new(Zeroizing::new(text.into()))
    }

    fn look_up(url: String, method: Method) -> LookUpRule {
        LookUpRule {
            url,
            method,
            timeout_ms: 1_500,
            allow_private: true,
            max_bytes: 1_000,
            headers: vec![("Authorization".into(), secret("Bearer k"))],
            slots: [("customer".into(), SlotId(1)), ("order".into(), SlotId(2))].into(),
            results: vec![
                ("/customer/tier".into(), AttributeId(5), vec!["gold".into(), "silver".into()]),
                ("/open".into(), AttributeId(6), vec!["false".into(), "true".into()]),
                ("/customer/none".into(), AttributeId(7), vec!["x".into()]),
                ("/customer/other".into(), AttributeId(8), vec!["x".into()]),
            ],
        }
    }

    fn request(caller: &str) -> Request {
        Request::LookUp {
            call: CallId(9),
            look_up: LookUpId(1),
            caller: secret(caller),
            digits: vec![(SlotId(1), digits("4711")), (SlotId(3), digits("000"))],
        }
    }

    const ANSWER: &str = r#"{"customer":{"tier":"silver","other":"new"},"open":true}"#;

    #[test]
    fn what_is_known_goes_out_and_what_was_foreseen_comes_in() {
        let (addr, got) = receiver(|_, s| say(s, "200 OK", ANSWER));
        let outward = Outward::new();
        let url = format!("http://{addr}/c/{{caller}}?d={{digits}}&o={{digits:order}}&x={{digits:customer}}");
        let job = Job::LookUp { rule: look_up(url, Method::Get), request: request("+44 20/..&x") };
        assert_eq!(ask(&outward, &job), Ok(vec![(AttributeId(5), 1), (AttributeId(6), 1)]));
        let head = got.recv().unwrap();
        assert!(head.starts_with("GET /c/%2B44%2020%2F..%26x?d=4711&o=&x=4711 HTTP/1.1\r\n"), "{head}");
        assert!(head.to_lowercase().contains("authorization: bearer k"));
        let rule = look_up(format!("http://{addr}/"), Method::Post);
        let job = Job::LookUp { rule, request: request(r#"a"b"#) };
        assert!(ask(&outward, &job).is_ok());
        let body = got.recv().unwrap();
        let body: Value = serde_json::from_str(body.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(
            body,
            serde_json::json!({"call": "c9", "caller": "a\"b", "digits": {"customer": "4711", "order": ""}})
        );
    }

    #[test]
    fn answers_that_are_none() {
        let outward = Outward::new();
        for (status, body) in [("500 No", ANSWER), ("302 Found", ""), ("200 OK", "<html>"), ("404 No", "")] {
            let (addr, _got) = receiver(move |_, s| say(s, status, body));
            let rule = look_up(format!("http://{addr}/"), Method::Get);
            assert!(ask(&outward, &Job::LookUp { rule, request: request("1") }).is_err(), "{status}");
        }
        let (addr, got) = receiver(|_, s| say(s, "200 OK", ANSWER));
        let mut rule = look_up(format!("http://{addr}/"), Method::Get);
        rule.allow_private = false;
        assert!(ask(&outward, &Job::LookUp { rule, request: request("1") }).is_err());
        assert!(got.try_recv().is_err());
    }

    #[test]
    fn secret_digits_reach_their_receiver_and_nobody_else() {
        let (addr, got) =
            receiver(|r, s| say(s, if r.contains("4929") { "204 No Content" } else { "402 No" }, ""));
        let outward = Outward::new();
        let rule = SecureRule {
            url: format!("http://{addr}/pay"),
            timeout_ms: 1_500,
            allow_private: true,
            headers: vec![("X-Api-Key".into(), secret("k"))],
        };
        let pass = |text: &str| Request::Pass { call: CallId(3), secure: SecureId(1), digits: digits(text) };
        let job = Job::Pass { rule: rule.clone(), request: pass("4929000000006") };
        assert_eq!(ask(&outward, &job), Ok(vec![]));
        let request = got.recv().unwrap();
        assert!(request.ends_with(r#"{"call":"c3","digits":"4929000000006"}"#), "{request}");
        let said = ask(&outward, &Job::Pass { rule: rule.clone(), request: pass("5105") }).unwrap_err();
        assert!(said.contains("402") && !said.contains("5105"), "{said}");
        got.recv().unwrap();
        let rule = SecureRule { allow_private: false, ..rule };
        let said = ask(&outward, &Job::Pass { rule, request: pass("5105") }).unwrap_err();
        assert!(said.contains("HTTPS"), "{said}");
        assert!(got.try_recv().is_err());
    }

    #[test]
    fn one_that_hangs_delays_no_other_and_too_many_are_refused_at_once() {
        // Never accepts, so whoever asks waits until its time is over.
        let hangs = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (addr, _got) = receiver(|_, s| say(s, "200 OK", ANSWER));
        let (tx, rx) = channel();
        let tx = Mutex::new(tx);
        let tx = Arc::new(tx);
        let outside = Outside::start(&Outward::new(), move |tenant, event| {
            let _ = tx.lock().unwrap().send((tenant, event));
        })
        .unwrap();
        let mut slow = look_up(format!("http://{}/", hangs.local_addr().unwrap()), Method::Get);
        slow.timeout_ms = 2_000;
        for _ in 1..THREADS {
            outside.carry(TenantId(1), Job::LookUp { rule: slow.clone(), request: request("1") }).unwrap();
        }
        let good = look_up(format!("http://{addr}/"), Method::Get);
        outside.carry(TenantId(2), Job::LookUp { rule: good, request: request("1") }).unwrap();
        let (tenant, event) = rx.recv().unwrap();
        assert_eq!(tenant, TenantId(2), "the others still wait");
        assert!(matches!(event, Event::LookedUp { call: CallId(9), ok: true, .. }));
        let refused = (0..WAITING + THREADS + 1)
            .filter(|_| {
                let job = Job::LookUp { rule: slow.clone(), request: request("1") };
                outside.carry(TenantId(1), job) == Err(CallId(9))
            })
            .count();
        assert!(refused > 0);
        let (_, event) = rx.recv().unwrap();
        assert!(matches!(event, Event::LookedUp { ok: false, .. }));
    }
}
