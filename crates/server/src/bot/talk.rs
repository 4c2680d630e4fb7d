//! What is done about an activity after it was answered: commands are understood and answers sent.

use crate::bot::calling::NoCard;
use crate::bot::customer::Customer;
use crate::bot::queue::Job;
use crate::bot::send::NotSent;
use crate::bot::{Shared, lock, now};
use serde_json::Value;
use std::sync::atomic::Ordering;
use std::time::Duration;
use teams::bot::cards::{self, MOST_ROWS, Numbers, PersonRow};
use teams::bot::{Activity, ActivityKind, Command, Dialled, Language, Member, Press, Said, Scope, Wish};
use teams::permissions::Feature;

/// A card as a message; a sentence where there is nobody for it.
fn or_nobody(language: Language, card: Option<Value>) -> Value {
    match card {
        Some(card) => cards::message_with(card, Said::Call.text(language)),
        None => cards::message(Said::Nobody.text(language)),
    }
}

impl Shared {
    /// Does what is to be done. Nothing of it is waited for.
    ///
    /// # Errors
    /// How long to wait before it is done again: the Bot Connector is not to be asked sooner.
    pub fn work(&self, job: &mut Job) -> Result<(), Duration> {
        if job.answer.is_none() {
            job.answer = match self.answer_to(&job.activity) {
                Ok(answer) => answer,
                Err(why) => match why.pause(job.tries) {
                    Some(wait) => return Err(wait),
                    None => Some(cards::message(self.not_read(&job.activity, &why))),
                },
            };
            job.tries = 0;
        }
        match &job.answer {
            Some(answer) => self.send(&job.activity, answer, job.tries),
            None => Ok(()),
        }
    }

    /// Does what an activity wants, and gives what is to be said of it.
    fn answer_to(&self, activity: &Activity) -> Result<Option<Value>, NotSent> {
        let room = activity.conversation.room();
        match activity.kind {
            ActivityKind::Message => self.heard(activity),
            ActivityKind::Members { came, went } => {
                let mut memory = lock(&self.memory);
                memory.forget_people(room);
                if came || went {
                    memory.set_blocked(now(), room, went);
                }
                drop(memory);
                Ok(if came { self.greeting(activity) } else { None })
            }
            ActivityKind::Installed(there) => {
                let mut memory = lock(&self.memory);
                memory.forget_people(room);
                memory.set_blocked(now(), room, !there);
                Ok(None)
            }
            ActivityKind::Invoke(_) | ActivityKind::Other => Ok(None),
        }
    }

    fn greeting(&self, activity: &Activity) -> Option<Value> {
        let language = self.customer(activity)?.language(activity);
        Some(cards::message(&format!("{} {}", Said::Hello.text(language), Said::Help.text(language))))
    }

    fn heard(&self, activity: &Activity) -> Result<Option<Value>, NotSent> {
        let Some(customer) = self.customer(activity) else {
            let language = Language::choose(activity.locale.as_deref(), &[]);
            return Ok(Some(cards::message(Said::NotConnected.text(language))));
        };
        let language = customer.language(activity);
        // A button of an older client comes as a message without a text.
        if let (true, Some(sealed)) = (activity.text.expose_secret().is_empty(), activity.pressed()) {
            return self.pressed(activity, &customer, &sealed).map(Some);
        }
        Ok(Some(match Command::read(activity.text.expose_secret()) {
            Command::Help => cards::message(Said::Help.text(language)),
            Command::Unknown => cards::message(&format!(
                "{} {}",
                Said::NotUnderstood.text(language),
                Said::Help.text(language)
            )),
            Command::Alerts(on) => self.want_alerts(activity, &customer, on),
            Command::List => or_nobody(language, self.list(activity, &customer, 0, None)?),
            Command::Call(wanted @ Dialled::Name(_)) => {
                or_nobody(language, self.list(activity, &customer, 0, Some(&wanted))?)
            }
            Command::Call(Dialled::Number(number)) => match self.callable(&customer, &number, language) {
                Ok(number) => match self.call(activity, &customer, &number) {
                    Ok(card) => cards::message_with(card, Said::Call.text(language)),
                    Err(NoCard::Because(why)) => cards::message(&why),
                    Err(NoCard::NotRead(why)) => return Err(why),
                },
                Err(why) => cards::message(&Said::NoNumber.with(language, &why)),
            },
        }))
    }

    /// What is said when it could not be read who is in a conversation.
    pub(in crate::bot) fn not_read(&self, activity: &Activity, why: &NotSent) -> &'static str {
        tracing::warn!(event = "bot_no_members", %why, "who is in a conversation could not be read");
        let languages = self.customer(activity).map(|c| c.languages).unwrap_or_default();
        Said::Later.text(Language::choose(activity.locale.as_deref(), &languages))
    }

    /// The card with the people of a conversation from a place on, or with those whom a name fits. Nothing for nobody.
    pub(in crate::bot) fn list(
        &self,
        activity: &Activity,
        customer: &Customer,
        from: usize,
        wanted: Option<&Dialled>,
    ) -> Result<Option<Value>, NotSent> {
        let language = customer.language(activity);
        let all = self.people(activity)?;
        let fits = |m: &&Member| {
            let other = activity.person.is_none() || m.object != activity.person;
            other && wanted.is_none_or(|w| w.fits(m.name.expose_secret()))
        };
        let fitting: Vec<&Member> = all.iter().filter(fits).collect();
        if fitting.is_empty() && (wanted.is_some() || activity.conversation.scope != Scope::Personal) {
            return Ok(None);
        }
        let rows: Vec<PersonRow> =
            fitting.iter().skip(from).take(MOST_ROWS).map(|m| self.row(activity, customer, m)).collect();
        let title = if wanted.is_some() { Said::Fitting } else { Said::Members };
        let title = title.with(language, &fitting.len().to_string());
        let on_card = customer.features.has(Feature::BotNumbers);
        let sealed = match on_card {
            true => {
                let own = fitting.iter().skip(from).take(MOST_ROWS);
                let own = own.filter(|m| !m.is_outside(activity.conversation.tenant.as_deref()));
                let shown = own.filter_map(|m| m.object.clone());
                self.seal(activity, Wish::Show(shown.collect()))
            }
            false if customer.features.has(Feature::Tab) => self.seal(activity, Wish::Numbers(None)),
            false => None,
        };
        let numbers = match &sealed {
            Some(sealed) if on_card => Numbers::Card(sealed),
            Some(sealed) => Numbers::Dialog(sealed),
            None => Numbers::No,
        };
        let rest = from + MOST_ROWS;
        let more = (wanted.is_none() && fitting.len() > rest)
            .then(|| self.seal(activity, Wish::Page(u32::try_from(rest).unwrap_or(u32::MAX))))
            .flatten();
        Ok(Some(cards::people(language, &title, &rows, numbers, more.as_deref())))
    }

    fn row(&self, activity: &Activity, customer: &Customer, member: &Member) -> PersonRow {
        let outside = member.is_outside(activity.conversation.tenant.as_deref());
        // Of people of another organisation nothing can be looked up.
        let object = member.object.clone().filter(|_| !outside);
        let no_number = object.is_none();
        // The dialog is a page of the tab.
        let object = object.filter(|_| customer.features.has(Feature::Tab));
        let open = object.and_then(|o| self.seal(activity, Wish::Numbers(Some(o))));
        let guest = member.guest || outside;
        PersonRow { name: member.name.clone(), open, guest, no_number, ..PersonRow::default() }
    }

    /// A button for whoever wrote. Nothing for somebody without an identity in the directory.
    pub(in crate::bot) fn seal(&self, activity: &Activity, wish: Wish) -> Option<String> {
        let press = Press {
            wish,
            owner: activity.person.clone()?,
            room: activity.conversation.room().to_string(),
            at: now().0,
            id: self.next_press.fetch_add(1, Ordering::Relaxed),
        };
        lock(&self.presses).seal(&press)
    }
}
