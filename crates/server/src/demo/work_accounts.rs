//! The made-up Microsoft tenant of the demo: whom it knows, and the app registrations of Switchroom there.

use sim::microsoft::{Holder, Microsoft, Named, Registration, TenantPlan};

/// The app registration that people sign in with.
pub const SIGN_IN_APP: &str = "5c0de000-0000-4000-8000-000000000001";
/// The app registration that reads directory and presence alone.
pub const BACKGROUND_APP: &str = "5c0de000-0000-4000-8000-000000000002";
/// The domain of the made-up company.
pub const DOMAIN: &str = "harbour-bikes.example";

/// Somebody who has a work account.
pub struct Account {
    /// The first name.
    pub given: String,
    /// The family name.
    pub surname: String,
    /// The role in Switchroom.
    pub role: &'static str,
    /// The user in Switchroom.
    pub user: String,
    /// Whether visitors of the demo sign in as this one.
    pub is_visited: bool,
}

impl Account {
    /// The name to sign in with.
    pub fn name(&self) -> String {
        format!("{}.{}@{DOMAIN}", self.given, self.surname).to_lowercase()
    }
}

/// The tenant of so many people with these first, of whom the first administers it, and everything that Switchroom asks for allowed.
/// `secret` proves both registrations;
/// where people come back to is registered when that is known.
pub fn made_up(base: &str, secret: &str, accounts: &[Account], people: u32) -> Microsoft {
    let mut microsoft = Microsoft::new(base, 1);
    let named = accounts.iter().map(|a| Named {
        given: a.given.clone(),
        surname: a.surname.clone(),
        job: format!(
            "{}{}",
            a.role.get(..1).unwrap_or_default().to_uppercase(),
            a.role.get(1..).unwrap_or_default()
        ),
    });
    let plan = TenantPlan {
        name: "Harbour Bikes".into(),
        domain: DOMAIN.into(),
        country: "DE".into(),
        people,
        named: named.collect(),
    };
    let Some(tenant) = microsoft.add_tenant(&plan) else { return microsoft };
    let sign_in = Registration::new(SIGN_IN_APP, "Switchroom", &tenant).with_secret(secret);
    let sign_in = ["openid", "profile", "email", "User.Read"]
        .iter()
        .fold(sign_in, |app, permission| app.with_permission(permission, Holder::Delegated));
    let sign_in = Registration { names_directory_roles: true, names_auth_time: true, ..sign_in };
    let background = Registration::new(BACKGROUND_APP, "Switchroom background", &tenant)
        .with_secret(secret)
        .with_permission("User.Read.All", Holder::Application)
        .with_permission("Presence.Read.All", Holder::Application);
    for app in [sign_in, background] {
        let id = app.app_id.clone();
        microsoft.register(app);
        microsoft.grant_all(&tenant, &id);
    }
    // Whoever tries the demo is rung at once: only the made-up agents have other things to do in Teams.
    for account in accounts.iter().filter(|a| a.is_visited) {
        microsoft.settle_presence(&tenant, &account.name(), Some("Available"));
    }
    for account in accounts {
        microsoft.assign_role(&tenant, SIGN_IN_APP, &account.name(), account.role);
    }
    microsoft
}
