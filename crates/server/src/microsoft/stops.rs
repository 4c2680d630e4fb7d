//! Which features stopped for want of a permission of Microsoft, and why: by what their requests came to, and by what the
//! newest token allows where nothing was asked for with it yet.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use store::TenantId;
use teams::entra::EntraError;
use teams::permissions::{Feature, Features, Kind, Registration, Row, stopped_sentence};

/// Tenants of which something is remembered; with one more, all of it is learnt anew.
const MOST_TENANTS: usize = 1_000;

/// What is known of one tenant. Each list has a place for each line of the table of permissions and no more.
#[derive(Default)]
struct Known {
    /// What tokens allow that people got by signing in for a feature.
    allowed: BTreeMap<(Feature, Registration), Vec<String>>,
    /// Features for which Entra ID gave no token, because nobody consented.
    refused: BTreeMap<(Feature, Registration), EntraError>,
    /// Whether what a permission allows worked when it was last tried, and what the token allowed then.
    tried: BTreeMap<(Feature, &'static str), (bool, Option<Vec<String>>)>,
}

/// What is known of all tenants.
#[derive(Default)]
pub struct Stops(Mutex<BTreeMap<TenantId, Known>>);

impl Stops {
    fn all(&self) -> MutexGuard<'_, BTreeMap<TenantId, Known>> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn change(&self, tenant: TenantId, what: impl FnOnce(&mut Known) -> Option<String>) {
        let said = {
            let mut all = self.all();
            if all.len() >= MOST_TENANTS && !all.contains_key(&tenant) {
                all.clear();
            }
            what(all.entry(tenant).or_default())
        };
        // Once for each stop: what is asked again each minute is not told again each minute.
        if let Some(why) = said {
            tracing::warn!(event = "feature_stopped", tenant = tenant.0, "{why}");
        }
    }

    /// Something was asked for by a permission: it worked, or Graph refused it for want of the permission. `allowed` is what
    /// the token allows.
    pub fn tried(&self, tenant: TenantId, row: &'static Row, worked: bool, allowed: Option<Vec<String>>) {
        let Some(permission) = row.permission else { return };
        self.change(tenant, |known| {
            if worked {
                known.refused.remove(&(row.feature, row.registration));
            }
            let before = known.tried.insert((row.feature, permission), (worked, allowed));
            (!worked && before.is_none_or(|(worked, _)| worked)).then(|| stopped_sentence(row))
        });
    }

    /// Entra ID gave no token for a feature. Nothing is noted but that nobody consented: everything else passes, or is said
    /// by who asked.
    pub fn refused(&self, tenant: TenantId, feature: Feature, registration: Registration, why: &EntraError) {
        let EntraError::ConsentNeeded { code } = why else { return };
        // Somebody said no for themselves.
        if *code == 65_004 && registration == Registration::SignIn {
            return;
        }
        self.change(tenant, |known| {
            let before = known.refused.insert((feature, registration), why.clone());
            before.is_none().then(|| refused_sentence(feature, registration, why))
        });
    }

    /// Entra ID gave somebody who signed in a token that allows this.
    pub fn came(
        &self,
        tenant: TenantId,
        feature: Feature,
        (features, registration): (&Features, Registration),
        allowed: Vec<String>,
    ) {
        self.change(tenant, |known| {
            known.refused.remove(&(feature, registration));
            let lacks = |allowed: &[String]| features.not_working(registration, allowed);
            let of_it = |row: &&&'static Row| row.feature == feature;
            let now = lacks(&allowed);
            let before = known.allowed.insert((feature, registration), allowed);
            let before = before.map(|b| lacks(&b)).unwrap_or_default();
            let fresh: Vec<String> = now
                .iter()
                .filter(of_it)
                .filter(|r| !before.contains(r))
                .map(|r| stopped_sentence(r))
                .collect();
            (!fresh.is_empty()).then(|| fresh.join(" "))
        });
    }

    /// What the newest token allows that somebody got by signing in for what a line is for.
    pub fn allowed(&self, tenant: TenantId, row: &Row) -> Option<Vec<String>> {
        self.all().get(&tenant)?.allowed.get(&(row.feature, row.registration)).cloned()
    }

    /// Why a line's feature stopped, in a sentence that says what to do. `allowed` is what the newest token of the
    /// registration allows, where that is known.
    pub fn why(
        &self,
        tenant: TenantId,
        features: &Features,
        row: &'static Row,
        allowed: Option<&[String]>,
    ) -> Option<String> {
        let permission = row.permission?;
        let all = self.all();
        let known = all.get(&tenant);
        if let Some(why) = known.and_then(|k| k.refused.get(&(row.feature, row.registration))) {
            return Some(refused_sentence(row.feature, row.registration, why));
        }
        // What was tried with another token says nothing of this one.
        let tried = known.and_then(|k| k.tried.get(&(row.feature, permission)));
        let tried = tried.filter(|(_, with)| with.as_deref() == allowed).map(|(worked, _)| *worked);
        let stopped = match (tried, allowed) {
            (Some(worked), _) => !worked,
            (None, Some(allowed)) => features.not_working(row.registration, allowed).contains(&row),
            (None, None) => false,
        };
        // Consent to one chat or team is none of a token.
        (stopped && row.kind != Kind::Rsc).then(|| stopped_sentence(row))
    }
}

fn refused_sentence(feature: Feature, registration: Registration, why: &EntraError) -> String {
    format!(
        "{} stopped: Entra ID gives the registration {} no token: {why}. {}",
        feature.name(),
        registration.name(),
        why.what_to_do()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use teams::permissions::{Operation, Profile};

    const TENANT: TenantId = TenantId(1);

    fn words(all: &[&str]) -> Vec<String> {
        all.iter().map(|p| p.to_string()).collect()
    }

    #[test]
    fn what_was_tried_counts_more_than_what_a_token_says_and_no_longer_than_that_token() {
        let mut features = Features::of(Profile::ContactCenter);
        features.switch(Feature::PresenceWrite, true).unwrap();
        let row = features.row_for(Feature::PresenceRead, Operation::Presences).unwrap();
        let stops = Stops::default();
        let why = |allowed: &[&str]| stops.why(TENANT, &features, row, Some(&words(allowed)));
        assert!(stops.why(TENANT, &features, row, None).is_none(), "nothing is known");
        assert!(why(&["User.Read.All"]).unwrap().starts_with("presence-read stopped"));
        assert!(why(&["Presence.ReadWrite.All"]).is_none(), "the wider one allows it too");
        stops.tried(TENANT, row, false, Some(words(&["Presence.Read.All"])));
        assert!(why(&["Presence.Read.All"]).unwrap().contains("Presence.Read.All"));
        assert!(why(&["Presence.Read.All", "User.Read.All"]).is_none(), "another token");
        stops.tried(TENANT, row, true, Some(words(&[])));
        assert!(why(&[]).is_none(), "it works, whatever the token says");
    }

    #[test]
    fn want_of_consent_stops_a_feature_until_a_token_comes() {
        let features = Features::of(Profile::ContactCenter);
        let row = features.row_for(Feature::SignIn, Operation::Me).unwrap();
        let stops = Stops::default();
        let (feature, registration) = (Feature::SignIn, Registration::SignIn);
        let allowed = || stops.allowed(TENANT, row);
        let why = || stops.why(TENANT, &features, row, allowed().as_deref());
        stops.refused(TENANT, feature, registration, &EntraError::ConsentNeeded { code: 65_004 });
        stops.refused(TENANT, feature, registration, &EntraError::Unavailable { status: 500 });
        assert!(why().is_none(), "one person said no; Entra ID was out of order");
        stops.refused(TENANT, feature, registration, &EntraError::ConsentNeeded { code: 90_094 });
        assert!(why().unwrap().contains("AADSTS90094"));
        stops.came(TENANT, feature, (&features, registration), words(&["openid", "User.Read"]));
        assert!(why().is_none(), "{:?}", why());
    }
}
