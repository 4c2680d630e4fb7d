//! Tokens: what stands in them, and what the simulated Graph believes.

use crate::microsoft::Microsoft;
use crate::microsoft::entra::client::Proof;
use crate::microsoft::entra::grants::Grant;
use crate::microsoft::entra::scopes::Resource;
use crate::microsoft::people::mixed;
use crate::microsoft::registration::GRAPH_ID;
use serde_json::{Value, json};

/// How long an access token holds, in seconds: between the two, by chance.
const LIFE_S: (u64, u64) = (3_600, 5_400);
/// The same where the client said that it can be told of its end.
const LONG_LIFE_S: (u64, u64) = (86_400, 100_800);
/// How long an ID token holds, in seconds.
const ID_LIFE_S: u64 = 3_600;

/// The directory role of a global administrator, by its template, and what everybody is who belongs to the tenant.
const ADMINISTRATOR_ROLE: &str = "62e90394-69f5-4237-9190-012177145e10";
const MEMBER_ROLE: &str = "b79fbf4d-3ef9-4689-8143-76b194e85509";

/// Values of one claim that are looked at, and how long each may be, in bytes.
const MOST_CONTEXTS: usize = 20;
const LONGEST_CONTEXT: usize = 64;

/// What a client said of itself and asks for in `claims`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// It understands when a token is refused before its end (`cp1`).
    pub can_be_told: bool,
    /// Authentication contexts that are asked for.
    pub contexts: Vec<String>,
}

impl Claims {
    /// Reads the parameter `claims`; what cannot be read asks for nothing.
    pub fn read(text: Option<&str>) -> Claims {
        let value: Value = text.and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
        let list = |v: &Value| -> Vec<String> {
            let many = v["values"].as_array().into_iter().flatten().filter_map(Value::as_str);
            many.chain(v["value"].as_str())
                .filter(|c| c.len() <= LONGEST_CONTEXT)
                .take(MOST_CONTEXTS)
                .map(String::from)
                .collect()
        };
        let can_be_told =
            list(&value["access_token"]["xms_cc"]).iter().any(|c| c.eq_ignore_ascii_case("cp1"));
        let mut contexts = list(&value["access_token"]["acrs"]);
        contexts.extend(list(&value["id_token"]["acrs"]));
        contexts.sort();
        contexts.dedup();
        Claims { can_be_told, contexts }
    }
}

/// Somebody who asks Graph, by the token they brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant's place.
    pub tenant: usize,
    /// The application.
    pub app_id: String,
    /// The person; nothing for an application alone.
    pub place: Option<u32>,
    /// The permissions in the token.
    pub permissions: Vec<String>,
}

/// Why a token is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disbelief {
    /// There is none.
    Missing,
    /// It is none of ours, or not for Graph.
    Invalid(&'static str),
    /// It has expired.
    Expired,
    /// It no longer holds, and the client can be told with these claims.
    Challenge(String),
}

impl Microsoft {
    fn life(&mut self, (least, most): (u64, u64)) -> u64 {
        self.counter += 1;
        least + mixed(self.seed, self.counter, 0x6000) % (most - least + 1)
    }

    /// The name of somebody towards one application.
    pub(in crate::microsoft) fn pairwise(&self, tenant: usize, place: u32, app_id: &str) -> String {
        use base64::Engine as _;
        let id = self.tenants.get(tenant).map(|t| t.directory.id(place)).unwrap_or_default();
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, format!("{app_id} {id}").as_bytes());
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash.as_ref())
    }

    /// What stands in every access token: for whom, from whom, when.
    fn frame(
        &mut self,
        now: u64,
        tenant: usize,
        to: &Resource,
        app_id: &str,
        proof: Proof,
        claims: &Claims,
        not_before_s: u64,
    ) -> (Value, u64) {
        let life = self.life(if claims.can_be_told { LONG_LIFE_S } else { LIFE_S });
        let (version, audience) = match to {
            Resource::Graph => (1, "https://graph.microsoft.com".to_string()),
            Resource::App(id) => match self.apps.get(id) {
                Some(app) if app.token_version == 1 => (1, app.identifier()),
                _ => (2, id.clone()),
            },
        };
        let id = self.tenants.get(tenant).map(|t| t.id.clone()).unwrap_or_default();
        // A token of the second in which older ones ended counts as newer.
        let from = (now / 1_000).max(not_before_s);
        let proof = (proof as u8).to_string();
        let mut token = json!({"aud": audience, "iat": from, "nbf": from, "exp": from + life, "tid": id,
            "uti": self.unique().get(..22), "aio": self.unique(), "rh": "1.AAAA"});
        if version == 1 {
            token["iss"] = self.old_issuer(&id).into();
            token["appid"] = app_id.into();
            token["appidacr"] = proof.into();
            token["ver"] = "1.0".into();
        } else {
            token["iss"] = self.issuer(&id).into();
            token["azp"] = app_id.into();
            token["azpacr"] = proof.into();
            token["ver"] = "2.0".into();
        }
        if claims.can_be_told {
            token["xms_cc"] = json!(["CP1"]);
        }
        (token, life)
    }

    /// A token for somebody through an application; with the seconds that it holds.
    pub(super) fn delegated_token(
        &mut self,
        now: u64,
        grant: &Grant,
        to: &Resource,
        scopes: &[String],
        proof: Proof,
        claims: &Claims,
    ) -> (String, u64) {
        let tenant = self.tenants.get(grant.tenant);
        let not_before = tenant.and_then(|t| t.valid_from_s.get(&grant.place)).copied().unwrap_or(0);
        let (mut token, life) = self.frame(now, grant.tenant, to, &grant.app_id, proof, claims, not_before);
        let short: Vec<&str> = scopes.iter().map(|s| s.rsplit('/').next().unwrap_or(s)).collect();
        token["scp"] = short.join(" ").into();
        token["idtyp"] = "user".into();
        token["sid"] = grant.session.clone().into();
        let audience = match to {
            Resource::Graph => GRAPH_ID,
            Resource::App(id) => id.as_str(),
        };
        token["sub"] = self.pairwise(grant.tenant, grant.place, audience).into();
        self.put_person(&mut token, grant, audience);
        if self.apps.get(audience).is_some_and(|a| a.names_auth_time) {
            token["auth_time"] = (grant.at / 1_000).into();
        }
        if !grant.contexts.is_empty() {
            token["acrs"] = json!(grant.contexts);
        }
        (self.keys.sign(&token), life)
    }

    fn put_person(&self, token: &mut Value, grant: &Grant, of: &str) {
        let Some(t) = self.tenants.get(grant.tenant) else { return };
        let name = t.directory.name(grant.place);
        token["oid"] = t.directory.id(grant.place).into();
        token["name"] = t.directory.display(grant.place).into();
        if token["ver"] == "1.0" {
            token["upn"] = name.clone().into();
            token["unique_name"] = name.into();
        } else {
            token["preferred_username"] = name.into();
        }
        let roles = t.principals.get(of).map(|p| p.roles_of(grant.place)).unwrap_or_default();
        if !roles.is_empty() {
            token["roles"] = json!(roles);
        }
        if t.directory.field(grant.place, "userType") == "Guest" {
            token["idp"] = "https://sts.windows.net/9999aaaa-0000-4000-8000-000000000000/".into();
        }
    }

    /// A token for an application alone; with the seconds that it holds.
    pub(super) fn application_token(
        &mut self,
        now: u64,
        tenant: usize,
        app_id: &str,
        to: &Resource,
        proof: Proof,
        claims: &Claims,
    ) -> (String, u64) {
        let principal = self.tenants.get(tenant).and_then(|t| t.principals.get(app_id));
        let not_before = principal.map_or(0, |p| p.valid_from_s);
        let roles: Vec<String> = match to {
            Resource::Graph => principal.map(|p| p.roles.iter().cloned().collect()).unwrap_or_default(),
            Resource::App(_) => Vec::new(),
        };
        let (mut token, life) = self.frame(now, tenant, to, app_id, proof, claims, not_before);
        // The object of the service principal, which is not the application.
        let object = crate::microsoft::directory::guid(
            mixed(self.seed, tenant as u64, 0x6100),
            crate::microsoft::directory::Kind::Other,
            app_id.bytes().fold(0, |n: u32, b| n.wrapping_mul(31).wrapping_add(u32::from(b))),
        );
        token["oid"] = object.clone().into();
        token["sub"] = object.into();
        token["idtyp"] = "app".into();
        if !roles.is_empty() {
            token["roles"] = json!(roles);
        }
        (self.keys.sign(&token), life)
    }

    /// The token that says who signed in.
    pub(super) fn id_token(&mut self, now: u64, grant: &Grant, nonce: Option<&str>) -> String {
        let now_s = now / 1_000;
        let id = self.tenants.get(grant.tenant).map(|t| t.id.clone()).unwrap_or_default();
        let mut token = json!({"aud": grant.app_id, "iss": self.issuer(&id), "iat": now_s, "nbf": now_s,
            "exp": now_s + ID_LIFE_S, "tid": id, "ver": "2.0", "uti": self.unique().get(..22),
            "sub": self.pairwise(grant.tenant, grant.place, &grant.app_id), "sid": grant.session,
            "auth_time": grant.at / 1_000, "rh": "1.AAAA"});
        self.put_person(&mut token, grant, &grant.app_id);
        if !grant.oidc.contains("profile") {
            for name in ["name", "preferred_username"] {
                token.as_object_mut().map(|t| t.remove(name));
            }
        }
        if grant.oidc.contains("email") {
            if let Some(t) = self.tenants.get(grant.tenant) {
                token["email"] = t.directory.field(grant.place, "mail");
            }
        }
        if self.apps.get(&grant.app_id).is_some_and(|a| a.names_directory_roles) {
            let is_administrator =
                self.tenants.get(grant.tenant).is_some_and(|t| t.administrators.contains(&grant.place));
            let administrator = is_administrator.then_some(ADMINISTRATOR_ROLE);
            token["wids"] = json!(administrator.into_iter().chain([MEMBER_ROLE]).collect::<Vec<_>>());
        }
        if let Some(nonce) = nonce {
            token["nonce"] = nonce.into();
        }
        if !grant.contexts.is_empty() {
            token["acrs"] = json!(grant.contexts);
        }
        self.keys.sign(&token)
    }

    /// Whom a token for Graph stands for.
    pub(in crate::microsoft) fn caller(&self, now: u64, token: Option<&str>) -> Result<Caller, Disbelief> {
        let token = token.ok_or(Disbelief::Missing)?;
        let claims = self
            .keys
            .read(token)
            .ok_or(Disbelief::Invalid("Access token validation failure. Invalid signature."))?;
        let audience = claims["aud"].as_str().unwrap_or_default();
        if audience != "https://graph.microsoft.com" && audience != GRAPH_ID {
            return Err(Disbelief::Invalid("Access token validation failure. Invalid audience."));
        }
        let now_s = now / 1_000;
        if claims["exp"].as_u64().is_none_or(|e| e <= now_s) {
            return Err(Disbelief::Expired);
        }
        let tenant = self.tenant_index(claims["tid"].as_str().unwrap_or_default());
        let tenant = tenant.ok_or(Disbelief::Invalid("The tenant for the token does not exist."))?;
        let t = self.tenants.get(tenant).ok_or(Disbelief::Missing)?;
        let app_id = claims["appid"].as_str().unwrap_or_default().to_string();
        let place = match claims["idtyp"].as_str() {
            Some("app") => None,
            _ => {
                let place = claims["oid"].as_str().and_then(|o| t.directory.place_of(o));
                Some(place.ok_or(Disbelief::Invalid(
                    "The identity of the calling application could not be established.",
                ))?)
            }
        };
        let valid_from = match place {
            Some(p) => t.valid_from_s.get(&p).copied(),
            None => t.principals.get(&app_id).map(|p| p.valid_from_s),
        };
        let can_be_told = claims["xms_cc"].as_array().is_some_and(|c| !c.is_empty());
        let valid_from = valid_from.unwrap_or(0);
        if can_be_told && claims["iat"].as_u64().is_none_or(|i| i < valid_from) {
            let claims =
                json!({"access_token": {"nbf": {"essential": true, "value": valid_from.to_string()}}});
            return Err(Disbelief::Challenge(claims.to_string()));
        }
        let permissions = match place {
            Some(_) => claims["scp"].as_str().unwrap_or_default().split(' ').map(String::from).collect(),
            None => claims["roles"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|r| r.as_str().map(String::from))
                .collect(),
        };
        Ok(Caller { tenant, app_id, place, permissions })
    }
}
