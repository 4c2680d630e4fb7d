//! Calls that are asked for in Teams: through Switchroom's own trunks for its users, else through a person's own softphone.

use crate::bot::Shared;
use crate::bot::customer::Customer;
use crate::http::{NewDial, begin};
use pbx::Correlation;
use pbx::address::{Scheme, link};
use redact::Secret;
use serde_json::Value;
use teams::bot::{Activity, Said, cards};
use teams::permissions::Feature;

/// How a call goes.
enum Way {
    /// Through our own trunks, for this user.
    Own(String),
    /// The person's computer opens an address.
    Address(Scheme),
}

impl Shared {
    /// Begins a call to a number that may be called: the card that says so, or a sentence that says why not. The same
    /// activity again calls nobody a second time.
    pub(in crate::bot) fn call(
        &self,
        activity: &Activity,
        customer: &Customer,
        number: &Secret<String>,
    ) -> Result<Value, String> {
        let language = customer.language(activity);
        let (tenant, own) = (customer.tenant, customer.features.has(Feature::DialOwn));
        let person = activity.person.clone();
        let choose = move |switch: &mut crate::adapt::Switch, _| {
            let meaning = &switch.tenant(tenant)?.meaning;
            let user = person.and_then(|p| meaning.people.get(meaning.work_accounts.get(&p)?));
            if let (true, Some(user)) = (own, user) {
                return Some(Way::Own(user.id.clone()));
            }
            let address = meaning.pbxs.values().find_map(|rule| rule.scheme());
            let address = address.and_then(|scheme| Scheme::read(scheme).ok());
            address.or_else(|| Scheme::read("tel").ok()).map(Way::Address)
        };
        let way = self.handle.ask_and_wait(choose).flatten();
        match way.ok_or_else(|| Said::Later.text(language).to_string())? {
            Way::Address(scheme) => {
                let link = link(&self.url, &scheme, number);
                let link =
                    link.ok_or_else(|| Said::NoNumber.with(language, Said::NotANumber.text(language)))?;
                Ok(cards::number(language, number.expose_secret(), link.expose_secret()))
            }
            Way::Own(user) => {
                let new = NewDial::to(number.clone());
                // An activity's id is the same when it comes again, and so is the call's name.
                let name: String = activity
                    .id
                    .iter()
                    .flat_map(|id| id.chars())
                    .filter(char::is_ascii_alphanumeric)
                    .collect();
                let name: String = name.chars().rev().take(50).collect();
                let correlation = Correlation::read(&format!("bot-{name:0>8}"));
                let (connector, public) = (self.connector.clone(), self.url.clone());
                let begun = self.handle.ask_and_wait(move |switch, at| {
                    begin(switch, at, &connector, &public, (tenant, user), &new, correlation.as_ref())
                });
                match begun {
                    Some(Ok(_)) => Ok(cards::note(&Said::Ringing.with(language, number.expose_secret()))),
                    Some(Err(problem)) => Err(problem.detail),
                    None => Err(Said::Later.text(language).into()),
                }
            }
        }
    }
}
