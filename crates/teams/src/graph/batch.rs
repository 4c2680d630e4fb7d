//! Several operations in one request: `$batch`, of which each part ends by itself.

use crate::graph::attempt::{Attempt, Next};
use crate::graph::error::GraphError;
use crate::graph::{Call, Graph, text};
use crate::request::{Method, Reply, Request};
use crate::time::Time;
use redact::Secret;
use serde_json::{Map, Value, json};

/// The most operations in one request.
pub const MOST_IN_BATCH: usize = 20;
/// The largest answer that is read, in bytes.
const MOST_ANSWER: usize = 8 * 1024 * 1024;

/// Up to twenty operations until each is done or given up. Send [`Batch::request`], give the reply to [`Batch::take`],
/// and again as long as [`BatchStep::again_at`] says so; only what was throttled is repeated.
pub struct Batch {
    graph: Graph,
    /// By their place: the operation until it ended, and how often it was tried.
    open: Vec<Option<(Call, Attempt)>>,
    whole: Attempt,
}

/// What one answer brought.
#[derive(Debug)]
pub struct BatchStep {
    /// What ended, by its place among the operations: a success to be read, or the error.
    pub ended: Vec<(usize, Result<Reply, GraphError>)>,
    /// When to send what is left. None when everything has ended.
    pub again_at: Option<Time>,
    /// A new token is needed for what is left, with these claims if it was a challenge.
    pub new_token: Option<Option<String>>,
}

impl Batch {
    /// Nothing for more operations than fit, for none, or for one that stands at another Graph.
    pub fn new(graph: &Graph, calls: Vec<Call>) -> Option<Batch> {
        let fits = (1..=MOST_IN_BATCH).contains(&calls.len());
        let ours = calls.iter().all(|c| relative(graph, c).is_some());
        let open = calls.into_iter().map(|c| Some((c, Attempt::default()))).collect();
        (fits && ours).then(|| Batch { graph: graph.clone(), open, whole: Attempt::default() })
    }

    /// The request for all that has not ended.
    pub fn request(&self, token: &Secret<String>, chance: [u8; 16]) -> Request {
        let mut requests = Vec::new();
        let mut first = None;
        for (place, call) in self.open.iter().enumerate().filter_map(|(n, c)| c.as_ref().map(|(c, _)| (n, c)))
        {
            first = first.or(Some(call));
            let url = relative(&self.graph, call).unwrap_or_default();
            let mut part = json!({"id": place.to_string(), "method": call.method.as_str(), "url": url});
            let mut headers: Map<String, Value> =
                call.headers.iter().map(|(n, v)| ((*n).to_string(), json!(v))).collect();
            if let Some(body) = &call.body {
                headers.insert("Content-Type".to_string(), json!("application/json"));
                part["body"] = serde_json::from_str(body.expose_secret()).unwrap_or(Value::Null);
            }
            if !headers.is_empty() {
                part["headers"] = Value::Object(headers);
            }
            requests.push(part);
        }
        let operation = first.map_or(crate::permissions::Operation::User, |c| c.operation);
        let mut call = self.graph.send(operation, Method::Post, "/$batch", &json!({"requests": requests}));
        call.most = MOST_ANSWER;
        call.request(token, chance)
    }

    /// Takes the answer; `None` when none came. `chance` is as in [`Attempt::next`].
    pub fn take(&mut self, now: Time, reply: Option<&Reply>, chance: u32) -> BatchStep {
        let mut step = BatchStep { ended: Vec::new(), again_at: None, new_token: None };
        match self.whole.next(now, reply, chance) {
            Next::Done => {}
            Next::Again { at } => step.again_at = Some(at),
            Next::NewToken { claims } => (step.again_at, step.new_token) = (Some(now), Some(claims)),
            Next::Failed(error) => self.end_all(&mut step, &error),
        }
        if step.again_at.is_some() || !step.ended.is_empty() {
            return step;
        }
        // The whole was answered, so that its own tries begin anew.
        self.whole = Attempt::default();
        let answers = reply.and_then(|r| r.json::<Value>(MOST_ANSWER));
        let answers = answers.as_ref().and_then(|a| a.get("responses")?.as_array());
        let Some(answers) = answers else {
            let status = reply.map_or(0, |r| r.status);
            self.end_all(&mut step, &GraphError::Unreadable { status });
            return step;
        };
        let mut answered = [false; MOST_IN_BATCH];
        for (place, part) in answers.iter().take(MOST_IN_BATCH).filter_map(part) {
            // An answer to what was not asked, or a second one, says nothing.
            let seen = answered.get_mut(place).is_none_or(|seen| core::mem::replace(seen, true));
            if !seen {
                self.take_part(&mut step, now, place, part, chance);
            }
        }
        // What was left out of the answer is as if no answer had come to it.
        for place in 0..self.open.len() {
            if answered.get(place) == Some(&false) {
                self.take_none(&mut step, now, place, chance);
            }
        }
        step
    }

    fn take_part(&mut self, step: &mut BatchStep, now: Time, place: usize, part: Reply, chance: u32) {
        let Some(slot) = self.open.get_mut(place) else { return };
        let Some((_, attempt)) = slot else { return };
        match attempt.next(now, Some(&part), chance) {
            Next::Done => {
                *slot = None;
                step.ended.push((place, Ok(part)));
            }
            Next::Failed(error) => {
                *slot = None;
                step.ended.push((place, Err(error)));
            }
            Next::Again { at } => step.again_at = step.again_at.max(Some(at)),
            Next::NewToken { claims } => {
                step.again_at = step.again_at.max(Some(now));
                step.new_token = Some(claims.or(step.new_token.take().flatten()));
            }
        }
    }

    fn take_none(&mut self, step: &mut BatchStep, now: Time, place: usize, chance: u32) {
        let Some(slot) = self.open.get_mut(place) else { return };
        let Some((_, attempt)) = slot else { return };
        match attempt.next(now, None, chance) {
            Next::Again { at } => step.again_at = step.again_at.max(Some(at)),
            Next::Failed(error) => {
                *slot = None;
                step.ended.push((place, Err(error)));
            }
            Next::Done | Next::NewToken { .. } => {}
        }
    }

    fn end_all(&mut self, step: &mut BatchStep, error: &GraphError) {
        for (place, slot) in self.open.iter_mut().enumerate() {
            if slot.take().is_some() {
                step.ended.push((place, Err(error.clone())));
            }
        }
    }
}

/// The address of a call below the base.
fn relative(graph: &Graph, call: &Call) -> Option<String> {
    let path = call.url.strip_prefix(&graph.base().to_string())?;
    (graph.base().owns(&call.url) && path.starts_with('/')).then(|| path.to_string())
}

/// One answer with its place.
fn part(answer: &Value) -> Option<(usize, Reply)> {
    let place = text(answer, "id")?.parse().ok()?;
    let status = u16::try_from(answer.get("status")?.as_u64()?).ok()?;
    let body = match answer.get("body") {
        None | Some(Value::Null) => String::new(),
        // What is not JSON comes in base64, as a text.
        Some(Value::String(text)) => text.clone(),
        Some(body) => body.to_string(),
    };
    let mut reply = Reply::new(status, body);
    if let Some(Value::Object(headers)) = answer.get("headers") {
        for (name, value) in headers.iter().take(32) {
            reply = reply.with(name, value.as_str().unwrap_or_default());
        }
    }
    Some((place, reply))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{read_user, user};
    use core::time::Duration;

    const NOW: Time = Time::from_secs(1_000_000);

    fn id(n: usize) -> String {
        format!("00000000-0000-0000-0000-{n:012}")
    }

    fn batch(size: usize) -> Batch {
        let graph = Graph::of(&crate::Cloud::named("worldwide").unwrap()).unwrap();
        let calls = (0..size).map(|n| user(&graph, &id(n), &["id", "mail"]).unwrap()).collect();
        Batch::new(&graph, calls).unwrap()
    }

    fn sent(batch: &Batch) -> Value {
        let request = batch.request(&Secret::new("t".to_string()), [0; 16]);
        assert_eq!(request.url, "https://graph.microsoft.com/v1.0/$batch");
        serde_json::from_slice(request.body.expose_secret()).unwrap()
    }

    fn answer(parts: Value) -> Reply {
        Reply::new(200, json!({"responses": parts}).to_string())
    }

    #[test]
    fn only_what_was_throttled_is_repeated() {
        let mut batch = batch(3);
        assert_eq!(sent(&batch)["requests"][2]["url"], format!("/users/{}?$select=id,mail", id(2)));
        let first = answer(json!([
            {"id": "2", "status": 200, "body": {"id": id(2), "mail": "c@contoso.example"}},
            {"id": "0", "status": 429, "headers": {"Retry-After": "9"}, "body": {"error": {"code": "TooManyRequests"}}},
            {"id": "1", "status": 404, "body": {"error": {"code": "x"}}},
        ]));
        let step = batch.take(NOW, Some(&first), 0);
        assert_eq!(step.again_at, Some(NOW.plus(Duration::from_secs(9))));
        let [(2, Ok(reply)), (1, Err(GraphError::NotFound))] = step.ended.as_slice() else {
            panic!("{step:?}")
        };
        assert_eq!(read_user(reply).unwrap().id, id(2));
        assert_eq!(sent(&batch)["requests"].as_array().map(Vec::len), Some(1));
        let step =
            batch.take(NOW, Some(&answer(json!([{"id": "0", "status": 200, "body": {"id": id(0)}}]))), 0);
        assert!(step.again_at.is_none() && step.ended.len() == 1);
    }

    #[test]
    fn answers_that_cannot_be_end_or_are_asked_again_with_a_bound() {
        for bad in [
            Reply::new(200, ""),
            Reply::new(200, "{}"),
            Reply::new(200, r#"{"responses":7}"#),
            Reply::new(400, ""),
        ] {
            let step = batch(2).take(NOW, Some(&bad), 0);
            assert!(
                step.again_at.is_none()
                    && step.ended.len() == 2
                    && step.ended.iter().all(|(_, r)| r.is_err())
            );
        }
        // Parts that are missing, come twice, or belong to nothing.
        let mut one = batch(2);
        let odd = json!([{"id": "7", "status": 200}, {"id": "x", "status": 200}, {"id": "0", "status": 99_999},
            {"id": "1", "status": 200, "body": {}}, {"id": "1", "status": 500}, 7]);
        let step = one.take(NOW, Some(&answer(odd)), 0);
        assert!(step.again_at.is_some() && step.ended.len() == 1);
        for round in 0.. {
            let step = one.take(NOW, Some(&answer(json!([]))), 0);
            if step.again_at.is_none() {
                assert_eq!(step.ended.len(), 1);
                break;
            }
            assert!(round < 10, "it ends");
        }
        let graph = Graph::of(&crate::Cloud::named("worldwide").unwrap()).unwrap();
        let other = Graph::of(&crate::Cloud::named("china").unwrap()).unwrap();
        assert!(Batch::new(&graph, Vec::new()).is_none());
        assert!(Batch::new(&other, vec![crate::graph::me(&graph)]).is_none());
        assert!(Batch::new(&graph, vec![crate::graph::me(&graph); 21]).is_none());
    }

    #[test]
    fn a_challenge_within_asks_for_one_new_token() {
        let mut batch = batch(1);
        let challenge = "Bearer error=\"insufficient_claims\", claims=\"eyJhIjoxfQ==\"";
        let refused = answer(json!([{"id": "0", "status": 401, "headers": {"WWW-Authenticate": challenge}}]));
        let step = batch.take(NOW, Some(&refused), 0);
        assert_eq!((step.again_at, step.new_token), (Some(NOW), Some(Some(r#"{"a":1}"#.to_string()))));
        let step = batch.take(NOW, Some(&refused), 0);
        assert!(matches!(step.ended.as_slice(), [(0, Err(GraphError::ChallengeUnmet { .. }))]));
    }
}
