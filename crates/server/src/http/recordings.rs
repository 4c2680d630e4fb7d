//! Recordings as WAV, whole or in ranges (RFC 9110 section 14). Only the chunks that a range touches are opened.

use crate::http::calls::read_id;
use crate::http::problem::Problem;
use crate::http::serve::{Api, Asker};
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::RecordingId;
use media::g711::Law;
use media::wav::{G711_HEADER_LEN, g711_header};
use store::{RecordingFile, StoreError};

/// The most that one answer carries; a player asks for the rest.
const PIECE: u64 = 4 * 1024 * 1024;

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
    let (store, tenant, who) = (api.handle.store.clone(), asker.0.tenant, asker.name());
    let object = format!("Recording/{id}");
    let answer = tokio::task::spawn_blocking(move || -> Result<Answer, StoreError> {
        let info = store.recording(tenant, recording)?;
        let file = store.open_recording(tenant, recording)?;
        // The beginning is listened to once; further ranges are the same listening.
        if range.as_deref().is_none_or(|r| r.starts_with("bytes=0-")) {
            store.audit(tenant, crate::clock::wall_ms(), &who, "recording.listen", &object)?;
        }
        answer(&file, info.ulaw, range.as_deref())
    })
    .await
    .map_err(|_| Problem::stopping())?
    .map_err(|e| match e {
        StoreError::NotFound(_) => missing(),
        e => e.into(),
    })?;
    let Answer { status, range, bytes } = answer;
    let mut response = (status, Body::from(bytes)).into_response();
    let h = response.headers_mut();
    h.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("audio/wav"));
    h.insert(header::ACCEPT_RANGES, header::HeaderValue::from_static("bytes"));
    h.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("private, no-store"));
    if let Some(range) = range.and_then(|r| header::HeaderValue::from_str(&r).ok()) {
        h.insert(header::CONTENT_RANGE, range);
    }
    Ok(response)
}

struct Answer {
    status: StatusCode,
    range: Option<String>,
    bytes: Vec<u8>,
}

fn answer(file: &RecordingFile, ulaw: bool, range: Option<&str>) -> Result<Answer, StoreError> {
    let head = g711_header(if ulaw { Law::Ulaw } else { Law::Alaw }, 2, Some(file.len()));
    let total = G711_HEADER_LEN as u64 + file.len();
    let (first, last) = match range.map(|r| read_range(r, total)) {
        None | Some(Range::Ignore) => (0, total - 1),
        Some(Range::Bytes(first, last)) => (first, last.min(first + PIECE - 1)),
        Some(Range::Beyond) => {
            return Ok(Answer {
                status: StatusCode::RANGE_NOT_SATISFIABLE,
                range: Some(format!("bytes */{total}")),
                bytes: Vec::new(),
            });
        }
    };
    let mut bytes = Vec::new();
    if first < head.len() as u64 {
        let end = (last + 1).min(head.len() as u64) as usize;
        bytes.extend_from_slice(&head[first as usize..end]);
    }
    if last >= head.len() as u64 {
        let from = first.max(head.len() as u64) - head.len() as u64;
        let to = last - head.len() as u64;
        bytes.extend(file.read(from, (to - from + 1) as usize)?);
    }
    let partial = matches!(range.map(|r| read_range(r, total)), Some(Range::Bytes(..)));
    let end = first + bytes.len().max(1) as u64 - 1;
    Ok(Answer {
        status: if partial { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK },
        range: partial.then(|| format!("bytes {first}-{end}/{total}")),
        bytes,
    })
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
