//! Calls that are asked for in Teams: through Switchroom's own trunks or a telephone system for its users, else through a
//! person's own softphone. Where only the tab's own storage shows whose line it is, the dialog calls.

use crate::bot::Shared;
use crate::bot::customer::Customer;
use crate::bot::send::NotSent;
use crate::http::{Asking, NewDial, begin_and_wait};
use crate::tenant::Meaning;
use engine::AgentId;
use pbx::Correlation;
use pbx::address::{Scheme, link};
use redact::Secret;
use serde_json::Value;
use teams::bot::{Activity, Said, WhyNot, Wish, cards};
use teams::permissions::{Feature, Features};

/// How a call goes.
enum Way {
    /// The person's own telephone rings first: of which user, and through which `Pbx`; none is our own trunks.
    Rings(String, Option<String>),
    /// The person calls from the dialog: only the tab's own storage has what shows which line is theirs.
    Dialog,
    /// The person's computer opens an address.
    Address(Scheme),
}

/// Why there is no card, and nothing rings.
pub(in crate::bot) enum NoCard {
    /// A sentence for whoever asked.
    Because(String),
    /// The Bot Connector does not say who is in the conversation.
    NotRead(NotSent),
}

impl From<NotSent> for NoCard {
    fn from(why: NotSent) -> NoCard {
        NoCard::NotRead(why)
    }
}

/// The first way that is there for somebody: our own trunks, a telephone system that knows their line and needs no password of
/// theirs, one that is called through from the tab, else their softphone. `has_tab` is whether people can sign in there.
fn choose(meaning: &Meaning, features: &Features, person: Option<&str>, has_tab: bool) -> Way {
    let user = person.and_then(|p| meaning.work_accounts.get(p));
    if let Some((number, user)) = user.and_then(|n| Some((*n, meaning.people.get(n)?))) {
        if features.has(Feature::DialOwn) {
            return Way::Rings(user.id.clone(), None);
        }
        let has_line = meaning.lines.contains_key(&AgentId(number));
        let rings = |rule: &crate::tenant::pbx::PbxRule| {
            has_line && rule.capabilities().server_dial && !rule.wants_password()
        };
        if let Some((id, _)) = meaning.pbxs.iter().find(|(_, rule)| rings(rule)) {
            return Way::Rings(user.id.clone(), Some(id.clone()));
        }
    }
    let may_sign_in = user.is_some() || (person.is_some() && meaning.calls_without_users);
    if has_tab && may_sign_in && meaning.pbxs.values().any(|rule| rule.capabilities().server_dial) {
        return Way::Dialog;
    }
    let address = meaning.pbxs.values().find_map(|rule| Scheme::read(rule.scheme()?).ok());
    Way::Address(address.unwrap_or_else(Scheme::tel))
}

impl Shared {
    /// Begins a call to a number that may be called: the card that says so, or a sentence that says why not. The same
    /// activity again calls nobody a second time. Guests call nobody: the organisation's telephones are not theirs.
    pub(in crate::bot) fn call(
        &self,
        activity: &Activity,
        customer: &Customer,
        number: &Secret<String>,
    ) -> Result<Value, NoCard> {
        let language = customer.language(activity);
        let because = |said: Said| NoCard::Because(said.text(language).into());
        if self.is_guest(activity)? {
            return Err(because(Said::Guest));
        }
        let (tenant, features, person) =
            (customer.tenant, customer.features.clone(), activity.person.clone());
        // Whom the organisation disabled gets no call from our lines.
        let person = person.filter(|p| !self.handle.directories.is_barred(tenant, p));
        let has_tab = self.has_tab && features.has(Feature::Tab);
        let way = self.handle.ask_and_wait(move |switch, _| {
            let meaning = &switch.tenant(tenant)?.meaning;
            Some(choose(meaning, &features, person.as_deref(), has_tab))
        });
        match way.flatten().ok_or_else(|| because(Said::Later))? {
            Way::Dialog => {
                let sealed = self.seal(activity, Wish::Dial(number.clone()));
                let sealed = sealed.ok_or_else(|| because(Said::Later))?;
                Ok(cards::number_in_dialog(language, number.expose_secret(), &sealed))
            }
            Way::Address(scheme) => {
                // A page of ours opens it in the person's own phone; the number stands behind `#` and so in no log.
                let link = link(&self.url, &customer.name, &scheme, number);
                let none = || Said::NoNumber.with(language, Said::NotANumber.text(language));
                let link = link.ok_or_else(|| NoCard::Because(none()))?;
                Ok(cards::number(language, number.expose_secret(), link.expose_secret()))
            }
            Way::Rings(user, through) => {
                let asked = Asking {
                    who: (tenant, user),
                    visits: false,
                    of_tab: None,
                    correlation: Some(named(activity).ok_or_else(|| because(Said::Later))?),
                    new: NewDial { through, ..NewDial::to(number.clone()) },
                    public: self.url.clone(),
                };
                match begin_and_wait(&self.handle, &self.connector, asked) {
                    Ok(_) => Ok(cards::note(&Said::Ringing.with(language, number.expose_secret()))),
                    Err(problem) => {
                        let known = problem.code.and_then(WhyNot::named);
                        let why = known.map_or(problem.detail, |why| why.text(language).into());
                        Err(NoCard::Because(why))
                    }
                }
            }
        }
    }
}

/// The name of the call that an activity asks for: an activity's id is the same when it comes again, and so is this.
fn named(activity: &Activity) -> Option<Correlation> {
    let id = activity.id.as_deref().unwrap_or_default();
    // The newest digits stand last.
    let mut name: Vec<char> = id.chars().rev().filter(char::is_ascii_alphanumeric).take(50).collect();
    name.reverse();
    let name: String = name.into_iter().collect();
    Correlation::read(&format!("bot-{name:0>8}"))
}
