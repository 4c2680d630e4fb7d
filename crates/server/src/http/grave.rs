//! What a person must have signed in lately for: whoever finds a page that was left open does no great harm.

/// To export and erase, to shorten how long things are kept, to tell others what happened, to connect a directory, to change
/// who may do what, and to end the account.
const GRAVE: [(&str, &str); 25] = [
    ("get", "/configuration"),
    ("put", "/configuration"),
    ("post", "/closing"),
    ("get", "/people/{id}"),
    ("get", "/people/{id}/archive"),
    ("delete", "/people/{id}"),
    ("delete", "/holds/{id}"),
    ("post", "/retention/run"),
    ("put", "/retention-rules/{id}"),
    ("delete", "/retention-rules/{id}"),
    ("post", "/retention-rules/{id}/versions/{version}/restore"),
    ("put", "/users/{id}"),
    ("delete", "/users/{id}"),
    ("post", "/users/{id}/versions/{version}/restore"),
    ("post", "/users/{id}/invitation"),
    ("delete", "/users/{id}/second-factor"),
    ("delete", "/users/{id}/passkeys"),
    ("put", "/webhooks/{id}"),
    ("post", "/webhooks/{id}/versions/{version}/restore"),
    ("post", "/webhooks/replay"),
    ("delete", "/microsoft/connect"),
    ("get", "/microsoft/connect/{id}"),
    ("get", "/microsoft/licences/sign-in"),
    ("post", "/microsoft/licences"),
    ("post", "/pbxs/{id}/line-passes"),
];

/// Whether a person must have signed in lately for a method of a path below [`crate::http::routes::PREFIX`].
pub fn is_grave(method: &str, path: &str) -> bool {
    GRAVE.iter().any(|(m, p)| m.eq_ignore_ascii_case(method) && *p == path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::routes::{COLLECTIONS, all};
    use std::collections::BTreeSet;

    /// Changes that whoever is signed in may make, however long ago that was. Who adds a route says here or above which it is.
    const NOT_GRAVE: [(&str, &str); 51] = [
        // What somebody does at work.
        ("put", "/agents/{id}/endpoint"),
        ("put", "/agents/{id}/state"),
        ("post", "/agents/{id}/wrap-up"),
        ("delete", "/callbacks/{id}"),
        ("post", "/calls/{id}/actions"),
        ("post", "/calls/{id}/hang-up"),
        ("put", "/calls/{id}/notes"),
        ("post", "/dial"),
        ("delete", "/dial/{correlation}"),
        ("put", "/hours/{id}/closure"),
        ("put", "/messages/{id}"),
        ("delete", "/messages/{id}"),
        ("post", "/softphone"),
        ("patch", "/softphone"),
        ("delete", "/softphone"),
        ("post", "/softphone/answer"),
        ("post", "/softphone/decline"),
        ("post", "/softphone/hang-up"),
        ("put", "/softphone/hold"),
        // It looks, or it can be taken back by the same page.
        ("post", "/attestation"),
        ("post", "/dial/may"),
        ("post", "/dial/pass"),
        ("post", "/connector/{tenant}/softphone-link"),
        ("post", "/audit/heads"),
        ("post", "/configuration/plan"),
        ("put", "/directory/users/{id}/correction"),
        ("delete", "/directory/users/{id}/correction"),
        ("post", "/directory/local"),
        ("put", "/directory/local/{id}"),
        ("delete", "/directory/local/{id}"),
        ("post", "/people/find"),
        ("patch", "/people/{id}"),
        ("post", "/holds"),
        ("post", "/security/test-alert"),
        ("post", "/webhooks/dead/{id}/retry"),
        // It keeps what was to be destroyed, or destroys what was to be anyway. Nobody is signed in then.
        ("delete", "/closing"),
        ("patch", "/closing"),
        // It tells nobody any more.
        ("delete", "/webhooks/{id}"),
        // Signing in, or with the password in it.
        ("post", "/invitation"),
        ("post", "/demo/session"),
        ("post", "/session"),
        ("delete", "/session"),
        ("put", "/session/password"),
        ("post", "/session/second-factor"),
        ("put", "/session/second-factor"),
        ("post", "/session/passkey"),
        ("post", "/session/passkey/challenge"),
        ("post", "/session/passkeys"),
        ("post", "/session/passkeys/challenge"),
        ("put", "/session/passkeys/{id}"),
        ("delete", "/session/passkeys/{id}"),
    ];
    /// Kinds of objects that change how calls go and nobody's rights: any change of them.
    const OF_CALLS: [&str; 12] = [
        "queues",
        "skills",
        "flows",
        "hours",
        "holidays",
        "dispositions",
        "secure-entries",
        "look-ups",
        "numbers",
        "trunks",
        "prompts",
        "pbxs",
    ];

    #[test]
    fn every_change_is_grave_or_said_not_to_be() {
        let mut said: BTreeSet<(String, String)> =
            NOT_GRAVE.iter().map(|(m, p)| (m.to_string(), p.to_string())).collect();
        for kind in OF_CALLS {
            assert!(COLLECTIONS.iter().any(|(path, _)| *path == kind), "{kind} is no kind");
            said.extend(["put", "delete"].map(|m| (m.into(), format!("/{kind}/{{id}}"))));
            said.insert(("post".into(), format!("/{kind}/{{id}}/versions/{{version}}/restore")));
        }
        let routes = all(true);
        let there: BTreeSet<(String, String)> = routes
            .iter()
            .flat_map(|r| r.operations.iter().map(|o| (o.method.to_lowercase(), r.path.clone())))
            .collect();
        for (method, path) in there.iter().filter(|(method, _)| method != "get") {
            let both = (is_grave(method, path), said.contains(&(method.clone(), path.clone())));
            assert!(both.0 != both.1, "{method} {path}: say in http/grave.rs whether it is grave");
        }
        let grave = GRAVE.iter().map(|(m, p)| (m.to_string(), p.to_string()));
        for one in grave.chain(said) {
            assert!(there.contains(&one), "{one:?} is no operation");
        }
    }
}
