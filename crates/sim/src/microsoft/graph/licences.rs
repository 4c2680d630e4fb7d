//! Licences: what a tenant bought, and who has them.

use crate::microsoft::directory::Directory;
use crate::microsoft::entra::tokens::Caller;
use crate::microsoft::exchange::{Reply, Request};
use crate::microsoft::graph::object;
use crate::microsoft::graph::refusal::{GraphRefusal, refuse};
use crate::microsoft::people::mixed;
use crate::microsoft::{Microsoft, Tenant};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One product: its id, name, plans in it, and how many people of a hundred have it.
struct Product {
    id: &'static str,
    name: &'static str,
    plans: &'static [(&'static str, &'static str)],
    share: u64,
}

const PRODUCTS: [Product; 3] = [
    Product {
        id: "06ebc4ee-1bb5-47dd-8120-11324bc54e06",
        name: "SPE_E5",
        plans: &[
            ("57ff2da0-773e-42df-b2af-ffb7a2317929", "TEAMS1"),
            ("4828c8ec-dc2e-4779-b502-87ac9ce28ab7", "MCOEV"),
        ],
        share: 70,
    },
    Product {
        id: "e43b5b99-8dfb-405f-9987-dc307f34bcbd",
        name: "MCOEV",
        plans: &[("4828c8ec-dc2e-4779-b502-87ac9ce28ab7", "MCOEV")],
        share: 10,
    },
    Product {
        id: "440eaaa8-b3e0-484b-a8be-62870b9ba70a",
        name: "PHONESYSTEM_VIRTUALUSER",
        plans: &[("f47330e9-c134-43b3-9993-e7f004506889", "MCOEV_VIRTUALUSER")],
        share: 0,
    },
];
/// Units that are still free at the beginning.
const FREE: usize = 5;

/// The licences of a tenant.
#[derive(Clone, Debug)]
pub struct Licences {
    seed: u64,
    /// What was changed: the person and the product's place, and whether they have it.
    changed: BTreeMap<(u32, usize), bool>,
    /// Bought units and used ones, of each product.
    units: Vec<(usize, usize)>,
}

impl Licences {
    /// As many units as are used, and a few.
    pub fn new(directory: &Directory, seed: u64) -> Licences {
        let mut l = Licences { seed, changed: BTreeMap::new(), units: Vec::new() };
        for n in 0..PRODUCTS.len() {
            let used = (0..directory.places()).filter(|p| l.has(*p, n)).count();
            l.units.push((used + FREE, used));
        }
        l
    }

    fn has(&self, place: u32, n: usize) -> bool {
        let share = PRODUCTS.get(n).map_or(0, |p| p.share);
        let made = mixed(self.seed, u64::from(place), 0x80 + n as u64) % 100 < share;
        self.changed.get(&(place, n)).copied().unwrap_or(made)
    }

    /// The products that somebody has.
    fn of(&self, place: u32) -> impl Iterator<Item = (usize, &'static Product)> {
        PRODUCTS.iter().enumerate().filter(move |(n, _)| self.has(place, *n))
    }

    /// `assignedLicenses` of somebody.
    pub fn assigned(&self, place: u32) -> Value {
        self.of(place).map(|(_, p)| json!({"skuId": p.id, "disabledPlans": []})).collect()
    }

    fn set(&mut self, place: u32, n: usize, has: bool) {
        if self.has(place, n) != has {
            self.changed.insert((place, n), has);
            if let Some((_, used)) = self.units.get_mut(n) {
                *used = if has { *used + 1 } else { used.saturating_sub(1) };
            }
        }
    }
}

fn plans(p: &Product, status: &str) -> Vec<Value> {
    p.plans
        .iter()
        .map(|(id, name)| json!({"servicePlanId": id, "servicePlanName": name, "provisioningStatus": status, "appliesTo": "User"}))
        .collect()
}

fn bad(text: impl Into<String>) -> GraphRefusal {
    refuse(400, "Request_BadRequest", text)
}

impl Microsoft {
    fn product_value(t: &Tenant, n: usize, p: &Product) -> Value {
        let (bought, used) = t.licences.units.get(n).copied().unwrap_or_default();
        json!({"id": format!("{}_{}", t.id, p.id), "skuId": p.id, "skuPartNumber": p.name, "capabilityStatus": "Enabled",
            "appliesTo": "User", "consumedUnits": used, "accountName": t.name, "accountId": t.id, "subscriptionIds": [],
            "prepaidUnits": {"enabled": bought, "suspended": 0, "warning": 0, "lockedOut": 0},
            "servicePlans": plans(p, "Success")})
    }

    pub(super) fn subscribed_skus(&self, caller: &Caller, one: Option<&str>) -> Result<Reply, GraphRefusal> {
        let t = self.tenants.get(caller.tenant).ok_or_else(|| bad("No tenant."))?;
        let all: Vec<Value> =
            PRODUCTS.iter().enumerate().map(|(n, p)| Self::product_value(t, n, p)).collect();
        match one {
            None => {
                Ok(Reply::json(200, &json!({"@odata.context": self.context("subscribedSkus"), "value": all})))
            }
            Some(id) => {
                let found = all.into_iter().find(|v| v["id"] == id);
                let found = found
                    .ok_or_else(|| refuse(404, "Request_ResourceNotFound", "Resource does not exist."))?;
                Ok(Reply::json(200, &found))
            }
        }
    }

    pub(super) fn license_details(&self, caller: &Caller, who: &str) -> Result<Reply, GraphRefusal> {
        let place = self.place(caller, who)?;
        let t = self.tenants.get(caller.tenant).ok_or_else(|| bad("No tenant."))?;
        let all = [
            "LicenseAssignment.Read.All",
            "User.Read.All",
            "User.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ];
        if caller.place.is_some_and(|own| own != place)
            && !caller.permissions.iter().any(|p| all.contains(&p.as_str()))
        {
            return Err(refuse(
                403,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            ));
        }
        let details: Vec<Value> = t
            .licences
            .of(place)
            .map(|(_, p)| json!({"id": p.id, "skuId": p.id, "skuPartNumber": p.name, "servicePlans": plans(p, "Success")}))
            .collect();
        Ok(Reply::json(
            200,
            &json!({"@odata.context": self.context("users/licenseDetails"), "value": details}),
        ))
    }

    pub(super) fn assign_license(
        &mut self,
        now: u64,
        caller: &Caller,
        who: &str,
        request: &Request,
    ) -> Result<Reply, GraphRefusal> {
        let place = self.place(caller, who)?;
        let body = object(request)?;
        let product = |id: &Value| {
            let id = id.as_str().unwrap_or_default();
            PRODUCTS
                .iter()
                .position(|p| p.id.eq_ignore_ascii_case(id))
                .ok_or_else(|| bad(format!("License {id} does not correspond to a valid company License.")))
        };
        let list =
            |name: &str| body[name].as_array().cloned().ok_or_else(|| bad(format!("{name} must be a list.")));
        let add = list("addLicenses")?.iter().map(|l| product(&l["skuId"])).collect::<Result<Vec<_>, _>>()?;
        let remove = list("removeLicenses")?.iter().map(product).collect::<Result<Vec<_>, _>>()?;
        let caller_is_person = caller.place;
        let t = self.tenants.get_mut(caller.tenant).ok_or_else(|| bad("No tenant."))?;
        // Whoever is signed in must themselves be allowed to do it.
        if caller_is_person.is_some_and(|p| !t.administrators.contains(&p)) {
            return Err(refuse(
                403,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            ));
        }
        if !add.is_empty() && t.directory.field(place, "usageLocation").is_null() {
            return Err(bad("License assignment cannot be done for user with invalid usage location."));
        }
        for n in &add {
            let (bought, used) = t.licences.units.get(*n).copied().unwrap_or_default();
            if !t.licences.has(place, *n) && used >= bought {
                let id = PRODUCTS.get(*n).map_or("", |p| p.id);
                return Err(bad(format!("Subscription with SKU {id} does not have any available licenses.")));
            }
        }
        if remove.iter().any(|n| !t.licences.has(place, *n)) {
            return Err(bad("User does not have a corresponding license."));
        }
        remove.iter().for_each(|n| t.licences.set(place, *n, false));
        add.iter().for_each(|n| t.licences.set(place, *n, true));
        let assigned = t.licences.assigned(place);
        let fields = json!({"assignedLicenses": assigned}).as_object().cloned().unwrap_or_default();
        t.directory.change(place, fields);
        let mut user = Value::Object(
            t.directory.fields(place, &["id", "displayName", "userPrincipalName", "usageLocation"]),
        );
        user["assignedLicenses"] = assigned;
        self.user_changed(now, caller.tenant, place, "updated");
        Ok(Reply::json(200, &user))
    }
}
