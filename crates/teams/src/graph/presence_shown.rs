//! Showing in Teams that an agent talks through us.
//!
//! A presence that is shown ends by itself after a short while and is renewed while the talk lasts, so that after a crash
//! nobody stays busy for long. Who was shown before a restart is cleared at the start by naming them to
//! [`ShownKeeper::clear`].

use crate::clean;
use crate::graph::{Call, Graph, step};
use crate::permissions::Operation;
use crate::request::Method;
use crate::time::Time;
use core::time::Duration;
use serde_json::json;
use std::collections::BTreeMap;

/// How long a presence is shown without renewal. Graph takes 5 minutes to 4 hours.
const SHOWN_FOR: (&str, Duration) = ("PT10M", Duration::from_secs(600));
/// How long to wait before a failed request is tried anew.
const AGAIN: Duration = Duration::from_secs(30);
/// The most people who are shown at once; the others are simply not shown.
const MOST: usize = 50_000;

/// What can be shown: the pairs that Graph accepts and that we need.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// Busy, in a call.
    InACall,
    /// Busy, in a call of several.
    InAConferenceCall,
}

/// Shows somebody. `application` is the id of the registration: it names the session.
pub fn show(graph: &Graph, application: &str, user: &str, shown: Shown) -> Option<Call> {
    let activity = match shown {
        Shown::InACall => "InACall",
        Shown::InAConferenceCall => "InAConferenceCall",
    };
    let body = json!({
        "sessionId": clean::guid(application)?, "availability": "Busy", "activity": activity, "expirationDuration": SHOWN_FOR.0,
    });
    let path = format!("/users/{}/presence/setPresence", step(user)?);
    Some(graph.send(Operation::SetPresence, Method::Post, &path, &body))
}

/// Shows somebody no more. 404 says that nothing was shown, which is as good.
pub fn show_no_more(graph: &Graph, application: &str, user: &str) -> Option<Call> {
    let body = json!({"sessionId": clean::guid(application)?});
    let path = format!("/users/{}/presence/clearPresence", step(user)?);
    Some(graph.send(Operation::ClearPresence, Method::Post, &path, &body))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// To be shown, or to be renewed, from this time on.
    Show(Shown, Time),
    /// Under way.
    Asked(Shown),
    /// To be cleared.
    Clear(Time),
    /// Clearing is under way; another talk may have begun meanwhile.
    Clearing,
}

/// Who of a tenant is shown. Tell it who talks and who does not, ask [`ShownKeeper::poll`] until nothing comes, and say
/// with [`ShownKeeper::done`] how each ended.
#[derive(Default)]
pub struct ShownKeeper {
    people: BTreeMap<String, State>,
}

impl ShownKeeper {
    /// A person talks.
    pub fn talks(&mut self, now: Time, user: &str, shown: Shown) {
        let full = self.people.len() >= MOST && !self.people.contains_key(user);
        let same = matches!(self.people.get(user), Some(State::Show(s, _) | State::Asked(s)) if *s == shown);
        if !full && !same {
            self.people.insert(user.to_string(), State::Show(shown, now));
        }
    }

    /// A person does not talk any more, or was shown before a restart.
    pub fn clear(&mut self, now: Time, user: &str) {
        if self.people.contains_key(user) || self.people.len() < MOST {
            self.people.insert(user.to_string(), State::Clear(now));
        }
    }

    /// Everybody who is shown is to be cleared: the feature was switched off, or the server stops.
    pub fn clear_all(&mut self, now: Time) {
        self.people.values_mut().for_each(|state| *state = State::Clear(now));
    }

    /// The next request that is due, with the person it is about.
    pub fn poll(&mut self, now: Time, graph: &Graph, application: &str) -> Option<(String, Call)> {
        let due = |state: &State| matches!(state, State::Show(_, at) | State::Clear(at) if *at <= now);
        let (user, state) = self.people.iter_mut().find(|(_, state)| due(state))?;
        let user = user.clone();
        let call = match *state {
            State::Show(shown, _) => {
                *state = State::Asked(shown);
                show(graph, application, &user, shown)
            }
            _ => {
                *state = State::Clearing;
                show_no_more(graph, application, &user)
            }
        };
        if call.is_none() {
            self.people.remove(&user);
        }
        Some((user, call?))
    }

    /// How a request ended. Not found counts as done for clearing.
    pub fn done(&mut self, now: Time, user: &str, worked: bool) {
        match self.people.get_mut(user) {
            // Renewed at half its life.
            Some(state @ State::Asked(_)) => {
                let State::Asked(shown) = *state else { return };
                *state = State::Show(shown, now.plus(if worked { SHOWN_FOR.1 / 2 } else { AGAIN }));
            }
            Some(State::Clearing) if worked => drop(self.people.remove(user)),
            Some(state @ State::Clearing) => *state = State::Clear(now.plus(AGAIN)),
            _ => {}
        }
    }

    /// When to ask again, if nothing happens before.
    pub fn deadline(&self) -> Option<Time> {
        let at = self.people.values().filter_map(|state| match state {
            State::Show(_, at) | State::Clear(at) => Some(*at),
            _ => None,
        });
        at.min()
    }

    /// Those who are shown or about to be: to be remembered for the next start.
    pub fn people(&self) -> impl Iterator<Item = &str> {
        self.people.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = "aaaaaaaa-0000-0000-0000-000000000001";
    const ANN: &str = "11111111-1111-1111-1111-111111111111";
    const NOW: Time = Time::from_secs(1_000_000);

    fn after(secs: u64) -> Time {
        NOW.plus(Duration::from_secs(secs))
    }

    fn next(keeper: &mut ShownKeeper, secs: u64) -> Option<&'static str> {
        let graph = Graph::of(&crate::Cloud::named("worldwide").unwrap()).unwrap();
        let (_, call) = keeper.poll(after(secs), &graph, APP)?;
        Some(if call.operation == Operation::SetPresence { "show" } else { "clear" })
    }

    #[test]
    fn who_talks_is_shown_renewed_and_cleared() {
        let mut keeper = ShownKeeper::default();
        keeper.talks(NOW, ANN, Shown::InACall);
        assert_eq!((next(&mut keeper, 0), next(&mut keeper, 0)), (Some("show"), None));
        keeper.done(NOW, ANN, true);
        assert_eq!((next(&mut keeper, 299), keeper.deadline()), (None, Some(after(300))));
        assert_eq!(next(&mut keeper, 300), Some("show"));
        keeper.done(after(300), ANN, false);
        assert_eq!(keeper.deadline(), Some(after(330)));
        keeper.clear(after(310), ANN);
        assert_eq!(next(&mut keeper, 310), Some("clear"));
        keeper.done(after(310), ANN, true);
        assert_eq!((keeper.people().count(), keeper.deadline()), (0, None));
    }

    #[test]
    fn a_talk_that_ends_while_it_is_being_shown_is_cleared() {
        let mut keeper = ShownKeeper::default();
        keeper.talks(NOW, ANN, Shown::InACall);
        assert_eq!(next(&mut keeper, 0), Some("show"));
        keeper.clear(after(1), ANN);
        keeper.done(after(2), ANN, true);
        assert_eq!(next(&mut keeper, 2), Some("clear"));
        // And one that begins while it is being cleared is shown.
        keeper.talks(after(3), ANN, Shown::InACall);
        keeper.done(after(3), ANN, true);
        assert_eq!(next(&mut keeper, 3), Some("show"));
    }

    #[test]
    fn nothing_is_asked_for_people_who_cannot_be() {
        let mut keeper = ShownKeeper::default();
        keeper.talks(NOW, "../me", Shown::InACall);
        assert_eq!((next(&mut keeper, 0), keeper.people().count()), (None, 0));
    }
}
