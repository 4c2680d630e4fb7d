//! Everything that is kept of a person, as one file to hand over: a page to read, the same as JSON, and the audio.

use crate::http::accounts::blocking;
use crate::http::archive::{Archive, MOST_AUDIO, MOST_FILES, Part, Sent};
use crate::http::data_rights::{PersonExport, everything, person_id};
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::recordings::Wav;
use crate::http::serve::Api;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use engine::RecordingId;
use std::collections::BTreeSet;
use std::fmt::Write;
use store::{StoreError, TenantId};

/// `GET /people/{id}/archive`
pub async fn archive(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let person = person_id(&id)?;
    let archive = blocking(move || {
        let export = everything(&api, &asker, person)?;
        let tenant = asker.0.tenant;
        let mut files = Vec::new();
        let mut left_out = Vec::new();
        let mut here = BTreeSet::new();
        let mut room = MOST_AUDIO;
        for (recording, bytes) in api.handle.store.heard_in(tenant, person)? {
            let id = crate::view::recording_id(recording);
            if bytes > room || files.len() + 2 >= MOST_FILES {
                left_out.push(id);
                continue;
            }
            room -= bytes;
            here.insert(id.clone());
            files.push((format!("audio/{id}.wav"), Part::Audio(open(&api, tenant, recording))));
        }
        let mut json = serde_json::to_value(&export).unwrap_or_default();
        json["left_out"] = left_out.clone().into();
        let texts = [("person.html", page(&export, &left_out, &here)), ("person.json", format!("{json:#}"))];
        let texts = texts.map(|(name, text)| (name.to_string(), Part::Text(text.into_bytes())));
        Ok(Archive::new(texts.into_iter().chain(files).collect()))
    });
    let mut response = Body::new(Sent::new(archive.await?)).into_response();
    let h = response.headers_mut();
    h.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    h.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    h.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"person.zip\""));
    Ok(response)
}

fn open(api: &Api, tenant: TenantId, recording: RecordingId) -> crate::http::archive::Open {
    let store = api.handle.store.clone();
    Box::new(move || {
        let file = store
            .recording(tenant, recording)
            .and_then(|info| Ok(Wav::new(store.open_even_restricted(tenant, recording)?, info.ulaw)));
        match file {
            Ok(wav) => Ok(Some(wav)),
            Err(StoreError::NotFound(_)) => Ok(None),
            Err(e) => Err(e),
        }
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The page that people read.
fn page(export: &PersonExport, left_out: &[String], here: &BTreeSet<String>) -> String {
    let PersonExport { person, calls, entered } = export;
    let mut out = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>What is kept of a person</title>\
         <style>body{font-family:sans-serif;margin:2em}table{border-collapse:collapse}\
         td,th{border:1px solid #888;padding:.3em .6em;text-align:left;vertical-align:top}</style>\
         <h1>What is kept of a person</h1><table>",
    );
    // Writing to a String cannot fail.
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = write!(out, "<tr><th>{name}</th><td>{}</td></tr>", escaped(value));
        }
    };
    let yes = |is: bool| if is { "yes" } else { "no" };
    row("Number or address", &person.address);
    row("Names", &person.names.join(", "));
    row("User", person.user.as_deref().unwrap_or_default());
    row("Data is hidden", yes(person.restricted));
    row("Objects to automated decisions", yes(person.objected));
    for entry in entered {
        let mut all = vec![entry.name.as_str(), entry.mail.as_str()];
        all.extend(entry.business.iter().chain(&entry.mobile).map(String::as_str));
        all.retain(|text| !text.is_empty());
        row("Entered beside the directory", &all.join(", "));
    }
    out += "</table><h2>Calls</h2><table><tr><th>Call</th><th>Began</th><th>Ended</th><th>Whose</th><th>Notes</th><th>Audio</th></tr>";
    for call in calls {
        let audio: Vec<String> = call
            .recordings
            .iter()
            // By its rule audio goes before its call.
            .filter(|id| here.contains(*id) || left_out.contains(id))
            .map(|id| match left_out.contains(id) {
                true => format!("{id}: at the API, this file had no room"),
                false => format!("<a href=\"audio/{id}.wav\">{id}</a>"),
            })
            .collect();
        let whose = if call.own { "their own" } else { "names them" };
        let notes = escaped(call.notes.as_deref().unwrap_or_default());
        let (began, ended, audio) = (&call.began, &call.ended, audio.join(" "));
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{began}</td><td>{ended}</td><td>{whose}</td><td>{notes}</td><td>{audio}</td></tr>",
            call.call
        );
    }
    out += "</table></html>\n";
    out
}
