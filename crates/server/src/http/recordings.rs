//! Recordings as WAV, whole or in ranges (RFC 9110 section 14). Only the chunks that a range touches are opened.

use crate::http::access::Scope;
use crate::http::calls::read_id;
use crate::http::identity::Asker;
use crate::http::own;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use axum::Extension;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{AgentId, MailboxId, RecordingId};
use hyper::body::{Frame, SizeHint};
use media::g711::Law;
use media::wav::g711_header;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use store::{RecordingFile, StoreError, TenantId};
use tokio::task::JoinHandle;

/// The most that is read and sent at once, in bytes.
const PIECE: u64 = 64 * 1024;
/// Requests of one listener for one recording within this time are one listening, as a player makes them.
const ONE_LISTENING: Duration = Duration::from_secs(60);
/// Listenings that are remembered; with more than these, each request has its own entry.
const REMEMBERED: usize = 10_000;

/// In which tenant, who as the audit log names them, and what.
type Heard = (TenantId, String, RecordingId);

/// Who listened to which recording not long ago, so that a player that asks for many ranges is not an entry each.
#[derive(Default)]
pub struct Listening {
    told: HashMap<Heard, Instant>,
}

impl Listening {
    /// Whether this request begins a listening that is not in the audit log yet.
    fn is_new(&self, key: &Heard) -> bool {
        self.told.get(key).is_none_or(|at| at.elapsed() > ONE_LISTENING)
    }

    /// It is in the audit log now.
    fn told(&mut self, key: Heard) {
        if self.told.len() >= REMEMBERED {
            self.told.retain(|_, at| at.elapsed() <= ONE_LISTENING);
        }
        if self.told.len() < REMEMBERED {
            self.told.insert(key, Instant::now());
        }
    }
}

/// What a recording leaves out, and that no key is in it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Proof {
    /// Id of the call.
    pub call: String,
    /// When it began.
    pub began: String,
    /// When it ended; null while it is being made.
    pub ended: Option<String>,
    /// Pauses, from and to in milliseconds of its own time; keys pressed (`digits_recorded`) that were recorded; audio
    /// lost to a slow disk (`lost_ms`). Null while it is being made, and after a killed process.
    pub proof: Option<serde_json::Value>,
}

/// `GET /recordings/{id}/proof`
pub async fn proof(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<axum::Json<Proof>, Problem> {
    let missing = || Problem::not_found(&format!("recording {id:?}"));
    let recording = RecordingId(read_id(&id, 'r').ok_or_else(missing)?);
    let store = api.handle.store.clone();
    let found = tokio::task::spawn_blocking(move || store.recording(asker.0.tenant, recording)).await;
    let info = found.map_err(|_| Problem::stopping())?.map_err(|e| match e {
        StoreError::NotFound(_) => missing(),
        e => e.into(),
    })?;
    Ok(axum::Json(Proof {
        call: crate::view::call_id(info.call),
        began: crate::view::time(info.began),
        ended: info.ended.map(crate::view::time),
        proof: info.proof.and_then(|p| serde_json::from_str(&p).ok()),
    }))
}

/// `GET /recordings/{id}`
pub async fn audio(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let missing = || Problem::not_found(&format!("recording {id:?}"));
    let recording = RecordingId(read_id(&id, 'r').ok_or_else(missing)?);
    let range = headers.get(header::RANGE).and_then(|v| v.to_str().ok()).map(str::to_string);
    let (tenant, object) = (asker.0.tenant, format!("Recording/{id}"));
    may_hear(&api, &asker, recording).await?.then_some(()).ok_or_else(missing)?;
    let answer = tokio::task::spawn_blocking(move || -> Result<Answer, StoreError> {
        let store = &api.handle.store;
        let info = store.recording(tenant, recording)?;
        let answer = answer(store.open_recording(tenant, recording)?, info.ulaw, range.as_deref());
        if !answer.pieces.is_empty() {
            let key = (tenant, asker.name(), recording);
            // No audio leaves before the entry is written. Held meanwhile, so that two requests at once are one entry.
            let mut listening = api.listening.lock().unwrap_or_else(|e| e.into_inner());
            if listening.is_new(&key) {
                store.audit(tenant, crate::clock::wall_ms(), &asker.name(), "recording.listen", &object)?;
                listening.told(key);
            }
        }
        Ok(answer)
    })
    .await
    .map_err(|_| Problem::stopping())?
    .map_err(|e| match e {
        StoreError::NotFound(_) => missing(),
        e => e.into(),
    })?;
    let Answer { status, range, pieces } = answer;
    let mut response = (status, Body::new(pieces)).into_response();
    let h = response.headers_mut();
    h.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("audio/wav"));
    h.insert(header::ACCEPT_RANGES, header::HeaderValue::from_static("bytes"));
    h.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("private, no-store"));
    if let Some(range) = range.and_then(|r| header::HeaderValue::from_str(&r).ok()) {
        h.insert(header::CONTENT_RANGE, range);
    }
    Ok(response)
}

/// Whether the asker may hear a recording. Of recordings an agent hears messages only, and of those only what lies in
/// boxes of theirs.
pub(super) async fn may_hear(api: &Api, asker: &Asker, recording: RecordingId) -> Result<bool, Problem> {
    let (tenant, Scope::Own(agent)) = (asker.0.tenant, asker.0.scope) else { return Ok(true) };
    let boxes = own_boxes(api, tenant, agent).await?;
    let store = api.handle.store.clone();
    let found = tokio::task::spawn_blocking(move || store.message(tenant, recording)).await;
    Ok(found.map_err(|_| Problem::stopping())?.is_ok_and(|m| boxes.contains(&m.mailbox)))
}

/// The boxes whose messages an agent may hear.
pub(super) async fn own_boxes(
    api: &Api,
    tenant: TenantId,
    agent: AgentId,
) -> Result<Vec<MailboxId>, Problem> {
    let boxes = api.handle.ask(move |switch, _| switch.tenant(tenant).map(|t| own::boxes(&t.engine, agent)));
    Ok(boxes.await.ok_or_else(Problem::stopping)?.unwrap_or_default())
}

struct Answer {
    status: StatusCode,
    range: Option<String>,
    pieces: Pieces,
}

fn answer(file: RecordingFile, ulaw: bool, range: Option<&str>) -> Answer {
    let wav = Wav::new(file, ulaw);
    let total = wav.len();
    let (status, range, (first, end)) = match range.map_or(Range::Ignore, |r| read_range(r, total)) {
        Range::Ignore => (StatusCode::OK, None, (0, total)),
        Range::Bytes(first, last) => {
            (StatusCode::PARTIAL_CONTENT, Some(format!("bytes {first}-{last}/{total}")), (first, last + 1))
        }
        Range::Beyond => (StatusCode::RANGE_NOT_SATISFIABLE, Some(format!("bytes */{total}")), (0, 0)),
    };
    Answer { status, range, pieces: Pieces { wav: Arc::new(wav), at: first, end, reading: None } }
}

/// A recording with the head of a WAV file before it.
pub(super) struct Wav {
    head: Vec<u8>,
    file: RecordingFile,
}

impl Wav {
    /// Of this recording.
    pub(super) fn new(file: RecordingFile, ulaw: bool) -> Wav {
        let head = g711_header(if ulaw { Law::Ulaw } else { Law::Alaw }, 2, Some(file.len())).to_vec();
        Wav { head, file }
    }

    /// How long it is, in bytes.
    pub(super) fn len(&self) -> u64 {
        self.head.len() as u64 + self.file.len()
    }

    /// At most `max` bytes from a place on; none at the end.
    pub(super) fn read(&self, at: u64, max: u64) -> Result<Vec<u8>, StoreError> {
        let head = self.head.len() as u64;
        if at < head {
            return Ok(self.head[at as usize..head.min(at + max) as usize].to_vec());
        }
        self.file.read(at - head, max as usize)
    }
}

/// The body of an answer: read piece by piece as the listener takes it.
struct Pieces {
    wav: Arc<Wav>,
    at: u64,
    end: u64,
    reading: Option<JoinHandle<Result<Vec<u8>, StoreError>>>,
}

impl Pieces {
    fn is_empty(&self) -> bool {
        self.at >= self.end
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = StoreError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StoreError>>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        let (wav, at, max) = (self.wav.clone(), self.at, PIECE.min(self.end - self.at));
        let reading =
            self.reading.get_or_insert_with(|| tokio::task::spawn_blocking(move || wav.read(at, max)));
        let read = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        let bytes = match read {
            Ok(Ok(bytes)) if !bytes.is_empty() => bytes,
            Ok(Ok(_)) => return self.broken(StoreError::Unreadable("a recording".into())),
            Ok(Err(e)) => return self.broken(e),
            Err(_) => return self.broken(StoreError::Refused("the server is stopping".into())),
        };
        self.at += bytes.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(bytes.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end.saturating_sub(self.at))
    }
}

impl Pieces {
    /// The answer has begun: nothing is left but to break it off, and to say why in the log.
    fn broken(&mut self, e: StoreError) -> Poll<Option<Result<Frame<Bytes>, StoreError>>> {
        self.at = self.end;
        tracing::error!(event = "recording_unreadable", cause = %e, "an answer with audio was broken off");
        Poll::Ready(Some(Err(e)))
    }
}

enum Range {
    Ignore,
    Bytes(u64, u64),
    Beyond,
}

fn read_range(text: &str, total: u64) -> Range {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|r| r.split_once('-')) else {
        return Range::Ignore;
    };
    let (first, last) = (first.trim(), last.trim());
    match (first.parse::<u64>().ok(), last.parse::<u64>().ok()) {
        (Some(f), _) if f >= total => Range::Beyond,
        (Some(f), Some(l)) if l >= f => Range::Bytes(f, l.min(total - 1)),
        (Some(f), None) if last.is_empty() => Range::Bytes(f, total - 1),
        (None, Some(n)) if first.is_empty() && n > 0 => Range::Bytes(total.saturating_sub(n), total - 1),
        _ => Range::Ignore,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let read = |r: &str| match read_range(r, 100) {
            Range::Ignore => "ignore".to_string(),
            Range::Beyond => "beyond".into(),
            Range::Bytes(a, b) => format!("{a}-{b}"),
        };
        for (text, expected) in [
            ("bytes=0-", "0-99"),
            ("bytes=5-9", "5-9"),
            ("bytes=90-400", "90-99"),
            ("bytes=-10", "90-99"),
            ("bytes=100-", "beyond"),
            ("bytes=9-5", "ignore"),
            ("bytes=a-b", "ignore"),
            ("bytes=0-1,5-6", "ignore"),
            ("lines=0-1", "ignore"),
            ("bytes=-0", "ignore"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
