//! The pages that people see: who signs in, what is asked for, and the form that brings the answer back.

use crate::microsoft::exchange::{Reply, encoded, escaped};

fn frame(title: &str, body: &str) -> Reply {
    Reply::page(
        200,
        format!(
            "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
             <title>{title}</title><style>body{{font:16px/1.5 sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}}\
             a.person{{display:block;padding:.5rem;border-bottom:1px solid #ccc;color:inherit;text-decoration:none}}\
             a.person:hover,a.person:focus{{background:#eef}}small{{color:#555}}</style></head><body>{body}</body></html>"
        ),
    )
}

/// Somebody who may be chosen.
pub struct Choice {
    /// Their id.
    pub id: String,
    /// The name as shown.
    pub display: String,
    /// The user principal name.
    pub name: String,
    /// What they do.
    pub job: String,
}

/// The page on which a click signs in. `target` is where it stands, with its query.
pub fn people(app: &str, target: &str, choices: &[Choice]) -> Reply {
    let joint = if target.contains('?') { '&' } else { '?' };
    let list: String = choices
        .iter()
        .map(|c| {
            format!(
                "<a class=person href=\"{}{joint}sim_user={}\"><bdi>{}</bdi><br><small><bdi>{}</bdi> {}</small></a>",
                escaped(target),
                encoded(&c.id),
                escaped(&c.display),
                escaped(&c.name),
                escaped(&c.job)
            )
        })
        .collect();
    frame(
        "Sign in",
        &format!(
            "<h1>Pick an account</h1><p>to go on to {}. These people are made up.</p>{list}",
            escaped(app)
        ),
    )
}

/// The page on which somebody allows an application something.
pub fn consent(app: &str, target: &str, who: &str, scopes: &[String], for_all: bool) -> Reply {
    let joint = if target.contains('?') { '&' } else { '?' };
    let list: String = scopes.iter().map(|s| format!("<li>{}</li>", escaped(s))).collect();
    let link = |answer: &str, id: &str, words: &str| {
        format!(
            "<p><a id={id} href=\"{}{joint}sim_user={}&amp;sim_consent={answer}\">{words}</a></p>",
            escaped(target),
            encoded(who)
        )
    };
    let organisation = if for_all {
        link("organisation", "organisation", "Accept for everybody of the organisation")
    } else {
        String::new()
    };
    frame(
        "Permissions requested",
        &format!(
            "<h1>Permissions requested</h1><p>{} asks for:</p><ul>{list}</ul>{}{organisation}{}",
            escaped(app),
            link("accept", "accept", "Accept"),
            link("decline", "decline", "Cancel")
        ),
    )
}

/// The page that posts the answer to the application (`response_mode=form_post`).
pub fn post(to: &str, pairs: &[(&str, &str)]) -> Reply {
    let fields: String = pairs
        .iter()
        .map(|(n, v)| format!("<input type=hidden name=\"{}\" value=\"{}\">", escaped(n), escaped(v)))
        .collect();
    frame(
        "Working…",
        &format!(
            "<form id=answer method=post action=\"{}\">{fields}<noscript><button>Go on</button></noscript></form>\
             <script>document.getElementById('answer').submit()</script>",
            escaped(to)
        ),
    )
}
