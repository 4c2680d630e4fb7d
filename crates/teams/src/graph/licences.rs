//! Licences: how many there are, who has which, assigning and removing.

use crate::clean;
use crate::graph::{Call, Graph, step, text};
use crate::permissions::Operation;
use crate::request::{MOST_JSON, Method, Reply};
use serde_json::{Value, json};

/// The most licences of a tenant or person that are read.
const MOST_SKUS: usize = 1000;

/// A licence that the tenant has, or a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Licence {
    /// The id of the product.
    pub sku: String,
    /// Microsoft's name for it, such as `MCOEV`.
    pub name: String,
    /// Units that can be used. None where it is not said, as for a person's licences.
    pub units: Option<u64>,
    /// Units in use.
    pub used: Option<u64>,
}

impl Licence {
    /// Units that are left.
    pub fn left(&self) -> Option<u64> {
        Some(self.units?.saturating_sub(self.used?))
    }
}

/// What matters of a person for licences.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Licensed {
    /// The object's id.
    pub id: String,
    /// Whether a country of use is set. Without one, nothing can be assigned.
    pub has_usage_location: bool,
    /// The ids of the products the person has.
    pub skus: Vec<String>,
}

/// A change of one person's licences: made, looked at (a dry run), and then asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LicenceChange {
    /// The object's id of the person.
    pub user: String,
    /// Products to assign.
    pub add: Vec<String>,
    /// Products to take away.
    pub remove: Vec<String>,
}

impl LicenceChange {
    /// Why it would not work as things are, as sentences; empty when nothing is known to stand against it. What is
    /// already so is taken out of the change.
    pub fn dry_run(&mut self, person: &Licensed, licences: &[Licence]) -> Vec<String> {
        self.add.retain(|sku| !person.skus.contains(sku));
        self.remove.retain(|sku| person.skus.contains(sku));
        let mut against = Vec::new();
        if !self.add.is_empty() && !person.has_usage_location {
            against.push("set the person's usage location in Microsoft 365 first".to_string());
        }
        for sku in &self.add {
            match licences.iter().find(|l| l.sku == *sku) {
                None => against.push(format!("the tenant does not have the licence {sku}")),
                Some(licence) if licence.left() == Some(0) => {
                    against.push(format!(
                        "no unit of {} is left: all {} are in use",
                        licence.name,
                        licence.used.unwrap_or(0)
                    ));
                }
                Some(_) => {}
            }
        }
        against
    }
}

/// The tenant's licences.
pub fn licences(graph: &Graph) -> Call {
    let mut call = graph.get(
        Operation::SubscribedSkus,
        "/subscribedSkus?$select=skuId,skuPartNumber,consumedUnits,prepaidUnits",
    );
    call.most = MOST_JSON;
    call
}

/// The licences of a person.
pub fn licence_details(graph: &Graph, user: &str) -> Option<Call> {
    let path = format!("/users/{}/licenseDetails?$select=skuId,skuPartNumber", step(user)?);
    Some(graph.get(Operation::LicenseDetails, &path))
}

/// A person, as far as licences need it.
pub fn licensed_user(graph: &Graph, user: &str) -> Option<Call> {
    let path = format!("/users/{}?$select=id,usageLocation,assignedLicenses", step(user)?);
    Some(graph.get(Operation::User, &path))
}

/// Assigns and removes. Nothing for ids that cannot be such, or when there is nothing to do. 400 says that no unit is left
/// or that the usage location is missing.
pub fn assign_licence(graph: &Graph, change: &LicenceChange) -> Option<Call> {
    let all = |skus: &[String]| skus.iter().map(|s| clean::guid(s)).collect::<Option<Vec<_>>>();
    let (add, remove) = (all(&change.add)?, all(&change.remove)?);
    if (add.is_empty() && remove.is_empty()) || add.len() + remove.len() > MOST_SKUS {
        return None;
    }
    let add: Vec<_> = add.into_iter().map(|sku| json!({"skuId": sku, "disabledPlans": []})).collect();
    let body = json!({"addLicenses": add, "removeLicenses": remove});
    let path = format!("/users/{}/assignLicense", step(&change.user)?);
    Some(graph.send(Operation::AssignLicense, Method::Post, &path, &body))
}

/// Reads the licences of a tenant or a person.
pub fn read_licences(reply: &Reply) -> Option<Vec<Licence>> {
    let page: Value = reply.json(MOST_JSON)?;
    let rows = page.get("value")?.as_array()?.iter().take(MOST_SKUS);
    let read = rows.filter_map(|row| {
        Some(Licence {
            sku: clean::guid(text(row, "skuId")?)?,
            name: text(row, "skuPartNumber").map(|n| clean::line(n, 64)).unwrap_or_default(),
            // Units on warning can still be used.
            units: row.get("prepaidUnits").map(|u| {
                let units = |name: &str| u.get(name).and_then(Value::as_u64).unwrap_or(0);
                units("enabled").saturating_add(units("warning"))
            }),
            used: row.get("consumedUnits").and_then(Value::as_u64),
        })
    });
    Some(read.collect())
}

/// Reads a person, as far as licences need it.
pub fn read_licensed_user(reply: &Reply) -> Option<Licensed> {
    let value: Value = reply.json(MOST_JSON)?;
    let skus = value.get("assignedLicenses").and_then(Value::as_array).into_iter().flatten();
    Some(Licensed {
        id: clean::guid(text(&value, "id")?)?,
        has_usage_location: text(&value, "usageLocation").is_some_and(|l| l.len() == 2),
        skus: skus.filter_map(|s| clean::guid(text(s, "skuId")?)).take(MOST_SKUS).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: &str = "e43b5b99-8dfb-405f-9987-dc307f34bcbd";
    const OFFICE: &str = "06ebc4ee-1bb5-47dd-8120-11324bc54e06";
    const ANN: &str = "11111111-1111-1111-1111-111111111111";

    fn tenant(used: u64) -> Vec<Licence> {
        let body = format!(
            r#"{{"value":[{{"skuId":"{PHONE}","skuPartNumber":"MCOEV","consumedUnits":{used},
            "prepaidUnits":{{"enabled":9,"warning":1,"suspended":5}}}}, {{"skuId":"x"}}, 7]}}"#
        );
        read_licences(&Reply::new(200, body)).unwrap()
    }

    #[test]
    fn a_dry_run_says_what_stands_against_it() {
        let person = |place: &str| {
            let body = format!(
                r#"{{"id":"{ANN}","usageLocation":{place},"assignedLicenses":[{{"skuId":"{OFFICE}"}}]}}"#
            );
            read_licensed_user(&Reply::new(200, body)).unwrap()
        };
        let change = |add: &str, remove: &str| LicenceChange {
            user: ANN.to_string(),
            add: vec![add.to_string()],
            remove: vec![remove.to_string()],
        };
        let mut good = change(PHONE, OFFICE);
        assert!(good.dry_run(&person("\"GB\""), &tenant(9)).is_empty());
        assert_eq!((tenant(9)[0].left(), good.add.len(), good.remove.len()), (Some(1), 1, 1));
        assert_eq!(
            change(PHONE, OFFICE).dry_run(&person("null"), &tenant(10)),
            [
                "set the person's usage location in Microsoft 365 first",
                "no unit of MCOEV is left: all 10 are in use"
            ]
        );
        let mut nothing = change(OFFICE, PHONE);
        assert!(nothing.dry_run(&person("\"GB\""), &tenant(0)).is_empty());
        let graph = Graph::of(&crate::Cloud::named("worldwide").unwrap()).unwrap();
        assert!(assign_licence(&graph, &nothing).is_none(), "it is so already");
        assert!(assign_licence(&graph, &good).is_some());
        assert!(assign_licence(&graph, &change("x", OFFICE)).is_none());
    }
}
