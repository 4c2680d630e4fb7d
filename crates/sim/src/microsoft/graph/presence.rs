//! Presence: what people do by themselves in the course of a day, and what applications and people say of it.

use crate::microsoft::entra::tokens::Caller;
use crate::microsoft::exchange::{Reply, Request};
use crate::microsoft::graph::object;
use crate::microsoft::graph::refusal::{GraphRefusal, refuse};
use crate::microsoft::graph::route::Write;
use crate::microsoft::people::mixed;
use crate::microsoft::{Microsoft, moment};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// People whose presence is asked for at once, at most.
pub const MOST_IDS: usize = 650;
/// Sessions of applications for one person, at most.
const MOST_SESSIONS: usize = 20;
/// People for whom applications or they themselves said something, at most.
const MOST_SAID: usize = 50_000;
/// The longest status message, in characters.
const LONGEST_STATUS: usize = 280;
/// The longest text of a moment or a time zone, in bytes.
const LONGEST_MOMENT: usize = 64;
/// The shortest and the longest session, in milliseconds.
const SESSION: (u64, u64) = (5 * 60_000, 4 * 3_600_000);

/// What people do by themselves: availability, activity, and how often of 100 times.
const BY_THEMSELVES: [(&str, &str, u64); 8] = [
    ("Available", "Available", 46),
    ("Busy", "InACall", 12),
    ("Busy", "InAMeeting", 10),
    ("Away", "Away", 12),
    ("BeRightBack", "BeRightBack", 5),
    ("DoNotDisturb", "Presenting", 4),
    ("AvailableIdle", "Available", 3),
    ("Offline", "Offline", 8),
];
/// What an application may say.
const SESSIONS: [(&str, &str); 5] = [
    ("Available", "Available"),
    ("Busy", "InACall"),
    ("Busy", "InAConferenceCall"),
    ("Away", "Away"),
    ("DoNotDisturb", "Presenting"),
];
/// What people may prefer.
const PREFERRED: [(&str, &str); 6] = [
    ("Available", "Available"),
    ("Busy", "Busy"),
    ("DoNotDisturb", "DoNotDisturb"),
    ("BeRightBack", "BeRightBack"),
    ("Away", "Away"),
    ("Offline", "OffWork"),
];

/// Something said until a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    availability: String,
    activity: String,
    until: u64,
}

/// What is said of one person.
#[derive(Clone, Debug, Default)]
struct Of {
    sessions: BTreeMap<String, Said>,
    preferred: Option<Said>,
    status: Option<Value>,
    /// Moments since which something is different, besides what they do by themselves.
    changes: u64,
}

/// The presences of a tenant.
#[derive(Clone, Debug)]
pub struct Presences {
    seed: u64,
    said: BTreeMap<u32, Of>,
    /// Nobody changes by themselves.
    still: bool,
    /// Those who stay at one thing.
    settled: BTreeMap<u32, (&'static str, &'static str)>,
}

impl Presences {
    /// Everybody as they are.
    pub fn new(seed: u64) -> Presences {
        Presences { seed, said: BTreeMap::new(), still: false, settled: BTreeMap::new() }
    }

    /// Everybody stays available, or lives on.
    pub fn stand_still(&mut self, still: bool) {
        self.still = still;
    }

    /// Somebody does one thing from now on, by its activity; or lives on. False for what nobody does.
    pub fn settle(&mut self, place: u32, activity: Option<&str>) -> bool {
        let Some(activity) = activity else {
            self.settled.remove(&place);
            self.said.entry(place).or_default().changes += 1;
            return true;
        };
        let quiet = [("Available", "Available", 0), ("DoNotDisturb", "DoNotDisturb", 0)];
        let all = quiet.iter().chain(&BY_THEMSELVES);
        let Some((availability, activity, _)) = all.copied().find(|(_, a, _)| *a == activity) else {
            return false;
        };
        if self.said.len() >= MOST_SAID && !self.said.contains_key(&place) {
            return false;
        }
        self.settled.insert(place, (availability, activity));
        self.said.entry(place).or_default().changes += 1;
        true
    }

    /// How long somebody does one thing, in milliseconds: 2 to 20 minutes.
    fn period(&self, place: u32) -> u64 {
        (120 + mixed(self.seed, u64::from(place), 0x50) % 1_080) * 1_000
    }

    /// What somebody does by themselves, and which time they do something else.
    fn own(&self, now: u64, place: u32) -> (&'static str, &'static str, u64) {
        let turn = if self.still { 0 } else { now / self.period(place) };
        if let Some((availability, activity)) = self.settled.get(&place) {
            return (availability, activity, turn);
        }
        if self.still {
            return ("Available", "Available", 0);
        }
        let mut roll = mixed(self.seed, u64::from(place) << 32 ^ turn, 0x51) % 100;
        for (availability, activity, share) in BY_THEMSELVES {
            if roll < share {
                return (availability, activity, turn);
            }
            roll -= share;
        }
        ("Offline", "Offline", turn)
    }

    /// When somebody changes next by themselves or because something said runs out.
    pub fn next_change(&self, now: u64, place: u32) -> u64 {
        let period = self.period(place);
        let own = if self.still { u64::MAX } else { (now / period + 1) * period };
        let of = self.said.get(&place);
        let said = of.into_iter().flat_map(|o| o.sessions.values().chain(&o.preferred)).map(|s| s.until);
        said.filter(|u| *u > now).min().map_or(own, |u| u.min(own))
    }

    /// Availability and activity of somebody.
    pub fn of(&self, now: u64, place: u32) -> (String, String) {
        let (availability, activity, _) = self.own(now, place);
        let own = (availability.to_string(), activity.to_string());
        let Some(of) = self.said.get(&place) else { return own };
        let sessions: Vec<(&str, &str)> = of
            .sessions
            .values()
            .filter(|s| s.until > now)
            .map(|s| (s.availability.as_str(), s.activity.as_str()))
            .collect();
        if let Some(p) = of.preferred.as_ref().filter(|p| p.until > now) {
            // A preference counts only while the person is somewhere.
            return match availability == "Offline" && sessions.is_empty() {
                true => own,
                false => (p.availability.clone(), p.activity.clone()),
            };
        }
        let rank = |a: &str| {
            ["DoNotDisturb", "Busy", "Available", "AvailableIdle", "BeRightBack", "Away", "Offline"]
                .iter()
                .position(|r| *r == a)
        };
        let all = sessions.into_iter().chain([(availability, activity)]);
        let best = all.min_by_key(|(a, _)| rank(a).unwrap_or(usize::MAX));
        best.map_or(own, |(a, b)| (a.to_string(), b.to_string()))
    }

    /// A number that is higher after each change.
    pub fn sequence(&self, now: u64, place: u32) -> u64 {
        let (_, _, turn) = self.own(now, place);
        let of = self.said.get(&place);
        let run_out = of
            .into_iter()
            .flat_map(|o| o.sessions.values().chain(&o.preferred))
            .filter(|s| s.until <= now)
            .count();
        turn + of.map_or(0, |o| o.changes) + run_out as u64
    }

    fn value(&self, now: u64, place: u32, id: &str) -> Value {
        let (availability, activity) = self.of(now, place);
        let status = self.said.get(&place).and_then(|o| o.status.clone());
        json!({"id": id, "availability": availability, "activity": activity, "statusMessage": status,
            "outOfOfficeSettings": {"message": null, "isOutOfOffice": false},
            "sequenceNumber": format!("A{:016X}", self.sequence(now, place))})
    }

    /// What was said and ran out is forgotten, without the number going back.
    fn tidy(&mut self, now: u64, place: u32) {
        if let Some(of) = self.said.get_mut(&place) {
            let before = of.sessions.len() + usize::from(of.preferred.is_some());
            of.sessions.retain(|_, s| s.until > now);
            of.preferred.take_if(|p| p.until <= now);
            of.changes += (before - of.sessions.len() - usize::from(of.preferred.is_some())) as u64;
        }
    }

    fn write(&mut self, now: u64, place: u32, what: Write, body: &Value) -> Result<(), GraphRefusal> {
        self.tidy(now, place);
        let invalid = |text: &str| refuse(400, "InvalidArgument", text);
        if self.said.len() >= MOST_SAID && !self.said.contains_key(&place) {
            return Err(refuse(503, "serviceNotAvailable", "Too many presences were written."));
        }
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_string();
        let length = match body["expirationDuration"].as_str() {
            None => None,
            Some(t) => Some(
                moment::read_length(t).ok_or_else(|| invalid("expirationDuration is no length of time."))?,
            ),
        };
        let (availability, activity) = (text("availability"), text("activity"));
        let is_among = |list: &[(&str, &str)]| list.contains(&(availability.as_str(), activity.as_str()));
        let unsupported = || invalid("The combination of availability and activity is not supported.");
        let of = self.said.entry(place).or_default();
        match what {
            Write::Set => {
                let session = text("sessionId");
                if session.is_empty() || session.len() > 64 {
                    return Err(invalid("sessionId must be the id of the application."));
                }
                if !is_among(&SESSIONS) {
                    return Err(unsupported());
                }
                let length = length.unwrap_or(SESSION.0);
                if !(SESSION.0..=SESSION.1).contains(&length) {
                    return Err(invalid("expirationDuration must be from PT5M to PT4H."));
                }
                if of.sessions.len() >= MOST_SESSIONS && !of.sessions.contains_key(&session) {
                    return Err(invalid("There are too many sessions."));
                }
                of.sessions.insert(session, Said { availability, activity, until: now + length });
            }
            Write::Clear => {
                if of.sessions.remove(&text("sessionId")).is_none() {
                    return Err(refuse(404, "NotFound", "Presence session not found."));
                }
            }
            Write::SetPreferred => {
                if !is_among(&PREFERRED) {
                    return Err(unsupported());
                }
                let days = if matches!(availability.as_str(), "Busy" | "DoNotDisturb") { 1 } else { 7 };
                let until = now.saturating_add(length.unwrap_or(days * 86_400_000));
                of.preferred = Some(Said { availability, activity, until });
            }
            Write::ClearPreferred => of.preferred = None,
            Write::Status => {
                let status = &body["statusMessage"];
                let content = status["message"]["content"].as_str().unwrap_or_default();
                if content.chars().count() > LONGEST_STATUS {
                    return Err(invalid("The status message is too long."));
                }
                let at = |name: &str| {
                    status["expiryDateTime"][name].as_str().filter(|t| t.len() <= LONGEST_MOMENT)
                };
                let expiry = at("dateTime").map(|d| json!({"dateTime": d, "timeZone": at("timeZone")}));
                of.status = Some(
                    json!({"message": {"content": content, "contentType": "text"}, "expiryDateTime": expiry,
                    "publishedDateTime": moment::rfc3339(now)}),
                );
            }
        }
        of.changes += 1;
        Ok(())
    }
}

impl Microsoft {
    /// One presence as Graph gives it.
    pub(super) fn presence_value(&self, now: u64, tenant: usize, place: u32) -> Value {
        let Some(t) = self.tenants.get(tenant) else { return Value::Null };
        t.presences.value(now, place, &t.directory.id(place))
    }

    pub(super) fn presence(&self, now: u64, caller: &Caller, who: &str) -> Result<Reply, GraphRefusal> {
        let place = self.place(caller, who)?;
        let all = caller.permissions.iter().any(|p| p == "Presence.Read.All");
        if caller.place.is_some_and(|own| own != place) && !all {
            return Err(refuse(403, "Forbidden", "Presence of others needs Presence.Read.All."));
        }
        let mut body = self.presence_value(now, caller.tenant, place);
        body["@odata.context"] = self.context("communications/presences/$entity").into();
        Ok(Reply::json(200, &body))
    }

    pub(super) fn presences(
        &self,
        now: u64,
        caller: &Caller,
        request: &Request,
    ) -> Result<Reply, GraphRefusal> {
        let body = object(request)?;
        let ids = body["ids"].as_array().ok_or_else(|| refuse(400, "BadRequest", "ids must be a list."))?;
        if ids.is_empty() || ids.len() > MOST_IDS {
            return Err(refuse(
                400,
                "BadRequest",
                format!("ids must be from 1 to {MOST_IDS}, and are {}.", ids.len()),
            ));
        }
        let t = self.tenants.get(caller.tenant);
        // Who is unknown is left out.
        let places = ids.iter().filter_map(|id| t?.directory.find(id.as_str()?));
        let values: Vec<Value> = places.map(|p| self.presence_value(now, caller.tenant, p)).collect();
        Ok(Reply::json(
            200,
            &json!({"@odata.context": self.context("Collection(microsoft.graph.presence)"), "value": values}),
        ))
    }

    pub(super) fn write_presence(
        &mut self,
        now: u64,
        caller: &Caller,
        who: &str,
        what: Write,
        request: &Request,
    ) -> Result<Reply, GraphRefusal> {
        let place = self.place(caller, who)?;
        if caller.place.is_some_and(|own| own != place) {
            return Err(refuse(
                403,
                "Forbidden",
                "The presence of others can only be written by an application alone.",
            ));
        }
        let body = if what == Write::ClearPreferred { Value::Null } else { object(request)? };
        let t = self.tenants.get_mut(caller.tenant).ok_or_else(|| refuse(404, "NotFound", "No tenant."))?;
        t.presences.write(now, place, what, &body)?;
        Ok(Reply::empty(200))
    }
}
