//! The manifest of a registration, to be given to Entra ID as an application object (Graph's `application` resource).

use crate::permissions::Features;
use crate::permissions::features::Feature;
use crate::permissions::ids::{GRAPH_APP_ID, permission_id};
use crate::permissions::table::{Kind, Operation, Registration};
use serde_json::{Value, json};

/// The id of the scope `access_as_user` that our API exposes.
const ACCESS_AS_USER: &str = "5d3c2f5e-6a0e-4d0c-9a51-5b6a6d1e7f01";

/// The clients of Microsoft Teams that ask for a token for a bot in a person's name: on desktops and telephones, and in the
/// browser.
pub const TEAMS_CLIENTS: [&str; 2] =
    ["1fec8e78-bce4-4aaf-ab1b-5451cc387264", "5e3ce6c0-2b1f-4285-8d4b-75ee78787346"];

/// A role of Switchroom that a tenant's administrator assigns to people in Entra ID.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AppRole {
    /// Its id in manifests; the same for ever, because assignments refer to it.
    pub id: &'static str,
    /// Its value in tokens (`roles`).
    pub value: &'static str,
    /// What administrators read.
    pub description: &'static str,
}

/// The roles.
pub const fn app_roles() -> [AppRole; 4] {
    [
        AppRole {
            id: "5d3c2f5e-6a0e-4d0c-9a51-5b6a6d1e7f11",
            value: "owner",
            description: "Configures the contact centre and sees everything in it.",
        },
        AppRole {
            id: "5d3c2f5e-6a0e-4d0c-9a51-5b6a6d1e7f12",
            value: "supervisor",
            description: "Leads queues and agents, and sees their calls and reports.",
        },
        AppRole {
            id: "5d3c2f5e-6a0e-4d0c-9a51-5b6a6d1e7f13",
            value: "agent",
            description: "Takes and makes calls.",
        },
        AppRole {
            id: "5d3c2f5e-6a0e-4d0c-9a51-5b6a6d1e7f14",
            value: "auditor",
            description: "Reads the audit log, permissions and reports, and changes nothing.",
        },
    ]
}

/// Addresses that a browser may be sent back to; exact ones, all of them ours.
#[derive(Clone, Debug, Default)]
pub struct Redirects {
    /// Callbacks of the server.
    pub web: Vec<String>,
    /// The tab's, a single-page application.
    pub spa: Vec<String>,
    /// Where our API is known, `api://…`; for registrations that expose one.
    pub app_id_uri: Option<String>,
}

/// The manifest of a registration for the features that are on: exactly their permissions, no implicit grant, tokens of
/// version 2. `own_tenant` makes it for one tenant only. The certificate is to be added in Entra ID.
pub fn manifest(
    features: &Features,
    registration: Registration,
    redirects: &Redirects,
    own_tenant: bool,
) -> Value {
    let access: Vec<_> = features
        .permissions(registration)
        .into_iter()
        .filter_map(|(permission, kind)| {
            let id = permission_id(permission, kind)?;
            Some(json!({"id": id, "type": if kind == Kind::Application { "Role" } else { "Scope" }}))
        })
        .collect();
    let required = if access.is_empty() {
        json!([])
    } else {
        json!([{"resourceAppId": GRAPH_APP_ID, "resourceAccess": access}])
    };
    let one_tenant = own_tenant || !features.is_multi_tenant(registration);
    let mut manifest = json!({
        "displayName": format!("Switchroom {}", registration.name()),
        "signInAudience": if one_tenant { "AzureADMyOrg" } else { "AzureADMultipleOrgs" },
        "requiredResourceAccess": required,
        "web": {
            "redirectUris": redirects.web,
            "implicitGrantSettings": {"enableAccessTokenIssuance": false, "enableIdTokenIssuance": false},
        },
        "spa": {"redirectUris": redirects.spa},
        "isFallbackPublicClient": false,
        "api": {"requestedAccessTokenVersion": 2, "oauth2PermissionScopes": []},
    });
    if exposes_api(features, registration) {
        manifest["api"]["oauth2PermissionScopes"] = json!([{
            "id": ACCESS_AS_USER, "value": "access_as_user", "type": "User", "isEnabled": true,
            "adminConsentDisplayName": "Use Switchroom as the signed-in user",
            "adminConsentDescription": "Lets Switchroom's pages in Teams call the Switchroom API as the user who signed in.",
            "userConsentDisplayName": "Use Switchroom",
            "userConsentDescription": "Lets Switchroom's pages in Teams call the Switchroom API as you.",
        }]);
        if registration == Registration::Bot {
            // Teams itself asks for this token, and the person is not asked for what the organisation allowed.
            let teams =
                TEAMS_CLIENTS.map(|id| json!({"appId": id, "delegatedPermissionIds": [ACCESS_AS_USER]}));
            manifest["api"]["preAuthorizedApplications"] = json!(teams);
        }
        manifest["identifierUris"] = json!(redirects.app_id_uri.iter().collect::<Vec<_>>());
        // When somebody proved who they are: without it a token is never new enough for what is grave.
        let claims =
            ["xms_cc", "idtyp", "acrs", "auth_time"].map(|name| json!({"name": name, "essential": false}));
        manifest["optionalClaims"] = json!({"accessToken": claims});
    }
    if matches!(registration, Registration::SignIn | Registration::Directory) {
        // Whoever connects a directory has to be an administrator of it, and only the token says who is.
        manifest["groupMembershipClaims"] = json!("DirectoryRole");
    }
    if matches!(registration, Registration::SignIn | Registration::Tab) {
        let roles = app_roles().map(|role| {
            json!({
                "id": role.id, "value": role.value, "displayName": format!("Switchroom {}", role.value),
                "description": role.description, "isEnabled": true, "allowedMemberTypes": ["User"],
            })
        });
        manifest["appRoles"] = json!(roles);
    }
    manifest
}

/// Whether a registration exposes an API of ours: that of signing in, whose tokens pages in Teams bring in place of a session;
/// the tab's, when it dials through anything but an address; the bot's, when it shows numbers in people's own names.
pub(crate) fn exposes_api(features: &Features, registration: Registration) -> bool {
    let ports = [Feature::DialOwn, Feature::DialCommportal, Feature::DialAri, Feature::DialEsl];
    match registration {
        Registration::SignIn => features
            .row_for(Feature::SignIn, Operation::SignIn)
            .is_some_and(|row| row.registration == Registration::SignIn),
        Registration::Tab => features.has(Feature::Tab) && ports.into_iter().any(|port| features.has(port)),
        Registration::Bot => features.has(Feature::BotNumbers),
        _ => false,
    }
}

impl Features {
    /// Whether a registration exposes an API of ours.
    pub fn exposes_api(&self, registration: Registration) -> bool {
        exposes_api(self, registration)
    }

    /// Whether customers' tenants consent to a registration, or it belongs to the operator's alone. A bot that asks Graph in
    /// people's names is known where those people are.
    pub fn is_multi_tenant(&self, registration: Registration) -> bool {
        match registration {
            Registration::Bot => self.has(Feature::BotNumbers),
            Registration::Any => false,
            _ => true,
        }
    }
}
