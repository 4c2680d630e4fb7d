//! Asks other systems what flows want to know, and gives them secret digits: threads of their own carry the switch's
//! requests there and bring the answers back as [`engine::Event::LookedUp`].
//!
//! Everything has a bound: requests that wait, threads, the time and the size of an answer. What cannot be carried is
//! answered as failed at once, so that a flow goes on with its default.

use crate::adapt::{Request, Ticket};
use crate::outward::{Incoming, Method, Outgoing, Outward};
use crate::secrets::Secrets;
use crate::tenant::Meaning;
use crate::tenant::outside::{LookUpRule, MailboxRule, SecureRule, WebhookRule};
use crate::tenant::web::Blank;
use engine::{AttributeId, CallId, Event, LookUpId, MailboxId, SecureId, SlotId};
use redact::Secret;
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

/// What a tenant's configuration says about other systems.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Who is told what happens, by the number of the object.
    pub webhooks: BTreeMap<u32, WebhookRule>,
    /// Look-ups.
    pub look_ups: BTreeMap<LookUpId, LookUpRule>,
    /// Where secret digits go.
    pub secure: BTreeMap<SecureId, SecureRule>,
    /// Who is told of messages.
    pub mailboxes: BTreeMap<MailboxId, MailboxRule>,
}

impl Rules {
    /// The rules of a configuration.
    pub fn of(meaning: &Meaning) -> Rules {
        Rules {
            webhooks: meaning.webhooks.clone(),
            look_ups: meaning.look_ups.clone(),
            secure: meaning.secure.clone(),
            mailboxes: meaning.mailboxes.clone(),
        }
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

    fn ticket(&self) -> Ticket {
        match self {
            Job::LookUp { request, .. } | Job::Pass { request, .. } => request.ticket(),
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
        secrets: &Secrets,
        answer: impl Fn(TenantId, Event) + Send + Clone + 'static,
    ) -> std::io::Result<Outside> {
        let (jobs, waiting) = sync_channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        for n in 0..THREADS {
            let (waiting, outward, answer) = (waiting.clone(), outward.clone(), answer.clone());
            let secrets = secrets.clone();
            let name = format!("outside-{n}");
            std::thread::Builder::new()
                .name(name)
                .spawn(move || run(&waiting, &outward, &secrets, &answer))?;
        }
        Ok(Outside { jobs })
    }

    /// Carries a request there, or gives back at once which one cannot be carried now.
    pub fn carry(&self, tenant: TenantId, job: Job) -> Result<(), Ticket> {
        self.jobs.try_send((tenant, job)).map_err(|e| match e {
            std::sync::mpsc::TrySendError::Full((_, job))
            | std::sync::mpsc::TrySendError::Disconnected((_, job)) => job.ticket(),
        })
    }
}

fn run(
    waiting: &Mutex<Receiver<(TenantId, Job)>>,
    outward: &Outward,
    secrets: &Secrets,
    answer: &impl Fn(TenantId, Event),
) {
    loop {
        // Held while waiting: whoever is free next waits for it instead of the channel.
        let next = waiting.lock().unwrap_or_else(|e| e.into_inner()).recv();
        let Ok((tenant, job)) = next else { return };
        let ticket = job.ticket();
        let _behalf = crate::attest::contacted::on_behalf_of(tenant);
        let found = ask(outward, secrets, &job);
        if let Err(why) = &found {
            let what = if matches!(job, Job::LookUp { .. }) { "look-up" } else { "secret digits" };
            tracing::warn!(
                event = "outside_failed",
                tenant = tenant.0,
                call = ticket.call.0,
                what,
                why,
                "another system did not answer as it should"
            );
        }
        // The digits are overwritten before anything else happens.
        drop(job);
        answer(tenant, ticket.answered(found.ok()));
    }
}

/// Carries one request out.
///
/// # Errors
/// Why it failed, without anything that was sent or came.
pub fn ask(outward: &Outward, secrets: &Secrets, job: &Job) -> Result<Vec<(AttributeId, u16)>, String> {
    match job {
        Job::LookUp { rule, request: Request::LookUp { ticket, caller, digits, .. } } => {
            let known = |blank| known(blank, ticket.call, caller, digits);
            let method = if rule.post { Method::Post } else { Method::Get };
            // Without a body of its own a POST says nothing, as JSON.
            let body = match &rule.body {
                Some(body) if rule.post => body.fill(&known).expose_secret().to_string(),
                _ => "{}".into(),
            };
            let body = Zeroizing::new(body);
            let answer = outward
                .ask(&Outgoing {
                    method,
                    url: rule.url.fill(true, &known).expose_secret(),
                    headers: &secrets.headers(&rule.headers)?,
                    body: body.as_bytes(),
                    time_out: Duration::from_millis(rule.timeout_ms.clamp(1, LONGEST_MS)),
                    max_bytes: (rule.max_bytes as usize).min(LARGEST),
                    allow_private: rule.allow_private,
                })
                .map_err(|e| e.to_string())?;
            read(rule, &answer)
        }
        Job::Pass { rule, request: Request::Pass { ticket, digits, .. } } => {
            // In the clear only where the operator's own network carries it.
            if !rule.allow_private && !rule.url.starts_with("https://") {
                return Err("secret digits go over HTTPS only".into());
            }
            let digits = digits.expose_secret();
            // Large enough at once: a buffer that grows would leave the digits behind.
            let mut body = Zeroizing::new(String::with_capacity(64 + digits.len()));
            // Digits need no escapes.
            for part in [r#"{"call":"c"#, &ticket.call.0.to_string(), r#"","digits":""#, digits, r#""}"#] {
                body.push_str(part);
            }
            let answer = outward
                .ask(&Outgoing {
                    method: Method::Post,
                    url: &rule.url,
                    headers: &secrets.headers(&rule.headers)?,
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

/// What stands in a blank.
fn known(
    blank: Blank,
    call: CallId,
    caller: &Secret<String>,
    digits: &[(SlotId, crate::adapt::SecretDigits)],
) -> Option<String> {
    match blank {
        Blank::Caller => Some(caller.expose_secret().clone()),
        Blank::Call => Some(format!("c{}", call.0)),
        Blank::Slot(slot) => {
            digits.iter().find(|(s, _)| *s == slot).map(|(_, d)| d.expose_secret().as_str().to_string())
        }
        Blank::Queue => None,
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
    let value = serde_json::from_slice(&answer.body).map_err(|_| "its answer is not JSON".to_string())?;
    Ok(rule.found(&value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapt::SecretDigits;
    use crate::outward::tests::{receiver, say};
    use crate::tenant::outside::HeaderValue;
    use crate::tenant::web::{JsonTemplate, Template};
    use serde_json::json;
    use std::sync::mpsc::channel;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.into())
    }

    fn digits(text: &str) -> SecretDigits {
        Secret::new(Zeroizing::new(text.into()))
    }

    fn blank(name: &str) -> Option<Blank> {
        Some(match name {
            "caller" => Blank::Caller,
            "call" => Blank::Call,
            "customer" => Blank::Slot(SlotId(1)),
            "order" => Blank::Slot(SlotId(2)),
            _ => return None,
        })
    }

    fn secrets() -> (tempfile::TempDir, Secrets) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("crm"), "Bearer k\n").unwrap();
        let secrets = Secrets::new(dir.path());
        (dir, secrets)
    }

    fn look_up(url: String, method: Method) -> LookUpRule {
        let body = json!({"call": "{call}", "caller": "{caller}", "digits": {"customer": "{customer}", "order": "{order}"}});
        LookUpRule {
            url: Template::read(&url, &blank).unwrap(),
            post: method == Method::Post,
            body: Some(JsonTemplate::read(&body, &blank).unwrap()),
            timeout_ms: 1_500,
            allow_private: true,
            max_bytes: 1_000,
            headers: vec![("Authorization".into(), HeaderValue::SecretFile("crm".into()))],
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
            ticket: Ticket { call: CallId(9), number: 1 },
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
        let (_dir, secrets) = secrets();
        let url = format!("http://{addr}/c/{{caller}}?d={{call}}&o={{order}}&x={{customer}}");
        let job = Job::LookUp { rule: look_up(url, Method::Get), request: request("+44 20/..&x") };
        assert_eq!(ask(&outward, &secrets, &job), Ok(vec![(AttributeId(5), 1), (AttributeId(6), 1)]));
        let head = got.recv().unwrap();
        assert!(head.starts_with("GET /c/%2B44%2020%2F..%26x?d=c9&o=&x=4711 HTTP/1.1\r\n"), "{head}");
        assert!(head.to_lowercase().contains("authorization: bearer k"));
        let rule = look_up(format!("http://{addr}/"), Method::Post);
        let job = Job::LookUp { rule, request: request(r#"a"b"#) };
        assert!(ask(&outward, &secrets, &job).is_ok());
        let body = got.recv().unwrap();
        let body: serde_json::Value = serde_json::from_str(body.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(
            body,
            serde_json::json!({"call": "c9", "caller": "a\"b", "digits": {"customer": "4711", "order": ""}})
        );
    }

    #[test]
    fn answers_that_are_none() {
        let outward = Outward::new();
        let (_dir, secrets) = secrets();
        for (status, body) in [("500 No", ANSWER), ("302 Found", ""), ("200 OK", "<html>"), ("404 No", "")] {
            let (addr, _got) = receiver(move |_, s| say(s, status, body));
            let rule = look_up(format!("http://{addr}/"), Method::Get);
            assert!(
                ask(&outward, &secrets, &Job::LookUp { rule, request: request("1") }).is_err(),
                "{status}"
            );
        }
        let (addr, got) = receiver(|_, s| say(s, "200 OK", ANSWER));
        let mut rule = look_up(format!("http://{addr}/"), Method::Get);
        rule.allow_private = false;
        assert!(ask(&outward, &secrets, &Job::LookUp { rule, request: request("1") }).is_err());
        assert!(got.try_recv().is_err());
    }

    #[test]
    fn secret_digits_reach_their_receiver_and_nobody_else() {
        let (addr, got) =
            receiver(|r, s| say(s, if r.contains("4929") { "204 No Content" } else { "402 No" }, ""));
        let outward = Outward::new();
        let (_dir, secrets) = secrets();
        let rule = SecureRule {
            url: format!("http://{addr}/pay"),
            timeout_ms: 1_500,
            allow_private: true,
            headers: vec![("X-Api-Key".into(), HeaderValue::Plain("k".into()))],
        };
        let pass = |text: &str| Request::Pass {
            ticket: Ticket { call: CallId(3), number: 2 },
            secure: SecureId(1),
            digits: digits(text),
        };
        let job = Job::Pass { rule: rule.clone(), request: pass("4929000000006") };
        assert_eq!(ask(&outward, &secrets, &job), Ok(vec![]));
        let request = got.recv().unwrap();
        assert!(request.ends_with(r#"{"call":"c3","digits":"4929000000006"}"#), "{request}");
        let said =
            ask(&outward, &secrets, &Job::Pass { rule: rule.clone(), request: pass("5105") }).unwrap_err();
        assert!(said.contains("402") && !said.contains("5105"), "{said}");
        got.recv().unwrap();
        let rule = SecureRule { allow_private: false, ..rule };
        let said = ask(&outward, &secrets, &Job::Pass { rule, request: pass("5105") }).unwrap_err();
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
        let (_dir, secrets) = secrets();
        let outside = Outside::start(&Outward::new(), &secrets, move |tenant, event| {
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
        assert!(matches!(event, Event::LookedUp { call: CallId(9), request: 1, ok: true, .. }));
        let refused = (0..WAITING + THREADS + 1)
            .filter(|_| {
                let job = Job::LookUp { rule: slow.clone(), request: request("1") };
                outside.carry(TenantId(1), job) == Err(Ticket { call: CallId(9), number: 1 })
            })
            .count();
        assert!(refused > 0);
        let (_, event) = rx.recv().unwrap();
        assert!(matches!(event, Event::LookedUp { ok: false, .. }));
    }
}
