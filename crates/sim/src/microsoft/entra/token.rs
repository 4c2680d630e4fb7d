//! The token endpoint: codes, refresh tokens, applications alone, and one API on behalf of whom another one heard.

use crate::microsoft::Microsoft;
use crate::microsoft::entra::Whose;
use crate::microsoft::entra::client::Proof;
use crate::microsoft::entra::grants::{
    CODE_LIFE, Grant, PAGE_REFRESH_LIFE, REFRESH_LIFE, REPLACED_LIFE, Refresh,
};
use crate::microsoft::entra::refusal::{Refusal, refuse};
use crate::microsoft::entra::scopes::{Asked, Resource};
use crate::microsoft::entra::tokens::Claims;
use crate::microsoft::exchange::{Pairs, Reply, Request};
use crate::microsoft::registration::Registration;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A client that proved itself, and how.
struct Client {
    app: Registration,
    proof: Proof,
    claims: Claims,
}

fn missing(name: &str) -> Refusal {
    refuse(
        "invalid_request",
        900_144,
        format!("The request body must contain the following parameter: '{name}'."),
    )
}

impl Microsoft {
    pub(super) fn token(&mut self, now: u64, request: &Request, whose: Whose, name: &str) -> Reply {
        let form = request.form();
        let result = self.issue(now, request, &form, whose, name);
        match result {
            Ok(body) => Reply::json(200, &body)
                .with_header("Cache-Control", "no-store, no-cache")
                .with_header("Access-Control-Allow-Origin", "*"),
            Err(no) => self.refused(now, request, &no),
        }
    }

    fn issue(
        &mut self,
        now: u64,
        request: &Request,
        form: &Pairs,
        whose: Whose,
        name: &str,
    ) -> Result<Value, Refusal> {
        let kind = form.filled("grant_type").ok_or_else(|| missing("grant_type"))?;
        let (app, proof) = self.client(now, request, form, name)?;
        let client = Client { app, proof, claims: Claims::read(form.filled("claims")) };
        match kind {
            "authorization_code" => self.redeem(now, form, whose, &client),
            "refresh_token" => self.renew(now, form, whose, &client),
            "client_credentials" => self.alone(now, form, whose, &client),
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => self.on_behalf(now, form, whose, &client),
            other => {
                let text = format!("The app requested an unsupported grant type '{other}'.");
                Err(refuse("unsupported_grant_type", 70_003, text))
            }
        }
    }

    fn redeem(&mut self, now: u64, form: &Pairs, whose: Whose, client: &Client) -> Result<Value, Refusal> {
        let name = form.filled("code").ok_or_else(|| missing("code"))?;
        let code = self.sign_ins.code(name).filter(|c| c.grant.app_id == client.app.app_id);
        let Some(code) = code.filter(|c| whose == Whose::Any || whose == Whose::One(c.grant.tenant)) else {
            return Err(refuse(
                "invalid_grant",
                9_002_313,
                "Invalid request. The code is malformed or was not given to this application.",
            ));
        };
        if code.used {
            let session = code.grant.session.clone();
            self.sign_ins.stolen(&session, &client.app.app_id);
            return Err(refuse("invalid_grant", 54_005, "OAuth2 Authorization code was already redeemed."));
        }
        if now.saturating_sub(code.grant.at) >= CODE_LIFE {
            let text = "The provided authorization code or refresh token has expired due to inactivity.";
            return Err(refuse("invalid_grant", 70_008, text));
        }
        if form.filled("redirect_uri") != Some(&code.redirect_uri) {
            let text = "The reply address does not match the reply address of the authorization request.";
            return Err(refuse("invalid_client", 500_112, text));
        }
        if let Some(challenge) = &code.challenge {
            let verifier = form.filled("code_verifier").unwrap_or_default();
            if URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())) != *challenge {
                let text = "The Code_Verifier does not match the code_challenge supplied in the authorization request.";
                return Err(refuse("invalid_grant", 501_481, text));
            }
        } else if form.filled("code_verifier").is_some() {
            return Err(refuse(
                "invalid_grant",
                501_481,
                "There was no code_challenge in the authorization request.",
            ));
        }
        if client.proof == Proof::Nothing && !client.app.public && !code.grant.is_page {
            return Err(missing("client_assertion' or 'client_secret"));
        }
        code.used = true;
        let (grant, nonce) = (code.grant.clone(), code.nonce.clone());
        let wanted = match form.filled("scope") {
            Some(scope) => self.asked(scope, &client.app)?,
            None => Asked::default(),
        };
        self.give(now, grant, &wanted, client, nonce.as_deref(), form, true)
    }

    fn renew(&mut self, now: u64, form: &Pairs, whose: Whose, client: &Client) -> Result<Value, Refusal> {
        let name = form.filled("refresh_token").ok_or_else(|| missing("refresh_token"))?;
        let found = self.sign_ins.refresh(name).filter(|r| r.grant.app_id == client.app.app_id);
        let Some(refresh) = found.filter(|r| whose == Whose::Any || whose == Whose::One(r.grant.tenant))
        else {
            let text =
                "The provided grant has expired due to it being revoked, a fresh auth token is needed.";
            return Err(refuse("invalid_grant", 50_173, text).because("bad_token"));
        };
        if refresh.until <= now {
            let text = "The refresh token has expired due to inactivity.";
            return Err(refuse("invalid_grant", 700_082, text));
        }
        if refresh.replaced.is_some_and(|at| now.saturating_sub(at) > REPLACED_LIFE) {
            let text = "Provided grant is invalid or malformed: the refresh token was replaced.";
            return Err(refuse("invalid_grant", 70_000, text).because("bad_token"));
        }
        refresh.replaced.get_or_insert(now);
        let grant = refresh.grant.clone();
        let wanted = match form.filled("scope") {
            Some(scope) => self.asked(scope, &client.app)?,
            None => Asked::default(),
        };
        self.give(now, grant, &wanted, client, None, form, false)
    }

    /// Tokens for somebody. Without words of their own a request gets what was asked for at the sign-in.
    fn give(
        &mut self,
        now: u64,
        mut grant: Grant,
        wanted: &Asked,
        client: &Client,
        nonce: Option<&str>,
        form: &Pairs,
        in_person: bool,
    ) -> Result<Value, Refusal> {
        if wanted.resources.len() > 1 {
            let text = "Provided value for the input parameter scope is not valid because it contains more than one resource.";
            return Err(refuse("invalid_request", 28_000, text));
        }
        self.still_welcome(&grant, client, in_person)?;
        grant.oidc.extend(wanted.oidc.iter().filter(|o| !in_person || *o != "offline_access").cloned());
        let first = grant.scopes.first().map_or(Resource::Graph, |s| super::scopes::resource_of(s));
        let to = wanted.resources.first().cloned().unwrap_or(first);
        let missing = self.missing(grant.tenant, &client.app.app_id, grant.place, wanted);
        let scopes = self.allowed(grant.tenant, &client.app.app_id, grant.place, &to);
        if !missing.is_empty() || scopes.is_empty() && to != Resource::Graph {
            return Err(self.not_allowed(client));
        }
        self.answer(now, &grant, &to, scopes, client, nonce, form)
    }

    fn answer(
        &mut self,
        now: u64,
        grant: &Grant,
        to: &Resource,
        scopes: Vec<String>,
        client: &Client,
        nonce: Option<&str>,
        form: &Pairs,
    ) -> Result<Value, Refusal> {
        let mut grant = grant.clone();
        if let Some(p) = self.tenants.get(grant.tenant).and_then(|t| t.principals.get(&client.app.app_id)) {
            grant.oidc.retain(|scope| !p.withheld.contains(scope));
        }
        let grant = &grant;
        // Graph's tokens also say what of the profile may be read.
        let profile = ["openid", "profile", "email"]
            .iter()
            .filter(|o| grant.oidc.contains(**o))
            .map(|o| (*o).to_string());
        let profile: Vec<String> = profile.collect();
        let mut inside = scopes.clone();
        if *to == Resource::Graph {
            inside.extend(profile.iter().cloned());
        }
        let (token, life) = self.delegated_token(now, grant, to, &inside, client.proof, &client.claims);
        let full = scopes
            .iter()
            .map(|s| if s.contains("://") { s.clone() } else { format!("https://graph.microsoft.com/{s}") });
        let said: Vec<String> = full.chain(profile).collect();
        let mut body = json!({"token_type": "Bearer", "scope": said.join(" "), "expires_in": life, "ext_expires_in": life,
            "access_token": token});
        if grant.oidc.contains("openid") {
            body["id_token"] = self.id_token(now, grant, nonce).into();
        }
        if grant.oidc.contains("offline_access") {
            let name = format!("1.R{}", self.unique());
            let until = if grant.is_page { grant.at + PAGE_REFRESH_LIFE } else { now + REFRESH_LIFE };
            self.sign_ins.put_refresh(name.clone(), Refresh { grant: grant.clone(), until, replaced: None });
            body["refresh_token"] = name.into();
        }
        if form.get("client_info") == Some("1") {
            let t = self.tenants.get(grant.tenant);
            let info =
                json!({"uid": t.map(|t| t.directory.id(grant.place)), "utid": t.map(|t| t.id.clone())});
            body["client_info"] = URL_SAFE_NO_PAD.encode(info.to_string()).into();
        }
        Ok(body)
    }

    /// Whether somebody may go on without coming in person.
    fn still_welcome(&self, grant: &Grant, client: &Client, in_person: bool) -> Result<(), Refusal> {
        let t = self
            .tenants
            .get(grant.tenant)
            .ok_or_else(|| refuse("invalid_grant", 90_002, "The tenant is gone."))?;
        if !t.directory.is_enabled(grant.place) {
            return Err(refuse("invalid_grant", 50_057, "The user account is disabled."));
        }
        self.welcome_app(t, &client.app)?;
        if in_person {
            return Ok(());
        }
        let context_missing = client.claims.contexts.iter().any(|c| !grant.contexts.contains(c));
        let demanded = t.in_person.get(&grant.place).cloned();
        if let Some(claims) = demanded {
            let text = "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication.";
            return Err(refuse("interaction_required", 50_076, text)
                .because("basic_action")
                .with_claims(claims));
        }
        if context_missing {
            let claims = json!({"access_token": {"acrs": {"essential": true, "value": client.claims.contexts.first()}}});
            let text =
                "Presented multi-factor authentication has expired or an authentication context is required.";
            return Err(refuse("interaction_required", 50_079, text).with_claims(claims.to_string()));
        }
        Ok(())
    }

    fn welcome_app(&self, t: &crate::microsoft::Tenant, app: &Registration) -> Result<(), Refusal> {
        match t.principals.get(&app.app_id) {
            Some(p) if p.disabled => {
                let text = format!("Application with identifier '{}' is disabled.", app.app_id);
                Err(refuse("unauthorized_client", 7_000_112, text))
            }
            Some(_) => Ok(()),
            None => {
                let text = format!(
                    "Application with identifier '{}' was not found in the directory '{}'.",
                    app.app_id, t.name
                );
                Err(refuse("unauthorized_client", 700_016, text))
            }
        }
    }

    fn not_allowed(&self, client: &Client) -> Refusal {
        let text = format!(
            "The user or administrator has not consented to use the application with ID '{}' named '{}'. Send an interactive authorization request for this user and resource.",
            client.app.app_id, client.app.name
        );
        refuse("invalid_grant", 65_001, text).because("consent_required")
    }

    fn alone(&mut self, now: u64, form: &Pairs, whose: Whose, client: &Client) -> Result<Value, Refusal> {
        let Whose::One(tenant) = whose else {
            let text = "The request is not valid for the tenant 'common': an application alone must name its tenant.";
            return Err(refuse("invalid_request", 53_003, text));
        };
        if client.proof == Proof::Nothing {
            return Err(missing("client_assertion' or 'client_secret"));
        }
        let scope = form.filled("scope").ok_or_else(|| missing("scope"))?;
        let wanted = self.asked(scope, &client.app)?;
        let [to] = wanted.defaults.as_slice() else {
            let text = format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
            );
            return Err(refuse("invalid_scope", 1_002_012, text));
        };
        if let Some(t) = self.tenants.get(tenant) {
            self.welcome_app(t, &client.app)?;
        }
        let (token, life) =
            self.application_token(now, tenant, &client.app.app_id, to, client.proof, &client.claims);
        Ok(json!({"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token}))
    }

    fn on_behalf(&mut self, now: u64, form: &Pairs, whose: Whose, client: &Client) -> Result<Value, Refusal> {
        if form.get("requested_token_use") != Some("on_behalf_of") {
            return Err(missing("requested_token_use"));
        }
        if client.proof == Proof::Nothing {
            return Err(missing("client_assertion' or 'client_secret"));
        }
        let assertion = form.filled("assertion").ok_or_else(|| missing("assertion"))?;
        let failed =
            |text: &str| refuse("invalid_grant", 50_013, format!("Assertion failed validation: {text}"));
        let claims = self.keys.read(assertion).ok_or_else(|| failed("signature validation failed."))?;
        let ours = [client.app.app_id.clone(), client.app.identifier()];
        if !claims["aud"].as_str().is_some_and(|a| ours.iter().any(|o| o == a)) {
            let text = "Assertion audience does not match the Client app presenting the assertion.";
            return Err(refuse("invalid_grant", 500_131, text));
        }
        if claims["exp"].as_u64().is_none_or(|e| e <= now / 1_000) {
            return Err(failed("the token has expired."));
        }
        // An ID token has the same audience, but opens nothing.
        let (Some(_), Some(oid)) = (claims["scp"].as_str(), claims["oid"].as_str()) else {
            return Err(failed("the assertion is not an access token of a person."));
        };
        let tenant = self
            .tenant_index(claims["tid"].as_str().unwrap_or_default())
            .ok_or_else(|| failed("the tenant is unknown."))?;
        if whose != Whose::Any && whose != Whose::One(tenant) {
            return Err(failed("the tenant of the assertion is another one."));
        }
        let t = self.tenants.get(tenant).ok_or_else(|| failed("the tenant is unknown."))?;
        let place = t.directory.place_of(oid).ok_or_else(|| failed("the person is unknown."))?;
        let not_before = t.valid_from_s.get(&place).copied().unwrap_or(0);
        if claims["iat"].as_u64().is_none_or(|i| i < not_before) {
            let text = "The provided grant has expired due to it being revoked.";
            return Err(refuse("invalid_grant", 50_173, text));
        }
        let wanted = self.asked(form.filled("scope").ok_or_else(|| missing("scope"))?, &client.app)?;
        let contexts =
            claims["acrs"].as_array().into_iter().flatten().filter_map(|c| c.as_str().map(String::from));
        let grant = Grant {
            tenant,
            place,
            app_id: client.app.app_id.clone(),
            scopes: wanted.scopes.clone(),
            oidc: wanted.oidc.clone(),
            contexts: contexts.collect(),
            session: claims["sid"].as_str().unwrap_or_default().into(),
            is_page: false,
            at: now,
        };
        self.give(now, grant, &wanted, client, None, form, false)
    }
}
