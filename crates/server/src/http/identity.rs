//! Who asks: by a token in the head of the request, or by the cookie of a session.
//!
//! A browser sends a cookie along with whatever another page makes it ask for. So with a cookie, what changes something
//! needs the session's second token in a header, which only our own page knows, and the page must be ours.

use crate::connector::line::OfTab;
use crate::http::access::{Access, Agents, Scope};
use crate::http::problem::Problem;
use crate::http::routes::PREFIX;
use crate::http::serve::Api;
use crate::http::work_roles;
use crate::tenant::PersonRule;
use crate::tenant::meaning::contains;
use crate::tenant::objects::UserRole;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use engine::AgentId;
use redact::Secret;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use store::{AccountOf, Role, Session, StoreError, TenantId};
use teams::bot::WhyNot;
use teams::permissions::Feature;

/// The header with the session's second token.
pub const CSRF: &str = "x-csrf-token";
/// The cookie where the connection is safe. Its prefix makes browsers refuse it from elsewhere (RFC 6265bis).
const SAFE_COOKIE: &str = "__Host-switchroom";
/// The cookie over plain HTTP, which only loopback has.
const PLAIN_COOKIE: &str = "switchroom";

/// The far end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its address.
    pub ip: IpAddr,
    /// Whether the connection is HTTPS here.
    pub secure: bool,
}

/// Whoever asks, after that was checked.
#[derive(Clone, Debug)]
pub struct Asker(pub Identity);

/// Who somebody is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// In which tenant.
    pub tenant: TenantId,
    /// Whether a token or a person.
    pub who: Who,
    /// How far they may see and act on this route.
    pub scope: Scope,
}

/// A token or a person.
#[derive(Clone, Debug)]
pub enum Who {
    /// A token, by its number.
    Token(u64, Role),
    /// A person who is signed in.
    Person(Person),
}

/// A person who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// The number of the object of kind `User`.
    pub number: u32,
    /// Who that is.
    pub rule: PersonRule,
    /// The session.
    pub session: Session,
    /// Its token.
    pub token: Secret<String>,
    /// What the token of the person's own Teams client says, where it is one that the connector's tab brought.
    pub of_tab: Option<OfTab>,
    /// The person is no user here, and comes for calls only.
    pub visits: bool,
}

impl Person {
    /// The account.
    pub fn of(&self) -> AccountOf {
        self.session.of
    }

    /// As the audit log names the account.
    pub fn object(&self) -> String {
        format!("User/{}", self.rule.id)
    }

    /// As an agent, if they are rung.
    pub fn agent(&self) -> Option<AgentId> {
        self.rule.is_rung().then_some(AgentId(self.number))
    }
}

impl Asker {
    /// Whether somebody may do everything in the tenant.
    pub fn is_owner(&self) -> bool {
        scope_of(Access::Owners, &self.0.who) == Some(Scope::All)
    }

    /// As the audit log names it.
    pub fn name(&self) -> String {
        match &self.0.who {
            Who::Token(id, _) => format!("token {id}"),
            Who::Person(p) => format!("user {}", p.rule.id),
        }
    }

    /// The person who is signed in.
    ///
    /// # Errors
    /// When it is a token that asks.
    pub fn person(&self) -> Result<&Person, Problem> {
        match &self.0.who {
            Who::Person(p) => Ok(p),
            Who::Token(..) => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "a token is nobody: this needs a person who is signed in",
            )),
        }
    }

    /// The id of an agent that a request names: `me` is whoever asks.
    ///
    /// # Errors
    /// When an agent names another one, or a token says `me`.
    pub fn agent_id(&self, named: &str) -> Result<String, Problem> {
        let own = match &self.0.who {
            Who::Person(p) => Some(&p.rule.id),
            Who::Token(..) => None,
        };
        match (named, own, self.0.scope) {
            ("me", Some(own), _) => Ok(own.clone()),
            ("me", None, _) => {
                Err(Problem::new(StatusCode::FORBIDDEN, "a token is nobody: name the agent in place of me"))
            }
            (named, own, Scope::Own(_)) if own.is_none_or(|own| own != named) => {
                Err(Problem::new(StatusCode::FORBIDDEN, "agents do this for themselves only"))
            }
            _ => Ok(named.into()),
        }
    }
}

/// The access that a route needs, method by method.
#[derive(Clone)]
pub struct Guard {
    /// The server.
    pub api: Api,
    /// What each method needs.
    pub access: Arc<dyn Fn(&Method) -> Access + Send + Sync>,
    /// Whether a person must have signed in lately for a method.
    pub is_grave: Arc<dyn Fn(&Method) -> bool + Send + Sync>,
}

/// Lets through who may, and says to the handler who that is.
pub async fn allow(State(guard): State<Guard>, request: Request, next: Next) -> Result<Response, Problem> {
    let access = (guard.access)(request.method());
    if access == Access::Public {
        return Ok(next.run(request).await);
    }
    let (mut head, body) = request.into_parts();
    let checked = check(&guard.api, access, &head).await.and_then(|asker| {
        if (guard.is_grave)(&head.method) { signed_in_lately(&guard.api, asker) } else { Ok(asker) }
    });
    match checked {
        Ok(asker) => {
            head.extensions.insert(asker);
            Ok(next.run(Request::from_parts(head, body)).await)
        }
        Err(problem) => {
            // A body that is still on its way would close the connection, which the far end takes for one that stays.
            let _ = tokio::time::timeout(DRAIN, axum::body::to_bytes(body, SMALL)).await;
            Err(problem)
        }
    }
}

/// Of a request that is refused, this much of the body is waited for, and this long.
const SMALL: usize = 64 * 1024;
const DRAIN: Duration = Duration::from_secs(1);

async fn check(api: &Api, access: Access, head: &Parts) -> Result<Asker, Problem> {
    let (tenant, who) = identify(api, head).await?;
    allowed_from(api, tenant, address_of(api, &head.headers, &head.extensions)).await?;
    let refused = || Problem::new(StatusCode::FORBIDDEN, format!("this {}", access.say()));
    let scope = scope_of(access, &who).ok_or_else(refused)?;
    Ok(Asker(Identity { tenant, who, scope }))
}

/// A person who signed in lately; whoever finds a page that was left open does no great harm. A token is no page.
fn signed_in_lately(api: &Api, asker: Asker) -> Result<Asker, Problem> {
    let Who::Person(person) = &asker.0.who else { return Ok(asker) };
    if crate::clock::wall_ms().saturating_sub(person.session.began) <= api.settings.fresh {
        return Ok(asker);
    }
    let what = "this needs somebody who signed in lately: sign in again, and do it then";
    Err(Problem::new(StatusCode::FORBIDDEN, what).coded("sign-in-again"))
}

fn is_look(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// How far somebody may go: as far as the best of their roles.
fn scope_of(access: Access, who: &Who) -> Option<Scope> {
    match who {
        Who::Token(_, role) => (access.of(*role) == Agents::All).then_some(Scope::All),
        Who::Person(p) => {
            let of: Vec<Agents> = p.rule.roles.iter().map(|r| access.of(role(*r))).collect();
            if of.contains(&Agents::All) {
                return Some(Scope::All);
            }
            of.contains(&Agents::Own).then_some(Scope::Own(AgentId(p.number)))
        }
    }
}

/// A role of the configuration as the API's.
pub fn role(role: UserRole) -> Role {
    match role {
        UserRole::Owner => Role::Owner,
        UserRole::Supervisor => Role::Supervisor,
        UserRole::Agent => Role::Agent,
        UserRole::Auditor => Role::Auditor,
    }
}

// Which tenant somebody with a work account means.
fn asked_tenant(headers: &HeaderMap) -> Option<String> {
    headers.get(work_roles::TENANT).and_then(|v| v.to_str().ok()).map(String::from)
}

async fn identify(api: &Api, head: &Parts) -> Result<(TenantId, Who), Problem> {
    if let Some(token) = token_of(&head.headers).or_else(|| query_token(&head.uri)) {
        if work_roles::is_of_entra(&token) {
            if let Some(of_the_tab) = of_the_tab(api, head, &token).await? {
                return Ok(of_the_tab);
            }
            let asked = asked_tenant(&head.headers);
            let person = work_roles::bearer(api, Secret::new(token), asked).await?;
            return Ok((person.of().0, Who::Person(person)));
        }
        if let Some(own) = api.handle.passes.of(&token) {
            return Ok((own.tenant, Who::Token(own.id, own.role)));
        }
        let store = api.handle.store.clone();
        let found = tokio::task::spawn_blocking(move || store.token(&token)).await;
        let info = found.map_err(|_| Problem::stopping())?.map_err(|e| match e {
            StoreError::NotFound(_) => Problem::new(StatusCode::UNAUTHORIZED, "this token is not known here"),
            StoreError::Refused(why) => Problem::new(StatusCode::FORBIDDEN, why).coded("closed"),
            e => e.into(),
        })?;
        return Ok((info.tenant, Who::Token(info.id, info.role)));
    }
    let safe = is_safe(api, &head.extensions);
    let token = cookie(&head.headers, safe).ok_or_else(|| {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "sign in, or send a token: Authorization: Bearer …, from switchroom token",
        )
        .coded("signed-out")
    })?;
    // A WebSocket is a GET that a page of any origin may make, and its answers can be read there.
    let is_socket = head.headers.contains_key(header::UPGRADE);
    if is_socket || !is_look(&head.method) {
        check_origin(api, &head.headers, is_socket)?;
    }
    if !is_look(&head.method) {
        check_csrf(&head.headers, &token)?;
    }
    let person = signed_in(api, token).await?;
    Ok((person.of().0, Who::Person(person)))
}

/// The person as they are now: of a session, or of a token of Entra ID.
///
/// # Errors
/// When the session or the token is over, or the person is gone.
pub async fn still(api: &Api, person: &Person) -> Result<Person, Problem> {
    if !work_roles::is_of_entra(person.token.expose_secret()) {
        return signed_in(api, person.token.clone()).await;
    }
    let tenant = person.of().0;
    let name = api.handle.ask(move |switch, _| switch.tenant(tenant).map(|t| t.meaning.tenant.clone()));
    let name = name.await.ok_or_else(Problem::stopping)?;
    work_roles::bearer(api, person.token.clone(), name).await
}

/// Why a good token of the tab calls nobody.
enum NotOfTheTab {
    /// The tenant has no tab.
    Off,
    /// The person is no user, one of several tenants, or disabled.
    Nobody,
}

impl From<NotOfTheTab> for Problem {
    fn from(why: NotOfTheTab) -> Problem {
        let (what, why) = match why {
            NotOfTheTab::Off => (
                "the feature tab of this tenant is off, so its tab calls nobody: an owner switches it on with features: {tab: true}",
                WhyNot::TabOff,
            ),
            NotOfTheTab::Nobody => (
                "this person is no user here, or of several tenants: an owner has to add them",
                WhyNot::NoUser,
            ),
        };
        Problem::new(StatusCode::FORBIDDEN, what).because(why)
    }
}

/// The person of a token that the connector's tab got in the person's own Teams client. It serves for calls only. Nothing
/// when the token is for another program, or something else is asked for.
async fn of_the_tab(api: &Api, head: &Parts, token: &str) -> Result<Option<(TenantId, Who)>, Problem> {
    let unknown =
        || Problem::new(StatusCode::UNAUTHORIZED, "this token is not known here").because(WhyNot::Token);
    let path = head.uri.path().strip_prefix(PREFIX).unwrap_or(head.uri.path());
    let tab = api.microsoft.tab.clone().filter(|_| path == "/dial" || path.starts_with("/dial/"));
    let Some(tab) = tab else { return Ok(None) };
    let token = token.to_string();
    let connected = api.handle.ask(|switch, _| {
        let all = switch.tenants().iter().filter_map(|t| t.meaning.microsoft.clone());
        all.collect::<std::collections::BTreeSet<_>>()
    });
    let connected = connected.await.ok_or_else(Problem::stopping)?;
    // Waiting for Microsoft's keys holds a thread: so many at once and no more.
    let Ok(_turn) = api.microsoft_turns.clone().acquire_owned().await else {
        return Err(Problem::stopping());
    };
    let judged = tokio::task::spawn_blocking(move || {
        let now = teams::Time(crate::clock::wall_ms());
        tab.judge(now, &token, |directory| connected.contains(directory)).map(|user| (user, token))
    });
    let judged = judged.await.map_err(|_| Problem::stopping())?;
    let (user, token) = match judged {
        Ok(judged) => judged,
        Err(teams::entra::Refused::Audience) => return Ok(None),
        Err(why) => {
            crate::sign_in::refusals::log_token("tab_token_refused", &why);
            return Err(unknown());
        }
    };
    let ends = user.ends;
    let of_tab = OfTab { object: user.object.clone(), texts: user.texts };
    let (directories, asked) = (api.handle.directories.clone(), asked_tenant(&head.headers));
    let (object, guest) = (user.object, user.guest);
    let found = api.handle.ask(move |switch, _| {
        let theirs = || {
            let all = switch.tenants().iter();
            all.filter(|t| t.meaning.microsoft.as_deref() == Some(user.directory.as_str()))
                .filter(|t| asked.as_ref().is_none_or(|id| *id == t.meaning.tenant))
        };
        // A tenant without the tab has no door for its tokens, whoever brings them.
        let with_tab = || theirs().filter(|t| t.meaning.features.has(Feature::Tab));
        if theirs().next().is_some() && with_tab().next().is_none() {
            return Err(NotOfTheTab::Off);
        }
        let mut as_user = with_tab().filter(|t| t.meaning.work_accounts.contains_key(&object));
        // Of several tenants nobody guesses whose lines they mean, and who was disabled there calls nobody here.
        let first = as_user.next();
        if as_user.next().is_some() {
            return Err(NotOfTheTab::Nobody);
        }
        let caller = || {
            if let Some(t) = first {
                let number = *t.meaning.work_accounts.get(&object)?;
                let rule = t.meaning.people.get(&number)?.clone();
                return Some((t.id, Some((number, rule)))).filter(|_| !directories.is_barred(t.id, &object));
            }
            // Where no users are kept, the directory alone says who is of the organisation; guests of it are not.
            let mut without = with_tab().filter(|t| t.meaning.calls_without_users);
            let t = without.next().filter(|_| !guest)?;
            let barred = directories.is_barred(t.id, &object);
            (without.next().is_none() && !barred).then_some((t.id, None))
        };
        caller().ok_or(NotOfTheTab::Nobody)
    });
    let (tenant, user) = found.await.ok_or_else(Problem::stopping)??;
    let visits = user.is_none();
    let (number, rule) = match user {
        Some((number, rule)) => {
            work_roles::note_token(api, (tenant, number), &rule.id).await?;
            (number, rule)
        }
        // Nothing is written down of somebody of whom nothing is kept.
        None => {
            let id = format!("@{}", of_tab.object);
            let number = api.connector.number_of(&(tenant, id.clone()));
            let (name, roles) = (Secret::new(String::new()), [UserRole::Agent].into());
            (number, PersonRule { id, name, roles, work_account: Some(of_tab.object.clone()) })
        }
    };
    // It serves for calls, which need nobody who signed in lately.
    let session = Session { of: (tenant, number), began: 0, ends };
    let token = Secret::new(token);
    Ok(Some((tenant, Who::Person(Person { number, rule, session, token, of_tab: Some(of_tab), visits }))))
}

/// The person of a session's token.
///
/// # Errors
/// When the session is over, or the person is gone.
pub async fn signed_in(api: &Api, token: Secret<String>) -> Result<Person, Problem> {
    let over =
        || Problem::new(StatusCode::UNAUTHORIZED, "this session is over: sign in again").coded("signed-out");
    let (store, life) = (api.handle.store.clone(), api.settings.life);
    let looked_up = token.clone();
    let found = tokio::task::spawn_blocking(move || {
        store.session(looked_up.expose_secret(), crate::clock::wall_ms(), life)
    });
    let session = found.await.map_err(|_| Problem::stopping())?.map_err(|e| match e {
        StoreError::NotFound(_) => over(),
        e => e.into(),
    })?;
    let number = session.of.1;
    let rule = rule_of(api, session.of).await?.ok_or_else(over)?;
    // However they signed in, and whenever.
    if is_barred(api, session.of.0, &rule) {
        return Err(over());
    }
    Ok(Person { number, rule, session, token, of_tab: None, visits: false })
}

/// Somebody as the configuration has them now; nothing for whoever is gone.
///
/// # Errors
/// When the server stops.
pub async fn rule_of(api: &Api, (tenant, number): AccountOf) -> Result<Option<PersonRule>, Problem> {
    let found = api.handle.ask(move |switch, _| switch.tenant(tenant)?.meaning.people.get(&number).cloned());
    found.await.ok_or_else(Problem::stopping)
}

/// Whether somebody has a work account that was disabled or removed in the tenant's Microsoft directory.
pub fn is_barred(api: &Api, tenant: TenantId, rule: &PersonRule) -> bool {
    let object = rule.work_account.as_deref();
    object.is_some_and(|object| api.handle.directories.is_barred(tenant, object))
}

/// Whether an answer goes to the browser over HTTPS: from here, or from the proxy in front.
pub fn is_safe(api: &Api, extensions: &Extensions) -> bool {
    api.settings.behind_https || extensions.get::<Peer>().is_some_and(|p| p.secure)
}

/// Whether a tenant's API may be used from an address.
///
/// # Errors
/// When it may not.
pub async fn allowed_from(api: &Api, tenant: TenantId, address: IpAddr) -> Result<(), Problem> {
    let found = api.handle.ask(move |switch, _| {
        let networks = switch.tenant(tenant).map(|t| t.meaning.allowed_networks.clone());
        networks.unwrap_or_default()
    });
    allowed_among(&found.await.ok_or_else(Problem::stopping)?, address)
}

/// Whether these networks are none, or have an address.
///
/// # Errors
/// When they do not.
pub fn allowed_among(networks: &[(IpAddr, u8)], address: IpAddr) -> Result<(), Problem> {
    // A network of IPv4 stands for its addresses however a socket writes them.
    let address = address.to_canonical();
    if networks.is_empty() || networks.iter().any(|n| contains(*n, address)) {
        return Ok(());
    }
    let what = "not from this address: the tenant allows certain networks only";
    Err(Problem::new(StatusCode::FORBIDDEN, what).coded("address"))
}

/// The address that a request comes from. Behind a proxy it is the last that the proxy wrote down.
pub fn address_of(api: &Api, headers: &HeaderMap, extensions: &Extensions) -> IpAddr {
    let peer = extensions.get::<Peer>();
    let forwarded = || {
        let last = headers.get_all("x-forwarded-for").iter().next_back()?;
        last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    };
    let behind = api.settings.behind_https && peer.is_none_or(|p| !p.secure);
    let nobody = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
    behind.then(forwarded).flatten().unwrap_or(peer.map_or(nobody, |p| p.ip))
}

/// The session's token from the cookie.
pub fn cookie(headers: &HeaderMap, safe: bool) -> Option<Secret<String>> {
    let name = if safe { SAFE_COOKIE } else { PLAIN_COOKIE };
    let all = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut pairs = all.flat_map(|v| v.split(';')).filter_map(|p| p.trim().split_once('='));
    pairs.find(|(n, _)| *n == name).map(|(_, v)| Secret::new(v.to_string()))
}

/// A cookie that carries a session's token; without one, a cookie that is over.
///
/// Shown inside a page of Microsoft's the app is a third party: there browsers keep a cookie only if it says that it may
/// be sent along, and apart for each page around it.
pub fn set_cookie(token: Option<&Secret<String>>, safe: bool, framed: bool) -> HeaderValue {
    let (value, age) = match token {
        Some(token) => (token.expose_secret().as_str(), ""),
        None => ("", "; Max-Age=0"),
    };
    let text = match (safe, framed) {
        (true, true) => {
            format!("{SAFE_COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=None; Partitioned{age}")
        }
        (true, false) => format!("{SAFE_COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}"),
        (false, _) => format!("{PLAIN_COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax{age}"),
    };
    // Tokens are hexadecimal digits.
    let mut header = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
    header.set_sensitive(true);
    header
}

/// The second token of a session: it follows from the first, and does not tell it.
pub fn csrf_of(token: &Secret<String>) -> Secret<String> {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, token.expose_secret().as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, b"csrf");
    Secret::new(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(tag.as_ref()))
}

fn check_csrf(headers: &HeaderMap, token: &Secret<String>) -> Result<(), Problem> {
    let given = headers.get(CSRF).map(HeaderValue::as_bytes).unwrap_or_default();
    let expected = csrf_of(token);
    aws_lc_rs::constant_time::verify_slices_are_equal(given, expected.expose_secret().as_bytes()).map_err(|_| {
        Problem::new(
            StatusCode::FORBIDDEN,
            "with a session's cookie, a change needs the header X-CSRF-Token with what GET /api/v1/session gives as csrf",
        )
        .coded("csrf")
    })
}

/// The page that asks must be ours: the host that the request names, or the public address.
///
/// # Errors
/// When it is another's, or when it must be named and is not.
pub fn check_origin(api: &Api, headers: &HeaderMap, needed: bool) -> Result<(), Problem> {
    let refused = || {
        Problem::new(StatusCode::FORBIDDEN, "this was asked by a page that is not Switchroom's")
            .coded("origin")
    };
    let origin = headers.get(header::ORIGIN).map(|o| o.to_str().unwrap_or_default());
    let Some(origin) = origin else { return if needed { Err(refused()) } else { Ok(()) } };
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let named = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    let is_ours = named.is_some_and(|o| !o.is_empty() && o.eq_ignore_ascii_case(host))
        || api.settings.public_origin.as_deref().is_some_and(|o| o.eq_ignore_ascii_case(origin));
    if is_ours { Ok(()) } else { Err(refused()) }
}

/// The token in the head of a request.
pub fn token_of(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_string())
}

/// Browsers cannot send headers with a WebSocket: there the token may stand in the address.
fn query_token(uri: &Uri) -> Option<String> {
    if !uri.path().ends_with("/live") {
        return None;
    }
    uri.query()?.split('&').find_map(|p| p.strip_prefix("token=")).map(str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others_and_only_under_its_name() {
        let headers = |text: &'static str| {
            [(header::COOKIE, HeaderValue::from_static(text))].into_iter().collect::<HeaderMap>()
        };
        let found = |text, safe| cookie(&headers(text), safe).map(|t| t.expose_secret().clone());
        assert_eq!(found("a=b; switchroom=t1; c=d", false).as_deref(), Some("t1"));
        assert_eq!(found("__Host-switchroom=t2; switchroom=t1", true).as_deref(), Some("t2"));
        assert_eq!(found("switchroom=t1", true), None, "a plain cookie is none over HTTPS");
        assert_eq!(found("xswitchroom=t1; switchroom", false), None);
    }

    #[test]
    fn cookies_as_browsers_want_them() {
        let token = Secret::new("abc".to_string());
        for (token, safe, framed, text) in [
            (Some(&token), true, false, "__Host-switchroom=abc; Path=/; Secure; HttpOnly; SameSite=Lax"),
            (
                Some(&token),
                true,
                true,
                "__Host-switchroom=abc; Path=/; Secure; HttpOnly; SameSite=None; Partitioned",
            ),
            (Some(&token), false, true, "switchroom=abc; Path=/; HttpOnly; SameSite=Lax"),
            (None, false, false, "switchroom=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"),
        ] {
            assert_eq!(set_cookie(token, safe, framed).to_str().unwrap(), text);
        }
    }

    #[test]
    fn the_best_role_counts_and_a_token_has_nothing_of_its_own() {
        let person = |roles: &[UserRole]| {
            let rule = PersonRule {
                id: "anna".into(),
                name: Secret::new(String::new()),
                roles: roles.into(),
                work_account: None,
            };
            let session = Session { of: (TenantId(1), 7), began: 0, ends: 0 };
            Who::Person(Person {
                number: 7,
                rule,
                session,
                token: Secret::new(String::new()),
                of_tab: None,
                visits: false,
            })
        };
        let (own, all) = (Some(Scope::Own(AgentId(7))), Some(Scope::All));
        use UserRole::{Agent, Auditor, Owner, Supervisor};
        for (access, roles, expected) in [
            (Access::Auditors(Agents::Own), &[Agent][..], own),
            (Access::Auditors(Agents::Own), &[Agent, Auditor], all),
            (Access::Auditors(Agents::No), &[Agent], None),
            (Access::Auditors(Agents::All), &[Agent], all),
            (Access::Supervisors(Agents::Own), &[Auditor], None),
            (Access::Supervisors(Agents::Own), &[Agent, Auditor], own),
            (Access::Supervisors(Agents::No), &[Agent, Supervisor], all),
            (Access::Owners, &[Supervisor, Agent, Auditor], None),
            (Access::Owners, &[Owner], all),
            (Access::Person, &[Auditor], own),
            (Access::Auditors(Agents::All), &[], None),
        ] {
            assert_eq!(scope_of(access, &person(roles)), expected, "{access:?} {roles:?}");
        }
        assert_eq!(scope_of(Access::Auditors(Agents::Own), &Who::Token(1, Role::Agent)), None);
        assert_eq!(scope_of(Access::Person, &Who::Token(1, Role::Owner)), None);
        assert_eq!(scope_of(Access::Owners, &Who::Token(1, Role::Owner)), all);
    }
}
