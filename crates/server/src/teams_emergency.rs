//! Whether somebody in Microsoft Teams who calls for help is put through, and to whom: told before somebody has to.

use crate::tenant::Meaning;
use crate::tenant::trunk::TrunkPlan;

/// A line for each trunk to Teams from which calls to emergency numbers lead nowhere, or to no trunk that is named for them.
pub fn warnings(meaning: &Meaning) -> Vec<String> {
    let trunks = &meaning.trunk_plans;
    let leads_out = |trunk: &&TrunkPlan| trunk.teams.is_none() && !trunk.proxies.is_empty();
    if trunks.iter().filter(leads_out).any(|trunk| trunk.emergency) {
        return Vec::new();
    }
    let said = |from: &TrunkPlan| {
        let passes = meaning.passed_from(from.id);
        let any = trunks.iter().filter(leads_out).any(|trunk| trunk.outbound || passes.contains(&trunk.id));
        let what = match any {
            true => {
                "are not told apart: no trunk is named for them, so they go wherever calls to the outside go, without the caller's place"
            }
            false => "lead nowhere: no trunk takes them",
        };
        format!(
            "warning: Trunk {:?}: calls to emergency numbers from Microsoft Teams {what}; set emergency: true at the trunk whose \
             carrier connects them (docs/carriers.md)",
            from.name
        )
    };
    trunks.iter().filter(|trunk| trunk.teams.is_some()).map(said).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::running::understand_alone;
    use crate::tenant::check::check_values;
    use serde_json::{Value, json};

    /// What is said of a tenant with a trunk to Teams and, unless it is null, a carrier.
    fn said(teams: Value, carrier: Value) -> Vec<String> {
        let mut all =
            vec![json!({"kind": "Tenant", "id": "t", "profile": "contact-center", "country": "DE"})];
        let mut add = |id: &str, mut trunk: Value, more: Value| {
            trunk["kind"] = "Trunk".into();
            trunk["id"] = id.into();
            let more = more.as_object().cloned().unwrap_or_default();
            trunk.as_object_mut().unwrap().extend(more);
            all.push(trunk);
        };
        add("teams", json!({"teams": {"fqdn": "sbc1.contoso.test"}}), teams);
        if !carrier.is_null() {
            add("carrier", json!({"proxies": ["192.0.2.20"]}), carrier);
        }
        warnings(&understand_alone(&check_values(all).unwrap()).unwrap())
    }

    #[test]
    fn a_trunk_to_teams_without_a_way_to_help_is_told_of() {
        for (teams, carrier, part) in [
            (json!({}), Value::Null, "lead nowhere"),
            (json!({}), json!({}), "lead nowhere"),
            (json!({}), json!({"outbound": true}), "no trunk is named"),
            (json!({"passes_to": [{"trunk": "carrier"}]}), json!({}), "no trunk is named"),
        ] {
            let said = said(teams, carrier);
            assert!(
                matches!(&said[..], [one] if one.contains(part) && one.contains("\"teams\"")),
                "{said:?}"
            );
        }
        for carrier in [json!({"emergency": true}), json!({"outbound": true, "emergency": true})] {
            assert_eq!(said(json!({}), carrier), [""; 0]);
        }
    }
}
