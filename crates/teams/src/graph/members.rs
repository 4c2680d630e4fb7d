//! Members of teams, channels and chats.

use crate::clean;
use crate::graph::{Call, Graph, step, text};
use crate::permissions::Operation;
use crate::request::Reply;
use redact::Secret;
use serde_json::Value;

/// The largest page that is read, in bytes.
const MOST_PAGE: usize = 4 * 1024 * 1024;
/// The most members of one page.
const MOST_ROWS: usize = 1000;
/// The most roles of one member.
const MOST_ROLES: usize = 8;

/// A member who is a person of some tenant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// The person's object id, which is not the membership's.
    pub user: String,
    /// The tenant the person belongs to.
    pub tenant: Option<String>,
    /// The name that is shown.
    pub name: Secret<String>,
    /// `owner`, `guest`; empty for a plain member.
    pub roles: Vec<String>,
}

/// One page of members.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Members {
    /// Those who are persons. Bots and the like are left out.
    pub members: Vec<Member>,
    /// The next page, for [`next_members`]. Bound their number: a team has at most 25,000 members.
    pub next: Option<String>,
}

/// Members of a team. Nothing for an id that cannot be one; so for the others.
pub fn team_members(graph: &Graph, team: &str) -> Option<Call> {
    Some(paged(graph, Operation::TeamMembers, &format!("/teams/{}/members", step(team)?)))
}

/// Members of a channel of a team.
pub fn channel_members(graph: &Graph, team: &str, channel: &str) -> Option<Call> {
    let path = format!("/teams/{}/channels/{}/members", step(team)?, step(channel)?);
    Some(paged(graph, Operation::ChannelMembers, &path))
}

/// Members of a shared channel, those of other tenants and teams among them.
pub fn channel_all_members(graph: &Graph, team: &str, channel: &str) -> Option<Call> {
    let path = format!("/teams/{}/channels/{}/allMembers", step(team)?, step(channel)?);
    Some(paged(graph, Operation::ChannelAllMembers, &path))
}

/// Members of a chat.
pub fn chat_members(graph: &Graph, chat: &str) -> Option<Call> {
    Some(paged(graph, Operation::ChatMembers, &format!("/chats/{}/members", step(chat)?)))
}

/// The next page of the same. Nothing when the link leads elsewhere.
pub fn next_members(graph: &Graph, operation: Operation, link: &str) -> Option<Call> {
    let path = link.split('?').next().unwrap_or_default().to_ascii_lowercase();
    let ours = graph.base().owns(link) && (path.ends_with("/members") || path.ends_with("/allmembers"));
    let mut call = paged(graph, operation, "/");
    call.url = link.to_string();
    ours.then_some(call)
}

fn paged(graph: &Graph, operation: Operation, path: &str) -> Call {
    let mut call = graph.get(operation, path);
    call.most = MOST_PAGE;
    call
}

/// Reads a page of members.
pub fn read_members(reply: &Reply) -> Option<Members> {
    let page: Value = reply.json(MOST_PAGE)?;
    let rows = page.get("value")?.as_array().filter(|r| r.len() <= MOST_ROWS)?;
    let members = rows.iter().filter_map(|row| {
        let roles = row.get("roles").and_then(Value::as_array).into_iter().flatten();
        Some(Member {
            user: clean::guid(text(row, "userId")?)?,
            tenant: text(row, "tenantId").and_then(clean::guid),
            name: clean::name(text(row, "displayName").unwrap_or_default()),
            roles: roles.filter_map(Value::as_str).filter_map(clean::word).take(MOST_ROLES).collect(),
        })
    });
    let next = text(&page, "@odata.nextLink").map(str::to_string);
    Some(Members { members: members.collect(), next })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "11111111-1111-1111-1111-111111111111";

    fn graph() -> Graph {
        Graph::of(&crate::Cloud::named("worldwide").unwrap()).unwrap()
    }

    #[test]
    fn members_are_persons_with_cleaned_names() {
        let page = json!({"value": [
            {"@odata.type": "#microsoft.graph.aadUserConversationMember", "id": "opaque", "roles": ["owner", "\u{202e}"],
             "displayName": "An\nn", "userId": ID, "email": "ann@canary.example", "tenantId": ID},
            {"@odata.type": "#microsoft.graph.anonymousGuestConversationMember", "id": "x", "displayName": "?"}, 7, null,
        ], "@odata.nextLink": "https://graph.microsoft.com/v1.0/chats/a/members?$skiptoken=1"});
        let read = read_members(&Reply::new(200, page.to_string())).unwrap();
        let [ann] = read.members.as_slice() else { panic!() };
        assert_eq!((ann.user.as_str(), ann.name.expose_secret().as_str()), (ID, "An n"));
        assert_eq!(ann.roles, ["owner"]);
        assert!(next_members(&graph(), Operation::ChatMembers, read.next.as_deref().unwrap()).is_some());
        for bad in ["", "[]", "{}", r#"{"value":7}"#] {
            assert_eq!(read_members(&Reply::new(200, bad)), None, "{bad}");
        }
    }

    #[test]
    fn identifiers_and_links_stay_in_their_place() {
        let call = channel_members(&graph(), ID, "19:abc_d@thread.tacv2").unwrap();
        let expected =
            format!("https://graph.microsoft.com/v1.0/teams/{ID}/channels/19%3Aabc_d%40thread.tacv2/members");
        assert_eq!(call.url, expected);
        assert!(chat_members(&graph(), "../me").is_none() && team_members(&graph(), "a?b").is_none());
        for link in [
            "https://evil.example/v1.0/chats/a/members",
            "https://graph.microsoft.com/v1.0/chats/a/messages",
            "https://graph.microsoft.com/beta/chats/a/members",
        ] {
            assert!(next_members(&graph(), Operation::ChatMembers, link).is_none(), "{link}");
        }
    }
}
