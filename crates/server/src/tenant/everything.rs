//! All objects of a tenant as their types, and the numbers by which the engine knows them.

use crate::tenant::check::Documents;
use crate::tenant::objects::{
    Disposition, Flow, Holidays, Hours, LookUp, Number, Pbx, Prompt, Queue, SecureEntry, Tenant, Trunk, User,
    Webhook,
};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// Objects of one kind, by id.
pub type Of<T> = BTreeMap<String, T>;

/// All objects of a tenant.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Everything {
    pub tenants: Of<Tenant>,
    pub trunks: Of<Trunk>,
    pub numbers: Of<Number>,
    pub flows: Of<Flow>,
    pub prompts: Of<Prompt>,
    pub hours: Of<Hours>,
    pub holidays: Of<Holidays>,
    pub queues: Of<Queue>,
    pub users: Of<User>,
    pub dispositions: Of<Disposition>,
    pub secure: Of<SecureEntry>,
    pub look_ups: Of<LookUp>,
    pub webhooks: Of<Webhook>,
    pub pbxs: Of<Pbx>,
}

impl Everything {
    /// Reads all documents; those that are not what their kind demands are left out, and named in the list.
    pub fn read(documents: &Documents) -> (Everything, Vec<String>) {
        let mut bad = Vec::new();
        let everything = Everything {
            tenants: all(documents, "Tenant", &mut bad),
            trunks: all(documents, "Trunk", &mut bad),
            numbers: all(documents, "Number", &mut bad),
            flows: all(documents, "Flow", &mut bad),
            prompts: all(documents, "Prompt", &mut bad),
            hours: all(documents, "Hours", &mut bad),
            holidays: all(documents, "Holidays", &mut bad),
            queues: all(documents, "Queue", &mut bad),

            users: all(documents, "User", &mut bad),
            dispositions: all(documents, "Disposition", &mut bad),
            secure: all(documents, "SecureEntry", &mut bad),
            look_ups: all(documents, "LookUp", &mut bad),
            webhooks: all(documents, "Webhook", &mut bad),
            pbxs: all(documents, "Pbx", &mut bad),
        };
        (everything, bad)
    }
}

fn all<T: DeserializeOwned>(documents: &Documents, kind: &str, bad: &mut Vec<String>) -> Of<T> {
    let mut found = Of::new();
    for d in documents.values().filter(|d| d.kind == kind) {
        let mut body = d.body.clone();
        if let Some(o) = body.as_object_mut() {
            o.remove("kind");
            o.remove("id");
        }
        match serde_json::from_value(body) {
            Ok(object) => {
                found.insert(d.id.clone(), object);
            }
            Err(e) => bad.push(format!("{kind} {}: {e}", d.id)),
        }
    }
    found
}

/// What numbers are called.
#[derive(Clone, Debug, Default)]
pub struct Names {
    by_number: BTreeMap<(&'static str, u32), String>,
    by_name: BTreeMap<(&'static str, String), u32>,
}

impl Names {
    /// The id of an object; its number where it is no longer there.
    pub fn of(&self, kind: &'static str, number: u32) -> String {
        self.by_number.get(&(kind, number)).cloned().unwrap_or_else(|| format!("removed-{number}"))
    }

    /// The number of an object.
    pub fn number(&self, kind: &'static str, id: &str) -> Option<u32> {
        self.by_name.get(&(kind, id.to_string())).copied()
    }

    /// Gives an object its number.
    pub fn add(&mut self, kind: &'static str, id: &str, number: u32) {
        self.by_number.insert((kind, number), id.into());
        self.by_name.insert((kind, id.into()), number);
    }

    /// Names for a check: the objects are counted through.
    pub fn counted(documents: &Documents) -> Names {
        let mut names = Names::default();
        for (n, d) in documents.values().enumerate() {
            if let Some(kind) = crate::tenant::schema::KINDS.iter().find(|k| **k == d.kind) {
                names.add(kind, &d.id, n as u32 + 1);
            }
        }
        names
    }
}
