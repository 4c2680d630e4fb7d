//! The shape of a recording, to be drawn: the loudest sample of each of many pieces, of both channels.

use crate::http::calls::read_id;
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::recordings::may_hear;
use crate::http::serve::Api;
use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use engine::RecordingId;
use media::g711::Law;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{RecordingFile, StoreError};

/// The most pieces.
const MOST: usize = 4_000;
/// Of each piece at most so much is looked at, in bytes: an hour's recording in 1,000 pieces is looked at whole.
const OF_ONE: u64 = 64 * 1024;
/// Of all pieces together.
const OF_ALL: u64 = 64 * 1024 * 1024;
/// Bytes of a millisecond: two channels at 8,000 samples a second.
const OF_A_MS: u64 = 16;

/// How fine.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeaksQuery {
    pieces: Option<usize>,
}

/// The shape of a recording.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Peaks {
    /// How long it is, in milliseconds.
    pub length_ms: u64,
    /// The loudest sample of each piece of the customer's side: 0 is silence, 255 the loudest there is.
    pub customer: Vec<u8>,
    /// The same of the agent's side.
    pub agent: Vec<u8>,
}

/// `GET /recordings/{id}/peaks`
pub async fn peaks(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    Query(query): Query<PeaksQuery>,
) -> Result<Json<Peaks>, Problem> {
    let missing = || Problem::not_found(&format!("recording {id:?}"));
    let recording = RecordingId(read_id(&id, 'r').ok_or_else(missing)?);
    may_hear(&api, &asker, recording).await?.then_some(()).ok_or_else(missing)?;
    let pieces = query.pieces.unwrap_or(1_000).clamp(1, MOST);
    let place = api.drawing.clone().acquire_owned().await.map_err(|_| Problem::stopping())?;
    let (store, tenant) = (api.handle.store.clone(), asker.0.tenant);
    let found = tokio::task::spawn_blocking(move || {
        let _place = place;
        let info = store.recording(tenant, recording)?;
        let law = if info.ulaw { Law::Ulaw } else { Law::Alaw };
        shape(&store.open_recording(tenant, recording)?, law, pieces)
    });
    let found = found.await.map_err(|_| Problem::stopping())?;
    found.map(Json).map_err(|e| match e {
        StoreError::NotFound(_) => missing(),
        e => e.into(),
    })
}

fn shape(file: &RecordingFile, law: Law, pieces: usize) -> Result<Peaks, StoreError> {
    let frames = file.len() / 2;
    let each = OF_ONE.min(OF_ALL / pieces as u64);
    let (mut customer, mut agent) = (Vec::with_capacity(pieces), Vec::with_capacity(pieces));
    for n in 0..pieces as u64 {
        let (from, to) = (frames * n / pieces as u64, frames * (n + 1) / pieces as u64);
        let bytes = file.read(from * 2, ((to - from) * 2).min(each) as usize)?;
        let (mut left, mut right) = (0, 0);
        for frame in bytes.chunks_exact(2) {
            left = left.max(loudness(law, frame.first()));
            right = right.max(loudness(law, frame.get(1)));
        }
        customer.push(left);
        agent.push(right);
    }
    Ok(Peaks { length_ms: file.len() / OF_A_MS, customer, agent })
}

fn loudness(law: Law, byte: Option<&u8>) -> u8 {
    let sample = byte.map_or(0, |b| law.decode(*b)).unsigned_abs();
    (sample >> 7).min(255) as u8
}
