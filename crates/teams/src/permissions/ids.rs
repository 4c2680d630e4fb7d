//! Microsoft's ids of the permissions in the table, the same in each tenant and cloud, as its permissions reference
//! lists them.

use crate::permissions::table::Kind;

/// Microsoft Graph as a resource.
pub const GRAPH_APP_ID: &str = "00000003-0000-0000-c000-000000000000";

/// The id of a permission in a registration's `requiredResourceAccess`. Resource-specific permissions have none.
pub fn permission_id(permission: &str, kind: Kind) -> Option<&'static str> {
    let id = match (kind, permission) {
        (Kind::Delegated, "openid") => "37f7f235-527c-4136-accd-4a02d197296e",
        (Kind::Delegated, "email") => "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0",
        (Kind::Delegated, "offline_access") => "7427e0e9-2fba-42fe-b0c0-848c9e6a8182",
        (Kind::Delegated, "User.Read") => "e1fe6dd8-ba31-4d61-89e7-88639da4683d",
        (Kind::Delegated, "User.Read.All") => "a154be20-db9c-4678-8ab7-66f6cc099a59",
        (Kind::Delegated, "TeamMember.Read.All") => "2497278c-d82d-46a2-b1ce-39d4cdde5570",
        (Kind::Delegated, "ChannelMember.Read.All") => "2eadaff8-0bce-4198-a6b9-2cfc35a30075",
        (Kind::Delegated, "ChatMember.Read") => "c5a9e2b1-faf6-41d4-8875-d381aa549b24",
        (Kind::Delegated, "Presence.Read.All") => "9c7a330d-35b3-4aa1-963d-cb2b9f927841",
        (Kind::Delegated, "LicenseAssignment.Read.All") => "f395577a-0960-456b-979f-7228de0c5996",
        (Kind::Delegated, "LicenseAssignment.ReadWrite.All") => "f55016cc-149c-447e-8f21-7cf3ec1d6350",
        (Kind::Application, "User.Read.All") => "df021288-bdef-4463-88db-98f22de89214",
        (Kind::Application, "Presence.Read.All") => "a70e0c2d-e793-494c-94c4-118fa0a67f42",
        (Kind::Application, "Presence.ReadWrite.All") => "83cded22-8297-4ff6-a7fa-e97e9545a259",
        (Kind::Application, "Calls.AccessMedia.All") => "a7a681dc-756e-4909-b988-f160edc6655f",
        (Kind::Application, "Calls.Initiate.All") => "284383ee-7f6e-4e40-a2a8-e85dcb029101",
        (Kind::Application, "Calls.InitiateGroupCall.All") => "4c277553-8a09-487b-8023-29ee378d8324",
        (Kind::Application, "Calls.JoinGroupCall.All") => "f6b49018-60ab-4f81-83bd-22caeabfed2d",
        (Kind::Application, "Calls.JoinGroupCallAsGuest.All") => "fd7ccf6b-3d28-418b-9701-cd10f5cd2fd4",
        (Kind::Application, "OnlineMeetings.ReadWrite.All") => "b8bb2037-6e08-44ac-a4ea-4674e010e2a4",
        _ => return None,
    };
    Some(id)
}
