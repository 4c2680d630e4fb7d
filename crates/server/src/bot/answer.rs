//! Answers to invokes, which somebody waits for.

use crate::bot::customer::Customer;
use crate::bot::{Bot, Shared, lock, now};
use redact::Secret;
use serde_json::Value;
use std::time::Duration;
use teams::bot::{Activity, Invoke, InvokeReply, Language, PressFault, Said, Wish, cards};
use teams::permissions::Feature;

/// How long an answer may take: Teams shows an error after about five seconds.
pub const IN_TIME: Duration = Duration::from_millis(4_500);
/// The page that shows the numbers of a conversation in the person's own client.
const DIALOG_PAGE: &str = "/connector";

impl Bot {
    /// The answer to an invoke. It may wait for the Bot Connector.
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
    fn open(&self, activity: &Activity, sealed: &str) -> Result<Wish, Said> {
        let person = activity.person.as_deref().ok_or(Said::Another)?;
        let opened = lock(&self.presses).open(now(), sealed, person, activity.conversation.room());
        opened.map(|press| press.wish).map_err(said)
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
        let wish = match self.open(activity, sealed) {
            Ok(wish) => wish,
            Err(said) => return InvokeReply::message(language, said),
        };
        match (wish, token) {
            (Wish::Show(_), _) if !customer.features.has(Feature::BotNumbers) => {
                InvokeReply::message(language, Said::TooOld)
            }
            (Wish::Show(_), None) => self.ask_to_sign_in(language, activity),
            (Wish::Show(objects), Some(token)) => self.with_numbers(activity, customer, &objects, token),
            (wish, _) => match self.done(activity, customer, wish) {
                Ok(card) => InvokeReply::card(card),
                Err(said) => InvokeReply::message(language, said),
            },
        }
    }

    /// What comes of a button of an older client, which sends it as a message: a card, or nothing where signing in has to be
    /// first, which was asked for.
    pub(in crate::bot) fn pressed(
        &self,
        activity: &Activity,
        customer: &Customer,
        sealed: &str,
    ) -> Result<Option<Value>, Said> {
        match self.open(activity, sealed)? {
            Wish::Show(objects) if customer.features.has(Feature::BotNumbers) => {
                self.ask_by_message(activity, customer.language(activity), objects);
                Ok(None)
            }
            wish => self.done(activity, customer, wish).map(Some),
        }
    }

    /// The card that comes in the place of the one that was pressed.
    fn done(&self, activity: &Activity, customer: &Customer, wish: Wish) -> Result<Value, Said> {
        let language = customer.language(activity);
        match wish {
            Wish::Page(from) => {
                let card = self.list(activity, customer, from as usize, None);
                card.ok().flatten().ok_or(Said::Later)
            }
            Wish::Call(number) => {
                let refused = |why: String| cards::note(&Said::NoNumber.with(language, &why));
                Ok(match self.callable(customer, &number, language) {
                    Ok(number) => {
                        self.call(activity, customer, &number).unwrap_or_else(|why| cards::note(&why))
                    }
                    Err(why) => refused(why),
                })
            }
            Wish::Numbers(_) | Wish::Show(_) | Wish::Dial(_) => Err(Said::TooOld),
        }
    }

    fn dialog(&self, activity: &Activity, customer: &Customer, sealed: &str) -> InvokeReply {
        let language = customer.language(activity);
        match self.open(activity, sealed) {
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
