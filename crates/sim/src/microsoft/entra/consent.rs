//! An administrator allows an application something for the whole tenant.

use crate::microsoft::Microsoft;
use crate::microsoft::entra::Whose;
use crate::microsoft::entra::authorize::{COOKIE, without_own};
use crate::microsoft::entra::pages::{self, Choice};
use crate::microsoft::entra::refusal::{Refusal, refuse};
use crate::microsoft::exchange::{Reply, Request, coded};
use crate::microsoft::registration::{Holder, Registration};

impl Microsoft {
    pub(super) fn admin_consent(&mut self, _now: u64, request: &Request, whose: Whose, name: &str) -> Reply {
        let asked = request.query();
        let app = match self.app(asked.filled("client_id").unwrap_or_default(), name).cloned() {
            Ok(app) => app,
            Err(no) => return no.page(),
        };
        let uri = asked.filled("redirect_uri").unwrap_or_default();
        if !app.redirect_uris.iter().any(|r| r == uri) {
            let text = format!(
                "The redirect URI '{uri}' specified in the request does not match the redirect URIs configured for the application."
            );
            return refuse("invalid_request", 50_011, text).page();
        }
        let back = |pairs: &[(&str, &str)]| {
            let mut all = pairs.to_vec();
            if let Some(state) = asked.get("state") {
                all.push(("state", state));
            }
            let joint = if uri.contains('?') { '&' } else { '?' };
            Reply::redirect(&format!("{uri}{joint}{}", coded(&all)))
        };
        let refused = |no: Refusal| back(&[("error", no.error), ("error_description", &no.description())]);
        let target = without_own(&request.target);
        let signed_in = request.cookie(COOKIE).and_then(|c| self.sign_ins.session(c));
        let signed_in = signed_in.filter(|(t, _)| whose == Whose::Any || whose == Whose::One(*t));
        let chosen = match asked.filled("sim_user") {
            Some(user) => self.person(whose, &app, user),
            None => signed_in,
        };
        let Some((tenant, place)) = chosen else {
            return pages::people(&app.name, &target, &self.administrators(whose, &app));
        };
        let Some(t) = self.tenants.get(tenant) else { return Reply::empty(404) };
        if !t.administrators.contains(&place) || !t.directory.is_enabled(place) {
            let text = "Only an administrator can grant the permissions that the application asks for.";
            return refused(refuse("access_denied", 90_094, text));
        }
        let wanted =
            match self.asked(asked.filled("scope").unwrap_or("https://graph.microsoft.com/.default"), &app) {
                Ok(wanted) => wanted,
                Err(no) => return refused(no),
            };
        // `.default` stands for the whole manifest, with what the application does alone.
        let alone: Vec<String> = match wanted.defaults.is_empty() {
            true => Vec::new(),
            false => {
                app.requires.iter().filter(|r| r.1 == Holder::Application).map(|r| r.0.clone()).collect()
            }
        };
        let scopes: Vec<String> = wanted.scopes.iter().chain(&wanted.oidc).cloned().collect();
        let id = t.id.clone();
        match asked.get("sim_consent") {
            Some("accept" | "organisation") => {}
            Some(_) => {
                let text = "The administrator declined to consent to access the app.";
                return refused(refuse("access_denied", 65_004, text));
            }
            None => {
                let all: Vec<String> = scopes.iter().chain(&alone).cloned().collect();
                return pages::consent(&app.name, &target, &t.directory.id(place), &all, false);
            }
        }
        let said = scopes
            .iter()
            .map(|s| if s.contains("://") { s.clone() } else { format!("https://graph.microsoft.com/{s}") });
        let said = said.collect::<Vec<_>>().join(" ");
        if let Some(t) = self.tenants.get_mut(tenant) {
            let principal = t.principals.entry(app.app_id.clone()).or_default();
            principal.allow(None, scopes);
            principal.roles.extend(alone);
        }
        back(&[("admin_consent", "True"), ("tenant", &id), ("scope", &said)])
    }

    fn administrators(&self, whose: Whose, app: &Registration) -> Vec<Choice> {
        let here = self.tenants.iter().enumerate().filter(|(i, t)| {
            (whose == Whose::Any || whose == Whose::One(*i)) && (app.multi_tenant || t.id == app.home)
        });
        here.flat_map(|(_, t)| {
            t.administrators.iter().filter(|p| t.directory.is_enabled(**p)).map(|p| Choice {
                id: t.directory.id(*p),
                display: t.directory.display(*p),
                name: t.directory.name(*p),
                job: "Administrator".into(),
            })
        })
        .collect()
    }
}
