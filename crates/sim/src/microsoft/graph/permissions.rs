//! Which permission allows which operation, written down from Microsoft's reference of each operation (the table
//! "Permissions" of its page), and which permissions only an administrator may give (the permissions reference).
//!
//! The product has a table of its own. They must not know each other: the test that takes permissions away compares them.

use crate::microsoft::registration::Holder;

/// What can be asked of the simulated Graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// `GET /me`
    Me,
    /// `GET /users/{id}`
    User,
    /// `GET /users`
    Users,
    /// `GET /users/delta`
    UsersDelta,
    /// `GET /users/{id}/photo`, its sizes and values
    Photo,
    /// `GET /users/{id}/licenseDetails`
    LicenseDetails,
    /// `POST /users/{id}/assignLicense`
    AssignLicense,
    /// `GET /subscribedSkus`
    SubscribedSkus,
    /// `GET /organization`
    Organization,
    /// `GET /domains`
    Domains,
    /// `GET /users/{id}/joinedTeams`
    JoinedTeams,
    /// `GET /teams/{id}`
    Team,
    /// `GET /teams/{id}/members`
    TeamMembers,
    /// `GET /teams/{id}/channels` and one of them
    Channels,
    /// `GET /teams/{id}/channels/{id}/members`, `allMembers`
    ChannelMembers,
    /// `GET /chats` and one of them
    Chat,
    /// `GET /chats/{id}/members`
    ChatMembers,
    /// `GET` of one presence
    Presence,
    /// `POST /communications/getPresencesByUserId`
    Presences,
    /// `POST` of `setPresence`, `clearPresence` and their kin
    WritePresence,
    /// A subscription to presences
    SubscribePresence,
    /// A subscription to users
    SubscribeUsers,
    /// `GET /oidc/userinfo`
    UserInfo,
}

use Operation::*;

/// One row: the operation, delegated and application permissions that allow it. Permissions for one chat or team alone end
/// in `.Chat` or `.Group`.
struct Row(Operation, &'static [&'static str], &'static [&'static str]);

const READ_DIRECTORY: &str = "Directory.Read.All";
const WRITE_DIRECTORY: &str = "Directory.ReadWrite.All";

const TABLE: [Row; 23] = [
    Row(
        Me,
        &[
            "User.Read",
            "User.ReadWrite",
            "User.ReadBasic.All",
            "User.Read.All",
            "User.ReadWrite.All",
            READ_DIRECTORY,
            WRITE_DIRECTORY,
        ],
        &[],
    ),
    Row(
        User,
        &[
            "User.Read",
            "User.ReadWrite",
            "User.ReadBasic.All",
            "User.Read.All",
            "User.ReadWrite.All",
            READ_DIRECTORY,
            WRITE_DIRECTORY,
        ],
        &["User.Read.All", "User.ReadWrite.All", READ_DIRECTORY, WRITE_DIRECTORY],
    ),
    Row(
        Users,
        &["User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", READ_DIRECTORY, WRITE_DIRECTORY],
        &["User.Read.All", "User.ReadWrite.All", READ_DIRECTORY, WRITE_DIRECTORY],
    ),
    Row(
        UsersDelta,
        &[
            "User.Read",
            "User.ReadWrite",
            "User.ReadBasic.All",
            "User.Read.All",
            "User.ReadWrite.All",
            READ_DIRECTORY,
            WRITE_DIRECTORY,
        ],
        &["User.Read.All", "User.ReadWrite.All", READ_DIRECTORY, WRITE_DIRECTORY],
    ),
    Row(
        Photo,
        &[
            "User.Read",
            "User.ReadWrite",
            "User.ReadBasic.All",
            "User.Read.All",
            "User.ReadWrite.All",
            "ProfilePhoto.Read.All",
            "ProfilePhoto.ReadWrite.All",
        ],
        &["User.Read.All", "User.ReadWrite.All", "ProfilePhoto.Read.All", "ProfilePhoto.ReadWrite.All"],
    ),
    Row(
        LicenseDetails,
        &[
            "LicenseAssignment.Read.All",
            "User.Read",
            "User.Read.All",
            "User.ReadWrite.All",
            READ_DIRECTORY,
            WRITE_DIRECTORY,
        ],
        // An application alone is not served.
        &[],
    ),
    Row(
        AssignLicense,
        &["LicenseAssignment.ReadWrite.All", "User.ReadWrite.All", WRITE_DIRECTORY],
        &["LicenseAssignment.ReadWrite.All", "User.ReadWrite.All", WRITE_DIRECTORY],
    ),
    Row(
        SubscribedSkus,
        &[
            "LicenseAssignment.Read.All",
            "Organization.Read.All",
            "Organization.ReadWrite.All",
            READ_DIRECTORY,
            WRITE_DIRECTORY,
        ],
        &[
            "LicenseAssignment.Read.All",
            "Organization.Read.All",
            "Organization.ReadWrite.All",
            READ_DIRECTORY,
            WRITE_DIRECTORY,
        ],
    ),
    Row(
        Organization,
        &[
            "User.Read",
            "Organization.Read.All",
            "Organization.ReadWrite.All",
            READ_DIRECTORY,
            WRITE_DIRECTORY,
        ],
        &["Organization.Read.All", "Organization.ReadWrite.All", READ_DIRECTORY, WRITE_DIRECTORY],
    ),
    Row(
        Domains,
        &["Domain.Read.All", "Domain.ReadWrite.All", READ_DIRECTORY, WRITE_DIRECTORY],
        &["Domain.Read.All", "Domain.ReadWrite.All", READ_DIRECTORY, WRITE_DIRECTORY],
    ),
    Row(
        JoinedTeams,
        &[
            "Team.ReadBasic.All",
            "TeamSettings.Read.All",
            "TeamSettings.ReadWrite.All",
            READ_DIRECTORY,
            WRITE_DIRECTORY,
        ],
        &[
            "Team.ReadBasic.All",
            "TeamSettings.Read.All",
            "TeamSettings.ReadWrite.All",
            READ_DIRECTORY,
            WRITE_DIRECTORY,
        ],
    ),
    Row(
        Team,
        &[
            "Team.ReadBasic.All",
            "TeamSettings.Read.All",
            "TeamSettings.ReadWrite.All",
            READ_DIRECTORY,
            WRITE_DIRECTORY,
        ],
        &[
            "TeamSettings.Read.Group",
            "TeamSettings.ReadWrite.Group",
            "Team.ReadBasic.All",
            "TeamSettings.Read.All",
            "TeamSettings.ReadWrite.All",
            READ_DIRECTORY,
            WRITE_DIRECTORY,
        ],
    ),
    Row(
        TeamMembers,
        &["TeamMember.Read.All", "TeamMember.ReadWrite.All"],
        &["TeamMember.Read.Group", "TeamMember.Read.All", "TeamMember.ReadWrite.All"],
    ),
    Row(
        Channels,
        &[
            "Channel.ReadBasic.All",
            "ChannelSettings.Read.All",
            "ChannelSettings.ReadWrite.All",
            "Group.Read.All",
            "Group.ReadWrite.All",
            READ_DIRECTORY,
            WRITE_DIRECTORY,
        ],
        &[
            "ChannelSettings.Read.Group",
            "ChannelSettings.ReadWrite.Group",
            "Channel.ReadBasic.All",
            "ChannelSettings.Read.All",
            "ChannelSettings.ReadWrite.All",
            "Group.Read.All",
            "Group.ReadWrite.All",
            READ_DIRECTORY,
            WRITE_DIRECTORY,
        ],
    ),
    Row(
        ChannelMembers,
        &["ChannelMember.Read.All", "ChannelMember.ReadWrite.All", "Group.Read.All"],
        &["ChannelMember.Read.Group", "ChannelMember.Read.All", "ChannelMember.ReadWrite.All"],
    ),
    Row(
        Chat,
        &["Chat.ReadBasic", "Chat.Read", "Chat.ReadWrite"],
        &[
            "ChatSettings.Read.Chat",
            "ChatSettings.ReadWrite.Chat",
            "Chat.Manage.Chat",
            "Chat.ReadBasic.All",
            "Chat.Read.All",
            "Chat.ReadWrite.All",
        ],
    ),
    Row(
        ChatMembers,
        &["Chat.ReadBasic", "ChatMember.Read", "ChatMember.ReadWrite", "Chat.Read", "Chat.ReadWrite"],
        &[
            "ChatMember.Read.Chat",
            "Chat.Manage.Chat",
            "ChatMember.Read.All",
            "ChatMember.ReadWrite.All",
            "Chat.ReadBasic.All",
            "Chat.Read.All",
            "Chat.ReadWrite.All",
        ],
    ),
    Row(Presence, &["Presence.Read", "Presence.Read.All"], &["Presence.Read.All", "Presence.ReadWrite.All"]),
    Row(Presences, &["Presence.Read.All"], &["Presence.Read.All", "Presence.ReadWrite.All"]),
    Row(WritePresence, &["Presence.ReadWrite"], &["Presence.ReadWrite.All"]),
    Row(SubscribePresence, &["Presence.Read.All"], &[]),
    Row(SubscribeUsers, &["User.Read.All"], &["User.Read.All"]),
    Row(UserInfo, &["openid"], &[]),
];

/// The permissions that allow an operation.
pub fn allowing(operation: Operation, holder: Holder) -> &'static [&'static str] {
    let row = TABLE.iter().find(|r| r.0 == operation);
    row.map_or(&[], |r| if holder == Holder::Delegated { r.1 } else { r.2 })
}

/// Whether a permission holds for one chat or team alone.
pub fn is_specific(permission: &str) -> bool {
    permission.ends_with(".Chat") || permission.ends_with(".Group")
}

/// Whether a delegated permission shows of other people more than their names and addresses.
pub fn shows_all_of_others(permissions: &[String]) -> bool {
    let full = ["User.Read.All", "User.ReadWrite.All", READ_DIRECTORY, WRITE_DIRECTORY];
    permissions.iter().any(|p| full.contains(&p.as_str()))
}

/// Whether a delegated permission shows anything of other people.
pub fn shows_others(permissions: &[String]) -> bool {
    shows_all_of_others(permissions) || permissions.iter().any(|p| p == "User.ReadBasic.All")
}

/// Delegated permissions that people may give for themselves. The others need an administrator.
const OWN: [&str; 17] = [
    "openid",
    "profile",
    "email",
    "offline_access",
    "User.Read",
    "User.ReadWrite",
    "User.ReadBasic.All",
    "Presence.Read",
    "Presence.Read.All",
    "Presence.ReadWrite",
    "Chat.ReadBasic",
    "Chat.Read",
    "Chat.ReadWrite",
    "ChatMember.Read",
    "Team.ReadBasic.All",
    "Channel.ReadBasic.All",
    "People.Read",
];

/// Whether people may give a delegated permission for themselves. A scope of an application they may.
pub fn people_may_give(scope: &str) -> bool {
    scope.contains("://") || OWN.contains(&scope)
}

/// Whether there is such a permission at all.
pub fn is_known(permission: &str, holder: Holder) -> bool {
    let in_table = TABLE.iter().any(|r| allowing(r.0, holder).contains(&permission));
    in_table || (holder == Holder::Delegated && OWN.contains(&permission)) || ELSEWHERE.contains(&permission)
}

/// Permissions of operations that are not simulated, which applications may nevertheless hold.
const ELSEWHERE: [&str; 14] = [
    "Calls.Initiate.All",
    "Calls.InitiateGroupCall.All",
    "Calls.JoinGroupCall.All",
    "Calls.JoinGroupCallAsGuest.All",
    "Calls.AccessMedia.All",
    "OnlineMeetings.ReadWrite.All",
    "OnlineMeetings.ReadWrite",
    "CallRecords.Read.All",
    "GroupMember.Read.All",
    "Group.Read.All",
    "ChatMessage.Send",
    "ChannelMessage.Send",
    "People.Read.All",
    "Application.Read.All",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_has_one_row_and_somebody_who_may() {
        for row in &TABLE {
            assert_eq!(TABLE.iter().filter(|r| r.0 == row.0).count(), 1, "{:?}", row.0);
            assert!(!row.1.is_empty());
            assert!(row.1.iter().all(|p| !is_specific(p)), "{:?}: not for people", row.0);
        }
    }

    #[test]
    fn reading_presence_allows_no_writing_and_messages_are_never_needed() {
        for holder in [Holder::Delegated, Holder::Application] {
            assert!(
                !allowing(WritePresence, holder)
                    .iter()
                    .any(|p| p.contains("Presence.Read.") || *p == "Presence.Read")
            );
        }
        assert!(allowing(SubscribePresence, Holder::Application).is_empty(), "only for people");
        assert!(allowing(ChatMembers, Holder::Delegated).contains(&"ChatMember.Read"));
        assert!(!people_may_give("User.Read.All") && people_may_give("User.Read"));
    }
}
