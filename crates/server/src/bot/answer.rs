//! Answers to invokes, which somebody waits for.

use crate::bot::calling::NoCard;
use crate::bot::customer::Customer;
use crate::bot::send::NotSent;
use crate::bot::{Bot, Shared, lock, now};
use redact::Secret;
use serde_json::Value;
use std::time::Duration;
use teams::bot::{Activity, Invoke, InvokeReply, Language, Press, PressFault, Said, Wish, cards};
use teams::permissions::Feature;

/// How long an answer may take: Teams shows an error after about five seconds.
pub const IN_TIME: Duration = Duration::from_millis(4_500);
/// The page that shows the numbers of a conversation in the person's own client.
const DIALOG_PAGE: &str = "/connector";

impl Bot {
    /// The answer to an invoke. It asks the Bot Connector, and does not wait until that may be asked again.
    pub fn answer(&self, activity: &Activity, invoke: &Invoke) -> InvokeReply {
        let of = &self.shared;
        if of.is_known(activity) {
            return InvokeReply::done();
        }
        let Some(customer) = of.customer(activity) else {
            let language = Language::choose(activity.locale.as_deref(), &[]);
            return InvokeReply::message(language, Said::NotConnected);
        };
        let language = customer.language(activity);
        match invoke {
            Invoke::Card { sealed: Some(sealed), token } => {
                of.card(activity, &customer, sealed, token.as_ref())
            }
            Invoke::OpenDialog(Some(sealed)) => of.dialog(activity, &customer, sealed),
            Invoke::Card { sealed: None, .. } => InvokeReply::message(language, Said::TooOld),
            Invoke::OpenDialog(None) => InvokeReply::dialog_message(language, Said::TooOld),
            Invoke::CloseDialog => InvokeReply::done(),
            Invoke::TokenExchange { id, token } => of.exchange(activity, &customer, id, token.as_ref()),
            Invoke::SignedIn => of.signed_in(activity, &customer),
            Invoke::SignInFailed(code) => {
                tracing::warn!(
                    event = "bot_sign_in_failed",
                    code,
                    "a Teams client could not sign somebody in"
                );
                InvokeReply::done()
            }
        }
    }
}

fn said(fault: PressFault) -> Said {
    match fault {
        PressFault::Changed | PressFault::TooOld => Said::TooOld,
        PressFault::Another => Said::Another,
        PressFault::Twice => Said::Twice,
    }
}

impl Shared {
    fn open(&self, activity: &Activity, sealed: &str) -> Result<Press, Said> {
        let person = activity.person.as_deref().ok_or(Said::Another)?;
        let opened = lock(&self.presses).open(now(), sealed, person, activity.conversation.room());
        opened.map_err(said)
    }

    /// The answer to a button.
    fn card(
        &self,
        activity: &Activity,
        customer: &Customer,
        sealed: &str,
        token: Option<&Secret<String>>,
    ) -> InvokeReply {
        let language = customer.language(activity);
        let press = match self.open(activity, sealed) {
            Ok(press) => press,
            Err(said) => return InvokeReply::message(language, said),
        };
        match (&press.wish, token) {
            (Wish::Show(_), _) if !customer.features.has(Feature::BotNumbers) => {
                InvokeReply::message(language, Said::TooOld)
            }
            (Wish::Show(_), None) => self.ask_to_sign_in(language, activity),
            (Wish::Show(objects), Some(token)) => self.with_numbers(activity, customer, objects, token),
            // What is refused is said beside the card, whose buttons stay.
            _ => match self.done(activity, customer, &press) {
                Ok(card) => InvokeReply::card(card),
                Err(NoCard::Because(why)) => InvokeReply::sentence(&why),
                Err(NoCard::NotRead(why)) => InvokeReply::sentence(self.not_read(activity, &why)),
            },
        }
    }

    /// What is said of a button of an older client, which sends it as a message; where signing in has to be first, it is asked
    /// for.
    pub(in crate::bot) fn pressed(
        &self,
        activity: &Activity,
        customer: &Customer,
        sealed: &str,
    ) -> Result<Value, NotSent> {
        let language = customer.language(activity);
        let press = match self.open(activity, sealed) {
            Ok(press) => press,
            Err(said) => return Ok(cards::message(said.text(language))),
        };
        match &press.wish {
            Wish::Show(objects) if customer.features.has(Feature::BotNumbers) => {
                self.ask_by_message(activity, customer, objects.clone())
            }
            _ => match self.done(activity, customer, &press) {
                Ok(card) => Ok(cards::message_with(card, Said::Call.text(language))),
                Err(NoCard::Because(why)) => Ok(cards::message(&why)),
                Err(NoCard::NotRead(why)) => Err(why),
            },
        }
    }

    /// The card that comes of a button. One whose call was refused before anything rang may be pressed again.
    fn done(&self, activity: &Activity, customer: &Customer, press: &Press) -> Result<Value, NoCard> {
        let language = customer.language(activity);
        let because = |said: Said| NoCard::Because(said.text(language).into());
        match &press.wish {
            Wish::Page(from) => {
                let card = self.list(activity, customer, *from as usize, None)?;
                card.ok_or_else(|| because(Said::Later))
            }
            Wish::Call(number) => {
                let number = self.callable(customer, number, language);
                let number = number.map_err(|why| NoCard::Because(Said::NoNumber.with(language, &why)));
                let called = number.and_then(|number| self.call(activity, customer, &number));
                if called.is_err() {
                    lock(&self.presses).take_back(press.id);
                }
                called
            }
            Wish::Numbers(_) | Wish::Show(_) | Wish::Dial(_) => Err(because(Said::TooOld)),
        }
    }

    fn dialog(&self, activity: &Activity, customer: &Customer, sealed: &str) -> InvokeReply {
        let language = customer.language(activity);
        match self.open(activity, sealed).map(|press| press.wish) {
            // The dialog is a page of the tab, which was switched off since.
            Ok(_) if !customer.features.has(Feature::Tab) => {
                InvokeReply::dialog_message(language, Said::TooOld)
            }
            Ok(Wish::Numbers(who)) => {
                let person = who.map(|object| format!("#person={object}")).unwrap_or_default();
                let page = format!("{}{DIALOG_PAGE}?tenant={}{person}", self.url, customer.name);
                let title = Said::Numbers.text(language);
                InvokeReply::dialog(title, &page)
            }
            // Behind the # it is in no log; the page calls nobody before its reader presses.
            Ok(Wish::Dial(number)) => {
                let number = number.expose_secret();
                let page = format!("{}{DIALOG_PAGE}?tenant={}#call={number}", self.url, customer.name);
                InvokeReply::dialog(Said::Call.text(language), &page)
            }
            Ok(_) => InvokeReply::dialog_message(language, Said::TooOld),
            Err(said) => InvokeReply::dialog_message(language, said),
        }
    }
}
