//! What administrators and the world do to the simulated Microsoft: tenants come, people change, consent is given and
//! taken, keys rotate, clocks run wrong.

use crate::microsoft::directory::{Directory, Kind, Removal, guid};
use crate::microsoft::entra::{OIDC, SignIns};
use crate::microsoft::faults::Fault;
use crate::microsoft::graph::licences::Licences;
use crate::microsoft::graph::presence::Presences;
use crate::microsoft::people::mixed;
use crate::microsoft::registration::{Holder, MOST_APPS, Principal, Registration};
use crate::microsoft::tenant::Tenant;
use crate::microsoft::{MOST_TENANTS, Microsoft};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Somebody whom a plan names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The first name.
    pub given: String,
    /// The family name.
    pub surname: String,
    /// What they do.
    pub job: String,
}

/// A tenant that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantPlan {
    /// Its name.
    pub name: String,
    /// Its domain.
    pub domain: String,
    /// Its country, two letters.
    pub country: String,
    /// How many people it has, with those named.
    pub people: u32,
    /// The first of them; the very first is the administrator.
    pub named: Vec<Named>,
}

impl Microsoft {
    /// Makes a tenant and gives its id. Nothing if there are too many.
    pub fn add_tenant(&mut self, plan: &TenantPlan) -> Option<String> {
        (self.tenants.len() < MOST_TENANTS).then_some(())?;
        let index = self.tenants.len() as u32;
        let seed = mixed(self.seed, u64::from(index), 0x7e);
        let mut directory =
            Directory::new(seed, &plan.domain, &plan.name, plan.people.max(plan.named.len() as u32));
        for (place, who) in (0..).zip(&plan.named) {
            let alias = format!("{}.{}", who.given, who.surname).to_lowercase().replace([' ', '\''], "");
            let name = format!("{alias}@{}", plan.domain);
            let fields = json!({"givenName": who.given, "surname": who.surname, "jobTitle": who.job,
                "displayName": format!("{} {}", who.given, who.surname), "userPrincipalName": name, "mail": name,
                "userType": "Member", "accountEnabled": true, "usageLocation": plan.country, "companyName": plan.name,
                "businessPhones": [format!("+49 30 23125-{place:05}")], "isResourceAccount": false,
                "proxyAddresses": [format!("SMTP:{name}")], "imAddresses": [name], "preferredLanguage": "en-GB"});
            directory.change(place, fields.as_object().cloned().unwrap_or_default());
        }
        let id = guid(self.seed, Kind::Tenant, index);
        let licences = Licences::new(&directory, seed);
        self.tenants.push(Tenant {
            id: id.clone(),
            name: plan.name.clone(),
            domain: plan.domain.clone(),
            country: plan.country.clone(),
            seed,
            directory,
            principals: BTreeMap::new(),
            administrators: BTreeSet::from([0]),
            own_consent: true,
            valid_from_s: BTreeMap::new(),
            in_person: BTreeMap::new(),
            licences,
            presences: Presences::new(seed),
        });
        Some(id)
    }

    /// A tenant by its id or domain.
    pub fn tenant(&self, name: &str) -> Option<&Tenant> {
        self.tenants.get(self.tenant_index(name)?)
    }

    fn tenant_mut(&mut self, name: &str) -> Option<&mut Tenant> {
        let index = self.tenant_index(name)?;
        self.tenants.get_mut(index)
    }

    /// Registers an application, or registers it anew. In its home tenant it has its service principal at once.
    pub fn register(&mut self, registration: Registration) {
        if self.apps.len() >= MOST_APPS && !self.apps.contains_key(&registration.app_id) {
            return;
        }
        let (home, id) = (registration.home.clone(), registration.app_id.clone());
        if let Some(tenant) = self.tenant_mut(&home) {
            tenant.principals.entry(id.clone()).or_default();
        }
        self.apps.insert(id, registration);
    }

    /// Changes a registration.
    pub fn change_registration(&mut self, app_id: &str, change: impl FnOnce(&mut Registration)) {
        if let Some(app) = self.apps.get_mut(app_id) {
            change(app);
        }
    }

    /// What a tenant allows an application, to be changed; the service principal is made if there was none.
    pub fn change_principal(&mut self, tenant: &str, app_id: &str, change: impl FnOnce(&mut Principal)) {
        if let Some(t) = self.tenant_mut(tenant) {
            change(t.principals.entry(app_id.into()).or_default());
        }
    }

    /// An administrator allows an application one permission for the whole tenant.
    pub fn grant(&mut self, tenant: &str, app_id: &str, permission: &str, holder: Holder) {
        self.change_principal(tenant, app_id, |p| {
            p.withheld.remove(permission);
            match holder {
                Holder::Application => {
                    p.roles.insert(permission.into());
                }
                Holder::Delegated => p.allow(None, [permission.to_string()]),
            }
        });
    }

    /// An administrator allows an application all that its manifest lists.
    pub fn grant_all(&mut self, tenant: &str, app_id: &str) {
        let wanted = self.apps.get(app_id).map(|a| a.requires.clone()).unwrap_or_default();
        self.change_principal(tenant, app_id, |_| {});
        for (permission, holder) in wanted {
            self.grant(tenant, app_id, &permission, holder);
        }
    }

    /// Nobody but an administrator allows applications anything from now on.
    pub fn forbid_own_consent(&mut self, tenant: &str) {
        if let Some(t) = self.tenant_mut(tenant) {
            t.own_consent = false;
        }
    }

    /// Takes a permission back, from everybody. Tokens that carry it go on until they end. What OpenID Connect names is
    /// given with any consent, so it is withheld by name.
    pub fn revoke(&mut self, tenant: &str, app_id: &str, permission: &str) {
        self.change_principal(tenant, app_id, |p| {
            if OIDC.contains(&permission) {
                p.withheld.insert(permission.into());
            }
            p.roles.remove(permission);
            p.scopes.remove(permission);
            p.own_scopes.values_mut().for_each(|s| {
                s.remove(permission);
            });
        });
    }

    /// The tenant forgets an application: what it was allowed, and its refresh tokens.
    pub fn remove_principal(&mut self, tenant: &str, app_id: &str) {
        if let Some(index) = self.tenant_index(tenant) {
            if let Some(t) = self.tenants.get_mut(index) {
                t.principals.remove(app_id);
            }
            self.sign_ins.forget(index, |g| g.app_id == app_id);
        }
    }

    /// Gives somebody a role of an application. `who` is an id or a user principal name.
    pub fn assign_role(&mut self, tenant: &str, app_id: &str, who: &str, role: &str) {
        let Some(place) = self.tenant(tenant).and_then(|t| t.directory.find(who)) else { return };
        self.change_principal(tenant, app_id, |p| {
            p.app_roles.entry(place).or_default().insert(role.into());
        });
    }

    /// Somebody new; gives the id.
    pub fn add_person(&mut self, now_ms: u64, tenant: &str, fields: Map<String, Value>) -> Option<String> {
        let index = self.tenant_index(tenant)?;
        let t = self.tenants.get_mut(index)?;
        let place = t.directory.add(fields)?;
        let id = t.directory.id(place);
        self.user_changed(now_ms, index, place, "updated");
        Some(id)
    }

    /// Changes fields of somebody. Who is switched off (`accountEnabled`) is also signed out.
    pub fn change_person(&mut self, now_ms: u64, tenant: &str, who: &str, fields: Map<String, Value>) {
        let off = fields.get("accountEnabled") == Some(&Value::Bool(false));
        self.with_person(tenant, who, |t, place| t.directory.change(place, fields), now_ms, "updated");
        if off {
            self.sign_out(now_ms, tenant, who);
        }
    }

    /// Somebody leaves.
    pub fn remove_person(&mut self, now_ms: u64, tenant: &str, who: &str, how: Removal) {
        self.sign_out(now_ms, tenant, who);
        self.with_person(tenant, who, |t, place| t.directory.remove(place, how), now_ms, "deleted");
    }

    /// Somebody who left comes back. `id` is their id.
    pub fn restore_person(&mut self, now_ms: u64, tenant: &str, id: &str) {
        let Some(index) = self.tenant_index(tenant) else { return };
        let Some(t) = self.tenants.get_mut(index) else { return };
        let Some(place) = t.directory.place_of(id) else { return };
        t.directory.restore(place);
        self.user_changed(now_ms, index, place, "updated");
    }

    fn with_person(
        &mut self,
        tenant: &str,
        who: &str,
        act: impl FnOnce(&mut Tenant, u32),
        now_ms: u64,
        what: &'static str,
    ) {
        let Some(index) = self.tenant_index(tenant) else { return };
        let Some(t) = self.tenants.get_mut(index) else { return };
        let Some(place) = t.directory.find(who) else { return };
        act(t, place);
        self.user_changed(now_ms, index, place, what);
    }

    /// Ends what somebody has: refresh tokens at once, access tokens where the client said it can be told (`cp1`).
    pub fn sign_out(&mut self, now_ms: u64, tenant: &str, who: &str) {
        let now = now_ms.saturating_add_signed(self.skew_ms);
        let Some(index) = self.tenant_index(tenant) else { return };
        let Some(t) = self.tenants.get_mut(index) else { return };
        let Some(place) = t.directory.find(who) else { return };
        // A token of this very second counts as one from before.
        t.valid_from_s.insert(place, now / 1_000 + 1);
        self.sign_ins.sign_out(index, place);
    }

    /// Tokens of an application alone are refused from now on where it can be told so; new ones are given out.
    pub fn challenge_app(&mut self, now_ms: u64, tenant: &str, app_id: &str) {
        let now = now_ms.saturating_add_signed(self.skew_ms);
        self.change_principal(tenant, app_id, |p| p.valid_from_s = now / 1_000);
    }

    /// Somebody gets no further token until they sign in in person with these claims.
    pub fn demand_in_person(&mut self, tenant: &str, who: &str, claims: &Value) {
        if let Some(t) = self.tenant_mut(tenant) {
            if let Some(place) = t.directory.find(who) {
                t.in_person.insert(place, claims.to_string());
            }
        }
    }

    /// From now on nobody of a tenant changes their presence by themselves, or they do again.
    pub fn stand_still(&mut self, tenant: &str, still: bool) {
        if let Some(t) = self.tenant_mut(tenant) {
            t.presences.stand_still(still);
        }
    }

    /// Somebody is at one thing from now on, as `InACall`, `InAMeeting`, `DoNotDisturb` or `Available`; without one they live
    /// on by themselves.
    pub fn settle_presence(&mut self, tenant: &str, who: &str, activity: Option<&str>) -> bool {
        let Some(t) = self.tenant_mut(tenant) else { return false };
        let Some(place) = t.directory.find(who) else { return false };
        t.presences.settle(place, activity)
    }

    /// Availability and activity of somebody, as everybody sees them.
    pub fn presence_of(&self, now_ms: u64, tenant: &str, who: &str) -> Option<(String, String)> {
        let t = self.tenant(tenant)?;
        Some(t.presences.of(now_ms.saturating_add_signed(self.skew_ms), t.directory.find(who)?))
    }

    /// Refuses all delta links given out so far: 410 and a new start.
    pub fn forget_changes(&mut self, tenant: &str) {
        if let Some(t) = self.tenant_mut(tenant) {
            t.directory.forget_changes();
        }
    }

    /// From now on a new key signs; the one before stays published.
    pub fn rotate_keys(&mut self) {
        self.keys.rotate();
    }

    /// The key from before is published no longer.
    pub fn withdraw_old_keys(&mut self) {
        self.keys.withdraw_old();
    }

    /// A fault that waits for its request.
    pub fn put_fault(&mut self, fault: Fault) {
        self.faults.put(fault);
    }

    /// No fault waits any longer.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// Its clock is wrong by this much from now on, in milliseconds.
    pub fn skew(&mut self, ms: i64) {
        self.skew_ms = ms;
    }

    /// All limits of throttling divided by this; 1 is as Microsoft has them.
    pub fn tighten(&mut self, divisor: u32) {
        self.throttle.tighten(divisor);
    }

    /// A token as Entra ID would sign it, with any claims: for tests of those who must refuse it.
    pub fn sign(&self, claims: &Value) -> String {
        self.keys.sign(claims)
    }

    /// Everybody is signed out of their browsers.
    pub fn forget_browsers(&mut self) {
        SignIns::forget_browsers(&mut self.sign_ins);
    }
}
