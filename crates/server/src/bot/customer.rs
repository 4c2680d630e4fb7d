//! Whose conversation it is: the tenant that the directory is connected to, and what of its configuration counts here.

use crate::bot::Shared;
use crate::tenant::toll::NotCalled;
use redact::Secret;
use store::TenantId;
use teams::bot::{Activity, Language, Said};
use teams::permissions::{Feature, Features};

/// A tenant whose people may use the bot.
#[derive(Clone, Debug)]
pub(in crate::bot) struct Customer {
    /// Which.
    pub tenant: TenantId,
    /// Its name in the configuration.
    pub name: String,
    /// Languages that it speaks.
    pub languages: Vec<String>,
    /// What is on.
    pub features: Features,
}

impl Customer {
    /// What somebody reads.
    pub fn language(&self, activity: &Activity) -> Language {
        Language::choose(activity.locale.as_deref(), &self.languages)
    }
}

impl Shared {
    /// The tenant of an activity, if it is connected and has the bot.
    pub fn customer(&self, activity: &Activity) -> Option<Customer> {
        let directory = activity.conversation.tenant.clone()?;
        let find = move |switch: &mut crate::adapt::Switch, _| {
            switch.tenants().iter().find_map(|t| {
                let meaning = &t.meaning;
                let has = meaning.features.has(Feature::Bot);
                let theirs = meaning.microsoft.as_deref() == Some(directory.as_str());
                (theirs && has).then(|| Customer {
                    tenant: t.id,
                    name: meaning.tenant.clone(),
                    languages: meaning.languages.clone(),
                    features: meaning.features.clone(),
                })
            })
        };
        self.handle.ask_and_wait(find).flatten()
    }

    /// A number as the world writes it, if it may be called; else why not, for whoever asked. The tenant's rules for
    /// numbers count where it has some; a tenant without any calls from its people's own phones, and then their own
    /// company's rules count.
    pub fn callable(
        &self,
        customer: &Customer,
        number: &Secret<String>,
        language: Language,
    ) -> Result<Secret<String>, String> {
        let written: String =
            number.expose_secret().chars().filter(|c| !" -()./\u{a0}".contains(*c)).collect();
        let tenant = customer.tenant;
        let ask = move |switch: &mut crate::adapt::Switch, _| {
            let meaning = &switch.tenant(tenant)?.meaning;
            Some(match meaning.outward(&written) {
                Ok(outside) => Ok(Secret::new(outside.number)),
                Err(NotCalled::Nobody) => {
                    meaning.dial_plan.international(&written).map(Secret::new).ok_or(NotCalled::NoNumber)
                }
                Err(why) => Err(why),
            })
        };
        match self.handle.ask_and_wait(ask).flatten() {
            Some(Ok(number)) => Ok(number),
            Some(Err(NotCalled::NoNumber)) => Err(Said::NotANumber.text(language).into()),
            Some(Err(why)) => Err(why.why_not().text(language).into()),
            None => Err(Said::Later.text(language).into()),
        }
    }
}
