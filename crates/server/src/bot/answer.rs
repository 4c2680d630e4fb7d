//! Answers to invokes, which somebody waits for.

use crate::bot::customer::Customer;
use crate::bot::{Bot, Shared, lock, now};
use serde_json::Value;
use std::time::Duration;
use teams::bot::{Activity, Invoke, InvokeReply, Language, PressFault, Said, Wish, cards};

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
            Invoke::Card(Some(sealed)) => match of.pressed(activity, &customer, sealed) {
                Ok(card) => InvokeReply::card(card),
                Err(said) => InvokeReply::message(language, said),
            },
            Invoke::OpenDialog(Some(sealed)) => of.dialog(activity, &customer, sealed),
            Invoke::Card(None) => InvokeReply::message(language, Said::TooOld),
            Invoke::OpenDialog(None) => InvokeReply::dialog_message(language, Said::TooOld),
            Invoke::CloseDialog => InvokeReply::done(),
            Invoke::TokenExchange { .. } => InvokeReply::unknown(),
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

    /// The card that comes in the place of the one that was pressed.
    pub(in crate::bot) fn pressed(
        &self,
        activity: &Activity,
        customer: &Customer,
        sealed: &str,
    ) -> Result<Value, Said> {
        let language = customer.language(activity);
        match self.open(activity, sealed)? {
            Wish::Page(from) => {
                let card = self.list(activity, language, from as usize, None);
                card.ok().flatten().ok_or(Said::Later)
            }
            Wish::Call(number) => {
                let shown = Said::Ringing.with(language, number.expose_secret());
                Ok(cards::note(&shown))
            }
            Wish::Numbers(_) => Err(Said::TooOld),
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
            Ok(_) => InvokeReply::dialog_message(language, Said::TooOld),
            Err(said) => InvokeReply::dialog_message(language, said),
        }
    }
}
