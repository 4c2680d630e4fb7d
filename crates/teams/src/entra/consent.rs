//! Consent by an administrator, and whose tenant it was.
//!
//! The tenant in the callback is a word that anybody can write. It counts only when somebody of that tenant has signed
//! in: [`Consented::proven_by`].

use crate::address::query;
use crate::clean;
use crate::entra::b64url;
use crate::entra::endpoints::Endpoints;
use crate::entra::sign_in::{Begun, Callback, CallbackFault, LIFE, SignIns};
use crate::entra::validate::SignedIn;
use crate::time::Time;
use core::fmt;
use redact::Secret;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Kept {
    state: String,
    purpose: String,
    until: u64,
}

/// A callback that says somebody consented. Nothing of it is proven.
#[derive(Clone, Debug)]
pub struct Consented {
    tenant: String,
    /// As given at the beginning.
    pub purpose: String,
}

/// A tenant whose administrator stands behind the connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proof {
    /// The tenant.
    pub tenant: String,
    /// The person who signed in, whose token names a role that may consent for the tenant.
    pub object: String,
}

/// Why somebody does not prove a tenant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProofFault {
    /// They belong to another tenant than the one that the callback named.
    AnotherTenant,
    /// They are a guest there.
    Guest,
    /// Their token names roles, and none that may consent.
    NoAdministrator,
    /// Their token names no roles at all: whether somebody may consent is not known then, and nobody is believed.
    NoRoles,
}

impl fmt::Display for ProofFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProofFault::AnotherTenant => "sign in as an administrator of the tenant that consented",
            ProofFault::Guest => {
                "a guest cannot connect a tenant: sign in with an account of the tenant itself"
            }
            ProofFault::NoAdministrator => "an administrator who may consent has to sign in",
            ProofFault::NoRoles => {
                "the ID token names no directory roles: set groupMembershipClaims to DirectoryRole in the app registration"
            }
        })
    }
}

impl std::error::Error for ProofFault {}

impl Consented {
    /// A claim that was kept sealed while the person who proves it signed in. Nothing for what cannot be a tenant.
    pub fn kept(tenant: &str, purpose: &str) -> Option<Consented> {
        Some(Consented { tenant: clean::guid(tenant)?, purpose: purpose.to_string() })
    }

    /// What the callback said, to be shown as a claim.
    pub fn claimed_tenant(&self) -> &str {
        &self.tenant
    }

    /// The tenant, when the person who then signed in belongs to it and may consent for it. That something was granted to the
    /// application there proves nothing: it may have been for somebody else's connection.
    pub fn proven_by(&self, person: &SignedIn) -> Result<Proof, ProofFault> {
        if person.tenant != self.tenant {
            return Err(ProofFault::AnotherTenant);
        }
        if person.guest {
            return Err(ProofFault::Guest);
        }
        match person.may_consent() {
            Some(false) => Err(ProofFault::NoAdministrator),
            None => Err(ProofFault::NoRoles),
            Some(true) => Ok(Proof { tenant: self.tenant.clone(), object: person.object.clone() }),
        }
    }
}

impl SignIns {
    /// Sends an administrator to consent. `scopes` are delegated permissions of one registration as scopes, or the
    /// resource's `/.default`, which asks for all that stand in the registration's manifest and is the only way to
    /// application permissions. `chance` is 32 random bytes. Nothing when the authority has no such page.
    pub fn begin_consent(
        &self,
        now: Time,
        endpoints: &Endpoints,
        client_id: &str,
        redirect_uri: &str,
        scopes: &[String],
        purpose: &str,
        chance: &[u8; 32],
    ) -> Option<Begun> {
        let state = b64url(chance);
        let fields = [
            ("client_id", client_id),
            ("scope", &scopes.join(" ")),
            ("redirect_uri", redirect_uri),
            ("state", &state),
        ];
        let address = format!("{}?{}", endpoints.admin_consent.as_ref()?, query(&fields));
        let kept = Kept { state, purpose: purpose.to_string(), until: now.plus(LIFE).0 };
        let cookie = self.seal.seal("consent", &serde_json::to_string(&kept).ok()?)?;
        Some(Begun { address: Secret::new(address), cookie })
    }

    /// Takes the callback of consent with the cookie of the browser that brought it.
    pub fn finish_consent(
        &self,
        now: Time,
        cookie: Option<&str>,
        callback: &Callback,
    ) -> Result<Consented, CallbackFault> {
        let opened = cookie.and_then(|c| self.seal.open("consent", c));
        let kept: Option<Kept> = opened.and_then(|text| serde_json::from_str(&text).ok());
        let kept = kept.ok_or(CallbackFault::NotBegun)?;
        if now >= Time(kept.until) {
            return Err(CallbackFault::TooLate);
        }
        callback.belongs_to(&kept.state)?;
        let said_yes = callback.get("admin_consent").is_some_and(|c| c.eq_ignore_ascii_case("true"));
        let tenant = callback.get("tenant").and_then(clean::guid);
        match (said_yes, tenant) {
            (true, Some(tenant)) => Ok(Consented { tenant, purpose: kept.purpose }),
            _ => Err(CallbackFault::Malformed),
        }
    }
}
