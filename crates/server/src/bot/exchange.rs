//! Signing in by messages, for clients whose buttons come as messages: the bot asks for a token, the person's client brings
//! it, and the numbers come as a card of their own. Where somebody has to agree first, it is asked for once more after that.

use crate::bot::customer::Customer;
use crate::bot::numbers::NoNumbers;
use crate::bot::send::NotSent;
use crate::bot::{Shared, lock, now};
use crate::microsoft::random;
use redact::Secret;
use serde_json::Value;
use teams::bot::cards;
use teams::bot::{Activity, Exchanged, InvokeReply, Said};
use teams::permissions::Feature;

impl Shared {
    /// The message that asks whoever wrote to sign in, to see the numbers of these people.
    pub(in crate::bot) fn ask_by_message(
        &self,
        activity: &Activity,
        customer: &Customer,
        objects: Vec<String>,
    ) -> Result<Value, NotSent> {
        let language = customer.language(activity);
        let (Some(person), Ok(bytes)) = (activity.person.as_deref(), random::<16>()) else {
            return Ok(cards::message(Said::Later.text(language)));
        };
        if self.has_guests(activity)? {
            return Ok(cards::message(self.guests_here(customer).text(language)));
        }
        let id = format!("{:032x}", u128::from_ne_bytes(bytes));
        lock(&self.exchanges).ask(now(), &id, person, activity.conversation.room(), objects);
        Ok(self.sign_in_card(activity, &id, |card| card.message(language)))
    }

    /// Why no numbers are written where guests read them, and where else they are seen.
    fn guests_here(&self, customer: &Customer) -> Said {
        match self.has_tab && customer.features.has(Feature::Tab) {
            true => Said::GuestsHere,
            false => Said::GuestsNoTab,
        }
    }

    /// Whether somebody in a conversation is a guest, or nobody is known to be there.
    fn has_guests(&self, activity: &Activity) -> Result<bool, NotSent> {
        let directory = activity.conversation.tenant.as_deref();
        let people = self.people(activity)?;
        Ok(people.is_empty() || people.iter().any(|m| m.guest || m.is_outside(directory)))
    }

    /// A token came that was asked for in a message.
    pub(in crate::bot) fn exchange(
        &self,
        activity: &Activity,
        customer: &Customer,
        id: &str,
        token: Option<&Secret<String>>,
    ) -> InvokeReply {
        let language = customer.language(activity);
        let (Some(token), Some(person)) = (token, activity.person.as_deref()) else {
            return InvokeReply::not_exchanged(language, id, 400);
        };
        let wanted = lock(&self.exchanges).look(now(), id, person, activity.conversation.room());
        let objects = match wanted {
            Exchanged::Show(objects) => objects,
            Exchanged::Done => return InvokeReply::exchanged(id),
            Exchanged::Unknown => return InvokeReply::not_exchanged(language, id, 412),
        };
        let users = match self.numbers(activity, customer, &objects, token) {
            Ok(users) => users,
            Err(why) => {
                let (NoNumbers::Agree(why) | NoNumbers::Later(why)) = why;
                tracing::info!(event = "bot_not_agreed", why, "numbers are not shown on a card");
                return InvokeReply::not_exchanged(language, id, 412);
            }
        };
        lock(&self.exchanges).done(id);
        // Somebody may have come meanwhile.
        let message = match self.has_guests(activity) {
            Ok(true) => cards::message(self.guests_here(customer).text(language)),
            Ok(false) => match self.card_of(activity, language, &objects, &users) {
                Some(card) => cards::message_with(card, Said::Numbers.text(language)),
                None => cards::message(Said::Later.text(language)),
            },
            Err(why) => cards::message(self.not_read(activity, &why)),
        };
        self.send_later(activity, message);
        InvokeReply::exchanged(id)
    }

    /// Somebody went through the page that the sign-in leads to: what they waited for is asked for once more.
    pub(in crate::bot) fn signed_in(&self, activity: &Activity, customer: &Customer) -> InvokeReply {
        let (person, room) = (activity.person.as_deref().unwrap_or_default(), activity.conversation.room());
        let open = lock(&self.exchanges).take_open(now(), person, room);
        if let Some(objects) = open {
            let asked = self.ask_by_message(activity, customer, objects);
            let message = asked.unwrap_or_else(|why| cards::message(self.not_read(activity, &why)));
            self.send_later(activity, message);
        }
        InvokeReply::done()
    }
}
