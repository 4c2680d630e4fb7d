//! What an administrator does to set the app up, made of the same plan as the package.

use crate::bot::Language;
use crate::package::AppPlan;
use crate::package::manifest::host;
use crate::permissions::{Feature, Kind, Registration, TEAMS_CLIENTS};
use core::fmt::Write;

/// Permissions as a sentence has them.
fn listed(plan: &AppPlan, registration: Registration) -> String {
    let all =
        plan.features.permissions(registration).into_iter().filter(|(_, kind)| *kind == Kind::Delegated);
    all.map(|(p, _)| format!("`{p}`")).collect::<Vec<_>>().join(", ")
}

/// The guide, in Markdown.
pub(super) fn guide(plan: &AppPlan) -> String {
    let first = plan.languages.first().copied().unwrap_or(Language::English);
    let (name, url, host) = (plan.name_in(first), &plan.url, host(&plan.url));
    let mut out = format!(
        "# Setting up {name} in Teams\n\nThe package is version {} of the app `{}`.\n",
        plan.version, plan.id
    );
    let mut n = 0;
    let mut step = |title: &str, lines: &[String]| {
        n += 1;
        let _ = write!(out, "\n## {n}. {title}\n\n");
        for line in lines {
            let _ = writeln!(out, "- {line}");
        }
    };
    if let (Some(bot), true) = (&plan.bot, plan.features.has(Feature::Bot)) {
        step("Register the bot", &[
            format!(
                "In the Entra admin centre of your own organisation: App registrations, New registration, {}.",
                match plan.features.has(Feature::BotNumbers) {
                    true => "accounts in any organisation, for it asks for numbers where the people are",
                    false => "single tenant",
                }
            ),
            format!("Its application (client) id is `{bot}`; it stands in `microsoft.bot_app`, and your tenant id in `microsoft.bot_tenant`."),
            "Under Certificates & secrets upload the certificate whose key Switchroom has (`microsoft.bot_certificate`, `microsoft.bot_key`).".into(),
            match plan.features.has(Feature::BotNumbers) {
                true => format!("Expose an API: `api://{host}/botid-{bot}`, scope `access_as_user`, tokens of version 2; authorised clients: {}; redirect URI of the type Web `{url}/api/consented`; delegated permissions of Graph: {}. This way to a token was tried with a simulated Teams, not yet with Microsoft's own.", TEAMS_CLIENTS.map(|id| format!("`{id}`")).join(" and "), listed(plan, Registration::Bot)),
                false => "It needs no permission of Microsoft Graph.".into(),
            },
            format!("In Azure make an Azure Bot of the type single tenant with this id; messaging endpoint `{url}/api/messages`; channel Microsoft Teams."),
        ]);
    }
    if let (Some(tab), true) = (&plan.tab, plan.features.has(Feature::Tab)) {
        let mut lines = vec![
            "App registrations, New registration, accounts in any organisation. It has no secret and no certificate.".into(),
            format!("Its application (client) id is `{tab}`; it stands in `microsoft.tab_app`."),
            format!("Authentication, single-page application: `brk-multihub://{host}`."),
            format!("Delegated permissions of Graph, and no others: {}.", listed(plan, Registration::Tab)),
        ];
        if plan.features.exposes_api(Registration::Tab) {
            lines.push(format!("Expose an API: `api://{host}/{tab}`, scope `access_as_user`, tokens of version 2. Calls are asked for with it, and nothing else."));
        }
        step("Register the tab", &lines);
    }
    step("Upload the package", &[
        "Teams admin centre: Teams apps, Manage apps, Upload new app, and choose the zip file.".into(),
        "An app of the same id is replaced when the version is larger; each change needs a larger one.".into(),
        "Permissions: consent for the organisation as the page of the app asks. What is asked for is listed above, and nothing else.".into(),
        "Allow it in the app permission policy; pin it by the setup policy if everybody shall have it.".into(),
    ]);
    step(
        "See that it works",
        &[
            "Add the app to a group chat and write `@".to_string()
                + &name
                + " list`: a card shows who is in the chat.",
            format!(
                "If nothing comes, see the log of Switchroom for `bot_refused` and `bot_unsent`, and that Microsoft reaches `{url}/api/messages`."
            ),
        ],
    );
    out
}
