//! Nested app authentication: a Teams client signs in for an app that stands inside it.

use crate::microsoft::Microsoft;
use crate::microsoft::entra::client::Proof;
use crate::microsoft::entra::grants::Grant;
use crate::microsoft::entra::scopes::Resource;
use crate::microsoft::entra::tokens::Claims;
use serde_json::{Value, json};

impl Microsoft {
    /// Tokens for an app inside somebody's client. `scopes` are words as MSAL.js sends them: of Graph, or one of the
    /// app's own as `api://HOST/APP/NAME`.
    ///
    /// # Errors
    /// What OAuth calls the reason: nobody has allowed it yet, or the person must come first.
    pub(in crate::microsoft) fn nested_token(
        &mut self,
        now: u64,
        (tenant, place): (usize, u32),
        app_id: &str,
        scopes: &str,
        claims: Option<&str>,
    ) -> Result<Value, &'static str> {
        let app = self.apps.get(app_id).cloned().ok_or("invalid_client")?;
        let t = self.tenants.get(tenant).ok_or("invalid_request")?;
        if !t.directory.is_enabled(place) || t.in_person.contains_key(&place) {
            return Err("interaction_required");
        }
        // An app's own scopes stand below the host of its page, which is nothing that Entra ID knows here.
        let own = format!("/{app_id}/");
        let is_own = |word: &&str| word.starts_with("api://") && word.contains(&own);
        let (ours, others): (Vec<&str>, Vec<&str>) = scopes.split_ascii_whitespace().partition(is_own);
        let asked = self.asked(&others.join(" "), &app).map_err(|_| "invalid_scope")?;
        let (to, inside) = match asked.resources.first() {
            Some(resource) => {
                if !self.missing(tenant, app_id, place, &asked).is_empty() {
                    return Err("consent_required");
                }
                (resource.clone(), asked.scopes.clone())
            }
            None if !ours.is_empty() => {
                (Resource::App(app_id.into()), ours.iter().map(|s| s.to_string()).collect())
            }
            None => return Err("invalid_scope"),
        };
        let mut oidc = asked.oidc.clone();
        oidc.extend(["openid", "profile"].map(String::from));
        let grant = Grant {
            tenant,
            place,
            app_id: app_id.into(),
            scopes: inside.clone(),
            oidc,
            contexts: Vec::new(),
            session: self.new_id(),
            is_page: true,
            at: now,
        };
        let claims = Claims::read(claims);
        let (token, life) = self.delegated_token(now, &grant, &to, &inside, Proof::Nothing, &claims);
        let id_token = self.id_token(now, &grant, None);
        Ok(json!({"access_token": token, "expires_in": life, "id_token": id_token, "scope": scopes}))
    }
}
