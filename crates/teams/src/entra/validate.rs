//! Judging tokens: those of callers of our API, those of a sign-in, and those that Graph's notifications bring.
//!
//! The order is: shape and algorithm, key, signature, times, audience, version and issuer, tenant, and then what only
//! this kind of token has. A person is (`tid`, `oid`); addresses and names in a token identify nobody.

use crate::address::BaseUrl;
use crate::clean;
use crate::entra::jwt::{Algorithm, Unreadable, Unverified};
use crate::entra::keys::{Key, KeySet};
use crate::entra::{b64url, same, sha256};
use crate::time::Time;
use core::fmt;
use core::time::Duration;
use redact::Secret;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How far Microsoft's clock and ours may differ.
const SKEW: Duration = Duration::from_secs(300);
/// The most roles, scopes and the like of one token that are read.
const MOST_WORDS: usize = 200;
/// The application that signs the tokens of Graph's change notifications.
const NOTIFICATION_PUBLISHER: &str = "0bf30f3b-4a52-48df-9a82-234910c4a086";
/// Directory roles whose holders may consent for their tenant: Global, Privileged Role, Application and Cloud
/// Application Administrator.
const CONSENTING_ROLES: [&str; 4] = [
    "62e90394-69f5-4237-9190-012177145e10",
    "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
    "158c047a-c907-4556-b7ef-446551a6b5f7",
];

/// Who issues the tokens of an authority.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Issuer {
    /// Entra ID: the issuer holds the tenant, in one way for each version of tokens.
    Entra {
        /// The base of version 2 issuers, [`crate::Cloud::login`].
        login: BaseUrl,
        /// The base of version 1 issuers, [`crate::Cloud::sts`].
        sts: BaseUrl,
    },
    /// Another OpenID provider, by exactly this name; its tokens have no tenant.
    Exactly(String),
}

/// Why a token is refused. The caller who sent it learns no more than "refused"; this is for the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// It is no signed token, or it is too long.
    Malformed,
    /// It is signed in a way that is not accepted, `none` and shared secrets among them.
    Algorithm,
    /// It names a key that is not known. Ask [`crate::entra::KeyCache::missed`], and judge again if new keys came.
    UnknownKey,
    /// The key belongs to another issuer.
    KeyOfAnotherIssuer,
    /// The signature is wrong.
    Signature,
    /// It is over.
    Expired,
    /// It is not valid yet.
    NotYet,
    /// It is for somebody else: another application, or Graph.
    Audience,
    /// Its version is neither 1.0 nor 2.0, or not the one that its issuer stands for.
    Version,
    /// It comes from another issuer than its tenant's.
    Issuer,
    /// Its tenant is not one of ours.
    Tenant,
    /// It says neither who nor what it stands for.
    NoSubject,
    /// The program that got it is not one that may call us.
    Caller,
    /// It is not an access token for this API: an ID token, or one without the needed scope or role.
    Scope,
    /// It belongs to another sign-in.
    Nonce,
    /// It does not belong to the code or the access token that came with it.
    Hash,
    /// It came with an activity of a channel that its key does not speak for.
    Endorsement,
    /// It came with an activity that names another service URL.
    ServiceUrl,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::Malformed => "the token cannot be read",
            Refused::Algorithm => "the token is signed in a way that is not accepted",
            Refused::UnknownKey => "the token is signed with a key that the authority does not publish",
            Refused::KeyOfAnotherIssuer => "the token is signed with the key of another issuer",
            Refused::Signature => "the token's signature is wrong",
            Refused::Expired => "the token is over: get a new one, and check the clocks if it is new",
            Refused::NotYet => "the token is not valid yet: check the clocks",
            Refused::Audience => "the token is for another application or for Graph",
            Refused::Version => "the token's version does not go with its issuer",
            Refused::Issuer => "the token comes from another issuer than its tenant's",
            Refused::Tenant => "the token's tenant is not connected here",
            Refused::NoSubject => "the token does not say whose it is",
            Refused::Caller => "the program that got the token may not call this API",
            Refused::Scope => "the token is no access token for this API, or lacks the scope or role",
            Refused::Nonce => "the token belongs to another sign-in",
            Refused::Hash => "the token does not belong to what came with it",
            Refused::Endorsement => "the token's key does not speak for the activity's channel",
            Refused::ServiceUrl => "the token is for another service URL than the activity's",
        })
    }
}

impl std::error::Error for Refused {}

/// What every kind of token has in common.
pub(crate) struct Claims(Map<String, Value>);

impl Claims {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|t| !t.is_empty() && t.len() <= 2048)
    }

    /// A text under a name whose letters may be large or small.
    pub(crate) fn text_of_any_case(&self, name: &str) -> Option<&str> {
        let (own, _) = self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        self.text(own)
    }

    fn guid(&self, name: &str) -> Option<String> {
        clean::guid(self.text(name)?)
    }

    fn number(&self, name: &str) -> Option<u64> {
        let value = self.0.get(name)?;
        value.as_u64().or_else(|| value.as_f64().filter(|f| (0.0..1e15).contains(f)).map(|f| f as u64))
    }

    /// Words of a list.
    fn list(&self, name: &str) -> Vec<String> {
        let Some(Value::Array(values)) = self.0.get(name) else { return Vec::new() };
        let words = values.iter().filter_map(Value::as_str).filter(|w| w.len() <= 256);
        words.take(MOST_WORDS).map(str::to_string).collect()
    }

    /// Words with spaces between.
    fn words(&self, name: &str) -> Vec<String> {
        let words = self.text(name).unwrap_or_default().split(' ').filter(|w| !w.is_empty());
        words.take(MOST_WORDS).map(str::to_string).collect()
    }

    /// Whether `aud` is, or has among others, one of these.
    pub(crate) fn is_for(&self, audiences: &[&str]) -> bool {
        match self.0.get("aud") {
            Some(Value::String(one)) => audiences.contains(&one.as_str()),
            Some(Value::Array(many)) => {
                many.len() == 1 && many.iter().filter_map(Value::as_str).any(|one| audiences.contains(&one))
            }
            _ => false,
        }
    }

    pub(crate) fn within_times(&self, now: Time) -> Result<Time, Refused> {
        let ends = Time::from_secs(self.number("exp").ok_or(Refused::Malformed)?);
        if now >= ends.plus(SKEW) {
            return Err(Refused::Expired);
        }
        // Another provider's ID tokens have no `nbf`; when it was made serves as well.
        let begins =
            Time::from_secs(self.number("nbf").or_else(|| self.number("iat")).ok_or(Refused::Malformed)?);
        if begins > now.plus(SKEW) { Err(Refused::NotYet) } else { Ok(ends) }
    }

    /// The tenant of Entra ID that issued this, after version, issuer and key were found to go together.
    fn tenant(&self, login: &BaseUrl, sts: &BaseUrl, key: &Key) -> Result<String, Refused> {
        let tid = self.guid("tid").ok_or(Refused::Tenant)?;
        let issuer = self.text("iss").ok_or(Refused::Issuer)?;
        let v2 = login.join(&format!("/{tid}/v2.0"));
        let v1 = sts.join(&format!("/{tid}/"));
        let expected = match self.text("ver") {
            Some("2.0") => v2,
            Some("1.0") => v1,
            _ => return Err(Refused::Version),
        };
        if issuer != expected {
            return Err(Refused::Issuer);
        }
        // A key of version 2 documents names the version 2 issuer, also where it signs version 1 tokens.
        let of_key = key.issuer.as_deref().map(|i| i.replace("{tenantid}", &tid));
        let v2 = login.join(&format!("/{tid}/v2.0"));
        if of_key.is_some_and(|of_key| of_key != expected && of_key != v2) {
            return Err(Refused::KeyOfAnotherIssuer);
        }
        Ok(tid)
    }

    /// Whether another provider than this tenant knows the person.
    fn is_of_another(&self, issuer: &str, tenant: &str) -> bool {
        self.text("idp").is_some_and(|idp| idp != issuer && !idp.contains(tenant))
    }

    /// The program that got the token.
    fn caller(&self) -> Option<String> {
        self.guid("azp").or_else(|| self.guid("appid"))
    }
}

/// Reads a token and checks its signature.
pub(crate) fn verified<'k>(
    token: &str,
    keys: &'k KeySet,
    allowed: &[Algorithm],
) -> Result<(Claims, &'k Key), Refused> {
    let token = Unverified::read(token).map_err(|e| match e {
        Unreadable::Shape => Refused::Malformed,
        Unreadable::Algorithm => Refused::Algorithm,
    })?;
    if !allowed.contains(&token.algorithm) {
        return Err(Refused::Algorithm);
    }
    let key = keys.find(&token.kid).ok_or(Refused::UnknownKey)?;
    let claims = token.verify(&key.n, &key.e).ok_or(Refused::Signature)?;
    Ok((Claims(claims), key))
}

/// Whom an access token stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Caller {
    /// A person, through a program.
    Person {
        /// What the program may do in their name (`scp`).
        scopes: Vec<String>,
        /// Application roles that were assigned to the person: owner, supervisor, agent, auditor.
        roles: Vec<String>,
    },
    /// A program by itself.
    Program {
        /// The roles that were granted to it.
        roles: Vec<String>,
    },
}

/// The longest text of a token that is passed on, in bytes.
const LONGEST_TEXT: usize = 64;

/// Short texts of a token that was found good, by the names of their claims. A list of one text, as an attribute of a
/// directory's extension is written, counts as the text.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Texts(BTreeMap<String, Secret<String>>);

impl Texts {
    fn of(claims: &Claims) -> Texts {
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Array(list) => match list.as_slice() {
                [Value::String(text)] => Some(text.clone()),
                _ => None,
            },
            _ => None,
        };
        let short = |text: &String| !text.is_empty() && text.len() <= LONGEST_TEXT;
        let all = claims.0.iter().filter_map(|(name, value)| Some((name, text(value).filter(short)?)));
        Texts(all.map(|(name, text)| (name.clone(), Secret::new(text))).collect())
    }

    /// What a claim says.
    pub fn get(&self, name: &str) -> Option<&Secret<String>> {
        self.0.get(name)
    }
}

/// What an access token for our API says, after it was found good.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Access {
    /// The tenant.
    pub tenant: String,
    /// The person or service principal within it. Together with the tenant, the only identity.
    pub object: String,
    /// Person or program.
    pub caller: Caller,
    /// The program that got the token (`azp`, `appid`).
    pub program: String,
    /// How that program proved itself: 0 not at all, 1 by a secret, 2 by a certificate.
    pub program_proof: Option<u8>,
    /// When it is over. A connection that it opened ends then too.
    pub ends: Time,
    /// When the person last proved who they are, if the token says so.
    pub signed_in: Option<Time>,
    /// Authentication contexts that were met (`acrs`): what step-up looks at.
    pub contexts: Vec<String>,
    /// Whether the caller understands claims challenges (`xms_cc` has `cp1`).
    pub takes_challenges: bool,
    /// The token's identifier, for the log.
    pub token_id: Option<String>,
    /// Whether the person belongs to another tenant and is a guest here: the token says so, or names another provider.
    pub guest: bool,
    /// What else it says in a few words.
    pub texts: Texts,
}

/// What an access token for our API must fulfil.
#[derive(Clone, Debug)]
pub struct ApiRules {
    /// Our application's id: the audience of version 2 tokens.
    pub client_id: String,
    /// Our Application ID URI: the audience of version 1 tokens. None when only version 2 is accepted.
    pub app_id_uri: Option<String>,
    /// Who may issue it.
    pub login: BaseUrl,
    /// Who may issue it in version 1.
    pub sts: BaseUrl,
    /// The scope that a person's token must have, `access_as_user`.
    pub scope: String,
    /// Roles of which a program's token must have one. Empty: programs by themselves may not call.
    pub program_roles: Vec<String>,
    /// Programs that may call. Empty: any that the tenant consented to.
    pub callers: Vec<String>,
    /// Ways of signing; Entra ID uses RS256 only.
    pub algorithms: Vec<Algorithm>,
}

impl ApiRules {
    /// Rules for tokens with RS256, for persons only, from any caller.
    pub fn new(cloud: &crate::Cloud, client_id: &str, scope: &str) -> ApiRules {
        ApiRules {
            client_id: client_id.to_string(),
            app_id_uri: None,
            login: cloud.login.clone(),
            sts: cloud.sts.clone(),
            scope: scope.to_string(),
            program_roles: Vec::new(),
            callers: Vec::new(),
            algorithms: vec![Algorithm::Rs256],
        }
    }

    /// Judges an access token. `connected` says whether a tenant is one of ours.
    pub fn check(
        &self,
        keys: &KeySet,
        now: Time,
        token: &str,
        connected: impl Fn(&str) -> bool,
    ) -> Result<Access, Refused> {
        let (claims, key) = verified(token, keys, &self.algorithms)?;
        let ends = claims.within_times(now)?;
        let uri = self.app_id_uri.as_deref().filter(|_| claims.text("ver") == Some("1.0"));
        let audiences: Vec<_> = [Some(self.client_id.as_str()), uri].into_iter().flatten().collect();
        if !claims.is_for(&audiences) {
            return Err(Refused::Audience);
        }
        let tenant = claims.tenant(&self.login, &self.sts, key)?;
        if !connected(&tenant) {
            return Err(Refused::Tenant);
        }
        let object = claims.guid("oid").ok_or(Refused::NoSubject)?;
        let (scopes, roles) = (claims.words("scp"), claims.list("roles"));
        // An ID token has neither a scope nor `idtyp`, and names no caller; it may have roles, so they prove nothing.
        let caller = if scopes.is_empty() {
            let granted = roles.iter().any(|r| self.program_roles.contains(r));
            if claims.text("idtyp") != Some("app") || !granted {
                return Err(Refused::Scope);
            }
            Caller::Program { roles }
        } else {
            if !scopes.contains(&self.scope) || claims.text("idtyp") == Some("app") {
                return Err(Refused::Scope);
            }
            Caller::Person { scopes, roles }
        };
        let program = claims.caller().ok_or(Refused::Caller)?;
        if !self.callers.is_empty() && !self.callers.contains(&program) {
            return Err(Refused::Caller);
        }
        let issuer = claims.text("iss").unwrap_or_default();
        let guest = claims.number("acct") == Some(1) || claims.is_of_another(issuer, &tenant);
        let proof = claims.text("azpacr").or_else(|| claims.text("appidacr")).and_then(|p| p.parse().ok());
        Ok(Access {
            tenant,
            object,
            caller,
            program,
            program_proof: proof,
            ends,
            signed_in: claims.number("auth_time").map(Time::from_secs),
            contexts: claims.list("acrs"),
            takes_challenges: claims.list("xms_cc").iter().any(|c| c.eq_ignore_ascii_case("cp1")),
            token_id: claims.text("uti").and_then(clean::word),
            guest,
            texts: Texts::of(&claims),
        })
    }
}

/// Who signed in, by an ID token that was found good.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The tenant; empty for another OpenID provider.
    pub tenant: String,
    /// The person within the tenant; of another provider, its `sub`.
    pub object: String,
    /// Application roles of the person: owner, supervisor, agent, auditor.
    pub roles: Vec<String>,
    /// Roles in the directory by their template's id (`wids`), when the token says them.
    pub directory_roles: Vec<String>,
    /// Whether the person belongs to another tenant and is a guest here (`idp` differs from the issuer).
    pub guest: bool,
    /// For a greeting; identifies nobody.
    pub name: Option<Secret<String>>,
    /// For a greeting and as a hint at the next sign-in; identifies nobody.
    pub user_name: Option<Secret<String>>,
    /// The session at the provider (`sid`), to end ours when that one ends.
    pub session: Option<String>,
    /// When the person last proved who they are.
    pub signed_in: Option<Time>,
    /// Authentication contexts that were met.
    pub contexts: Vec<String>,
    /// When the token is over.
    pub ends: Time,
}

impl SignedIn {
    /// Whether the token names a directory role that may consent for the tenant. Nothing when it names no roles at all.
    pub fn may_consent(&self) -> Option<bool> {
        let known = !self.directory_roles.is_empty();
        known.then(|| self.directory_roles.iter().any(|r| CONSENTING_ROLES.contains(&r.as_str())))
    }
}

/// What an ID token must fulfil.
#[derive(Clone, Debug)]
pub struct IdRules {
    /// Our application's id.
    pub client_id: String,
    /// Who may issue it.
    pub issuer: Issuer,
}

impl IdRules {
    /// Judges the ID token that an exchange brought. `nonce` is that of the sign-in; `access_token` and `code` are what
    /// came with it, if anything did. `connected` says whether a tenant is one of ours; while one is being connected,
    /// it accepts any.
    pub fn check(
        &self,
        keys: &KeySet,
        now: Time,
        token: &str,
        nonce: &str,
        came_with: (Option<&str>, Option<&str>),
        connected: impl Fn(&str) -> bool,
    ) -> Result<SignedIn, Refused> {
        let (claims, key) = verified(token, keys, &[Algorithm::Rs256])?;
        let ends = claims.within_times(now)?;
        if !claims.is_for(&[self.client_id.as_str()]) {
            return Err(Refused::Audience);
        }
        let (tenant, object) = match &self.issuer {
            Issuer::Entra { login, sts } => {
                // An access token for ourselves has the same audience; it says what may be done, and is no sign-in.
                if claims.text("scp").is_some() || claims.text("idtyp").is_some() {
                    return Err(Refused::Scope);
                }
                let tenant = claims.tenant(login, sts, key)?;
                (tenant, claims.guid("oid").ok_or(Refused::NoSubject)?)
            }
            Issuer::Exactly(name) => {
                if claims.text("iss") != Some(name.as_str()) {
                    return Err(Refused::Issuer);
                }
                let subject = claims.text("sub").filter(|s| s.len() <= 255).ok_or(Refused::NoSubject)?;
                (String::new(), subject.to_string())
            }
        };
        if !connected(&tenant) {
            return Err(Refused::Tenant);
        }
        if nonce.is_empty() || !same(claims.text("nonce").unwrap_or_default().as_bytes(), nonce.as_bytes()) {
            return Err(Refused::Nonce);
        }
        for (name, value) in [("at_hash", came_with.0), ("c_hash", came_with.1)] {
            if let (Some(said), Some(value)) = (claims.text(name), value) {
                let half = sha256(value.as_bytes());
                if said != b64url(half.get(..16).unwrap_or_default()) {
                    return Err(Refused::Hash);
                }
            }
        }
        let issuer = claims.text("iss").unwrap_or_default();
        Ok(SignedIn {
            guest: claims.is_of_another(issuer, &tenant),
            tenant,
            object,
            roles: claims.list("roles"),
            directory_roles: claims.list("wids"),
            name: claims.text("name").map(clean::name),
            user_name: claims.text("preferred_username").map(clean::name),
            session: claims.text("sid").map(str::to_string),
            signed_in: claims.number("auth_time").map(Time::from_secs),
            contexts: claims.list("acrs"),
            ends,
        })
    }
}

/// What the tokens must fulfil that come with notifications of Graph which carry data.
#[derive(Clone, Debug)]
pub struct NotificationRules {
    /// The ids of our applications that have subscriptions.
    pub client_ids: Vec<String>,
    /// Who may issue it.
    pub login: BaseUrl,
    /// Who may issue it in version 1.
    pub sts: BaseUrl,
}

impl NotificationRules {
    /// The tenant that the token speaks for.
    pub fn check(
        &self,
        keys: &KeySet,
        now: Time,
        token: &str,
        connected: impl Fn(&str) -> bool,
    ) -> Result<String, Refused> {
        let (claims, key) = verified(token, keys, &[Algorithm::Rs256])?;
        claims.within_times(now)?;
        let ids: Vec<_> = self.client_ids.iter().map(String::as_str).collect();
        if !claims.is_for(&ids) {
            return Err(Refused::Audience);
        }
        let tenant = claims.tenant(&self.login, &self.sts, key)?;
        if !connected(&tenant) {
            return Err(Refused::Tenant);
        }
        if claims.caller().as_deref() == Some(NOTIFICATION_PUBLISHER) {
            Ok(tenant)
        } else {
            Err(Refused::Caller)
        }
    }
}
