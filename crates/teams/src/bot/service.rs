//! Requests to the Bot Connector below an activity's service URL, and what comes back.

use crate::address::percent_encode;
use crate::clean;
use crate::request::{Method, Reply, Request};
use core::time::Duration;
use redact::Secret;
use serde_json::Value;

/// Members of a page that are asked for; the Bot Connector gives no more.
const PAGE: usize = 500;
/// The largest page of members that is read, in bytes.
const MOST_PAGE: usize = 1024 * 1024;
/// The largest member that is read, in bytes.
const MOST_MEMBER: usize = 64 * 1024;
/// The longest token of a next page, in bytes.
const LONGEST_TOKEN: usize = 4_096;
/// The longest wait that is taken from a reply.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Somebody in a conversation.
#[derive(Clone, Debug)]
pub struct Member {
    /// Object id in the directory, in lower case; nothing for bots and for anonymous guests of meetings.
    pub object: Option<String>,
    /// The directory they belong to, if it is said.
    pub tenant: Option<String>,
    /// The name as shown.
    pub name: Secret<String>,
    /// The directory has them as a guest.
    pub guest: bool,
}

impl Member {
    fn read(m: &Value) -> Member {
        let text = |name: &str| m.get(name).and_then(Value::as_str).unwrap_or_default();
        // Teams names it in one way in activities and in another one here, by age of the client.
        let object = clean::guid(text("aadObjectId")).or_else(|| clean::guid(text("objectId")));
        let guest = text("userRole").eq_ignore_ascii_case("guest");
        Member { object, tenant: clean::guid(text("tenantId")), name: clean::name(text("name")), guest }
    }

    /// Reads a member that was asked for alone.
    ///
    /// # Errors
    /// [`ServiceFault`]
    pub fn of(reply: Option<&Reply>) -> Result<Member, ServiceFault> {
        ServiceFault::of(reply)?;
        let body: Option<Value> = reply.and_then(|r| r.json(MOST_MEMBER));
        body.as_ref().map(Member::read).ok_or(ServiceFault::Refused(200))
    }

    /// Whether somebody belongs to another organisation than a conversation of this directory: Graph knows nothing of them.
    pub fn is_outside(&self, directory: Option<&str>) -> bool {
        self.tenant.as_deref().is_some_and(|own| directory.is_some_and(|d| d != own))
    }
}

/// A page of members.
#[derive(Clone, Debug)]
pub struct MembersPage {
    /// Who is on it.
    pub members: Vec<Member>,
    /// What to ask the next page with, if there is one.
    pub next: Option<String>,
}

/// Why the Bot Connector did not do something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ServiceFault {
    /// The token is not taken: a new one is needed.
    Token,
    /// The person or an administrator has blocked or removed the bot: nothing may be sent there until it is added again.
    Blocked,
    /// It is to be tried again, not before this time is over.
    Again(Duration),
    /// It does not work and will not work later, with its status.
    Refused(u16),
}

/// The Bot Connector as one activity named it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    base: String,
}

impl Service {
    /// At a service URL, which [`crate::bot::BotCloud::trusts`] must have found good.
    pub fn at(service_url: &str) -> Service {
        Service { base: service_url.trim_end_matches('/').to_string() }
    }

    fn authorized(mut request: Request, token: &Secret<String>) -> Request {
        let bearer = format!("Bearer {}", token.expose_secret());
        request.headers.push(("Authorization", Secret::new(bearer)));
        request
    }

    /// Sends an activity into a conversation.
    pub fn send(&self, conversation: &str, token: &Secret<String>, activity: &Value) -> Request {
        let url = format!("{}/v3/conversations/{}/activities", self.base, percent_encode(conversation));
        let mut request = Service::authorized(Request::get(url), token);
        request.method = Method::Post;
        request.headers.push(("Content-Type", Secret::new("application/json".to_string())));
        request.body = Secret::new(activity.to_string().into_bytes());
        request
    }

    /// Asks for a page of the members of a conversation.
    pub fn members(&self, conversation: &str, token: &Secret<String>, next: Option<&str>) -> Request {
        let mut url = format!(
            "{}/v3/conversations/{}/pagedmembers?pageSize={PAGE}",
            self.base,
            percent_encode(conversation)
        );
        if let Some(next) = next {
            url.push_str("&continuationToken=");
            url.push_str(&percent_encode(next));
        }
        let mut request = Service::authorized(Request::get(url), token);
        request.most = MOST_PAGE;
        request
    }

    /// Asks for one member of a conversation, as the channel names them.
    pub fn member(&self, conversation: &str, token: &Secret<String>, who: &str) -> Request {
        let (room, who) = (percent_encode(conversation), percent_encode(who));
        let url = format!("{}/v3/conversations/{room}/members/{who}", self.base);
        let mut request = Service::authorized(Request::get(url), token);
        request.most = MOST_MEMBER;
        request
    }
}

impl MembersPage {
    /// Reads a page of members.
    ///
    /// # Errors
    /// [`ServiceFault`]
    pub fn read(reply: Option<&Reply>) -> Result<MembersPage, ServiceFault> {
        ServiceFault::of(reply)?;
        let body: Option<Value> = reply.and_then(|r| r.json(MOST_PAGE));
        let Some(body) = body else { return Err(ServiceFault::Refused(200)) };
        let list = body.get("members").and_then(Value::as_array).into_iter().flatten().take(PAGE);
        let members = list.map(Member::read);
        let next = body.get("continuationToken").and_then(Value::as_str);
        let next = next.filter(|t| !t.is_empty() && t.len() <= LONGEST_TOKEN);
        Ok(MembersPage { members: members.collect(), next: next.map(str::to_string) })
    }
}

impl ServiceFault {
    /// Whether a reply says that it worked; nothing when no reply came.
    ///
    /// # Errors
    /// Why it did not.
    pub fn of(reply: Option<&Reply>) -> Result<(), ServiceFault> {
        let soon = Duration::from_secs(1);
        let Some(reply) = reply else { return Err(ServiceFault::Again(soon)) };
        let wait = || reply.retry_after().unwrap_or(soon).min(LONGEST_WAIT);
        Err(match reply.status {
            200..300 => return Ok(()),
            401 => ServiceFault::Token,
            403 if says(reply, "MessageWritesBlocked") => ServiceFault::Blocked,
            403 if says(reply, "BotNotInConversationRoster") => ServiceFault::Blocked,
            // Microsoft's page on rate limits names these four.
            412 | 429 | 502 | 504 => ServiceFault::Again(wait()),
            status => ServiceFault::Refused(status),
        })
    }
}

/// Whether the error in a reply has this code.
fn says(reply: &Reply, code: &str) -> bool {
    let body: Value = reply.json(64 * 1024).unwrap_or_default();
    let of = |v: &Value| ["code", "subCode"].iter().any(|n| v.get(*n).and_then(Value::as_str) == Some(code));
    of(&body) || body.get("error").is_some_and(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_go_below_the_service_url() {
        let s = Service::at("https://smba.trafficmanager.net/emea/");
        let token = Secret::new("t".to_string());
        let to = s.send("19:a@thread.tacv2;messageid=1", &token, &Value::Null);
        assert_eq!(
            to.url,
            "https://smba.trafficmanager.net/emea/v3/conversations/19%3Aa%40thread.tacv2%3Bmessageid%3D1/activities"
        );
        let page = s.members("a:/../x", &token, Some("a&b"));
        assert!(
            page.url.ends_with(
                "/v3/conversations/a%3A%2F..%2Fx/pagedmembers?pageSize=500&continuationToken=a%26b"
            )
        );
        assert!(page.headers.iter().any(|(n, v)| *n == "Authorization" && v.expose_secret() == "Bearer t"));
    }

    #[test]
    fn replies_say_what_to_do_next() {
        let of = |status, body: &str| ServiceFault::of(Some(&Reply::new(status, body))).err();
        assert_eq!(of(201, ""), None);
        assert_eq!(of(401, ""), Some(ServiceFault::Token));
        assert_eq!(of(403, r#"{"error":{"code":"MessageWritesBlocked"}}"#), Some(ServiceFault::Blocked));
        assert_eq!(
            of(403, r#"{"subCode":"MessageWritesBlocked","errorCode":209}"#),
            Some(ServiceFault::Blocked)
        );
        assert_eq!(of(403, "x"), Some(ServiceFault::Refused(403)));
        assert_eq!(of(413, ""), Some(ServiceFault::Refused(413)));
        assert_eq!(of(502, ""), Some(ServiceFault::Again(Duration::from_secs(1))));
        let slow = Reply::new(429, "").with("Retry-After", "9999");
        assert_eq!(ServiceFault::of(Some(&slow)), Err(ServiceFault::Again(LONGEST_WAIT)));
        assert!(matches!(ServiceFault::of(None), Err(ServiceFault::Again(_))));
    }

    #[test]
    fn members_are_read_whatever_else_is_there() {
        let body = r#"{"members":[{"id":"29:a","name":"Ann\u202eLee","aadObjectId":"EEEEEEEE-0000-0000-0000-000000000001"},
            {"id":"29:b","objectId":"eeeeeeee-0000-0000-0000-000000000002","name":"Bo","userRole":"guest","tenantId":"eeeeeeee-0000-0000-0000-00000000000d"},{"id":7,"name":[]},"x"],"continuationToken":"n"}"#;
        let page = MembersPage::read(Some(&Reply::new(200, body))).unwrap();
        let names: Vec<_> = page.members.iter().map(|m| m.name.expose_secret().as_str()).collect();
        assert_eq!(names, ["AnnLee", "Bo", "", ""]);
        assert_eq!(page.members[1].object.as_deref(), Some("eeeeeeee-0000-0000-0000-000000000002"));
        assert_eq!(page.next.as_deref(), Some("n"));
        let (ann, bo) = (&page.members[0], &page.members[1]);
        assert!(!ann.guest && !ann.is_outside(Some("d")) && bo.guest && bo.is_outside(Some("d")));
        assert!(!bo.is_outside(None) && !bo.is_outside(bo.tenant.as_deref()));
        assert!(Member::of(Some(&Reply::new(404, ""))).is_err());
        assert!(MembersPage::read(Some(&Reply::new(200, "[]"))).unwrap().members.is_empty());
        assert!(MembersPage::read(Some(&Reply::new(200, ""))).is_err());
        assert!(!format!("{page:?}").contains("Bo\""));
    }
}
