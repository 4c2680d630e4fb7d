//! A made-up CommPortal: subscribers who sign in, sessions in the path, wrapped scalars, accounts that lock, and calls that
//! tell how far they are. It behaves as was observed of real ones; it opens no socket.

mod session;

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Wrong passwords after which an account is locked.
pub const MOST_WRONG: u32 = 3;
/// The most calls and sessions that are kept.
const MOST: usize = 10_000;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Answer {
    fn text(body: impl Into<String>) -> Answer {
        Answer { status: 200, body: body.into() }
    }

    fn json(body: &Value) -> Answer {
        Answer::text(body.to_string())
    }

    fn error(name: &str) -> Answer {
        Answer::json(&json!({"data": [], "events": [], "errors": [{"type": name}]}))
    }
}

/// Somebody with a line.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// The password.
    pub password: String,
    /// Whether the class of service lets them call with a click.
    pub click_to_dial: bool,
    /// Whether it lets them have another phone than their own rung first.
    pub other_phone: bool,
    wrong: u32,
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its id.
    pub id: String,
    /// Who made it.
    pub line: String,
    /// Which phone rings first.
    pub from: String,
    /// Who is called then, as it was dialled.
    pub to: String,
    /// Whether it was cleared.
    pub cleared: bool,
}

/// The system.
#[derive(Debug, Default)]
pub struct CommPortal {
    brand: String,
    subscribers: BTreeMap<String, Subscriber>,
    sessions: BTreeMap<String, String>,
    calls: Vec<Made>,
    news: BTreeMap<String, Vec<String>>,
    /// The oldest version of the interface that it speaks, as its first number.
    pub oldest: u32,
    /// The error that it answers everything with.
    pub fault: Option<String>,
    /// Requests so far, by what they were: `login`, `data`, `action`, `events`, `logout`.
    pub asked: BTreeMap<&'static str, usize>,
    made: u64,
}

impl CommPortal {
    /// A system whose addresses begin with `/brand`.
    pub fn new(brand: &str) -> CommPortal {
        CommPortal { brand: format!("/{brand}"), oldest: 7, ..CommPortal::default() }
    }

    /// A subscriber with a directory number and a password.
    pub fn add(&mut self, line: &str, password: &str, click_to_dial: bool) {
        let s = Subscriber { password: password.into(), click_to_dial, other_phone: false, wrong: 0 };
        self.subscribers.insert(line.into(), s);
    }

    /// Whether a subscriber may have another phone than the own one rung first, from now on.
    pub fn let_ring_elsewhere(&mut self, line: &str, may: bool) {
        if let Some(s) = self.subscribers.get_mut(line) {
            s.other_phone = may;
        }
    }

    /// The calls that were made.
    pub fn calls(&self) -> &[Made] {
        &self.calls
    }

    /// Whether an account is locked.
    pub fn is_locked(&self, line: &str) -> bool {
        self.subscribers.get(line).is_some_and(|s| s.wrong >= MOST_WRONG)
    }

    /// How many sessions are open.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// All sessions end, as they do when nobody uses them.
    pub fn expire(&mut self) {
        self.sessions.clear();
    }

    /// Something happens in a call: `DeliveredEvent`, `EstablishedEvent`, `ConnectionClearedEvent` and their like.
    pub fn happens(&mut self, call: &str, event: &str) {
        self.news.entry(call.into()).or_default().push(event.into());
    }

    /// Answers a request.
    pub fn handle(&mut self, asked: &Asked<'_>) -> Answer {
        let (path, query) = asked.target.split_once('?').unwrap_or((asked.target, ""));
        let Some(path) = path.strip_prefix(self.brand.as_str()).and_then(|p| p.strip_prefix('/')) else {
            return Answer { status: 404, body: "fileNotFound".into() };
        };
        let kind = match path {
            "login" => "login",
            p if p.ends_with("/data") => "data",
            p if p.ends_with("/action") => "action",
            p if p.ends_with("/events") => "events",
            _ => "logout",
        };
        *self.asked.entry(kind).or_default() += 1;
        if let Some(name) = &self.fault {
            return if kind == "login" { Answer::text(format!("error={name}")) } else { Answer::error(name) };
        }
        let version = session::field(query, "version").and_then(|v| v.split('.').next()?.parse::<u32>().ok());
        if kind != "logout" && version.is_none_or(|v| v < self.oldest) {
            let name = "applicationVersionTooOld";
            return if kind == "login" { Answer::text(format!("error={name}")) } else { Answer::error(name) };
        }
        if kind == "login" {
            let form = String::from_utf8_lossy(asked.body).into_owned();
            return Answer::text(self.sign_in(if asked.method == "POST" { &form } else { query }));
        }
        let Some((session, rest)) = path.strip_prefix("session").and_then(|p| p.split_once('/')) else {
            return Answer::error("badRequest");
        };
        let Some(line) = self.sessions.get(session).cloned() else { return Answer::error("sessionExpired") };
        match kind {
            "data" => self.data(&line, query),
            "action" => self.act(&line, asked.body),
            "events" => {
                let call = rest.strip_prefix("call").and_then(|r| r.split_once('/')).map_or("", |(id, _)| id);
                let news = self.news.remove(call).unwrap_or_default();
                let event =
                    |kind: &String| json!({"subscription": "Connection", "data": {"eventType": {"_": kind}}});
                Answer::json(&json!({"events": news.iter().map(event).collect::<Vec<_>>(), "errors": []}))
            }
            _ => {
                self.sessions.remove(session);
                Answer::text("")
            }
        }
    }

    fn data(&self, line: &str, query: &str) -> Answer {
        let wanted = session::field(query, "data").unwrap_or_default();
        if wanted != "Meta_Subscriber_MetaSphere_ClassOfService" {
            return Answer::error("unknownDataType");
        }
        let of = self.subscribers.get(line);
        let (may, elsewhere) = of.map_or((false, false), |s| (s.click_to_dial, s.other_phone));
        Answer::json(&json!({"data": [{
            "objectIdentity": {"line": line},
            "dataType": wanted,
            "data": {
                "ClickToDialAllowed": {"Value": {"_": may}, "UseDefault": {"_": false}},
                "ClickToDialRemoteAllowed": {"Value": {"_": elsewhere}, "UseDefault": {"_": false}},
            },
            "errors": [],
        }]}))
    }

    fn act(&mut self, line: &str, body: &[u8]) -> Answer {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |at: &str| body.pointer(at).and_then(Value::as_str).unwrap_or_default().to_string();
        match text("/objectType/_").as_str() {
            "Meta_CSTA_MakeCall" => {
                let from = text("/callingDevice/_");
                let may = |s: &Subscriber| s.click_to_dial && (from == line || s.other_phone);
                if !self.subscribers.get(line).is_some_and(may) || self.calls.len() >= MOST {
                    return Answer::error("invalidParameters");
                }
                self.made += 1;
                let id = format!("C{}", self.made);
                let made = Made {
                    id: id.clone(),
                    line: line.into(),
                    from: from.clone(),
                    to: text("/calledDirectoryNumber/_"),
                    cleared: false,
                };
                self.calls.push(made);
                Answer::json(&json!({"callingDevice": {"callID": {"_": id}, "deviceID": {"_": from}}}))
            }
            "Meta_CSTA_ClearConnection" => {
                let id = text("/connectionToBeCleared/callID/_");
                match self.calls.iter_mut().find(|c| c.id == id && c.line == line) {
                    Some(call) => {
                        call.cleared = true;
                        Answer::json(&json!({}))
                    }
                    None => Answer::error("noSuchObject"),
                }
            }
            _ => Answer::error("badRequest"),
        }
    }
}
