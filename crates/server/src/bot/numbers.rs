//! Numbers on the card, where a tenant has switched that on: the person's own client gives a token for our API, and in that
//! person's name Graph is asked for the numbers of the people on one card. Nothing of it outlives the answer.

use crate::bot::customer::Customer;
use crate::bot::{Shared, lock, now};
use crate::microsoft::random;
use redact::Secret;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use teams::bot::cards::{self, Numbers, PersonRow};
use teams::bot::{Activity, InvokeReply, Language, Said, SignInCard, TEAMS_CLIENTS, Wish};
use teams::entra::{ApiRules, Client, Endpoints, Refused, TokenReply};
use teams::graph::{Batch, Given, Graph, GraphError, User, read_user, user};
use teams::permissions::{Feature, Operation};
use teams::{Cloud, Time};

/// How long Graph may take for one card.
const WITHIN: Duration = Duration::from_secs(3);
/// Where a browser comes back to from consent, below the public address.
pub const CONSENTED: &str = "/api/consented";
/// The scope that a person's token for our API has.
const SCOPE: &str = "access_as_user";

/// The request for what a card with numbers needs, in the name of a person of this directory who brought this token; `claims`
/// is what was demanded before.
///
/// # Errors
/// A sentence: no directory, a certificate that cannot be used, or the operating system's chance.
pub fn numbers_request(
    cloud: &Cloud,
    client: &Client,
    (directory, token): (&str, &Secret<String>),
    claims: Option<&str>,
    now: Time,
) -> Result<teams::Request, String> {
    let endpoints = Endpoints::entra(cloud, directory).ok_or_else(|| "no directory".to_string())?;
    let made = client.on_behalf_of(&endpoints, token, &scopes_of_numbers(cloud), claims, now, random()?);
    made.map_err(|e| format!("the certificate cannot be used: {e}"))
}

/// What is asked for in a person's name: the numbers of those who are on a card.
fn scopes_of_numbers(cloud: &Cloud) -> Vec<String> {
    vec![cloud.graph_scope("User.Read.All")]
}

/// Why there are no numbers.
pub(in crate::bot) enum NoNumbers {
    /// The token is not good, or the person has to agree first.
    Agree(String),
    /// Microsoft cannot be asked now.
    Later(String),
}

impl From<String> for NoNumbers {
    fn from(why: String) -> NoNumbers {
        NoNumbers::Later(why)
    }
}

/// What a refusal of Graph means: a consent that was taken back is not the same as a moment without an answer, and neither
/// is somebody without a number.
fn refused_by_graph(why: &GraphError) -> NoNumbers {
    match why {
        GraphError::Denied { .. } | GraphError::TokenRefused | GraphError::ChallengeUnmet { .. } => {
            NoNumbers::Agree(format!("Graph: {why}"))
        }
        _ => NoNumbers::Later(format!("Graph: {why}")),
    }
}

impl Shared {
    /// Asks the person's client for a token, in the answer to a button.
    pub(in crate::bot) fn ask_to_sign_in(&self, language: Language, activity: &Activity) -> InvokeReply {
        let id = activity.id.clone().unwrap_or_default();
        self.sign_in_card(activity, &id, |card| InvokeReply::sign_in(language, card))
    }

    /// What asks a client for a token.
    pub(in crate::bot) fn sign_in_card<R>(
        &self,
        activity: &Activity,
        id: &str,
        with: impl FnOnce(&SignInCard<'_>) -> R,
    ) -> R {
        let host = self.url.split("://").nth(1).unwrap_or(&self.url);
        let uri = format!("api://{host}/botid-{}", self.client.id);
        let directory = activity.conversation.tenant.as_deref().unwrap_or_default();
        let endpoints = Endpoints::entra(&self.entra, directory);
        let scopes = scopes_of_numbers(&self.entra);
        let back = format!("{}{CONSENTED}", self.url);
        let page = endpoints.and_then(|e| e.consent_page(&self.client.id, &back, &scopes)).unwrap_or(back);
        with(&SignInCard { id, uri: &uri, page: &page })
    }

    /// The card with the numbers of these people.
    pub(in crate::bot) fn with_numbers(
        &self,
        activity: &Activity,
        customer: &Customer,
        objects: &[String],
        token: &Secret<String>,
    ) -> InvokeReply {
        let language = customer.language(activity);
        match self.numbers(activity, customer, objects, token) {
            Ok(users) => match self.card_of(activity, language, objects, &users) {
                Some(card) => InvokeReply::card(card),
                None => InvokeReply::message(language, Said::Later),
            },
            Err(NoNumbers::Agree(why)) => {
                tracing::info!(event = "bot_not_agreed", why, "numbers are not shown on a card");
                InvokeReply::not_signed_in(language)
            }
            Err(NoNumbers::Later(why)) => {
                tracing::warn!(event = "bot_no_numbers", why, "numbers could not be read for a card");
                InvokeReply::message(language, Said::Later)
            }
        }
    }

    pub(in crate::bot) fn numbers(
        &self,
        activity: &Activity,
        customer: &Customer,
        objects: &[String],
        token: &Secret<String>,
    ) -> Result<BTreeMap<String, User>, NoNumbers> {
        let until = Instant::now() + WITHIN;
        let directory = activity.conversation.tenant.clone().unwrap_or_default();
        let who = self.person_of(&directory, token).map_err(|why| NoNumbers::Agree(why.to_string()))?;
        if Some(&who) != activity.person.as_ref() {
            return Err(NoNumbers::Agree("the token is somebody else's".into()));
        }
        let row = customer.features.row_for(Feature::BotNumbers, Operation::User);
        let fields = row.map(|r| r.fields).ok_or_else(|| "bot-numbers is off".to_string())?;
        let asked = now();
        let request = numbers_request(&self.entra, &self.client, (&directory, token), None, asked)?;
        let reply = self.carrier.send(&request).ok();
        let tokens = TokenReply::read(asked, reply.as_ref()).map_err(|e| match e.passes() {
            true => NoNumbers::Later(e.to_string()),
            false => NoNumbers::Agree(e.to_string()),
        })?;
        crate::attest::contacted::note_token("bot", &directory, &tokens);
        let graph =
            Graph::of(&self.entra).ok_or_else(|| "microsoft.graph is no address of Graph".to_string())?;
        let calls: Vec<_> = objects.iter().filter_map(|o| user(&graph, o, fields)).collect();
        let mut batch = Batch::new(&graph, calls).ok_or_else(|| "there is nobody to ask for".to_string())?;
        let mut users = BTreeMap::new();
        loop {
            let request = batch.request(&tokens.access_token, random()?);
            let reply = self.carrier.send(&request).ok();
            let step = batch.take(now(), reply.as_ref(), u32::from_ne_bytes(random()?));
            for (_, ended) in step.ended {
                match ended {
                    Ok(reply) => users.extend(read_user(&reply).map(|user| (user.id.clone(), user))),
                    // Whoever is not in the directory has no numbers there.
                    Err(GraphError::NotFound | GraphError::Refused { .. }) => {}
                    Err(why) => return Err(refused_by_graph(&why)),
                }
            }
            if step.new_token.is_some() {
                return Err(NoNumbers::Agree("Graph wants the person to sign in anew".into()));
            }
            let Some(at) = step.again_at else { return Ok(users) };
            let wait = at.since(now());
            if Instant::now() + wait >= until || !self.queue.pause(wait) {
                return Err(NoNumbers::Later("Graph was too slow for a card".into()));
            }
        }
    }

    /// Whose token it is, if it is one for our API from a client of Teams.
    fn person_of(&self, directory: &str, token: &Secret<String>) -> Result<String, Refused> {
        let mut rules = ApiRules::new(&self.entra, &self.client.id, SCOPE);
        rules.callers = TEAMS_CLIENTS.map(String::from).to_vec();
        let check = || {
            let keys = lock(&self.people_keys);
            rules.check(keys.keys(), now(), token.expose_secret(), |tenant| tenant == directory)
        };
        let access = match check() {
            Err(Refused::UnknownKey) => {
                self.fetch(&self.people_keys);
                check()
            }
            judged => judged,
        };
        access.map(|a| a.object)
    }

    pub(in crate::bot) fn card_of(
        &self,
        activity: &Activity,
        language: Language,
        objects: &[String],
        users: &BTreeMap<String, User>,
    ) -> Option<Value> {
        let people = self.people(activity).ok()?;
        let mut rows = Vec::new();
        for member in people.iter().filter(|m| m.object.as_ref().is_some_and(|o| objects.contains(o))) {
            let user = member.object.as_ref().and_then(|o| users.get(o));
            let mut numbers = Vec::new();
            if let Some(Given::Value(business)) = user.map(|u| &u.business_phones) {
                numbers.extend(business.iter().take(2).map(|n| (Said::Business, n.clone())));
            }
            if let Some(Given::Value(mobile)) = user.map(|u| &u.mobile_phone) {
                numbers.push((Said::Mobile, mobile.clone()));
            }
            let numbers: Vec<_> = numbers
                .into_iter()
                .filter_map(|(what, n)| Some((what, n.clone(), self.seal(activity, Wish::Call(n))?)))
                .collect();
            rows.push(PersonRow {
                name: member.name.clone(),
                no_number: numbers.is_empty(),
                numbers,
                guest: member.guest,
                ..PersonRow::default()
            });
        }
        let title = Said::Members.with(language, &rows.len().to_string());
        Some(cards::people(language, &title, &rows, Numbers::No, None))
    }
}
