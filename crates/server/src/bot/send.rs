//! Sending into conversations and reading who is there: within Microsoft's limits, tried again later where that helps, given
//! up where it does not.

use crate::bot::queue::{Admitted, Job};
use crate::bot::{Shared, lock, now};
use crate::microsoft::random;
use redact::Secret;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use teams::bot::{Activity, Member, MembersPage, Rate, Service, ServiceFault};
use teams::entra::TokenReply;
use teams::{Reply, Request};

/// How often something is tried.
const TRIES: u32 = 4;
/// The pause before the second try, where the Bot Connector wants no longer one. It doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest that something waits for its turn or for the next try.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// People of a conversation that are read.
pub(in crate::bot) const MOST_PEOPLE: usize = 5_000;

/// Why something was not done.
#[derive(Debug)]
pub(in crate::bot) enum NotSent {
    /// The server stops.
    Stopping,
    /// There is no token.
    Token(String),
    /// The Bot Connector says no.
    Service(ServiceFault),
}

impl NotSent {
    /// How long to wait before it is tried again, after so many tries before. Nothing when there is no use in it.
    pub fn pause(&self, tries: u32) -> Option<Duration> {
        let NotSent::Service(ServiceFault::Again(wait)) = self else { return None };
        if tries + 1 >= TRIES || *wait > LONGEST_WAIT {
            return None;
        }
        let pause = FIRST_PAUSE * 2_u32.pow(tries);
        // Spread, so that not everybody comes back at once.
        let spread = random::<1>().map_or(0, |[byte]| u32::from(byte));
        Some((*wait).max(pause) + pause * spread / 512)
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotSent::Stopping => f.write_str("the server stops"),
            NotSent::Token(why) => write!(f, "Entra ID gives the bot no token: {why}"),
            NotSent::Service(ServiceFault::Token) => f.write_str(
                "the Bot Connector does not take the bot's token: check microsoft.bot_app and microsoft.bot_tenant",
            ),
            NotSent::Service(ServiceFault::Blocked) => {
                f.write_str("the bot was removed or blocked in this conversation")
            }
            NotSent::Service(ServiceFault::Again(_)) => {
                f.write_str("the Bot Connector did not take it after several tries")
            }
            NotSent::Service(ServiceFault::Refused(status)) => {
                write!(f, "the Bot Connector refused it with {status}")
            }
        }
    }
}

impl Shared {
    fn token(&self) -> Result<Secret<String>, NotSent> {
        let asked = now();
        if let Some(token) = lock(&self.tokens).get(asked, &self.token_key) {
            return Ok(token.clone());
        }
        let request = self
            .client
            .for_itself(&self.home, &self.cloud.scope, None, asked, random().map_err(NotSent::Token)?)
            .map_err(|e| NotSent::Token(format!("the certificate cannot be used: {e}")))?;
        let reply = self.carrier.send(&request).ok();
        let tokens = TokenReply::read(asked, reply.as_ref())
            .map_err(|e| NotSent::Token(format!("{e}. {}", e.what_to_do())))?;
        lock(&self.tokens).put(asked, self.token_key.clone(), &tokens);
        Ok(tokens.access_token)
    }

    /// Asks the Bot Connector, which is not waited for when it may not be asked now: whoever waited would keep others from
    /// their turns.
    ///
    /// # Errors
    /// [`ServiceFault::Again`] says when it may be asked again.
    pub(in crate::bot) fn ask(
        &self,
        rate: Rate,
        room: &str,
        make: impl Fn(&Secret<String>) -> Request,
    ) -> Result<Reply, NotSent> {
        let again = |wait| NotSent::Service(ServiceFault::Again(wait));
        lock(&self.rates).take(now(), rate, room).map_err(again)?;
        let mut reply = self.carrier.send(&make(&self.token()?)).ok();
        if let Err(ServiceFault::Token) = ServiceFault::of(reply.as_ref()) {
            lock(&self.tokens).drop_token(&self.token_key);
            lock(&self.rates).take(now(), rate, room).map_err(again)?;
            reply = self.carrier.send(&make(&self.token()?)).ok();
        }
        ServiceFault::of(reply.as_ref()).map_err(NotSent::Service)?;
        reply.ok_or(NotSent::Service(ServiceFault::Refused(0)))
    }

    /// The same, tried again after a while: for threads that wait for nobody else.
    pub(in crate::bot) fn ask_and_wait(
        &self,
        rate: Rate,
        room: &str,
        make: impl Fn(&Secret<String>) -> Request,
    ) -> Result<Reply, NotSent> {
        let mut tries = 0;
        loop {
            let why = match self.ask(rate, room, &make) {
                Ok(reply) => return Ok(reply),
                Err(why) => why,
            };
            let Some(wait) = why.pause(tries) else { return Err(why) };
            tries += 1;
            if !self.queue.pause(wait) {
                return Err(NotSent::Stopping);
            }
        }
    }

    /// Sends an answer to where an activity came from. What will not work later either is counted and forgotten.
    ///
    /// # Errors
    /// How long to wait before it is sent again, when that may help. `tries` is how often it was tried before.
    pub(in crate::bot) fn send(&self, to: &Activity, answer: &Value, tries: u32) -> Result<(), Duration> {
        let room = to.conversation.room();
        if lock(&self.memory).is_blocked(room) {
            return Ok(());
        }
        let service = Service::at(&to.service_url);
        let Err(why) = self.ask(Rate::Send, room, |token| service.send(&to.conversation.id, token, answer))
        else {
            self.counts.sent.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        if let Some(wait) = why.pause(tries) {
            return Err(wait);
        }
        if matches!(why, NotSent::Service(ServiceFault::Blocked)) {
            lock(&self.memory).set_blocked(now(), room, true);
        }
        self.unsent(&why);
        Ok(())
    }

    /// Sends an answer after what waits for that conversation already: for invokes, which nothing may hold up.
    pub(in crate::bot) fn send_later(&self, to: &Activity, answer: Value) {
        if self.queue.put(Job::answered(to.clone(), answer)) != Admitted::Taken {
            self.unsent(&"too much waits");
        }
    }

    fn unsent(&self, why: &dyn fmt::Display) {
        self.counts.unsent.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(event = "bot_unsent", %why, "an answer of the bot was not sent");
    }

    /// Whether whoever wrote is a guest or belongs to another organisation.
    pub fn is_guest(&self, of: &Activity) -> Result<bool, NotSent> {
        let (room, directory) = (of.conversation.room(), of.conversation.tenant.as_deref());
        let known = lock(&self.memory).people(now(), room).and_then(|people| {
            let found = people.iter().find(|m| m.object.is_some() && m.object == of.person);
            found.map(|m| m.guest || m.is_outside(directory))
        });
        if let Some(guest) = known {
            return Ok(guest);
        }
        let service = Service::at(&of.service_url);
        let reply = self.ask(Rate::Members, room, |token| service.member(room, token, &of.from))?;
        let member = Member::of(Some(&reply)).map_err(NotSent::Service)?;
        Ok(member.guest || member.is_outside(directory))
    }

    /// The people of the conversation of an activity, as they are or were a short while ago.
    pub fn people(&self, of: &Activity) -> Result<Arc<Vec<Member>>, NotSent> {
        let room = of.conversation.room();
        if let Some(people) = lock(&self.memory).people(now(), room) {
            return Ok(people);
        }
        let service = Service::at(&of.service_url);
        let mut people: Vec<Member> = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let reply =
                self.ask(Rate::Members, room, |token| service.members(room, token, next.as_deref()))?;
            let page = MembersPage::read(Some(&reply)).map_err(NotSent::Service)?;
            let is_empty = page.members.is_empty();
            people.extend(page.members);
            people.truncate(MOST_PEOPLE);
            next = page.next;
            // A page of nobody that promises another would go on for ever.
            if next.is_none() || is_empty || people.len() >= MOST_PEOPLE {
                break;
            }
        }
        let people = Arc::new(people);
        lock(&self.memory).put_people(now(), room, people.clone());
        Ok(people)
    }
}
