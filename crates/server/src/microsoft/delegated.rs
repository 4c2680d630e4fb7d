//! Asks Graph in the name of the administrator who connected a directory, with what they left: a refresh token, of which
//! each is good until the next one comes.
//!
//! The refresh token is sealed in the store. The access token that came for it is in memory only. When the administrator's
//! sign-in is over, nothing is asked for any more until somebody signs in again.

use crate::microsoft::background::{NotDone, now};
use crate::microsoft::directory_io::Directories;
use crate::microsoft::graph_io::Tokens;
use crate::microsoft::{Carrier, random};
use redact::Secret;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::{Store, StoreError, TenantId};
use teams::entra::{Client, Endpoints, EntraError, TokenReply};
use teams::graph::Graph;
use teams::permissions::{Features, Registration};
use teams::{Cloud, Time};

/// An access token is not used in the last moments of its life.
const MARGIN: Duration = Duration::from_secs(60);

/// The app registration that works in administrators' names.
pub struct Delegated {
    cloud: Cloud,
    graph: Graph,
    client: Client,
    carrier: Carrier,
}

/// What an administrator left, as the store seals it.
#[derive(Serialize, Deserialize)]
pub struct Left {
    /// Which directory it opens.
    pub directory: String,
    /// The refresh token.
    token: String,
}

impl Left {
    /// By the administrator of this directory.
    pub fn new(directory: &str, token: &Secret<String>) -> Left {
        Left { directory: directory.into(), token: token.expose_secret().clone() }
    }

    /// As the store keeps it.
    pub fn text(&self) -> Secret<String> {
        // Two texts: nothing in it that JSON lacks.
        Secret::new(serde_json::to_string(self).unwrap_or_default())
    }

    /// Nothing for what cannot be read.
    pub fn read(text: &Secret<String>) -> Option<Left> {
        serde_json::from_str(text.expose_secret()).ok()
    }
}

/// What is in memory of one administrator's sign-in.
#[derive(Default)]
pub struct Held {
    /// Which token of the store it belongs to.
    version: u64,
    access: Option<(Secret<String>, Time)>,
    /// The sign-in is over.
    over: Option<EntraError>,
    /// What the newest token allows.
    granted: Vec<String>,
}

impl Held {
    /// What the newest token allows; nothing when none came yet.
    pub fn granted(&self) -> Option<&[String]> {
        (!self.granted.is_empty()).then_some(self.granted.as_slice())
    }

    /// What the administrator has to fulfil in the browser at the next sign-in.
    pub fn claims(&self) -> Option<&str> {
        match &self.over {
            Some(EntraError::InteractionNeeded { claims, .. }) => claims.as_deref(),
            _ => None,
        }
    }
}

impl Delegated {
    /// Of this cloud, proving itself so.
    ///
    /// # Errors
    /// When Graph's address cannot be one.
    pub fn new(cloud: Cloud, client: Client, carrier: Carrier) -> Result<Delegated, String> {
        let graph = Graph::of(&cloud).ok_or("microsoft.graph is no address of Graph")?;
        Ok(Delegated { cloud, graph, client, carrier })
    }

    /// Graph's address.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// In the name of the administrator who connected a tenant's directory.
    pub fn of<'a>(&'a self, stored: (&'a Store, &'a Directories), asked: Asked<'a>) -> InTheirName<'a> {
        InTheirName { app: self, store: stored.0, directories: stored.1, asked }
    }
}

/// Whose directory is asked, and for what.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The tenant.
    pub tenant: TenantId,
    /// Its directory.
    pub directory: &'a str,
    /// What is on in it.
    pub features: &'a Features,
}

/// Somebody's sign-in that goes on.
pub struct InTheirName<'a> {
    app: &'a Delegated,
    store: &'a Store,
    directories: &'a Directories,
    asked: Asked<'a>,
}

impl InTheirName<'_> {
    fn nobody() -> NotDone {
        let what = "no administrator has connected this directory: an owner opens /api/v1/microsoft/connect/directory, and its administrator signs in there";
        NotDone::Here(what.into())
    }
}

impl Tokens for InTheirName<'_> {
    fn token(&self, claims: Option<&str>) -> Result<Secret<String>, NotDone> {
        let here = |e: StoreError| NotDone::Here(format!("what the administrator left cannot be read: {e}"));
        let (app, tenant) = (self.app, self.asked.tenant);
        let kept = self.store.directory_token(tenant).map_err(here)?.ok_or_else(Self::nobody)?;
        let left = Left::read(&kept.value).filter(|l| l.directory == self.asked.directory);
        let left = left.ok_or_else(Self::nobody)?;
        let asked = now();
        if let Some(held) = self.directories.held().get(&tenant).filter(|h| h.version == kept.version) {
            if let Some(over) = &held.over {
                return Err(NotDone::Entra(over.clone()));
            }
            let good = held.access.as_ref().filter(|(_, ends)| asked.plus(MARGIN) < *ends);
            if let (Some((token, _)), None) = (good, claims) {
                return Ok(token.clone());
            }
        }
        let directory = self.asked.directory;
        let endpoints = Endpoints::entra(&app.cloud, directory)
            .ok_or_else(|| NotDone::Here(format!("{directory:?} is no Microsoft directory")))?;
        let scopes = self.asked.features.consent_scopes(&app.cloud, Registration::Directory);
        let chance = random().map_err(NotDone::Here)?;
        let refresh = Secret::new(left.token);
        let request = app
            .client
            .refresh(&endpoints, &refresh, &scopes, claims, asked, chance)
            .map_err(|e| NotDone::Here(format!("the app's certificate cannot be used: {e}")))?;
        let reply = app.carrier.send(&request).ok();
        let tokens = match TokenReply::read(asked, reply.as_ref()) {
            Ok(tokens) => tokens,
            Err(error) => {
                if matches!(error, EntraError::SignInAgain { .. } | EntraError::InteractionNeeded { .. }) {
                    let over = Some(error.clone());
                    let held = Held { version: kept.version, over, ..Held::default() };
                    self.directories.held().insert(tenant, held);
                }
                return Err(NotDone::Entra(error));
            }
        };
        // Erasing goes the other way round, the store first: what was erased does not come back into memory.
        let mut all = self.directories.held();
        let next = tokens.refresh_token.as_ref().unwrap_or(&refresh);
        let next = Left::new(directory, next).text();
        if !self.store.renew_directory_token(tenant, kept.version, &next).map_err(here)? {
            return Err(NotDone::Here("the directory was connected anew or disconnected meanwhile".into()));
        }
        crate::attest::contacted::note_token("directory", directory, &tokens);
        let held = Held {
            version: kept.version + 1,
            granted: tokens.granted(),
            access: Some((tokens.access_token.clone(), tokens.ends)),
            over: None,
        };
        all.insert(tenant, held);
        Ok(tokens.access_token)
    }

    fn forget(&self) {
        if let Some(held) = self.directories.held().get_mut(&self.asked.tenant) {
            held.access = None;
        }
    }

    fn carrier(&self) -> &Carrier {
        &self.app.carrier
    }
}
