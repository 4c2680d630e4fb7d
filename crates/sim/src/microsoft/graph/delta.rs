//! `GET /users/delta`: everybody, page by page, and then what changed.

use crate::microsoft::Microsoft;
use crate::microsoft::directory::ALL;
use crate::microsoft::entra::tokens::Caller;
use crate::microsoft::exchange::{Reply, Request};
use crate::microsoft::graph::permissions::shows_others;
use crate::microsoft::graph::refusal::{GraphRefusal, refuse};
use crate::microsoft::graph::users::{LARGEST_PAGE, selected, shown};
use crate::microsoft::tenant::Tenant;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// Users on a page if nobody says otherwise.
const PAGE: usize = 100;
/// How long a link holds, in milliseconds: 7 days.
const LIFE: u64 = 7 * 86_400_000;
/// Users that one query may be limited to.
const MOST_IDS: usize = 50;

/// Where somebody is in a round of asking; what a link carries.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Round {
    /// Everybody, or only what changed.
    whole: bool,
    /// The number of the first change that is not known yet; those of a whole round come after it.
    from: u64,
    /// The number up to which changes are told in this round.
    to: u64,
    /// The next place, or the next of the changed.
    next: usize,
    /// When the round began, in milliseconds since 1970.
    at: u64,
    /// What is selected.
    wanted: Vec<&'static str>,
    /// Whom the query is limited to.
    only: Vec<u32>,
}

impl Round {
    fn token(&self) -> String {
        let only: Vec<String> = self.only.iter().map(u32::to_string).collect();
        let text = format!(
            "{}|{}|{}|{}|{}|{}|{}",
            u8::from(self.whole),
            self.from,
            self.to,
            self.next,
            self.at,
            self.wanted.join(","),
            only.join(",")
        );
        URL_SAFE_NO_PAD.encode(text)
    }

    fn read(token: &str) -> Option<Round> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let parts: Vec<&str> = text.split('|').collect();
        let [whole, from, to, next, at, wanted, only] = parts.as_slice() else { return None };
        let list =
            |text: &str| text.split(',').filter(|w| !w.is_empty()).map(String::from).collect::<Vec<_>>();
        let wanted =
            list(wanted).iter().map(|w| ALL.iter().find(|a| *a == w).copied()).collect::<Option<_>>()?;
        let only = list(only).iter().take(MOST_IDS).map(|p| p.parse().ok()).collect::<Option<_>>()?;
        Some(Round {
            whole: *whole == "1",
            from: from.parse().ok()?,
            to: to.parse().ok()?,
            next: next.parse().ok()?,
            at: at.parse().ok()?,
            wanted,
            only,
        })
    }
}

impl Microsoft {
    pub(super) fn users_delta(
        &self,
        now: u64,
        caller: &Caller,
        request: &Request,
    ) -> Result<Reply, GraphRefusal> {
        let t = self
            .tenants
            .get(caller.tenant)
            .ok_or_else(|| refuse(404, "Request_ResourceNotFound", "No tenant."))?;
        let query = request.query();
        for name in ["$expand", "$top", "$orderby", "$search"] {
            if query.get(name).is_some() {
                return Err(refuse(
                    400,
                    "Request_UnsupportedQuery",
                    format!("{name} is not supported for delta queries on users."),
                ));
            }
        }
        let token = query.filled("$skiptoken").or(query.filled("$deltatoken"));
        let round = match token {
            Some("latest") => {
                let at = t.directory.position();
                let round = Round {
                    whole: false,
                    from: at,
                    to: at,
                    next: 0,
                    at: now,
                    wanted: wanted(request)?,
                    only: only(t, request)?,
                };
                return Ok(self.page(Vec::new(), &format!("$deltatoken={}", round.token()), true));
            }
            Some(token) => {
                let invalid = || refuse(400, "Directory_ExpiredPageToken", "The specified token is invalid.");
                let round = Round::read(token).ok_or_else(invalid)?;
                let too_old = now.saturating_sub(round.at) > LIFE
                    || t.directory.changes(round.from, round.from).is_none();
                if too_old {
                    let text = "The sync state generation is not found; full synchronization is needed.";
                    return Err(refuse(410, "syncStateNotFound", text)
                        .with_header("Location", &self.below("users/delta?$deltatoken=")));
                }
                match query.get("$deltatoken") {
                    // A new round begins: up to what has happened by now.
                    Some(_) => Round {
                        whole: false,
                        from: round.to,
                        to: t.directory.position(),
                        next: 0,
                        at: now,
                        ..round
                    },
                    None => round,
                }
            }
            None => {
                let at = t.directory.position();
                Round {
                    whole: true,
                    from: at,
                    to: at,
                    next: 0,
                    at: now,
                    wanted: wanted(request)?,
                    only: only(t, request)?,
                }
            }
        };
        let size = size(request);
        let minimal = request.header("Prefer").is_some_and(|p| p.contains("return=minimal"));
        let is_meant = |p: u32| {
            (round.only.is_empty() || round.only.contains(&p))
                && (caller.place.is_none_or(|own| own == p) || shows_others(&caller.permissions))
        };
        let (values, next) = match round.whole {
            true => {
                let mut values = Vec::with_capacity(size);
                let mut place = u32::try_from(round.next).unwrap_or(u32::MAX);
                while place < t.directory.places() && values.len() < size {
                    if t.directory.is_there(place) && is_meant(place) {
                        values.push(Value::Object(set(shown(t, caller, place, &round.wanted))));
                    }
                    place += 1;
                }
                (values, (place < t.directory.places()).then_some(place as usize))
            }
            false => {
                let invalid = || {
                    refuse(
                        410,
                        "syncStateNotFound",
                        "The sync state generation is not found; full synchronization is needed.",
                    )
                };
                let changes = t.directory.changes(round.from, round.to).ok_or_else(invalid)?;
                let changes: Vec<_> = changes.into_iter().filter(|c| is_meant(c.place)).collect();
                let page = changes.iter().skip(round.next).take(size);
                let values = page
                    .map(|c| match t.directory.removal(c.place) {
                        Some(how) => {
                            json!({"id": t.directory.id(c.place), "@removed": {"reason": how.reason()}})
                        }
                        None => {
                            let all = shown(t, caller, c.place, &round.wanted);
                            let is_new = c.fields.is_empty();
                            // What changed is told even when it is empty now; what never was, is not mentioned.
                            let kept = all.into_iter().filter(|(n, v)| {
                                n == "id" || c.fields.contains(n) || (!minimal || is_new) && !v.is_null()
                            });
                            Value::Object(kept.collect())
                        }
                    })
                    .collect::<Vec<_>>();
                let next = round.next + values.len();
                (values, (next < changes.len()).then_some(next))
            }
        };
        Ok(match next {
            Some(next) => {
                self.page(values, &format!("$skiptoken={}", Round { next, ..round }.token()), false)
            }
            None => self.page(values, &format!("$deltatoken={}", Round { next: 0, ..round }.token()), true),
        })
    }

    fn page(&self, values: Vec<Value>, query: &str, last: bool) -> Reply {
        let link = self.below(&format!("users/delta?{query}"));
        let name = if last { "@odata.deltaLink" } else { "@odata.nextLink" };
        Reply::json(200, &json!({"@odata.context": self.context("users"), name: link, "value": values}))
    }
}

/// Without what was never set.
fn set(fields: Map<String, Value>) -> Map<String, Value> {
    fields.into_iter().filter(|(_, v)| !v.is_null()).collect()
}

fn wanted(request: &Request) -> Result<Vec<&'static str>, GraphRefusal> {
    let mut wanted = selected(request)?.unwrap_or_else(|| crate::microsoft::directory::BASIC.to_vec());
    if !wanted.contains(&"id") {
        wanted.push("id");
    }
    Ok(wanted)
}

/// The hint of `Prefer: odata.maxpagesize=n`.
fn size(request: &Request) -> usize {
    let hint = request.header("Prefer").and_then(|p| p.split("odata.maxpagesize=").nth(1));
    let digits = hint.map(|h| h.chars().take_while(char::is_ascii_digit).collect::<String>());
    digits.and_then(|d| d.parse::<usize>().ok()).map_or(PAGE, |n| n.clamp(1, LARGEST_PAGE as usize))
}

/// `$filter=id eq 'a' or id eq 'b'`
fn only(t: &Tenant, request: &Request) -> Result<Vec<u32>, GraphRefusal> {
    let query = request.query();
    let Some(text) = query.filled("$filter") else { return Ok(Vec::new()) };
    let unsupported = || {
        refuse(
            400,
            "Request_UnsupportedQuery",
            "Only a filter for up to 50 ids is supported for delta queries.",
        )
    };
    let parts: Vec<&str> = text.split(" or ").take(MOST_IDS + 1).collect();
    if parts.len() > MOST_IDS {
        return Err(unsupported());
    }
    let ids = parts
        .iter()
        .map(|p| p.trim().strip_prefix("id eq ").map(|id| id.trim_matches('\'')))
        .collect::<Option<Vec<_>>>();
    let places: Vec<u32> =
        ids.ok_or_else(unsupported)?.iter().filter_map(|id| t.directory.place_of(id)).collect();
    // Somebody who never was is nobody, not everybody.
    Ok(if places.is_empty() { vec![u32::MAX] } else { places })
}
