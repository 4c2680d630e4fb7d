//! Teams as one person has it open: a page with chats, the bot and the tab in them, and telephones that ring.
//!
//! Everything below `/teams` is the page and what it asks for. It stands for the Teams client: what is written and pressed
//! goes to the bot as activities, and the tab inside it is signed in by nested app authentication. The telephones are
//! somebody else's: whoever carries them says how far they are ([`Microsoft::phone_is`]) and asks what their owners do
//! ([`Microsoft::phone_wishes`]).

mod phones;

pub use phones::{PhoneState, PhoneWish};

use crate::microsoft::Microsoft;
use crate::microsoft::bot::{Conversation, ConversationKind};
use crate::microsoft::exchange::{Reply, Request};
use phones::Telephones;
use serde_json::{Value, json};

/// Conversations of one client, at most.
const MOST_CHATS: usize = 16;
/// The longest text that is written, in characters.
const LONGEST_TEXT: usize = 1_000;

const PAGE: &str = include_str!("client.html");
const STYLE: &str = include_str!("client.css");
const SCRIPT: &str = include_str!("client.js");
/// Scripts come from here alone; the tab inside may be anywhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src http: https:; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Whose client it is, and which apps are in it.
#[derive(Clone, Debug)]
pub struct ClientPlan {
    /// The tenant, by id or domain.
    pub tenant: String,
    /// The place of the person in the directory.
    pub me: u32,
    /// The name by which the person's own telephone is called.
    pub phone: String,
    /// The app registration of the tab.
    pub tab_app: String,
    /// The address of the tab's page.
    pub tab_page: String,
    /// Conversations with the bot in them, the first is open: id and title.
    pub chats: Vec<(String, String)>,
    /// What the person writes into the first, once the page is looked at and the bot has said hello.
    pub first_words: Option<String>,
}

/// A client that is open.
#[derive(Debug)]
pub(super) struct Client {
    plan: ClientPlan,
    tenant: usize,
    phones: Telephones,
}

impl Microsoft {
    /// Somebody opens Teams. False where there is no such tenant.
    pub fn open_client(&mut self, mut plan: ClientPlan) -> bool {
        let Some(tenant) = self.tenant_index(&plan.tenant) else { return false };
        plan.chats.truncate(MOST_CHATS);
        self.client = Some(Client { plan, tenant, phones: Telephones::default() });
        true
    }

    /// How far a telephone is, by the name or the number that was called.
    pub fn phone_is(&mut self, called: &str, state: PhoneState) {
        if let Some(client) = &mut self.client {
            client.phones.set(called, state);
        }
    }

    /// What the owners of telephones did since this was last asked: which was called by which name, and what.
    pub fn phone_wishes(&mut self) -> Vec<(String, PhoneWish)> {
        self.client.as_mut().map(|c| c.phones.wishes()).unwrap_or_default()
    }

    /// Answers the page; nothing where nobody has a client open.
    pub(super) fn client_page(&mut self, now: u64, request: &Request, rest: &[String]) -> Option<Reply> {
        self.client.as_ref()?;
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        let file = |kind: &str, text: &str| {
            Reply { status: 200, body: text.into(), ..Reply::default() }
                .with_header("Content-Type", kind)
                .with_header("Cache-Control", "no-store")
                .with_header("X-Content-Type-Options", "nosniff")
                .with_header("Content-Security-Policy", POLICY)
        };
        // Other pages that are open in the same browser do nothing in this person's name.
        if request.header("Origin").is_some_and(|o| o != self.base) {
            return None;
        }
        Some(match (request.method.as_str(), rest.as_slice()) {
            ("GET", []) => file("text/html; charset=utf-8", PAGE),
            ("GET", ["client.css"]) => file("text/css; charset=utf-8", STYLE),
            ("GET", ["client.js"]) => file("text/javascript; charset=utf-8", SCRIPT),
            ("GET", ["state"]) => {
                self.client_begins(now);
                self.client_state(request)
            }
            ("GET", ["answer"]) => self.client_answer(request),
            ("POST", [what]) => {
                let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                self.client_does(now, what, &body).unwrap_or_else(|| Reply::empty(400))
            }
            _ => Reply::empty(404),
        })
    }

    /// The person writes first, after the bot's hello.
    fn client_begins(&mut self, now: u64) -> Option<u64> {
        let plan = &self.client.as_ref()?.plan;
        let (chat, words) = (plan.chats.first()?.0.clone(), plan.first_words.clone()?);
        self.conversation(&chat)?.newest_of_bot()?;
        let who = self.tenant(&plan.tenant)?.directory.id(plan.me);
        self.client.as_mut()?.plan.first_words = None;
        self.say(now, &chat, &who, &words)
    }

    /// What the page asked for, if it can be done.
    fn client_does(&mut self, now: u64, what: &str, body: &Value) -> Option<Reply> {
        let client = self.client.as_ref()?;
        let (tenant, me, app) = (client.tenant, client.plan.me, client.plan.tab_app.clone());
        let who = self.tenants.get(tenant)?.directory.id(me);
        let chat = body["chat"].as_str().filter(|c| client.plan.chats.iter().any(|(id, _)| id == c));
        let posted = |post: u64| Reply::json(200, &json!({"post": post.to_string()}));
        Some(match what {
            "say" => {
                let text: String = body["text"].as_str()?.trim().chars().take(LONGEST_TEXT).collect();
                (!text.is_empty()).then_some(())?;
                posted(self.say(now, chat?, &who, &text)?)
            }
            "press" => posted(self.press_action(now, chat?, &who, &body["action"])?),
            "token" => {
                let (scopes, claims) = (body["scope"].as_str()?, body["claims"].as_str());
                match self.nested_token(now, (tenant, me), &app, scopes, claims) {
                    Ok(tokens) => Reply::json(200, &tokens),
                    Err(why) => Reply::json(403, &json!({"error": why})),
                }
            }
            "phone" => {
                let wish = PhoneWish::named(body["does"].as_str()?)?;
                let found = self.client.as_mut()?.phones.wish(body["called"].as_str()?, wish);
                Reply::empty(if found { 204 } else { 404 })
            }
            _ => return None,
        })
    }

    /// What a bot answered to something that was pressed: 204 as long as it did not.
    fn client_answer(&self, request: &Request) -> Reply {
        let post = request.query().get("post").and_then(|p| p.parse().ok());
        match post.and_then(|p| self.bot_answer(p)) {
            Some(answer) => Reply::json(200, &json!({"status": answer.status, "body": answer.body})),
            None => Reply::empty(204),
        }
    }

    /// Everything that the page shows.
    fn client_state(&self, request: &Request) -> Reply {
        let Some(client) = &self.client else { return Reply::empty(404) };
        let Some(t) = self.tenants.get(client.tenant) else { return Reply::empty(404) };
        let (d, me) = (&t.directory, client.plan.me);
        let query = request.query();
        let open = query.get("chat").unwrap_or_default();
        let chats = client.plan.chats.iter().filter_map(|(id, title)| {
            let c = self.conversation(id)?;
            let mut shown = json!({"id": id, "title": title, "kind": c.kind.name(), "team": c.team,
                "people": c.members.len(), "said": c.messages.len()});
            if id == open {
                shown["messages"] = self.client_messages(c, client);
            }
            Some(shown)
        });
        let chats: Vec<Value> = chats.collect();
        let phones = client.phones.each().map(|(called, state)| {
            let mine = called == client.plan.phone;
            let whose = if mine { Some(me) } else { self.owner_of(client.tenant, called) };
            json!({"called": called, "mine": mine, "whose": whose.map(|p| d.display(p)), "state": state.name()})
        });
        let phones: Vec<Value> = phones.collect();
        Reply::json(
            200,
            &json!({"company": t.name, "tenant": t.id, "app": client.plan.tab_app, "tab": client.plan.tab_page,
                "phone": client.plan.phone,
                "me": {"id": d.id(me), "name": d.display(me), "user": d.name(me)}, "chats": chats, "phones": phones}),
        )
        .with_header("Cache-Control", "no-store")
    }

    fn client_messages(&self, c: &Conversation, client: &Client) -> Value {
        let Some(t) = self.tenants.get(c.tenant) else { return Value::Null };
        let shown = c.messages.iter().map(|m| {
            let by = m.by.map_or_else(|| self.bot_name(&c.bot), |p| t.directory.display(p));
            // In a group the bot hears only what names it.
            let names_bot = m.by.is_some() && c.kind != ConversationKind::Personal;
            json!({"id": m.id, "by": by, "mine": m.by == Some(client.plan.me), "bot": m.by.is_none(),
                "to": names_bot.then(|| self.bot_name(&c.bot)), "text": m.text, "card": m.card, "at": m.at})
        });
        shown.collect()
    }

    /// The person whose number this is.
    fn owner_of(&self, tenant: usize, number: &str) -> Option<u32> {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let wanted = digits(number);
        let d = &self.tenants.get(tenant)?.directory;
        (0..d.places()).find(|p| {
            let business = d.field(*p, "businessPhones");
            let mobile = d.field(*p, "mobilePhone");
            let mut all = business.as_array().into_iter().flatten().chain([&mobile]);
            all.any(|n| n.as_str().is_some_and(|n| digits(n) == wanted))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::microsoft::{Handled, Registration, TenantPlan};

    const APP: &str = "5c0de000-0000-4000-8000-000000000007";

    fn opened() -> (Microsoft, String) {
        let mut m = Microsoft::new("http://127.0.0.1:1", 3);
        let plan = TenantPlan {
            name: "A".into(),
            domain: "a.example".into(),
            country: "DE".into(),
            people: 20,
            named: Vec::new(),
        };
        let tenant = m.add_tenant(&plan).unwrap();
        m.register(Registration::new(APP, "Calls", &tenant));
        m.register_bot(APP, "Calls", "http://127.0.0.1:2/api/messages");
        let chat = m.install_bot(0, APP, &tenant, &m.tenants[0].directory.id(2)).unwrap();
        let plan = ClientPlan {
            tenant,
            me: 2,
            phone: "me".into(),
            tab_app: APP.into(),
            tab_page: "http://127.0.0.1:2/connector".into(),
            chats: vec![(chat.clone(), "The bot".into())],
            first_words: None,
        };
        assert!(m.open_client(plan));
        (m, chat)
    }

    fn ask(m: &mut Microsoft, request: Request) -> (u16, Value) {
        let Handled::Reply(reply) = m.handle(1_000, &request) else { panic!("it comes later") };
        (reply.status, reply.value())
    }

    #[test]
    fn what_is_written_reaches_the_bot_and_is_shown() {
        let (mut m, chat) = opened();
        let say = json!({"chat": chat, "text": " list "});
        let (status, said) = ask(&mut m, Request::new("POST", "/teams/say").with_json(&say));
        assert_eq!(status, 200);
        let post: u64 = said["post"].as_str().unwrap().parse().unwrap();
        assert_eq!(ask(&mut m, Request::new("GET", &format!("/teams/answer?post={post}"))).0, 204);
        let path = format!("/teams/state?chat={}", crate::microsoft::exchange::encoded(&chat));
        let (_, state) = ask(&mut m, Request::new("GET", &path));
        assert_eq!(state["chats"][0]["messages"][0]["text"], "list");
        // Not by other pages, and not elsewhere.
        let other =
            Request::new("POST", "/teams/say").with_json(&say).with_header("Origin", "http://x.example");
        assert_eq!(ask(&mut m, other).0, 404);
        let elsewhere = json!({"chat": "19:x", "text": "list"});
        assert_eq!(ask(&mut m, Request::new("POST", "/teams/say").with_json(&elsewhere)).0, 400);
    }

    #[test]
    fn an_app_inside_gets_tokens_for_what_was_allowed() {
        let (mut m, _) = opened();
        let token = |scope: &str| Request::new("POST", "/teams/token").with_json(&json!({"scope": scope}));
        let (status, no) = ask(&mut m, token("http://127.0.0.1:1/User.Read.All"));
        assert_eq!((status, &no["error"]), (403, &json!("consent_required")));
        m.grant("a.example", APP, "User.Read.All", crate::microsoft::Holder::Delegated);
        let (status, yes) = ask(&mut m, token("http://127.0.0.1:1/User.Read.All openid profile"));
        assert_eq!(status, 200, "{yes}");
        let graph = Request::new("GET", "/v1.0/me").with_bearer(yes["access_token"].as_str().unwrap());
        assert_eq!(ask(&mut m, graph).0, 200);
        let (status, own) = ask(&mut m, token(&format!("api://127.0.0.1:2/{APP}/access_as_user")));
        assert_eq!(status, 200);
        let claims = m.keys.read(own["access_token"].as_str().unwrap()).unwrap();
        assert_eq!(
            (&claims["aud"], &claims["scp"], &claims["azp"]),
            (&json!(APP), &json!("access_as_user"), &json!(APP))
        );
    }

    #[test]
    fn a_telephone_rings_and_its_owner_picks_up() {
        let (mut m, _) = opened();
        let state = |m: &mut Microsoft| ask(m, Request::new("GET", "/teams/state")).1["phones"].take();
        m.phone_is("me", PhoneState::Rings);
        assert_eq!(state(&mut m)[0]["state"], "rings");
        let answer = |called: &str| {
            Request::new("POST", "/teams/phone").with_json(&json!({"called": called, "does": "answer"}))
        };
        assert_eq!(ask(&mut m, answer("me")).0, 204);
        assert_eq!(ask(&mut m, answer("nobody")).0, 404);
        assert_eq!(m.phone_wishes(), [("me".to_string(), PhoneWish::Answer)]);
        assert_eq!(m.phone_wishes(), []);
        m.phone_is("me", PhoneState::Idle);
        assert_eq!(state(&mut m), json!([]));
    }
}
