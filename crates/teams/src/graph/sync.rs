//! Keeping a tenant's people in step: Graph's delta query as a state machine.
//!
//! Ask [`Sync::call`], send it, give the reply to [`Sync::take`]. What comes out is applied in one transaction: write or
//! remove the rows, mark each written row with [`SyncStep::mark`], remove rows with a lower mark if
//! [`SyncStep::sweep_below`] says so, and store [`SyncStep::progress`]. Killed between two transactions, it goes on from
//! the stored progress and ends the same: pages may come twice, and the last word about a person counts.
//!
//! A first pass reads everybody. Later passes read what changed. When Graph has forgotten the place to go on from (410),
//! a new first pass begins with a higher mark; the old rows stay until it is through, and those that it did not see are
//! swept then.

use crate::clean;
use crate::graph::users::User;
use crate::graph::{Call, Graph, text};
use crate::permissions::Operation;
use crate::request::Reply;
use core::fmt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The largest page that is read, in bytes.
const MOST_PAGE: usize = 8 * 1024 * 1024;
/// The most rows of one page.
const MOST_ROWS: usize = 10_000;
/// The most pages of one pass.
const MOST_PAGES: u32 = 100_000;
/// How often a pass may begin anew before somebody is told.
const MOST_RESTARTS: u32 = 3;

/// How far a tenant is. It is stored with the data; it names nobody.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Progress {
    /// The number of the last first pass that was begun, from 1 on.
    pass: u64,
    /// Whether that pass is still going on.
    first: bool,
    /// Where to go on; none at the beginning of a first pass.
    link: Option<String>,
    /// The fields that were asked for. With others, everybody has to be read again.
    fields: String,
    /// Pages since the beginning of the pass.
    pages: u32,
    /// Passes in a row that did not come to their end.
    restarts: u32,
}

/// What to do about one person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Write what is given, keep the rest.
    Write(User),
    /// Remove.
    Remove {
        /// The object's id.
        id: String,
        /// How it went.
        gone: Gone,
    },
}

impl Change {
    fn id(&self) -> &str {
        match self {
            Change::Write(user) => &user.id,
            Change::Remove { id, .. } => id,
        }
    }
}

/// How somebody went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gone {
    /// Deleted, and may be restored within 30 days (`changed`).
    Restorable,
    /// Deleted for good (`deleted`, and whatever else may be said).
    ForGood,
}

/// One transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyncStep {
    /// In the order in which they are to be applied; each person once.
    pub changes: Vec<Change>,
    /// To be written with each row of [`Change::Write`].
    pub mark: u64,
    /// Remove rows whose mark is lower than this.
    pub sweep_below: Option<u64>,
    /// To be stored with them.
    pub progress: Progress,
    /// Whether everything is in step now. Otherwise ask [`Sync::call`] again at once.
    pub finished: bool,
    /// Whether everybody is to be read anew because Graph forgot the place.
    pub restarted: bool,
    /// Entries that could not be read and were left out.
    pub left_out: usize,
}

/// Why a pass cannot go on. The stored progress stays as it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SyncFault {
    /// The page is no page, was cut off, or is too large.
    Unreadable,
    /// The link to the next page leads to another host, or out of Graph.
    ForeignLink,
    /// The link leads to the page it stands on, or there is no end of pages.
    Endless,
    /// Graph forgets the place again and again.
    Restarting,
}

impl fmt::Display for SyncFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SyncFault::Unreadable => "Graph's page of people cannot be read; the directory stays as it was",
            SyncFault::ForeignLink => "Graph's next page stands at another host and is not asked for",
            SyncFault::Endless => "Graph's pages of people have no end; the directory stays as it was",
            SyncFault::Restarting => "Graph forgets again and again how far the directory was read",
        })
    }
}

impl std::error::Error for SyncFault {}

/// The synchronisation of one tenant.
#[derive(Clone, Debug)]
pub struct Sync {
    graph: Graph,
    progress: Progress,
}

impl Sync {
    /// From the stored progress, or from nothing. `fields` are those of the row in the table that allows it; `id` must be
    /// among them.
    pub fn new(graph: Graph, fields: &[&str], stored: Option<Progress>) -> Sync {
        let fields = fields.join(",");
        let last = stored.as_ref().map_or(0, |p| p.pass);
        let usable =
            stored.filter(|p| p.fields == fields && p.link.as_ref().is_none_or(|l| is_delta(&graph, l)));
        let begin = || Progress { pass: last + 1, first: true, link: None, fields, pages: 0, restarts: 0 };
        let progress = usable.unwrap_or_else(begin);
        Sync { graph, progress }
    }

    /// The next page to ask for.
    pub fn call(&self) -> Call {
        let path = format!("/users/delta?$select={}", self.progress.fields);
        let mut call = self.graph.get(Operation::UsersDelta, &path);
        if let Some(link) = &self.progress.link {
            call.url.clone_from(link);
        }
        call.most = MOST_PAGE;
        // A sync may wait; whoever waits for an answer may not.
        call.headers.push(("x-ms-throttle-priority", "low"));
        call
    }

    /// Takes a page, or 410. Other replies belong to [`crate::graph::Attempt`].
    pub fn take(&mut self, reply: &Reply) -> Result<SyncStep, SyncFault> {
        if reply.status == 410 || is_forgotten(reply) {
            return self.begin_anew(reply);
        }
        let page: Value =
            reply.json(MOST_PAGE).filter(|_| reply.status == 200).ok_or(SyncFault::Unreadable)?;
        let rows = page.get("value").and_then(Value::as_array).filter(|r| r.len() <= MOST_ROWS);
        let rows = rows.ok_or(SyncFault::Unreadable)?;
        let (next, delta) = (text(&page, "@odata.nextLink"), text(&page, "@odata.deltaLink"));
        // A page with neither was cut off; one with both cannot be the last and not the last.
        let (link, finished) = match (next, delta) {
            (Some(next), None) => (next, false),
            (None, Some(delta)) => (delta, true),
            _ => return Err(SyncFault::Unreadable),
        };
        if !is_delta(&self.graph, link) {
            return Err(SyncFault::ForeignLink);
        }
        if !finished && (self.progress.link.as_deref() == Some(link) || self.progress.pages >= MOST_PAGES) {
            return Err(SyncFault::Endless);
        }
        let (changes, left_out) = changes(rows);
        let was_first = self.progress.first;
        self.progress.link = Some(link.to_string());
        if finished {
            (self.progress.first, self.progress.pages, self.progress.restarts) = (false, 0, 0);
        } else {
            self.progress.pages += 1;
        }
        Ok(SyncStep {
            changes,
            mark: self.progress.pass,
            sweep_below: (finished && was_first).then_some(self.progress.pass),
            progress: self.progress.clone(),
            finished,
            restarted: false,
            left_out,
        })
    }

    fn begin_anew(&mut self, reply: &Reply) -> Result<SyncStep, SyncFault> {
        if self.progress.restarts >= MOST_RESTARTS {
            return Err(SyncFault::Restarting);
        }
        // Graph may say where; it is believed only if that is a delta query for the same fields.
        let select = crate::address::percent_encode(&self.progress.fields);
        let fits = |l: &&str| {
            let asks = |list: &str| l.split(['?', '&']).any(|p| p.strip_prefix("$select=") == Some(list));
            is_delta(&self.graph, l) && (asks(&self.progress.fields) || asks(&select))
        };
        let link = reply.header("Location").filter(fits).map(str::to_string);
        let (pass, restarts) = (self.progress.pass + 1, self.progress.restarts + 1);
        let fields = self.progress.fields.clone();
        self.progress = Progress { pass, first: true, link, fields, pages: 0, restarts };
        Ok(SyncStep {
            changes: Vec::new(),
            mark: pass,
            sweep_below: None,
            progress: self.progress.clone(),
            finished: false,
            restarted: true,
            left_out: 0,
        })
    }
}

/// Whether a link leads to the delta query of users at our Graph.
fn is_delta(graph: &Graph, link: &str) -> bool {
    let below = graph.base().join("/users");
    let path = link.split('?').next().unwrap_or_default().to_ascii_lowercase();
    let ends =
        ["/users/delta", "/users/delta()", "/users/microsoft.graph.delta", "/users/microsoft.graph.delta()"];
    graph.base().owns(link) && path.len() >= below.len() && ends.iter().any(|end| path.ends_with(end))
}

/// The same as 410, said by 400.
fn is_forgotten(reply: &Reply) -> bool {
    let code = || crate::graph::error::code(reply).to_ascii_lowercase();
    reply.status == 400
        && ["syncstatenotfound", "resyncrequired", "syncstateinvalid"].contains(&code().as_str())
}

/// What a page says, each person once: the last word counts, and what earlier words gave and later ones leave out stays.
fn changes(rows: &[Value]) -> (Vec<Change>, usize) {
    let mut found: Vec<Change> = Vec::new();
    let mut place: BTreeMap<String, usize> = BTreeMap::new();
    let mut left_out = 0;
    for row in rows {
        let change = match row.get("@removed") {
            Some(removed) => text(row, "id").and_then(clean::guid).map(|id| {
                let changed = text(removed, "reason") == Some("changed");
                Change::Remove { id, gone: if changed { Gone::Restorable } else { Gone::ForGood } }
            }),
            None => User::read(row).map(Change::Write),
        };
        let Some(change) = change else {
            left_out += 1;
            continue;
        };
        match place.get(change.id()).and_then(|at| found.get_mut(*at)) {
            Some(earlier) => merge(earlier, change),
            None => {
                place.insert(change.id().to_string(), found.len());
                found.push(change);
            }
        }
    }
    (found, left_out)
}

fn merge(earlier: &mut Change, later: Change) {
    use crate::graph::users::Given;
    fn over<T>(earlier: &mut Given<T>, later: Given<T>) {
        if !matches!(later, Given::Unchanged) {
            *earlier = later;
        }
    }
    match (earlier, later) {
        (Change::Write(a), Change::Write(b)) => {
            over(&mut a.enabled, b.enabled);
            over(&mut a.given_name, b.given_name);
            over(&mut a.surname, b.surname);
            over(&mut a.display_name, b.display_name);
            over(&mut a.mail, b.mail);
            over(&mut a.business_phones, b.business_phones);
            over(&mut a.mobile_phone, b.mobile_phone);
        }
        (earlier, later) => *earlier = later,
    }
}

#[cfg(test)]
#[path = "sync_tests.rs"]
mod tests;
