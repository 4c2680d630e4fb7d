//! Users one by one and in lists, the organisation, and who is signed in.

use crate::microsoft::Microsoft;
use crate::microsoft::directory::{ALL, BASIC};
use crate::microsoft::entra::tokens::Caller;
use crate::microsoft::exchange::{Reply, Request, encoded};
use crate::microsoft::graph::permissions::{shows_all_of_others, shows_others};
use crate::microsoft::graph::refusal::{GraphRefusal, refuse};
use crate::microsoft::tenant::Tenant;
use serde_json::{Map, Value, json};

/// Users on a page if nobody says otherwise.
const PAGE: u32 = 100;
/// Users on a page, at most.
pub const LARGEST_PAGE: u32 = 999;
/// What may be seen of others with names and addresses alone.
const OF_OTHERS: [&str; 6] = ["displayName", "givenName", "id", "mail", "surname", "userPrincipalName"];
/// Alternatives of one filter, at most.
const MOST_ALTERNATIVES: usize = 50;

/// The properties of `$select`.
///
/// # Errors
/// 400 for one that there is not.
pub fn selected(request: &Request) -> Result<Option<Vec<&'static str>>, GraphRefusal> {
    let query = request.query();
    let Some(text) = query.filled("$select") else { return Ok(None) };
    let mut out: Vec<&'static str> = Vec::new();
    for name in text.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        let known = ALL.iter().find(|a| a.eq_ignore_ascii_case(name)).ok_or_else(|| {
            refuse(400, "BadRequest", format!("Parsing OData Select and Expand failed: Could not find a property named '{name}' on type 'microsoft.graph.user'."))
        })?;
        if !out.contains(known) {
            out.push(known);
        }
    }
    Ok(Some(out))
}

/// What somebody may see of one user.
pub fn shown(t: &Tenant, caller: &Caller, place: u32, wanted: &[&'static str]) -> Map<String, Value> {
    let mut fields = t.directory.fields(place, wanted);
    if wanted.contains(&"assignedLicenses") {
        fields.insert("assignedLicenses".into(), t.licences.assigned(place));
    }
    let hidden = caller.place.is_some_and(|own| own != place) && !shows_all_of_others(&caller.permissions);
    if hidden {
        for (name, value) in &mut fields {
            if !OF_OTHERS.contains(&name.as_str()) {
                *value = Value::Null;
            }
        }
    }
    fields
}

impl Microsoft {
    /// `GET /users/{id}` and `/me`.
    pub(super) fn user(&self, caller: &Caller, who: &str, request: &Request) -> Result<Reply, GraphRefusal> {
        let place = self.place(caller, who)?;
        let others = caller.place.is_none_or(|own| own == place) || shows_others(&caller.permissions);
        let t = self.tenants.get(caller.tenant).filter(|_| others);
        let t = t.ok_or_else(|| {
            refuse(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        })?;
        let wanted = selected(request)?.unwrap_or_else(|| BASIC.to_vec());
        let mut fields = shown(t, caller, place, &wanted);
        fields.insert("@odata.context".into(), self.context("users/$entity").into());
        Ok(Reply::json(200, &Value::Object(fields)))
    }

    /// `GET /users`
    pub(super) fn users(&self, caller: &Caller, request: &Request) -> Result<Reply, GraphRefusal> {
        let t = self
            .tenants
            .get(caller.tenant)
            .ok_or_else(|| refuse(404, "Request_ResourceNotFound", "No tenant."))?;
        let query = request.query();
        let wanted = selected(request)?.unwrap_or_else(|| BASIC.to_vec());
        let eventual = request.header("ConsistencyLevel").is_some_and(|c| c.eq_ignore_ascii_case("eventual"));
        let search = query.filled("$search").map(Search::read).transpose()?;
        if (search.is_some() || query.get("$count") == Some("true")) && !eventual {
            return Err(refuse(
                400,
                "Request_UnsupportedQuery",
                "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
            ));
        }
        let filter = query.filled("$filter").map(Filter::read).transpose()?;
        let top = match query.filled("$top").map(str::parse::<u32>) {
            None => PAGE,
            Some(Ok(n @ 1..=LARGEST_PAGE)) => n,
            Some(_) => {
                return Err(refuse(
                    400,
                    "Request_BadRequest",
                    "Invalid page size specified. Must be between 1 and 999 inclusive.",
                ));
            }
        };
        let from = match query
            .filled("$skiptoken")
            .map(|s| s.strip_prefix("RFNwdA").and_then(|s| s.parse::<u32>().ok()))
        {
            None => 0,
            Some(Some(n)) => n,
            Some(None) => {
                return Err(refuse(
                    400,
                    "Directory_ExpiredPageToken",
                    "The specified page token value is expired or invalid.",
                ));
            }
        };
        let fits = |place: &u32| {
            t.directory.is_there(*place)
                && search.as_ref().is_none_or(|s| s.fits(t, *place))
                && filter.as_ref().is_none_or(|f| f.fits(t, *place))
        };
        let mut found = (from..t.directory.places()).filter(fits);
        let page: Vec<u32> = found.by_ref().take(top as usize).collect();
        let next = found.next();
        let users: Vec<Value> = page.iter().map(|p| Value::Object(shown(t, caller, *p, &wanted))).collect();
        let mut body = json!({"@odata.context": self.context("users"), "value": users});
        if query.get("$count") == Some("true") {
            body["@odata.count"] = (0..t.directory.places()).filter(fits).count().into();
        }
        if let Some(next) = next {
            let kept =
                query.iter().filter(|(n, _)| *n != "$skiptoken").map(|(n, v)| format!("{n}={}", encoded(v)));
            let kept: Vec<String> = kept.chain([format!("$skiptoken=RFNwdA{next}")]).collect();
            body["@odata.nextLink"] = self.below(&format!("users?{}", kept.join("&"))).into();
        }
        Ok(Reply::json(200, &body))
    }

    /// `GET /organization`
    pub(super) fn organization(&self, caller: &Caller) -> Reply {
        let Some(t) = self.tenants.get(caller.tenant) else { return Reply::empty(404) };
        Reply::json(
            200,
            &json!({"@odata.context": self.context("organization"), "value": [{
                "id": t.id, "displayName": t.name, "countryLetterCode": t.country, "preferredLanguage": "en",
                "tenantType": "AAD", "createdDateTime": "2024-01-01T00:00:00Z",
                "verifiedDomains": [{"name": t.domain, "isDefault": true, "isInitial": true, "type": "Managed",
                    "capabilities": "Email, OfficeCommunicationsOnline"}],
            }]}),
        )
    }

    /// `GET /domains`
    pub(super) fn domains(&self, caller: &Caller) -> Reply {
        let Some(t) = self.tenants.get(caller.tenant) else { return Reply::empty(404) };
        Reply::json(
            200,
            &json!({"@odata.context": self.context("domains"), "value": [{"id": t.domain, "isDefault": true,
            "isInitial": true, "isVerified": true, "authenticationType": "Managed",
            "supportedServices": ["Email", "OfficeCommunicationsOnline"]}]}),
        )
    }

    /// `GET /oidc/userinfo`
    pub(super) fn user_info(&self, caller: &Caller) -> Result<Reply, GraphRefusal> {
        let place = self.place(caller, "me")?;
        let t = self
            .tenants
            .get(caller.tenant)
            .ok_or_else(|| refuse(404, "Request_ResourceNotFound", "No tenant."))?;
        let field = |name| t.directory.field(place, name);
        // The name is the one towards Graph's token's application, so that it equals that of the ID token.
        let mut body = json!({"sub": self.pairwise(caller.tenant, place, &caller.app_id)});
        if caller.permissions.iter().any(|p| p == "profile") {
            for (claim, name) in
                [("name", "displayName"), ("given_name", "givenName"), ("family_name", "surname")]
            {
                body[claim] = field(name);
            }
        }
        if caller.permissions.iter().any(|p| p == "email") {
            body["email"] = field("mail");
        }
        Ok(Reply::json(200, &body))
    }
}

/// `$search`: `"displayName:ann"`, joined by AND or OR.
struct Search(Vec<Vec<(String, String)>>);

impl Search {
    fn read(text: &str) -> Result<Search, GraphRefusal> {
        let one = |part: &str| -> Option<(String, String)> {
            let part = part.trim().strip_prefix('"')?.strip_suffix('"')?;
            let (name, value) = part.split_once(':')?;
            ALL.contains(&name).then(|| (name.to_string(), value.to_lowercase()))
        };
        let all: Option<Vec<Vec<_>>> = text
            .split(" AND ")
            .take(MOST_ALTERNATIVES)
            .map(|a| a.split(" OR ").take(MOST_ALTERNATIVES).map(one).collect())
            .collect();
        all.map(Search).ok_or_else(|| {
            refuse(
                400,
                "BadRequest",
                format!(
                    "Syntax error: character '{}' is not valid at position 0 in '{text}'.",
                    text.chars().next().unwrap_or(' ')
                ),
            )
        })
    }

    fn fits(&self, t: &Tenant, place: u32) -> bool {
        // Names are cut into words; a search finds how words begin.
        let begins = |name: &str, value: &str| {
            let field = t.directory.field(place, name);
            let text = field.as_str().unwrap_or_default().to_lowercase();
            text.starts_with(value)
                || text.split(|c: char| !c.is_alphanumeric()).any(|w| w.starts_with(value))
        };
        self.0.iter().all(|any| any.iter().any(|(n, v)| begins(n, v)))
    }
}

/// `$filter`: comparisons joined by `or`, as far as a directory needs them.
struct Filter(Vec<(String, bool, Value)>);

impl Filter {
    fn read(text: &str) -> Result<Filter, GraphRefusal> {
        let value = |v: &str| -> Option<Value> {
            match v.trim() {
                "true" => Some(true.into()),
                "false" => Some(false.into()),
                v => Some(v.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'").into()),
            }
        };
        let one = |part: &str| -> Option<(String, bool, Value)> {
            let part = part.trim();
            let (name, starts, value) =
                match part.strip_prefix("startswith(").or(part.strip_prefix("startsWith(")) {
                    Some(rest) => {
                        let (name, v) = rest.strip_suffix(')')?.split_once(',')?;
                        (name.trim(), true, value(v)?)
                    }
                    None => {
                        let (name, v) = part.split_once(" eq ")?;
                        (name.trim(), false, value(v)?)
                    }
                };
            ALL.contains(&name).then(|| (name.to_string(), starts, value))
        };
        let parts: Option<Vec<_>> = text.split(" or ").take(MOST_ALTERNATIVES + 1).map(one).collect();
        let parts = parts.filter(|p| p.len() <= MOST_ALTERNATIVES);
        parts.map(Filter).ok_or_else(|| {
            refuse(400, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified.")
        })
    }

    fn fits(&self, t: &Tenant, place: u32) -> bool {
        self.0.iter().any(|(name, starts, wanted)| {
            let field = t.directory.field(place, name);
            match (starts, field.as_str(), wanted.as_str()) {
                (true, Some(text), Some(begin)) => text.to_lowercase().starts_with(&begin.to_lowercase()),
                (false, Some(text), Some(other)) => text.eq_ignore_ascii_case(other),
                (false, None, None) => field == *wanted,
                _ => false,
            }
        })
    }
}
