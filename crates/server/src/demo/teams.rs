//! The demo's second tenant: people who call each other from a made-up Teams, by its bot and its tab.

use crate::cli::Failure;
use crate::demo::{microsoft_io, telephones_io};
use crate::tenant::check::{Documents, check_values};
use serde_json::{Value, json};
use sim::microsoft::client::ClientPlan;
use sim::microsoft::{Holder, Microsoft, Named, Registration, TenantPlan};
use std::net::SocketAddr;

/// The tenant's name in Switchroom.
pub const TENANT: &str = "teams";
/// The app registrations of the bot and of the tab.
pub const BOT_APP: &str = "5c0de000-0000-4000-8000-00000000b070";
pub const TAB_APP: &str = "5c0de000-0000-4000-8000-000000007ab0";
/// The domain of the made-up company.
pub const DOMAIN: &str = "lighthouse-travel.example";
/// What the bot is called.
const BOT: &str = "Harbour Calls";
/// The place of the person whose Teams is open: the chat of that number begins with it.
const ME: u32 = 2;
/// What the tab asks Graph for in that person's name.
const PERMISSIONS: [&str; 3] = ["ChatMember.Read", "ChannelMember.Read.All", "User.Read.All"];
const PEOPLE: [(&str, &str, &str); 12] = [
    ("Ada", "Lindqvist", "Managing director"),
    ("Ben", "Brooks", "Guide"),
    ("Lena", "Vogt", "Travel agent"),
    ("Omar", "Haddad", "Guide"),
    ("Ines", "Castro", "Bookings"),
    ("Tom", "Becker", "Bookings"),
    ("Mei", "Tanaka", "Accounts"),
    ("Paul", "Girard", "Guide"),
    ("Nora", "Weiss", "Marketing"),
    ("Sven", "Dahl", "Drivers"),
    ("Rosa", "Marin", "Drivers"),
    ("Jakub", "Nowak", "Workshop"),
];

/// Adds the company with its apps, which `secret` proves. Its id.
pub fn add(microsoft: &mut Microsoft, secret: &str) -> Option<String> {
    let named = |(given, surname, job): &(&str, &str, &str)| Named {
        given: given.to_string(),
        surname: surname.to_string(),
        job: job.to_string(),
    };
    let plan = TenantPlan {
        name: "Lighthouse Travel".into(),
        domain: DOMAIN.into(),
        country: "DE".into(),
        people: PEOPLE.len() as u32,
        named: PEOPLE.iter().map(named).collect(),
    };
    let tenant = microsoft.add_tenant(&plan)?;
    microsoft.register(Registration::new(BOT_APP, BOT, &tenant).with_secret(secret));
    let tab = PERMISSIONS
        .iter()
        .fold(Registration::new(TAB_APP, BOT, &tenant), |app, p| app.with_permission(p, Holder::Delegated));
    microsoft.register(tab);
    microsoft.grant_all(&tenant, TAB_APP);
    microsoft.stand_still(&tenant, true);
    Some(tenant)
}

/// What Switchroom is told of the company, whose telephones are at this address.
///
/// # Errors
/// What is wrong with it.
pub fn documents(microsoft: &microsoft_io::Running, phones: SocketAddr) -> Result<Documents, Failure> {
    let (directory, me) = microsoft.with(|m, _| {
        let t = m.tenant(DOMAIN);
        (t.map(|t| t.id().to_string()), t.map(|t| t.directory().id(ME)))
    });
    let name = PEOPLE.get(ME as usize).map(|(given, surname, _)| format!("{given} {surname}"));
    let all: Vec<Value> = vec![
        json!({"kind": "Tenant", "id": TENANT, "name": "Lighthouse Travel", "profile": "connector",
            "microsoft": directory, "country": "DE", "dial": {"allow": ["+49"]},
            "features": {"sign-in": false, "sip-trunks": true, "dial-own": true},
            "teams_app": {"id": "5c0de000-0000-4000-8000-0000000000a1", "version": "1.0.0", "name": BOT,
                "company": "Harbour Calls Ltd", "website": "https://harbour-calls.example/",
                "privacy": "https://harbour-calls.example/privacy", "terms": "https://harbour-calls.example/terms",
                "accent": "#0f766e", "texts": {}}}),
        json!({"kind": "Trunk", "id": "carrier", "address": format!("sip:{phones}"), "outbound": true}),
        json!({"kind": "User", "id": "lena", "name": name, "roles": ["agent"], "microsoft": me,
            "phone": format!("sip:{}@{phones}", telephones_io::MINE), "at_start": "available"}),
    ];
    check_values(all).map_err(|p| Failure::from(p.iter().map(ToString::to_string).collect::<Vec<_>>()))
}

/// Opens the made-up Teams: a chat, a channel and a conversation with the bot alone, for a server that is reached here.
pub fn open(microsoft: &microsoft_io::Running, server: SocketAddr) {
    microsoft.with(|m, now| {
        let Some(tenant) = m.tenant(DOMAIN).map(|t| t.id().to_string()) else { return };
        let Some(me) = m.tenant(DOMAIN).map(|t| t.directory().id(ME)) else { return };
        m.register_bot(BOT_APP, BOT, &format!("http://{server}/api/messages"));
        let (teams, groups) = m.teams_and_chats(&tenant);
        let group = groups.get(ME as usize).and_then(|chat| m.add_bot_to_chat(now, BOT_APP, &tenant, chat));
        let channel = teams.first().and_then(|t| m.add_bot_to_channel(now, BOT_APP, &tenant, t, 0));
        let alone = m.install_bot(now, BOT_APP, &tenant, &me);
        let titles = ["Coast tour in May", "Everybody", BOT].map(String::from);
        let chats =
            [group, channel, alone].into_iter().zip(titles).filter_map(|(id, title)| Some((id?, title)));
        let plan = ClientPlan {
            tenant,
            me: ME,
            phone: telephones_io::MINE.into(),
            tab_app: TAB_APP.into(),
            tab_page: format!("http://{server}/connector?tenant={TENANT}"),
            chats: chats.collect(),
            first_words: Some("list".into()),
        };
        m.open_client(plan);
    });
}
