//! What each app registration is really used to ask for: the requests that this program makes, made here by the same code
//! and read again, and the pages of the tab, as its listener gives them out.

use crate::attest::check::{Ground, Subject};
use crate::attest::pages::{Pages, get};
use crate::bot::numbers_request;
use crate::http::PLACES;
use crate::microsoft::{ANYWHERE, Carrier, Purpose, SignIn, cloud_of, token_request};
use base64::Engine;
use redact::Secret;
use serde_json::Value;
use std::collections::BTreeSet;
use teams::entra::{Challenge, Client, Credential};
use teams::permissions::{Feature, Features, Kind, Redirects, Registration, TABLE, manifest, permission_id};
use teams::{Cloud, Reply, Time, percent_decode};

/// Kinds of policy, each with the claims that Graph demands because of it.
pub const POLICIES: [(&str, &str); 3] = [
    ("multi-factor authentication", r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#),
    (
        "revoked sessions and changed risk",
        r#"{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}"#,
    ),
    ("location", r#"{"access_token":{"xms_rp_ipaddr":{"value":"192.0.2.7"}}}"#),
];

/// Directories that nobody has: one where none is connected yet, and one of somebody else.
const NOBODYS: &str = "00000000-0000-0000-0000-000000000000";
const OTHERS: &str = "00000000-0000-0000-0000-000000000001";
/// What stands in an address of Entra ID for whichever directory somebody is of.
const WHICHEVER: [&str; 2] = [ANYWHERE, "common"];
/// OpenID Connect's scopes that open nothing but the sign-in itself.
const OF_SIGN_IN: [&str; 3] = ["openid", "profile", "email"];

/// What a registration is used to ask for.
pub struct Asked {
    /// Where it was read, in words.
    pub by: String,
    /// The permissions.
    pub permissions: BTreeSet<String>,
    /// The kinds of policy whose demands are carried to Entra ID.
    pub policies: Vec<&'static str>,
    /// Whether it is said that demands are understood (`cp1`).
    pub declares: bool,
    /// Whether it is used at each tenant's own directory, or at one alone; `None` where what is asked does not tell.
    pub is_everywhere: Option<bool>,
}

/// What the registration of a tenant is used to ask for.
///
/// # Errors
/// A sentence: why it cannot be looked at.
pub fn of(ground: &Ground, subject: &Subject, registration: Registration) -> Result<Asked, String> {
    if registration == Registration::Tab {
        let mut asked = in_pages(&Pages::read(ground)?);
        // The pages list members only where this server tells them to.
        let path = format!("/api/v1/connector/{}", subject.name);
        let told: Value = serde_json::from_str(&get(ground, &path)?).unwrap_or_default();
        let is_told =
            |place: &str| told["places"].as_array().is_none_or(|all| all.iter().any(|p| p == place));
        for (place, feature) in PLACES.iter().filter(|(place, _)| !is_told(place)) {
            let of = TABLE.iter().filter(|r| r.registration == registration && r.feature == *feature);
            for permission in of.filter_map(|row| row.permission) {
                asked.permissions.remove(permission);
            }
            asked.by += &format!(", which list no members of a {place} here,");
        }
        return Ok(asked);
    }
    let cloud = cloud_of(&ground.config.microsoft)?;
    let listed = listed(&of_features(&subject.features, registration));
    let own = subject.directory.as_deref().unwrap_or(NOBODYS);
    let of = |directory, claims| request(ground, &cloud, (subject, directory), registration, claims);
    let plain = of(own, None)?;
    let is_everywhere = whose(&[(own, &plain.to), (OTHERS, &of(OTHERS, None)?.to)]);
    let permissions = names(&cloud, &plain.scopes, &listed);
    let mut policies = Vec::new();
    for (policy, claims) in POLICIES {
        let encoded = base64::engine::general_purpose::STANDARD.encode(claims);
        let header = format!("Bearer realm=\"\", error=\"insufficient_claims\", claims=\"{encoded}\"");
        let challenge = Challenge::of(&Reply::new(401, Vec::new()).with("WWW-Authenticate", &header));
        let Some(challenge) = challenge else { continue };
        let next = of(own, Some(challenge.claims))?;
        let wanted: Value = serde_json::from_str(claims).unwrap_or_default();
        let demands = wanted["access_token"].as_object().cloned().unwrap_or_default();
        if next.declares() && demands.iter().all(|(name, v)| next.claims["access_token"][name] == *v) {
            policies.push(policy);
        }
    }
    Ok(Asked { by: plain.what.into(), permissions, policies, declares: plain.declares(), is_everywhere })
}

/// Whether requests for these directories go to each its own, or to whichever somebody is of; `Some(false)` where all go to one
/// and the same. Each is a directory and the address of Entra ID that was made for it.
fn whose(made: &[(&str, &str)]) -> Option<bool> {
    let segment = |address: &str| {
        let path = address.split_once("://")?.1.split_once('/')?.1.to_string();
        Some(path.split('/').next().unwrap_or_default().to_string()).filter(|s| !s.is_empty())
    };
    let asked: Option<Vec<(&str, String)>> = made.iter().map(|(of, to)| Some((*of, segment(to)?))).collect();
    let asked = asked.filter(|all| all.len() > 1)?;
    let is_own = |(of, at): &(&str, String)| *of == at.as_str() || WHICHEVER.contains(&at.as_str());
    let is_one = asked.iter().all(|(_, at)| *at == asked[0].1);
    match (asked.iter().all(is_own), is_one) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    }
}

/// The manifest of a registration, as this server shows it to be made by.
pub fn of_features(features: &Features, registration: Registration) -> Value {
    manifest(features, registration, &Redirects::default(), false)
}

/// The permissions that a manifest lists, by their names; one that no line of the table has stands with its id.
pub fn listed(manifest: &Value) -> BTreeSet<String> {
    let resources = manifest["requiredResourceAccess"].as_array().into_iter().flatten();
    let all = resources.flat_map(|r| r["resourceAccess"].as_array().into_iter().flatten());
    all.filter_map(|access| {
        let id = access["id"].as_str()?;
        let known = TABLE.iter().filter_map(|row| Some((row.permission?, row.kind)));
        let named = known.filter(|(name, kind)| permission_id(name, *kind) == Some(id)).map(|(name, _)| name);
        Some(named.into_iter().next().unwrap_or(id).to_string())
    })
    .collect()
}

/// What of a registration is too much, and what is too little.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Listed or asked for, and needed by no feature that is on.
    pub surplus: BTreeSet<String>,
    /// Needed, and not listed or not asked for.
    pub lacking: BTreeSet<String>,
}

/// Holds what the manifest lists, and what is asked for, against what the features need.
pub fn compare(
    needed: &[(&'static str, Kind)],
    listed: &BTreeSet<String>,
    asked: &BTreeSet<String>,
) -> Compared {
    let is_needed = |name: &String| needed.iter().any(|(n, _)| n == name);
    let is_sign_in = |name: &String| OF_SIGN_IN.contains(&name.as_str());
    let surplus = listed.union(asked).filter(|n| !is_needed(n) && !is_sign_in(n)).cloned().collect();
    let lacking = needed.iter().filter(|(name, kind)| {
        let can_be_listed = permission_id(name, *kind).is_some();
        *kind != Kind::Rsc && ((can_be_listed && !listed.contains(*name)) || !asked.contains(*name))
    });
    Compared { surplus, lacking: lacking.map(|(name, _)| name.to_string()).collect() }
}

/// A request to Entra ID, read again.
struct Made {
    what: &'static str,
    /// The address of Entra ID.
    to: String,
    scopes: Vec<String>,
    claims: Value,
}

impl Made {
    fn read(what: &'static str, to: &str, form: &str) -> Made {
        let field = |name: &str| {
            let fields = form.split('&').filter_map(|f| f.split_once('='));
            let found = fields.filter(|(n, _)| *n == name).map(|(_, v)| v.replace('+', " ")).next();
            found.and_then(|v| percent_decode(&v)).unwrap_or_default()
        };
        let scopes = field("scope").split_ascii_whitespace().map(str::to_string).collect();
        Made {
            what,
            to: to.into(),
            scopes,
            claims: serde_json::from_str(&field("claims")).unwrap_or_default(),
        }
    }

    fn declares(&self) -> bool {
        self.claims["access_token"]["xms_cc"]["values"][0] == "cp1"
    }
}

/// The request that the registration begins with for a directory, as this program makes it; `claims` is what was demanded
/// before.
fn request(
    ground: &Ground,
    cloud: &Cloud,
    (subject, directory): (&Subject, &str),
    registration: Registration,
    claims: Option<String>,
) -> Result<Made, String> {
    let now = Time(crate::clock::wall_ms());
    let client = Client { id: NOBODYS.into(), credential: Credential::Public };
    let form = |request: teams::Request| String::from_utf8_lossy(request.body.expose_secret()).into_owned();
    match registration {
        Registration::SignIn | Registration::Provisioning | Registration::Directory => {
            let app = SignIn::new(cloud.clone(), client, Carrier::new(), registration)?;
            let what = Purpose {
                directory: if directory == NOBODYS { ANYWHERE } else { directory },
                tenant: &subject.name,
                features: &subject.features,
                by: "attestation",
                claims,
            };
            let begun = app.begin(now, &what, "https://localhost/".into(), "/".into());
            let begun = begun.map_err(|e| e.to_string())?;
            let address = begun.address.expose_secret();
            let (to, query) = address.split_once('?').unwrap_or((address, ""));
            Ok(Made::read("the page of Entra ID that people are sent to", to, query))
        }
        Registration::Background => {
            let made = token_request(cloud, &client, directory, claims.as_deref(), now)?;
            Ok(Made::read("its request for a token of its own", &made.url.clone(), &form(made)))
        }
        Registration::Bot => {
            if !subject.features.has(Feature::BotNumbers) {
                // Its own tokens, for the Bot Connector, come from where it is at home; without one it asks nothing.
                let to = crate::bot::home(&ground.config.microsoft)
                    .map_or_else(|_| String::new(), |home| home.token);
                return Ok(Made { what: "nothing", to, scopes: Vec::new(), claims: Value::Null });
            }
            let token = Secret::new(String::new());
            let made = numbers_request(cloud, &client, (directory, &token), claims.as_deref(), now)?;
            Ok(Made::read("its request in a person's name", &made.url.clone(), &form(made)))
        }
        Registration::Tab | Registration::Calling | Registration::Any => Err("it makes no request".into()),
    }
}

/// Permissions by the scopes of a request. Everything that the registration lists is one scope.
fn names(cloud: &Cloud, scopes: &[String], listed: &BTreeSet<String>) -> BTreeSet<String> {
    let base = cloud.graph_scope("");
    let mut names = BTreeSet::new();
    for scope in scopes {
        match scope.strip_prefix(&base).unwrap_or(scope) {
            ".default" => names.extend(listed.iter().cloned()),
            name => {
                names.insert(name.to_string());
            }
        }
    }
    names
}

/// What the tab's pages ask for in people's own clients.
fn in_pages(pages: &Pages) -> Asked {
    // The library that they sign in with asks for this by itself.
    let signs_in = pages.has("openid").then(|| "openid".to_string());
    let reads_demands = pages.has("insufficient_claims") && pages.has("acquireTokenPopup");
    Asked {
        by: pages.about(),
        permissions: pages.permissions().into_iter().chain(signs_in).collect(),
        // What was demanded goes on as it is, whatever it is.
        policies: if reads_demands { POLICIES.map(|(policy, _)| policy).to_vec() } else { Vec::new() },
        declares: pages.declares(),
        // They sign in at the directory that this server names to them, and at whichever it is where it names none.
        is_everywhere: WHICHEVER.iter().any(|word| pages.has(word)).then_some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use teams::permissions::Profile;

    fn set(all: &[&str]) -> BTreeSet<String> {
        all.iter().map(ToString::to_string).collect()
    }

    /// A request is read by what stands in it, and what its registration lists is told from it.
    #[test]
    fn one_permission_more_in_a_request_or_in_a_manifest_is_too_much_and_one_less_too_little() {
        let features = Features::of(Profile::Directory);
        let of = Registration::Directory;
        let needed = features.permissions(of);
        let cloud = Cloud::named("worldwide").unwrap();
        let good = listed(&of_features(&features, of));
        let asked = |scopes: &str| {
            let made = Made::read("x", "", &format!("a=b&scope={scopes}&c=d"));
            names(&cloud, &made.scopes, &good)
        };
        let exact = "openid+https%3A%2F%2Fgraph.microsoft.com%2FUser.Read.All+offline_access";
        assert_eq!(compare(&needed, &good, &asked(exact)), Compared::default());
        let more = compare(
            &needed,
            &good,
            &asked(&format!("{exact}+https%3A%2F%2Fgraph.microsoft.com%2FMail.Read")),
        );
        assert_eq!((more.surplus, more.lacking), (set(&["Mail.Read"]), set(&[])));
        let less =
            compare(&needed, &good, &asked("openid+https%3A%2F%2Fgraph.microsoft.com%2FUser.Read.All"));
        assert_eq!((less.surplus, less.lacking), (set(&[]), set(&["offline_access"])));
        let mut manifest = of_features(&features, of);
        let id = permission_id("Presence.Read.All", Kind::Delegated).unwrap();
        manifest["requiredResourceAccess"][0]["resourceAccess"]
            .as_array_mut()
            .unwrap()
            .push(json!({"id": id, "type": "Scope"}));
        let more = compare(&needed, &listed(&manifest), &asked(exact));
        assert_eq!(more.surplus, set(&["Presence.Read.All"]));
        manifest["requiredResourceAccess"][0]["resourceAccess"][0]["id"] =
            json!("b633e1c5-b582-4048-a93e-9f11b44c7e96");
        let other = compare(&needed, &listed(&manifest), &asked(exact));
        assert!(other.surplus.contains("b633e1c5-b582-4048-a93e-9f11b44c7e96"), "{other:?}");
        assert_eq!(other.lacking.len(), 1, "{other:?}");
    }

    #[test]
    fn everything_that_is_listed_is_one_scope_and_a_request_without_the_word_declares_nothing() {
        let features = Features::of(Profile::ContactCenter);
        let cloud = Cloud::named("worldwide").unwrap();
        let listed = listed(&of_features(&features, Registration::Background));
        assert_eq!(names(&cloud, &[cloud.graph_default_scope()], &listed), listed);
        assert!(listed.contains("Presence.Read.All"), "{listed:?}");
        let declares = |claims: &str| Made::read("x", "", &format!("scope=a&claims={claims}")).declares();
        assert!(declares(
            "%7B%22access_token%22%3A%7B%22xms_cc%22%3A%7B%22values%22%3A%5B%22cp1%22%5D%7D%7D%7D"
        ));
        assert!(!declares("%7B%7D"));
    }

    #[test]
    fn whose_directory_is_asked_is_read_from_the_address() {
        let at = |directory: &str| format!("https://login.microsoftonline.com/{directory}/oauth2/v2.0/token");
        let (own, other, any, common) = (at(NOBODYS), at(OTHERS), at(ANYWHERE), at("common"));
        let whose = |first: &str, second: &str| whose(&[(NOBODYS, first), (OTHERS, second)]);
        assert_eq!(whose(&own, &other), Some(true));
        assert_eq!(whose(&any, &other), Some(true));
        assert_eq!(whose(&common, &common), Some(true));
        assert_eq!(whose(&own, &own), Some(false), "one directory, whoever it is for");
        assert_eq!(whose(&at("home"), &at("home")), Some(false));
        for (first, second) in [(&at("home"), &at("away")), (&own, &at("home"))] {
            assert_eq!(whose(first, second), None);
        }
        assert_eq!(whose("", ""), None, "nothing is asked");
        assert_eq!(super::whose(&[(NOBODYS, &own)]), None, "one request tells nothing");
    }

    /// The pages of the tab, and the same with one word more or less.
    #[test]
    fn what_the_tabs_pages_ask_for_turns_with_them() {
        let needed = Features::of(Profile::Connector).permissions(Registration::Tab);
        let good = listed(&of_features(&Features::of(Profile::Connector), Registration::Tab));
        let built = Pages::built_in();
        assert!(built.count() > 1, "build the web app before this test (npm run build in web)");
        let asked = in_pages(&built);
        assert_eq!(
            compare(&needed, &good, &asked.permissions),
            Compared::default(),
            "{:?}",
            asked.permissions
        );
        assert!(asked.declares && asked.policies.len() == POLICIES.len());
        let more = in_pages(&built.with("const x=`Mail.Read`;"));
        assert_eq!(compare(&needed, &good, &more.permissions).surplus, set(&["Mail.Read"]));
        let all = in_pages(&built.without("ChatMember.Read"));
        assert_eq!(compare(&needed, &good, &all.permissions).lacking, set(&["ChatMember.Read"]));
        assert!(!in_pages(&built.without("CP1")).declares);
        assert!(in_pages(&built.without("insufficient_claims")).policies.is_empty());
        assert_eq!(asked.is_everywhere, Some(true));
        assert_eq!(in_pages(&built.without(ANYWHERE).without("common")).is_everywhere, None);
    }
}
