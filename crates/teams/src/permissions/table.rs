//! The table itself.

use crate::permissions::features::{Feature, Profile};
use std::collections::BTreeSet;

/// An app registration. They are separate so that each is narrow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Registration {
    /// The tab: a public client in the user's own browser.
    Tab,
    /// The bot, in the operator's own tenant.
    Bot,
    /// Signing in to the web app.
    SignIn,
    /// Licences, in an administrator's name.
    Provisioning,
    /// What runs without a person: directory and presence of the contact centre.
    Background,
    /// The directory in the connecting administrator's name.
    Directory,
    /// Calls by Graph; reserved.
    Calling,
    /// No registration: consent to one chat, channel or team through the Teams app's manifest.
    Any,
}

impl Registration {
    /// All but [`Registration::Any`].
    pub const ALL: [Registration; 7] = [
        Registration::Tab,
        Registration::Bot,
        Registration::SignIn,
        Registration::Provisioning,
        Registration::Background,
        Registration::Directory,
        Registration::Calling,
    ];

    /// As configuration and attestation name it.
    pub const fn name(self) -> &'static str {
        match self {
            Registration::Tab => "tab",
            Registration::Bot => "bot",
            Registration::SignIn => "sign-in",
            Registration::Provisioning => "provisioning",
            Registration::Background => "background",
            Registration::Directory => "directory",
            Registration::Calling => "calling",
            Registration::Any => "any",
        }
    }

    /// Whether it proves itself by a certificate or secret.
    pub const fn is_confidential(self) -> bool {
        !matches!(self, Registration::Tab | Registration::Any)
    }
}

/// In whose name a permission works.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// In a signed-in person's.
    Delegated,
    /// In the application's own.
    Application,
    /// In the application's own, for one chat or team (resource-specific consent).
    Rsc,
}

impl Kind {
    /// As the attestation names it.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Delegated => "delegated",
            Kind::Application => "application",
            Kind::Rsc => "rsc",
        }
    }
}

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident $text:literal,)*) => {
        /// Everything that is done at Microsoft Graph and Entra ID. A request for anything else cannot be built.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Operation {
            $($(#[$doc])* $variant,)*
        }

        impl Operation {
            /// All of them.
            pub const ALL: [Operation; [$($text),*].len()] = [$(Operation::$variant),*];

            /// Method and path, as Microsoft's reference has them.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Operation::$variant => $text,)*
                }
            }
        }
    };
}

operations! {
    /// Signing in; no operation of Graph.
    SignIn "OpenID Connect sign-in",
    /// A refresh token for work without the person; no operation of Graph.
    Refresh "refresh token",
    /// Who signed in.
    Me "GET /me",
    /// People who came, changed or went.
    UsersDelta "GET /users/delta",
    /// One person.
    User "GET /users/{id}",
    /// A picture, for display.
    Photo "GET /users/{id}/photos/{size}/$value",
    /// Presence of many.
    Presences "POST /communications/getPresencesByUserId",
    /// Showing as in a call.
    SetPresence "POST /users/{id}/presence/setPresence",
    /// No longer.
    ClearPresence "POST /users/{id}/presence/clearPresence",
    /// Being told of changes to users.
    SubscribeUsers "POST /subscriptions (/users)",
    /// Being told of changes of presence. Graph takes this in a person's name only, and no feature holds such a token for
    /// as long, so it stands in no row: presence is asked for.
    SubscribePresences "POST /subscriptions (/communications/presences)",
    /// Licences and their units.
    SubscribedSkus "GET /subscribedSkus",
    /// Licences of one person.
    LicenseDetails "GET /users/{id}/licenseDetails",
    /// Assigning and removing licences.
    AssignLicense "POST /users/{id}/assignLicense",
    /// Members of a team.
    TeamMembers "GET /teams/{id}/members",
    /// Members of a channel.
    ChannelMembers "GET /teams/{id}/channels/{id}/members",
    /// Members of a shared channel, wherever they come from.
    ChannelAllMembers "GET /teams/{id}/channels/{id}/allMembers",
    /// Members of a chat.
    ChatMembers "GET /chats/{id}/members",
}

/// One line: because of a feature, a registration needs a permission, for these operations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// The feature that needs it.
    pub feature: Feature,
    /// Profiles in which the line holds.
    pub profiles: &'static [Profile],
    /// Another feature that must be on as well.
    pub with: Option<Feature>,
    /// The registration.
    pub registration: Registration,
    /// The permission; none where a registration is needed and no permission.
    pub permission: Option<&'static str>,
    /// Its kind.
    pub kind: Kind,
    /// What is done by it.
    pub operations: &'static [Operation],
    /// The fields that are read, by their names in Graph or in the token.
    pub fields: &'static [&'static str],
    /// Those of them that are stored, encrypted.
    pub stored: &'static [&'static str],
    /// Why, as the permissions page says it.
    pub reason: &'static str,
}

impl Row {
    pub(super) fn applies(&self, profile: Profile, on: &BTreeSet<Feature>) -> bool {
        self.profiles.contains(&profile)
            && on.contains(&self.feature)
            && self.with.is_none_or(|with| on.contains(&with))
    }
}

/// Beginnings of permissions that are never asked for, whatever is switched on.
pub const NEVER: [&str; 8] = [
    "Directory.",
    "User.ReadWrite.All",
    "Chat.Read",
    "ChatMessage.",
    "ChannelMessage.",
    "Group.ReadWrite.",
    "Mail.",
    "Files.",
];

const CONNECTOR: &[Profile] = &[Profile::Connector];
const CENTER: &[Profile] = &[Profile::ContactCenter];
const DIRECTORY: &[Profile] = &[Profile::Directory];
const TEAMS_APP: &[Profile] = &[Profile::Connector, Profile::ContactCenter];

const PERSON: &[&str] = &["id", "displayName", "businessPhones", "mobilePhone"];
const MEMBER: &[&str] = &["userId", "displayName", "tenantId"];
const PROFILE: &[&str] =
    &["id", "accountEnabled", "givenName", "surname", "displayName", "mail", "businessPhones", "mobilePhone"];
const PRESENCE: &[&str] = &["id", "availability", "activity", "sequenceNumber"];

/// A line in which nothing is stored and no other feature matters.
const fn row(
    feature: Feature,
    profiles: &'static [Profile],
    registration: Registration,
    permission: &'static str,
    kind: Kind,
    operations: &'static [Operation],
    fields: &'static [&'static str],
    reason: &'static str,
) -> Row {
    let permission = Some(permission);
    Row {
        feature,
        profiles,
        with: None,
        registration,
        permission,
        kind,
        operations,
        fields,
        stored: &[],
        reason,
    }
}

const fn with(row: Row, with: Feature) -> Row {
    Row { with: Some(with), ..row }
}

const fn storing(row: Row, stored: &'static [&'static str]) -> Row {
    Row { stored, ..row }
}

use Feature as F;
use Kind::{Application, Delegated, Rsc};
use Operation as O;
use Registration as R;

/// The table.
pub const TABLE: &[Row] = &[
    // The tab, in the user's own client.
    row(
        F::Tab,
        TEAMS_APP,
        R::Tab,
        "openid",
        Delegated,
        &[O::SignIn],
        &["oid", "tid"],
        "the user signs in within Teams",
    ),
    row(
        F::Tab,
        TEAMS_APP,
        R::Tab,
        "User.Read.All",
        Delegated,
        &[O::User],
        PERSON,
        "numbers of members who are shown",
    ),
    row(
        F::MembersTeam,
        TEAMS_APP,
        R::Tab,
        "TeamMember.Read.All",
        Delegated,
        &[O::TeamMembers],
        MEMBER,
        "who is in the team that the tab stands in",
    ),
    row(
        F::MembersChannel,
        TEAMS_APP,
        R::Tab,
        "ChannelMember.Read.All",
        Delegated,
        &[O::ChannelMembers, O::ChannelAllMembers],
        MEMBER,
        "who is in the channel that the tab stands in",
    ),
    row(
        F::MembersChat,
        TEAMS_APP,
        R::Tab,
        "ChatMember.Read",
        Delegated,
        &[O::ChatMembers],
        MEMBER,
        "who is in the chat that the tab stands in",
    ),
    row(
        F::PresenceRead,
        CONNECTOR,
        R::Tab,
        "Presence.Read.All",
        Delegated,
        &[O::Presences],
        PRESENCE,
        "whether a member can be called now",
    ),
    // The bot. By itself it needs nothing of Graph.
    Row {
        feature: F::Bot,
        profiles: TEAMS_APP,
        with: None,
        registration: R::Bot,
        permission: None,
        kind: Delegated,
        operations: &[],
        fields: &[],
        stored: &[],
        reason: "the bot talks through the Bot Connector and needs no permission of Graph",
    },
    row(
        F::BotNumbers,
        TEAMS_APP,
        R::Bot,
        "openid",
        Delegated,
        &[O::SignIn],
        &["oid", "tid"],
        "the user signs in to the bot",
    ),
    row(
        F::BotNumbers,
        TEAMS_APP,
        R::Bot,
        "User.Read.All",
        Delegated,
        &[O::User],
        PERSON,
        "numbers of members on the bot's card, in the user's name",
    ),
    with(
        row(
            F::BotNumbers,
            TEAMS_APP,
            R::Bot,
            "TeamMember.Read.All",
            Delegated,
            &[O::TeamMembers],
            MEMBER,
            "who is in the team that the bot was asked in",
        ),
        F::MembersTeam,
    ),
    with(
        row(
            F::BotNumbers,
            TEAMS_APP,
            R::Bot,
            "ChannelMember.Read.All",
            Delegated,
            &[O::ChannelMembers, O::ChannelAllMembers],
            MEMBER,
            "who is in the channel that the bot was asked in",
        ),
        F::MembersChannel,
    ),
    with(
        row(
            F::BotNumbers,
            TEAMS_APP,
            R::Bot,
            "ChatMember.Read",
            Delegated,
            &[O::ChatMembers],
            MEMBER,
            "who is in the chat that the bot was asked in",
        ),
        F::MembersChat,
    ),
    with(
        row(
            F::BotNumbers,
            CONNECTOR,
            R::Bot,
            "Presence.Read.All",
            Delegated,
            &[O::Presences],
            PRESENCE,
            "whether a member on the card can be called now",
        ),
        F::PresenceRead,
    ),
    // Signing in to the web app. In the directory profile the administrator signs in through that registration.
    storing(
        row(
            F::SignIn,
            CENTER,
            R::SignIn,
            "openid",
            Delegated,
            &[O::SignIn],
            &["oid", "tid", "roles", "name"],
            "people sign in with their work account",
        ),
        &["oid"],
    ),
    row(
        F::SignIn,
        CENTER,
        R::SignIn,
        "email",
        Delegated,
        &[O::SignIn],
        &["email"],
        "the address is shown to the person",
    ),
    row(
        F::SignIn,
        CENTER,
        R::SignIn,
        "User.Read",
        Delegated,
        &[O::Me],
        &["id", "displayName"],
        "the signed-in person's own name",
    ),
    row(
        F::SignIn,
        DIRECTORY,
        R::Directory,
        "openid",
        Delegated,
        &[O::SignIn],
        &["oid", "tid"],
        "the administrator signs in",
    ),
    // Licences.
    row(F::Licences, CENTER, R::Provisioning, "User.Read", Delegated, &[O::Me], &["id"], "who assigns"),
    row(
        F::Licences,
        CENTER,
        R::Provisioning,
        "User.Read.All",
        Delegated,
        &[O::User],
        &["id", "usageLocation", "assignedLicenses"],
        "whether a person can get a licence and has it",
    ),
    row(
        F::Licences,
        CENTER,
        R::Provisioning,
        "LicenseAssignment.Read.All",
        Delegated,
        &[O::SubscribedSkus, O::LicenseDetails],
        &["skuId", "skuPartNumber", "consumedUnits", "prepaidUnits"],
        "which licences there are, and how many are left",
    ),
    row(
        F::Licences,
        CENTER,
        R::Provisioning,
        "LicenseAssignment.ReadWrite.All",
        Delegated,
        &[O::AssignLicense],
        &["skuId"],
        "assigning licences to agents and removing them",
    ),
    // What runs without a person.
    storing(
        row(
            F::DirectorySync,
            CENTER,
            R::Background,
            "User.Read.All",
            Application,
            &[O::UsersDelta, O::User, O::Photo, O::SubscribeUsers],
            PROFILE,
            "the tenant's people with their numbers, and who was disabled or removed",
        ),
        PROFILE,
    ),
    row(
        F::PresenceRead,
        CENTER,
        R::Background,
        "Presence.Read.All",
        Application,
        &[O::Presences],
        PRESENCE,
        "an agent in a Teams call or not to be disturbed is not rung",
    ),
    row(
        F::PresenceWrite,
        CENTER,
        R::Background,
        "Presence.ReadWrite.All",
        Application,
        &[O::SetPresence, O::ClearPresence],
        &["availability", "activity"],
        "an agent who talks through us shows as in a call in Teams",
    ),
    // The directory, in the connecting administrator's name.
    storing(
        row(
            F::DirectorySync,
            DIRECTORY,
            R::Directory,
            "User.Read.All",
            Delegated,
            &[O::UsersDelta, O::User, O::Photo],
            PROFILE,
            "the tenant's people with their numbers",
        ),
        PROFILE,
    ),
    storing(
        row(
            F::DirectorySync,
            DIRECTORY,
            R::Directory,
            "offline_access",
            Delegated,
            &[O::Refresh],
            &["refresh_token"],
            "the directory stays in step after the administrator has gone",
        ),
        &["refresh_token"],
    ),
    // Reserved.
    row(F::CallingBot, CENTER, R::Calling, "Calls.Initiate.All", Application, &[], &[], "reserved"),
    row(F::CallingBot, CENTER, R::Calling, "Calls.InitiateGroupCall.All", Application, &[], &[], "reserved"),
    row(F::CallingBot, CENTER, R::Calling, "Calls.JoinGroupCall.All", Application, &[], &[], "reserved"),
    row(
        F::CallingBot,
        CENTER,
        R::Calling,
        "Calls.JoinGroupCallAsGuest.All",
        Application,
        &[],
        &[],
        "reserved",
    ),
    row(F::CallingBot, CENTER, R::Calling, "Calls.AccessMedia.All", Application, &[], &[], "reserved"),
    row(
        F::OnlineMeetings,
        CENTER,
        R::Calling,
        "OnlineMeetings.ReadWrite.All",
        Application,
        &[],
        &[],
        "reserved",
    ),
    // Consent to one chat or team.
    row(
        F::Rsc,
        TEAMS_APP,
        R::Any,
        "ChatMember.Read.Chat",
        Rsc,
        &[O::ChatMembers],
        MEMBER,
        "who is in the chat, by consent of that chat alone",
    ),
    row(
        F::Rsc,
        TEAMS_APP,
        R::Any,
        "TeamMember.Read.Group",
        Rsc,
        &[O::TeamMembers],
        MEMBER,
        "who is in the team, by consent of that team alone",
    ),
    row(
        F::Rsc,
        TEAMS_APP,
        R::Any,
        "ChannelMember.Read.Group",
        Rsc,
        &[O::ChannelMembers, O::ChannelAllMembers],
        MEMBER,
        "who is in the channel, by consent of that team alone",
    ),
];
