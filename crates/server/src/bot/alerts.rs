//! Security events in Teams: into the conversation that the configuration names, and into those where somebody who may
//! know of them asked for it. Who asked stays in memory, for as long as everything of the bot does.

use crate::announce::in_words;
use crate::bot::customer::Customer;
use crate::bot::send::NotSent;
use crate::bot::{Shared, lock, now};
use crate::tenant::Meaning;
use crate::tenant::objects::UserRole;
use crate::webhook_io::Tried;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::{Letter, TenantId};
use teams::Time;
use teams::bot::{Activity, Language, Rate, Said, Service, ServiceFault, cards};

/// Conversations of one tenant that are told, at most.
const MOST_PLACES: usize = 20;
/// What follows the base of the Bot Connector in service URLs of Teams: for a conversation from which nothing came yet.
const TEAMS: &str = "/teams";

/// Where it is told.
#[derive(Clone)]
struct Place {
    service_url: String,
    conversation: String,
    language: Language,
}

/// Who asked for it, and until when, by tenant and conversation.
pub(in crate::bot) struct Asked {
    kept: Duration,
    places: BTreeMap<TenantId, BTreeMap<String, (Place, Time)>>,
}

impl Asked {
    /// Nobody yet. Whoever asks is told for so long.
    pub fn new(kept: Duration) -> Asked {
        Asked { kept, places: BTreeMap::new() }
    }

    /// Takes a conversation up. False when there are too many.
    fn put(&mut self, now: Time, tenant: TenantId, room: &str, place: Place) -> bool {
        let until = Time(now.0.saturating_add(u64::try_from(self.kept.as_millis()).unwrap_or(u64::MAX)));
        let places = self.places.entry(tenant).or_default();
        places.retain(|_, (_, until)| now < *until);
        if places.len() >= MOST_PLACES && !places.contains_key(room) {
            return false;
        }
        places.insert(room.into(), (place, until));
        true
    }

    /// A conversation is told no more.
    fn remove(&mut self, tenant: TenantId, room: &str) {
        if let Some(places) = self.places.get_mut(&tenant) {
            places.remove(room);
        }
    }

    fn of(&mut self, now: Time, tenant: TenantId) -> Vec<(String, Place)> {
        let Some(places) = self.places.get_mut(&tenant) else { return Vec::new() };
        places.retain(|_, (_, until)| now < *until);
        places.iter().map(|(room, (place, _))| (room.clone(), place.clone())).collect()
    }

    /// Until when somebody of a tenant is told.
    fn until(&self, tenant: TenantId) -> Time {
        let ends = self.places.get(&tenant).into_iter().flat_map(|places| places.values());
        ends.map(|(_, until)| *until).max().unwrap_or(Time(0))
    }
}

impl Shared {
    /// The answer to somebody who wants to be told of security events, or no longer.
    pub(in crate::bot) fn want_alerts(&self, activity: &Activity, customer: &Customer, on: bool) -> Value {
        let language = customer.language(activity);
        if !self.may_know(activity, customer) {
            return cards::message(Said::AlertsNotYours.text(language));
        }
        let (room, tenant) = (activity.conversation.room(), customer.tenant);
        let (is_taken, minutes, until) = {
            let mut asked = lock(&self.asked);
            let place = Place {
                service_url: activity.service_url.clone(),
                conversation: activity.conversation.id.clone(),
                language,
            };
            let is_taken = if on { asked.put(now(), tenant, room, place) } else { true };
            if !on {
                asked.remove(tenant, room);
            }
            (is_taken, asked.kept.as_secs() / 60, asked.until(tenant))
        };
        self.tell_switch(tenant, until);
        match (on, is_taken) {
            (true, true) => cards::message(&Said::AlertsOn.with(language, &format!("{minutes} min"))),
            (true, false) => cards::message(Said::Later.text(language)),
            (false, _) => cards::message(Said::AlertsOff.text(language)),
        }
    }

    /// Owners, supervisors and auditors, who see the same in the web app.
    fn may_know(&self, activity: &Activity, customer: &Customer) -> bool {
        let (person, tenant) = (activity.person.clone(), customer.tenant);
        let found = self.handle.ask_and_wait(move |switch, _| {
            let meaning = &switch.tenant(tenant)?.meaning;
            let user = meaning.work_accounts.get(&person?)?;
            Some(meaning.people.get(user)?.roles.iter().any(|role| *role != UserRole::Agent))
        });
        found.flatten().unwrap_or(false)
    }

    fn tell_switch(&self, tenant: TenantId, until: Time) {
        let told =
            self.handle.ask_and_wait(move |switch, _| switch.tell_teams(tenant, engine::Time(until.0)));
        if told.is_none() {
            tracing::warn!(
                event = "bot_alerts",
                "the server stops: nobody is told of security events any more"
            );
        }
    }

    /// Tells an event in every conversation that is to be told. It was taken where one of them took it: tried again it would
    /// be told twice there.
    pub(in crate::bot) fn tell_alert(&self, letter: &Letter, meaning: &Meaning) -> Tried {
        let named = meaning.teams_alerts.as_ref().zip(self.cloud.services.first());
        let named = named.map(|(conversation, service)| Place {
            service_url: service.join(TEAMS),
            conversation: conversation.clone(),
            language: Language::choose(None, &meaning.languages),
        });
        let mut places: Vec<(Option<String>, Place)> = named.into_iter().map(|place| (None, place)).collect();
        let asked = lock(&self.asked).of(now(), letter.tenant);
        places.extend(asked.into_iter().map(|(room, place)| (Some(room), place)));
        let mut why = Tried::Hopeless("nobody in Teams asks to be told any more".into());
        let mut is_taken = false;
        for (room, place) in places {
            let card = alert(place.language, letter, meaning);
            let service = Service::at(&place.service_url);
            let room_there = place.conversation.split(';').next().unwrap_or_default();
            let send = |token: &_| service.send(&place.conversation, token, &card);
            match self.ask_and_wait(Rate::Send, room_there, send) {
                Ok(_) => {
                    is_taken = true;
                    self.counts.sent.fetch_add(1, Ordering::Relaxed);
                }
                Err(fault) => {
                    self.counts.unsent.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(event = "bot_unsent", why = %fault, "a security event was not told in Teams");
                    if let (NotSent::Service(ServiceFault::Blocked), Some(room)) = (&fault, &room) {
                        lock(&self.asked).remove(letter.tenant, room);
                    }
                    why = match &fault {
                        NotSent::Service(ServiceFault::Blocked | ServiceFault::Refused(_)) => {
                            Tried::Hopeless(fault.to_string())
                        }
                        _ => Tried::Failed(fault.to_string()),
                    };
                }
            }
        }
        if is_taken { Tried::Taken } else { why }
    }
}

/// What happened, as a card. Ids and words, nobody's name or number.
fn alert(language: Language, letter: &Letter, meaning: &Meaning) -> Value {
    let Value::Object(mut facts) = in_words(&letter.facts, meaning) else {
        return cards::message(Said::Alert.text(language));
    };
    let kind = facts.remove("kind").and_then(|k| k.as_str().map(str::to_string)).unwrap_or_default();
    let words = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    let mut lines: Vec<String> = facts
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| format!("{name}: {}", words(value)))
        .collect();
    lines.push(format!("{}, {}", crate::view::time(letter.at), meaning.tenant));
    let title = Said::Alert.with(language, &kind);
    cards::message_with(cards::alert(&title, &lines), &title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asked_is_told_for_a_while_and_not_too_many_are() {
        let mut asked = Asked::new(Duration::from_secs(60));
        let place = || Place {
            service_url: "https://x".into(),
            conversation: "19:a".into(),
            language: Language::English,
        };
        let (one, other) = (TenantId(1), TenantId(2));
        for n in 0..MOST_PLACES {
            assert!(asked.put(Time(n as u64), one, &n.to_string(), place()));
        }
        assert!(!asked.put(Time(100), one, "more", place()) && asked.put(Time(100), one, "3", place()));
        assert!(asked.put(Time(100), other, "more", place()));
        assert_eq!((asked.of(Time(100), one).len(), asked.of(Time(100), other).len()), (MOST_PLACES, 1));
        asked.remove(one, "3");
        assert_eq!((asked.until(one), asked.until(TenantId(3))), (Time(60_019), Time(0)));
        assert!(asked.of(Time(60_019), one).is_empty());
    }
}
