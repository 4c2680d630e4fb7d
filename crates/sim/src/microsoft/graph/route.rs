//! Which address is what, which permission table's row stands for it, and what it costs.

use crate::microsoft::exchange::Request;
use crate::microsoft::graph::permissions::Operation;
use crate::microsoft::graph::refusal::{GraphRefusal, refuse};
use crate::microsoft::graph::throttle::Weight;

/// An address of Graph that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Route<'a> {
    Me,
    User(&'a str),
    Users,
    UsersDelta,
    /// The description, or with `value` the picture itself.
    Photo {
        who: &'a str,
        size: Option<&'a str>,
        value: bool,
    },
    LicenseDetails(&'a str),
    AssignLicense(&'a str),
    SubscribedSkus(Option<&'a str>),
    Organization,
    Domains,
    JoinedTeams(&'a str),
    Team(&'a str),
    TeamMembers(&'a str),
    Channels(&'a str),
    Channel(&'a str, &'a str),
    ChannelMembers(&'a str, &'a str),
    Chats,
    Chat(&'a str),
    ChatMembers(&'a str),
    Presence(&'a str),
    Presences,
    WritePresence(&'a str, Write),
    UserInfo,
    Subscribe,
    Subscriptions,
    Subscription(&'a str),
    Reauthorize(&'a str),
}

/// What is written of a presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// `setPresence`
    Set,
    /// `clearPresence`
    Clear,
    /// `setUserPreferredPresence`
    SetPreferred,
    /// `clearUserPreferredPresence`
    ClearPreferred,
    /// `setStatusMessage`
    Status,
}

impl Write {
    fn named(name: &str) -> Option<Write> {
        Some(match name {
            "setPresence" => Write::Set,
            "clearPresence" => Write::Clear,
            "setUserPreferredPresence" => Write::SetPreferred,
            "clearUserPreferredPresence" => Write::ClearPreferred,
            "setStatusMessage" => Write::Status,
            _ => return None,
        })
    }
}

/// The parts of a path, with `users('x')` and `delta()` written as `users/x` and `delta`.
pub fn parts(segments: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    for segment in segments {
        let segment = segment.strip_prefix("microsoft.graph.").unwrap_or(segment);
        match segment.strip_suffix(')').and_then(|s| s.split_once('(')) {
            Some((name, "")) => out.push(name.to_string()),
            Some((name, key)) if key.starts_with('\'') => {
                out.push(name.to_string());
                out.push(key.trim_matches('\'').to_string());
            }
            _ => out.push(segment.to_string()),
        }
    }
    out
}

impl<'a> Route<'a> {
    /// The route of a method and the parts of a path below the version.
    pub fn find(method: &str, parts: &[&'a str]) -> Result<Route<'a>, GraphRefusal> {
        // What is mine is that of a user whom the token names.
        let mine;
        let parts = match parts {
            ["me"] => return of_method(method, &["GET"], Route::Me),
            ["me", rest @ ..] => {
                mine = ["users", "me"].iter().chain(rest).copied().collect::<Vec<_>>();
                &mine
            }
            parts => parts,
        };
        match parts {
            ["userinfo"] => of_method(method, &["GET", "POST"], Route::UserInfo),
            ["users"] => of_method(method, &["GET"], Route::Users),
            ["users", "delta"] => of_method(method, &["GET"], Route::UsersDelta),
            ["users", who] => of_method(method, &["GET"], Route::User(who)),
            ["users", who, "photo"] => {
                of_method(method, &["GET"], Route::Photo { who, size: None, value: false })
            }
            ["users", who, "photo", "$value"] => {
                of_method(method, &["GET"], Route::Photo { who, size: None, value: true })
            }
            ["users", who, "photos", size] => {
                of_method(method, &["GET"], Route::Photo { who, size: Some(size), value: false })
            }
            ["users", who, "photos", size, "$value"] => {
                of_method(method, &["GET"], Route::Photo { who, size: Some(size), value: true })
            }
            ["users", who, "licenseDetails"] => of_method(method, &["GET"], Route::LicenseDetails(who)),
            ["users", who, "assignLicense"] => of_method(method, &["POST"], Route::AssignLicense(who)),
            ["users", who, "joinedTeams"] => of_method(method, &["GET"], Route::JoinedTeams(who)),
            ["users", "me", "chats"] | ["chats"] => of_method(method, &["GET"], Route::Chats),
            ["users", who, "presence"] | ["communications", "presences", who] => {
                of_method(method, &["GET"], Route::Presence(who))
            }
            ["users", who, "presence", what] | ["communications", "presences", who, what] => {
                match Write::named(what) {
                    Some(write) => of_method(method, &["POST"], Route::WritePresence(who, write)),
                    None => Err(no_segment(what)),
                }
            }
            ["communications", "getPresencesByUserId"] => of_method(method, &["POST"], Route::Presences),
            ["subscribedSkus"] => of_method(method, &["GET"], Route::SubscribedSkus(None)),
            ["subscribedSkus", id] => of_method(method, &["GET"], Route::SubscribedSkus(Some(id))),
            ["organization"] => of_method(method, &["GET"], Route::Organization),
            ["domains"] => of_method(method, &["GET"], Route::Domains),
            ["teams", id] => of_method(method, &["GET"], Route::Team(id)),
            ["teams", id, "members"] => of_method(method, &["GET"], Route::TeamMembers(id)),
            ["teams", id, "channels"] => of_method(method, &["GET"], Route::Channels(id)),
            ["teams", id, "channels", channel] => of_method(method, &["GET"], Route::Channel(id, channel)),
            ["teams", id, "channels", channel, "members" | "allMembers"] => {
                of_method(method, &["GET"], Route::ChannelMembers(id, channel))
            }
            ["chats", id] => of_method(method, &["GET"], Route::Chat(id)),
            ["chats", id, "members"] => of_method(method, &["GET"], Route::ChatMembers(id)),
            ["subscriptions"] if method == "POST" => Ok(Route::Subscribe),
            ["subscriptions"] => of_method(method, &["GET"], Route::Subscriptions),
            ["subscriptions", id] => of_method(method, &["GET", "PATCH", "DELETE"], Route::Subscription(id)),
            ["subscriptions", id, "reauthorize"] => of_method(method, &["POST"], Route::Reauthorize(id)),
            [] => Err(refuse(400, "BadRequest", "Empty Payload. JSON content expected.")),
            parts => Err(no_segment(parts.last().unwrap_or(&""))),
        }
    }

    /// The row of the permission table. Subscriptions look at theirs when they know their resource.
    pub fn operation(&self) -> Option<Operation> {
        Some(match self {
            Route::Me => Operation::Me,
            Route::User("me") => Operation::Me,
            Route::User(_) => Operation::User,
            Route::Users => Operation::Users,
            Route::UsersDelta => Operation::UsersDelta,
            Route::Photo { .. } => Operation::Photo,
            Route::LicenseDetails(_) => Operation::LicenseDetails,
            Route::AssignLicense(_) => Operation::AssignLicense,
            Route::SubscribedSkus(_) => Operation::SubscribedSkus,
            Route::Organization => Operation::Organization,
            Route::Domains => Operation::Domains,
            Route::JoinedTeams(_) => Operation::JoinedTeams,
            Route::Team(_) => Operation::Team,
            Route::TeamMembers(_) => Operation::TeamMembers,
            Route::Channels(_) | Route::Channel(..) => Operation::Channels,
            Route::ChannelMembers(..) => Operation::ChannelMembers,
            Route::Chats | Route::Chat(_) => Operation::Chat,
            Route::ChatMembers(_) => Operation::ChatMembers,
            Route::Presence(_) => Operation::Presence,
            Route::Presences => Operation::Presences,
            Route::WritePresence(..) => Operation::WritePresence,
            Route::UserInfo => Operation::UserInfo,
            Route::Subscribe | Route::Subscriptions | Route::Subscription(_) | Route::Reauthorize(_) => {
                return None;
            }
        })
    }

    /// The chat or team that a permission for one alone could be for.
    pub fn specific(&self) -> Option<&'a str> {
        match self {
            Route::Team(id) | Route::TeamMembers(id) | Route::Channels(id) | Route::Channel(id, _) => {
                Some(id)
            }
            Route::ChannelMembers(id, _) | Route::Chat(id) | Route::ChatMembers(id) => Some(id),
            _ => None,
        }
    }

    /// The team or chat that requests are counted for.
    pub fn team(&self) -> Option<&'a str> {
        self.specific()
    }

    /// What it costs.
    pub fn weight(&self, request: &Request) -> Weight {
        let base = match self {
            Route::Me | Route::User(_) | Route::Organization | Route::Domains | Route::LicenseDetails(_) => 1,
            Route::Users | Route::UsersDelta => 2,
            Route::SubscribedSkus(_) => 3,
            Route::AssignLicense(_) => return Weight::Write,
            Route::Presence(_) | Route::Presences | Route::WritePresence(..) => return Weight::Presence,
            Route::Team(_)
            | Route::JoinedTeams(_)
            | Route::Channel(..)
            | Route::Chats
            | Route::Chat(_)
            | Route::ChatMembers(_) => {
                return Weight::Teams(30);
            }
            Route::TeamMembers(_) | Route::Channels(_) | Route::ChannelMembers(..) => {
                return Weight::Teams(60);
            }
            _ => return Weight::Nothing,
        };
        let query = request.query();
        let mut units: u32 = base;
        if query.get("$expand").is_some() {
            units += 1;
        }
        if query.get("$select").is_some() {
            units = units.saturating_sub(1);
        }
        if query.get("$top").and_then(|t| t.parse::<u32>().ok()).is_some_and(|t| t < 20) {
            units = units.saturating_sub(1);
        }
        Weight::Directory(units.max(1))
    }
}

fn of_method<'a>(method: &str, known: &[&str], route: Route<'a>) -> Result<Route<'a>, GraphRefusal> {
    match known.contains(&method) {
        true => Ok(route),
        false => Err(refuse(
            405,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        )),
    }
}

fn no_segment(name: &str) -> GraphRefusal {
    refuse(400, "BadRequest", format!("Resource not found for the segment '{name}'."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_both_ways_of_writing() {
        let find = |method: &str, path: &str| {
            let segments: Vec<String> = path.split('/').map(String::from).collect();
            let parts = parts(&segments);
            Route::find(method, &parts.iter().map(String::as_str).collect::<Vec<_>>())
                .map(|r| format!("{r:?}"))
                .map_err(|e| e.status)
        };
        assert_eq!(find("GET", "users('a@b')/presence"), Ok("Presence(\"a@b\")".into()));
        assert_eq!(find("GET", "users/microsoft.graph.delta()"), Ok("UsersDelta".into()));
        assert_eq!(
            find("GET", "me/photo/$value"),
            Ok("Photo { who: \"me\", size: None, value: true }".into())
        );
        assert_eq!(find("DELETE", "users/x"), Err(405));
        assert_eq!(find("GET", "messages"), Err(400));
        assert_eq!(find("POST", "users/x/presence/explode"), Err(400));
    }

    #[test]
    fn costs_are_those_of_the_directory() {
        let weight = |target: &str| Route::Users.weight(&Request::new("GET", target));
        assert_eq!(weight("/v1.0/users"), Weight::Directory(2));
        assert_eq!(weight("/v1.0/users?$select=id"), Weight::Directory(1));
        assert_eq!(weight("/v1.0/users?$select=id&$top=5"), Weight::Directory(1));
        assert_eq!(weight("/v1.0/users?$expand=manager"), Weight::Directory(3));
    }
}
