//! `$batch`: several requests in one, each judged and counted alone.

use crate::microsoft::exchange::{Reply, Request};
use crate::microsoft::graph::object;
use crate::microsoft::graph::refusal::{GraphRefusal, refuse};
use crate::microsoft::{Handled, Microsoft};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Requests in one batch, at most.
const MOST: usize = 20;

impl Microsoft {
    pub(super) fn batch(&mut self, now: u64, request: &Request) -> Reply {
        match self.parts(now, request) {
            Ok(responses) => Reply::json(200, &json!({"responses": responses})),
            Err(no) => self.refusal(now, request, &no),
        }
    }

    fn parts(&mut self, now: u64, request: &Request) -> Result<Vec<Value>, GraphRefusal> {
        if request.method != "POST" {
            return Err(refuse(405, "Request_BadRequest", "A batch is posted."));
        }
        let token = request.header("Authorization").and_then(|h| h.strip_prefix("Bearer "));
        self.caller(now, token.map(str::trim)).map_err(|d| self.disbelieved(&d))?;
        let body = object(request)?;
        let bad = |text: &str| refuse(400, "BadRequest", text);
        let requests = body["requests"].as_array().ok_or_else(|| bad("Invalid batch payload format."))?;
        if requests.is_empty() || requests.len() > MOST {
            return Err(bad("Number of batch request steps must be from 1 to 20."));
        }
        let mut status: BTreeMap<&str, u16> = BTreeMap::new();
        let mut out = Vec::new();
        for part in requests {
            let id = part["id"]
                .as_str()
                .filter(|i| !i.is_empty())
                .ok_or_else(|| bad("Each request of a batch needs an id."))?;
            if status.contains_key(id) {
                return Err(bad("The ids of the requests of a batch must differ."));
            }
            let needed = part["dependsOn"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let mut failed = false;
            for other in needed {
                let earlier =
                    status.get(other).ok_or_else(|| bad("A request can depend only on earlier ones."))?;
                failed |= *earlier >= 400;
            }
            let reply = match failed {
                true => self.refusal(
                    now,
                    request,
                    &refuse(424, "FailedDependency", "A request that this one depends on failed."),
                ),
                false => self.part(now, request, part)?,
            };
            status.insert(id, reply.status);
            out.push(response(id, &reply));
        }
        // The order of the answers says nothing: the last comes first.
        out.reverse();
        Ok(out)
    }

    fn part(&mut self, now: u64, outer: &Request, part: &Value) -> Result<Reply, GraphRefusal> {
        let bad = |text: &str| refuse(400, "BadRequest", text);
        let (Some(method), Some(url)) = (part["method"].as_str(), part["url"].as_str()) else {
            return Err(bad("Each request of a batch needs method and url."));
        };
        if url.contains("://") || url.contains("$batch") {
            return Err(bad("The address of a request of a batch is relative, and no batch itself."));
        }
        let target = format!("/v1.0/{}", url.trim_start_matches('/'));
        let mut inner = Request::new(&method.to_uppercase(), &target);
        if let Some(token) = outer.header("Authorization") {
            inner = inner.with_header("Authorization", token);
        }
        for (name, value) in part["headers"].as_object().into_iter().flatten() {
            if let Some(value) = value.as_str().filter(|_| !name.eq_ignore_ascii_case("Authorization")) {
                inner = inner.with_header(name, value);
            }
        }
        if !part["body"].is_null() {
            inner.body = part["body"].to_string().into_bytes();
        }
        let fault = self.faults.strikes(inner.path());
        if let Some(reply) = fault.and_then(|f| f.instead(now)) {
            return Ok(reply);
        }
        let segments = inner.segments();
        Ok(match self.single(now, &inner, segments.get(1..).unwrap_or_default()) {
            Ok(Handled::Reply(reply)) => reply,
            // A subscription waits for its handshake, and a batch does not wait.
            Ok(Handled::Later(ticket)) => {
                self.subscriptions.abandon(ticket);
                self.refusal(
                    now,
                    &inner,
                    &refuse(501, "NotImplemented", "Subscriptions are not made in a batch here."),
                )
            }
            Err(no) => self.refusal(now, &inner, &no),
        })
    }
}

fn response(id: &str, reply: &Reply) -> Value {
    let headers: Map<String, Value> =
        reply.headers.iter().map(|(n, v)| (n.clone(), v.clone().into())).collect();
    let mut out = json!({"id": id, "status": reply.status, "headers": headers});
    if !reply.body.is_empty() {
        // What is no JSON comes as text.
        out["body"] =
            serde_json::from_slice(&reply.body).unwrap_or_else(|_| STANDARD.encode(&reply.body).into());
    }
    out
}
