use super::*;
use std::collections::BTreeMap;

fn names(features: &Features, registration: Registration) -> Vec<&'static str> {
    features.permissions(registration).into_iter().map(|(p, _)| p).collect()
}

#[test]
fn each_profile_asks_for_exactly_what_it_needs() {
    let asked = |profile| {
        let features = Features::of(profile);
        let registrations = features.registrations().into_iter();
        registrations.map(|r| (r.name(), names(&features, r))).collect::<BTreeMap<_, _>>()
    };
    let connector = [
        (
            "tab",
            vec![
                "openid",
                "User.Read.All",
                "TeamMember.Read.All",
                "ChannelMember.Read.All",
                "ChatMember.Read",
            ],
        ),
        ("bot", vec![]),
    ];
    assert_eq!(asked(Profile::Connector), BTreeMap::from(connector));
    let center = [
        ("sign-in", vec!["openid", "email", "User.Read"]),
        ("background", vec!["User.Read.All", "Presence.Read.All"]),
    ];
    assert_eq!(asked(Profile::ContactCenter), BTreeMap::from(center));
    let directory = [("directory", vec!["openid", "User.Read.All", "offline_access"])];
    assert_eq!(asked(Profile::Directory), BTreeMap::from(directory));
    assert_eq!(asked(Profile::Bridge), BTreeMap::new());
}

#[test]
fn features_that_are_switched_on_ask_for_their_own() {
    let mut center = Features::of(Profile::ContactCenter);
    center.switch(Feature::Licences, true).unwrap();
    center.switch(Feature::PresenceWrite, true).unwrap();
    let licences =
        ["User.Read", "User.Read.All", "LicenseAssignment.Read.All", "LicenseAssignment.ReadWrite.All"];
    assert_eq!(names(&center, Registration::Provisioning), licences);
    let background = ["User.Read.All", "Presence.Read.All", "Presence.ReadWrite.All"];
    assert_eq!(names(&center, Registration::Background), background);
    let mut connector = Features::of(Profile::Connector);
    connector.switch(Feature::BotNumbers, true).unwrap();
    connector.switch(Feature::PresenceRead, true).unwrap();
    connector.switch(Feature::MembersTeam, false).unwrap();
    assert_eq!(names(&connector, Registration::Bot), names(&connector, Registration::Tab));
    assert!(
        !names(&connector, Registration::Bot).contains(&"offline_access"),
        "the server stays with the user"
    );
    assert_eq!(names(&connector, Registration::Tab).last(), Some(&"Presence.Read.All"));
    connector.switch(Feature::Rsc, true).unwrap();
    let rsc: Vec<_> = connector.needed().into_iter().filter(|r| r.kind == Kind::Rsc).collect();
    assert_eq!(rsc.len(), 3);
    assert!(!connector.registrations().contains(&Registration::Any));
}

#[test]
fn what_a_profile_does_not_have_or_is_reserved_is_refused_with_a_sentence() {
    let mut bridge = Features::of(Profile::Bridge);
    assert_eq!(
        bridge.switch(Feature::DirectorySync, true),
        Err("the profile bridge does not have directory-sync".to_string())
    );
    let mut center = Features::of(Profile::ContactCenter);
    let refused = center.switch(Feature::CallingBot, true).unwrap_err();
    assert!(refused.contains("reserved"), "{refused}");
    assert!(names(&center, Registration::Calling).is_empty());
}

#[test]
fn the_matrix_has_every_feature_in_every_profile() {
    for feature in Feature::ALL {
        assert_eq!(Feature::named(feature.name()), Some(feature));
        assert!(Profile::ALL.into_iter().any(|p| feature.in_profile(p) != FeatureDefault::Never));
    }
    let on = |profile| Features::of(profile).list().map(Feature::name).collect::<Vec<_>>();
    assert_eq!(on(Profile::Bridge), ["sip-trunks", "direct-routing"]);
    assert_eq!(on(Profile::Directory), ["sip-trunks", "direct-routing", "sign-in", "directory-sync"]);
    let connector = ["sign-in", "tab", "members-chat", "members-channel", "members-team", "bot", "dial-url"];
    assert_eq!(on(Profile::Connector), connector);
    assert_eq!(Profile::named("contact-center"), Some(Profile::ContactCenter));
}

#[test]
fn nothing_forbidden_stands_in_the_table_and_everything_has_an_id() {
    for row in TABLE {
        let Some(permission) = row.permission else { continue };
        let narrow = permission == "ChatMember.Read" || permission == "ChatMember.Read.Chat";
        assert!(narrow || !NEVER.iter().any(|never| permission.starts_with(never)), "{permission}");
        assert_eq!(permission_id(permission, row.kind).is_some(), row.kind != Kind::Rsc, "{permission}");
        assert!(
            row.stored.iter().all(|f| row.fields.contains(f)),
            "{permission} stores what it does not read"
        );
        assert!(row.feature.is_reserved() || !row.operations.is_empty(), "{permission} serves no operation");
    }
    for operation in Operation::ALL {
        let used = TABLE.iter().any(|r| r.operations.contains(&operation));
        assert_eq!(used, operation != Operation::SubscribePresences, "{}", operation.text());
    }
}

#[test]
fn surplus_and_missing_rights_are_found() {
    let center = Features::of(Profile::ContactCenter);
    let granted = ["User.Read.All", "Directory.Read.All", "Presence.ReadWrite.All", "openid", "profile"]
        .map(String::from);
    assert_eq!(
        center.surplus(Registration::Background, &granted),
        ["Directory.Read.All", "Presence.ReadWrite.All"]
    );
    assert_eq!(center.missing(Registration::Background, &granted), ["Presence.Read.All"]);
    let directory = Features::of(Profile::Directory);
    let granted = ["openid", "profile", "email", "User.Read.All"].map(String::from);
    assert!(directory.surplus(Registration::Directory, &granted).is_empty());
    assert!(directory.missing(Registration::Directory, &granted).is_empty());
}

#[test]
fn a_permission_taken_away_stops_exactly_its_features() {
    for profile in Profile::ALL {
        let features = Features::of(profile);
        for registration in features.registrations() {
            for (permission, _) in features.permissions(registration) {
                let stopped = features.stopped_by(registration, permission);
                assert!(!stopped.is_empty());
                for row in stopped {
                    let sentence = stopped_sentence(row);
                    assert!(
                        sentence.contains(permission) && sentence.contains(row.feature.name()),
                        "{sentence}"
                    );
                }
            }
        }
    }
    let center = Features::of(Profile::ContactCenter);
    let stopped = center.stopped_by(Registration::Background, "Presence.Read.All");
    assert_eq!(stopped.iter().map(|r| r.feature).collect::<Vec<_>>(), [Feature::PresenceRead]);
    assert!(center.row_for(Feature::Licences, Operation::AssignLicense).is_none(), "it is off");
    assert!(center.row_for(Feature::DirectorySync, Operation::UsersDelta).is_some());
}

#[test]
fn consent_is_asked_for_what_is_on() {
    let cloud = Cloud::named("worldwide").unwrap();
    let directory = Features::of(Profile::Directory).consent_scopes(&cloud, Registration::Directory);
    assert_eq!(directory, ["openid", "https://graph.microsoft.com/User.Read.All", "offline_access"]);
    let center = Features::of(Profile::ContactCenter).consent_scopes(&cloud, Registration::Background);
    assert_eq!(center, ["https://graph.microsoft.com/.default"]);
    assert!(Features::of(Profile::Connector).consent_scopes(&cloud, Registration::Bot).is_empty());
}

#[test]
fn a_manifest_holds_the_permissions_and_no_more() {
    let center = Features::of(Profile::ContactCenter);
    let redirects = Redirects { web: vec!["https://cc.example/callback".into()], ..Redirects::default() };
    let background = manifest(&center, Registration::Background, &redirects, false);
    let access = &background["requiredResourceAccess"][0];
    assert_eq!(access["resourceAppId"], GRAPH_APP_ID);
    let expected = [
        serde_json::json!({"id": "df021288-bdef-4463-88db-98f22de89214", "type": "Role"}),
        serde_json::json!({"id": "a70e0c2d-e793-494c-94c4-118fa0a67f42", "type": "Role"}),
    ];
    assert_eq!(access["resourceAccess"].as_array().unwrap(), &expected);
    assert_eq!(background["signInAudience"], "AzureADMultipleOrgs");
    assert_eq!(
        manifest(&center, Registration::Background, &redirects, true)["signInAudience"],
        "AzureADMyOrg"
    );
    assert_eq!(background["web"]["implicitGrantSettings"]["enableIdTokenIssuance"], false);
    assert!(background.get("appRoles").is_none());
    let sign_in = manifest(&center, Registration::SignIn, &redirects, false);
    assert_eq!(sign_in["appRoles"].as_array().map(Vec::len), Some(4));
    assert_eq!(sign_in["groupMembershipClaims"], "DirectoryRole");
    assert_eq!(sign_in["api"]["oauth2PermissionScopes"][0]["value"], "access_as_user");
    let claims = sign_in["optionalClaims"]["accessToken"].as_array().unwrap();
    assert!(claims.iter().any(|c| c["name"] == "auth_time"), "{claims:?}");
    assert!(center.exposes_api(Registration::SignIn) && !center.exposes_api(Registration::Background));
    assert!(background.get("groupMembershipClaims").is_none() && background.get("optionalClaims").is_none());
    let directory = Features::of(Profile::Directory);
    assert!(!directory.exposes_api(Registration::SignIn) && !directory.exposes_api(Registration::Directory));
    let of_directory = manifest(&directory, Registration::Directory, &redirects, false);
    assert_eq!(of_directory["groupMembershipClaims"], "DirectoryRole");
    let mut connector = Features::of(Profile::Connector);
    let tab = manifest(&connector, Registration::Tab, &redirects, false);
    assert!(tab.get("identifierUris").is_none() && !connector.exposes_api(Registration::Tab));
    connector.switch(Feature::DialCommportal, true).unwrap();
    let tab = manifest(&connector, Registration::Tab, &redirects, false);
    assert_eq!(tab["api"]["oauth2PermissionScopes"][0]["value"], "access_as_user");
    assert_eq!(tab["optionalClaims"]["accessToken"][0]["name"], "xms_cc");
    assert!(tab["api"].get("preAuthorizedApplications").is_none());
    assert_eq!(manifest(&connector, Registration::Bot, &redirects, false)["signInAudience"], "AzureADMyOrg");
    let mut numbers = connector.clone();
    numbers.switch(Feature::BotNumbers, true).unwrap();
    let bot = manifest(&numbers, Registration::Bot, &redirects, false);
    assert_eq!(bot["signInAudience"], "AzureADMultipleOrgs", "it asks for numbers where the people are");
    assert_eq!(bot["api"]["preAuthorizedApplications"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        manifest(&connector, Registration::Bot, &redirects, false)["requiredResourceAccess"],
        serde_json::json!([])
    );
}
