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
        let heard = match id {
            PersonId::Caller(person) => api.handle.store.heard_in(tenant, person)?,
            _ => Vec::new(),
        };
        let length = |recording| Ok(open(&api, tenant, recording)()?.map_or(0, |wav| wav.len()));
        let most = if may_listen { MOST_AUDIO } else { 0 };
        let chosen = choose(heard, most, &length)?;
        let left_out: Vec<String> = chosen.left_out.into_iter().map(crate::view::recording_id).collect();
        let mut here = BTreeSet::new();
        for recording in chosen.taken {
            let id = crate::view::recording_id(recording);
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

/// Which audio has room in an archive.
#[derive(Debug, Default, PartialEq, Eq)]
struct Chosen {
    taken: Vec<RecordingId>,
    left_out: Vec<RecordingId>,
}

/// Takes what has room. `length` is asked for what is recorded still, or whose end was never written down.
fn choose(
    heard: Vec<(RecordingId, Option<u64>)>,
    mut room: u64,
    length: &dyn Fn(RecordingId) -> Result<u64, StoreError>,
) -> Result<Chosen, StoreError> {
    let mut chosen = Chosen::default();
    for (recording, bytes) in heard {
        // Two files are the texts.
        if room == 0 || chosen.taken.len() + 2 >= MOST_FILES {
            chosen.left_out.push(recording);
            continue;
        }
        let bytes = bytes.map_or_else(|| length(recording), Ok)?;
        match room.checked_sub(bytes) {
            Some(left) => {
                room = left;
                chosen.taken.push(recording);
            }
            None => chosen.left_out.push(recording),
        }
    }
    Ok(chosen)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_whose_length_is_not_written_down_counts_as_long_as_it_is() {
        let of = |ids: &[u64]| ids.iter().map(|id| RecordingId(*id)).collect::<Vec<_>>();
        let heard = || vec![(RecordingId(1), Some(60)), (RecordingId(2), None), (RecordingId(3), Some(40))];
        let chosen = |room, bytes| choose(heard(), room, &|_| Ok(bytes)).unwrap();
        assert_eq!(chosen(100, 41), Chosen { taken: of(&[1, 3]), left_out: of(&[2]) });
        assert_eq!(chosen(100, 40), Chosen { taken: of(&[1, 2]), left_out: of(&[3]) });
        assert_eq!(chosen(0, 0), Chosen { taken: of(&[]), left_out: of(&[1, 2, 3]) }, "nothing may be heard");
        assert!(choose(heard(), 100, &|_| Err(StoreError::Full)).is_err());
    }
}
