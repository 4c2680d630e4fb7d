//! Everything that is kept of a person, as one file to hand over: a page to read (`person_page.rs`), the same as JSON, and
//! the audio, for those who may listen to it.

use crate::attest::Words;
use crate::clock::wall_ms;
use crate::http::accounts::blocking;
use crate::http::archive::{Archive, MOST_AUDIO, MOST_FILES, Part, Sent};
use crate::http::identity::Asker;
use crate::http::person_export::everything;
use crate::http::person_page::page;
use crate::http::person_records::PersonId;
use crate::http::problem::Problem;
use crate::http::recordings::Wav;
use crate::http::serve::Api;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::RecordingId;
use serde::Deserialize;
use std::collections::BTreeSet;
use store::{StoreError, TenantId};

/// How the page is to be read.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchiveQuery {
    language: Option<String>,
}

/// `GET /people/{id}/archive`
pub async fn archive(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    Query(query): Query<ArchiveQuery>,
) -> Result<Response, Problem> {
    let id = PersonId::read(&id)?;
    let words = Words::named(query.language.as_deref().unwrap_or("en"))
        .map_err(|why| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why))?;
    let archive = blocking(move || {
        let export = everything(&api, &asker, &id)?;
        let tenant = asker.0.tenant;
        // Auditors look after rights, and listen to nobody: in a recording others speak, too.
        let may_listen = asker.is_owner();
        let mut files = Vec::new();
        let mut left_out = Vec::new();
        let mut here = BTreeSet::new();
        let mut room = MOST_AUDIO;
        let heard = match id {
            PersonId::Caller(person) => api.handle.store.heard_in(tenant, person)?,
            _ => Vec::new(),
        };
        for (recording, bytes) in heard {
            let id = crate::view::recording_id(recording);
            if !may_listen || bytes > room || files.len() + 2 >= MOST_FILES {
                left_out.push(id);
                continue;
            }
            room -= bytes;
            // No audio leaves before the entry is written.
            let object = format!("Recording/{id}");
            api.handle.store.audit(tenant, wall_ms(), &asker.name(), "recording.listen", &object)?;
            here.insert(id.clone());
            files.push((format!("audio/{id}.wav"), Part::Audio(open(&api, tenant, recording))));
        }
        let mut json = serde_json::to_value(&export).unwrap_or_default();
        json["left_out"] = left_out.clone().into();
        let texts =
            [("person.html", page(&export, &words, &left_out, &here)), ("person.json", format!("{json:#}"))];
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
