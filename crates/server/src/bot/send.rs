//! Sending into conversations and reading who is there: within Microsoft's limits, tried again where that helps, given up
//! where it does not.

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

    /// Waits for a turn within Microsoft's limits.
    fn turn(&self, rate: Rate, room: &str) -> Result<(), NotSent> {
        loop {
            let taken = lock(&self.rates).take(now(), rate, room);
            let Err(wait) = taken else { return Ok(()) };
            if wait > LONGEST_WAIT {
                return Err(NotSent::Service(ServiceFault::Again(wait)));
            }
            if !self.queue.pause(wait) {
                return Err(NotSent::Stopping);
            }
        }
    }

    /// Asks the Bot Connector until it answers or there is no use in it.
    pub(in crate::bot) fn ask(
        &self,
        rate: Rate,
        room: &str,
        make: impl Fn(&Secret<String>) -> Request,
    ) -> Result<Reply, NotSent> {
        let mut pause = Duration::from_millis(500);
        let mut new_token = false;
        let mut last = ServiceFault::Refused(0);
        for _ in 0..TRIES {
            self.turn(rate, room)?;
            let reply = self.carrier.send(&make(&self.token()?)).ok();
            match (ServiceFault::of(reply.as_ref()), reply) {
                (Ok(()), Some(reply)) => return Ok(reply),
                (Err(ServiceFault::Token), _) if !new_token => {
                    new_token = true;
                    lock(&self.tokens).drop_token(&self.token_key);
                }
                (Err(fault @ ServiceFault::Again(wait)), _) => {
                    last = fault;
                    let spread: [u8; 1] = random().map_err(NotSent::Token)?;
                    let wait = wait.max(pause) + pause * u32::from(spread[0]) / 512;
                    pause *= 2;
                    if !self.queue.pause(wait.min(LONGEST_WAIT)) {
                        return Err(NotSent::Stopping);
                    }
                }
                (Err(fault), _) => return Err(NotSent::Service(fault)),
                (Ok(()), None) => return Err(NotSent::Service(ServiceFault::Refused(0))),
            }
        }
        Err(NotSent::Service(last))
    }

    /// Sends an answer to where an activity came from.
    pub fn send(&self, to: &Activity, activity: &Value) {
        let room = to.conversation.room();
        if lock(&self.memory).is_blocked(room) {
            return;
        }
        let service = Service::at(&to.service_url);
        let sent = self.ask(Rate::Send, room, |token| service.send(&to.conversation.id, token, activity));
        match sent {
            Ok(_) => drop(self.counts.sent.fetch_add(1, Ordering::Relaxed)),
            Err(why) => {
                self.counts.unsent.fetch_add(1, Ordering::Relaxed);
                if matches!(why, NotSent::Service(ServiceFault::Blocked)) {
                    lock(&self.memory).set_blocked(now(), room, true);
                }
                tracing::warn!(event = "bot_unsent", %why, "an answer of the bot was not sent");
            }
        }
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
