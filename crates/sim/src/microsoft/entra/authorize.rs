//! The authorisation endpoint: somebody signs in by a click, and the application gets a code.

use crate::microsoft::Microsoft;
use crate::microsoft::entra::Whose;
use crate::microsoft::entra::grants::{Code, Grant};
use crate::microsoft::entra::pages::{self, Choice};
use crate::microsoft::entra::refusal::{Refusal, refuse};
use crate::microsoft::entra::tokens::Claims;
use crate::microsoft::exchange::{Pairs, Reply, Request, coded};
use crate::microsoft::graph::permissions::people_may_give;
use crate::microsoft::registration::Registration;

/// The cookie of a browser in which somebody is signed in.
pub const COOKIE: &str = "SIM_ESTSAUTH";
/// People of a tenant on the page, at most. Everybody else is reached by `login_hint`.
const SHOWN: u32 = 60;
/// The longest nonce, in bytes.
const LONGEST_NONCE: usize = 1_024;
/// What the page itself adds to the query.
const OWN: [&str; 2] = ["sim_user=", "sim_consent="];

/// How an answer goes back to the application.
struct Back<'a> {
    uri: &'a str,
    mode: &'a str,
    state: Option<&'a str>,
}

impl Back<'_> {
    fn with(&self, pairs: &[(&str, &str)]) -> Reply {
        let mut all = pairs.to_vec();
        if let Some(state) = self.state {
            all.push(("state", state));
        }
        match self.mode {
            "form_post" => pages::post(self.uri, &all),
            "fragment" => Reply::redirect(&format!("{}#{}", self.uri, coded(&all))),
            _ => {
                let joint = if self.uri.contains('?') { '&' } else { '?' };
                Reply::redirect(&format!("{}{joint}{}", self.uri, coded(&all)))
            }
        }
    }

    fn refused(&self, no: &Refusal) -> Reply {
        let text = no.description();
        let mut pairs = vec![("error", no.error), ("error_description", text.as_str())];
        if let Some(suberror) = no.suberror {
            pairs.push(("error_subcode", suberror));
        }
        self.with(&pairs)
    }
}

/// The request without what the page added.
pub fn without_own(target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let kept: Vec<&str> =
        query.split('&').filter(|p| !p.is_empty() && !OWN.iter().any(|o| p.starts_with(o))).collect();
    format!("{path}?{}", kept.join("&"))
}

impl Microsoft {
    pub(super) fn authorize(&mut self, now: u64, request: &Request, whose: Whose, name: &str) -> Reply {
        let asked =
            if request.method == "POST" { request.query().and(request.form()) } else { request.query() };
        let app = match asked.filled("client_id") {
            Some(id) => self.app(id, name).cloned(),
            None => Err(refuse(
                "invalid_request",
                900_144,
                "The request body must contain the following parameter: 'client_id'.",
            )),
        };
        let app = match app {
            Ok(app) => app,
            Err(no) => return no.page(),
        };
        let uri = asked.filled("redirect_uri").unwrap_or_default();
        let is_page = app.spa_redirect_uris.iter().any(|r| r == uri);
        // Nobody is ever sent to an address that is not registered.
        if !is_page && !app.redirect_uris.iter().any(|r| r == uri) {
            let text = format!(
                "The redirect URI '{uri}' specified in the request does not match the redirect URIs configured for the application '{}'.",
                app.app_id
            );
            return refuse("invalid_request", 50_011, text).page();
        }
        let back =
            Back { uri, mode: asked.filled("response_mode").unwrap_or("query"), state: asked.get("state") };
        let target = match request.method.as_str() {
            "POST" => format!("{}?{}", request.path(), coded(&asked.iter().collect::<Vec<_>>())),
            _ => request.target.clone(),
        };
        match self.sign_in(now, request, &asked, whose, &app, is_page, &without_own(&target)) {
            Ok(Step::Page(reply)) => reply,
            Ok(Step::Code { code, session, cookie }) => {
                let reply = back.with(&[("code", &code), ("session_state", &session)]);
                let secure = if self.base.starts_with("https:") { "; Secure" } else { "" };
                reply.with_header(
                    "Set-Cookie",
                    &format!("{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Lax{secure}"),
                )
            }
            Err(no) => back.refused(&no),
        }
    }

    fn sign_in(
        &mut self,
        now: u64,
        request: &Request,
        asked: &Pairs,
        whose: Whose,
        app: &Registration,
        is_page: bool,
        target: &str,
    ) -> Result<Step, Refusal> {
        if asked.get("response_type") != Some("code") {
            let text = "The response_type is not enabled for the application: only 'code' is.";
            return Err(refuse("unsupported_response_type", 700_054, text));
        }
        if !matches!(asked.filled("response_mode").unwrap_or("query"), "query" | "fragment" | "form_post") {
            return Err(refuse("invalid_request", 9_002_313, "Invalid request: response_mode is unknown."));
        }
        let challenge = challenge(asked, app, is_page)?;
        let wanted = self.asked(asked.filled("scope").unwrap_or_default(), app)?;
        if wanted.scopes.is_empty() && wanted.oidc.is_empty() && wanted.defaults.is_empty() {
            let text = "The request body must contain the following parameter: 'scope'.";
            return Err(refuse("invalid_request", 900_144, text));
        }
        if asked.get("nonce").is_some_and(|n| n.len() > LONGEST_NONCE) {
            return Err(refuse("invalid_request", 9_002_313, "Invalid request: the nonce is too long."));
        }
        let prompt = asked.filled("prompt").unwrap_or_default();
        let signed_in = request.cookie(COOKIE).and_then(|c| self.sign_ins.session(c));
        let signed_in = signed_in.filter(|(t, _)| matches!(whose, Whose::Any) || whose == Whose::One(*t));
        // A session goes on by itself, unless somebody is to be asked.
        let goes_on = signed_in.filter(|_| !matches!(prompt, "login" | "select_account"));
        let (tenant, place) = match asked.filled("sim_user") {
            Some(user) if prompt != "none" => {
                let text = format!("The user account {user} does not exist in the directory.");
                self.person(whose, app, user).ok_or_else(|| refuse("access_denied", 50_034, text))?
            }
            _ => match goes_on {
                Some(who) => who,
                None if prompt == "none" => {
                    let text = "Session information is not sufficient for single-sign-on.";
                    return Err(refuse("login_required", 50_058, text));
                }
                None => return Ok(Step::Page(self.choices(whose, app, asked.filled("login_hint"), target))),
            },
        };
        let t =
            self.tenants.get(tenant).ok_or_else(|| refuse("server_error", 90_002, "The tenant is gone."))?;
        if !t.directory.is_enabled(place) {
            return Err(refuse("access_denied", 50_057, "The user account is disabled."));
        }
        let principal = t.principals.get(&app.app_id);
        if principal.is_some_and(|p| p.disabled) {
            let text = format!("Application with identifier '{}' is disabled.", app.app_id);
            return Err(refuse("unauthorized_client", 7_000_112, text));
        }
        if app.assignment_required && principal.is_none_or(|p| p.roles_of(place).is_empty()) {
            let text =
                format!("The signed in user is not assigned to a role for the application '{}'.", app.app_id);
            return Err(refuse("access_denied", 50_105, text));
        }
        let mut missing = self.missing(tenant, &app.app_id, place, &wanted);
        let is_administrator = t.administrators.contains(&place);
        if prompt == "consent" || asked.get("sim_consent").is_some() {
            missing = wanted.scopes.iter().chain(&wanted.oidc).cloned().collect();
        }
        if !missing.is_empty() {
            if prompt == "none" {
                let text = format!(
                    "The user or administrator has not consented to use the application with ID '{}'.",
                    app.app_id
                );
                return Err(refuse("interaction_required", 65_001, text).because("consent_required"));
            }
            if !is_administrator && (!t.own_consent || missing.iter().any(|s| !people_may_give(s))) {
                let text = format!(
                    "{} needs permission to access resources in your organization that only an admin can grant.",
                    app.name
                );
                return Err(refuse("access_denied", 90_094, text));
            }
            let whom = match asked.get("sim_consent") {
                Some("accept") => Some(place),
                Some("organisation") if is_administrator => None,
                Some(_) => {
                    return Err(refuse(
                        "access_denied",
                        65_004,
                        "User declined to consent to access the app.",
                    ));
                }
                None => {
                    let who = t.directory.id(place);
                    return Ok(Step::Page(pages::consent(
                        &app.name,
                        target,
                        &who,
                        &missing,
                        is_administrator,
                    )));
                }
            };
            if let Some(t) = self.tenants.get_mut(tenant) {
                t.principals.entry(app.app_id.clone()).or_default().allow(whom, missing);
            }
        }
        // Whoever was asked to come has come.
        if let Some(t) = self.tenants.get_mut(tenant) {
            t.in_person.remove(&place);
        }
        let (cookie, session, code) = (self.unique(), self.new_id(), format!("1.A{}", self.unique()));
        self.sign_ins.put_session(cookie.clone(), tenant, place);
        let claims = Claims::read(asked.filled("claims"));
        let grant = Grant {
            tenant,
            place,
            app_id: app.app_id.clone(),
            scopes: wanted.scopes,
            oidc: wanted.oidc,
            contexts: claims.contexts,
            session: session.clone(),
            is_page,
            at: now,
        };
        let (redirect_uri, nonce) = (asked.filled("redirect_uri").unwrap_or_default(), asked.filled("nonce"));
        self.sign_ins.put_code(
            code.clone(),
            Code {
                grant,
                redirect_uri: redirect_uri.into(),
                challenge,
                nonce: nonce.map(String::from),
                used: false,
            },
        );
        Ok(Step::Code { code, session, cookie })
    }

    /// Somebody by id or name, in the tenants that an address is for and an application knows.
    pub(super) fn person(&self, whose: Whose, app: &Registration, who: &str) -> Option<(usize, u32)> {
        self.open_to(whose, app).find_map(|i| Some((i, self.tenants.get(i)?.directory.find(who)?)))
    }

    fn open_to(&self, whose: Whose, app: &Registration) -> impl Iterator<Item = usize> {
        let here = self.tenants.iter().enumerate().filter(move |(i, t)| {
            (whose == Whose::Any || whose == Whose::One(*i)) && (app.multi_tenant || t.id == app.home)
        });
        here.map(|(i, _)| i).collect::<Vec<_>>().into_iter()
    }

    /// The page of those who may sign in; somebody who was named stands alone.
    fn choices(&self, whose: Whose, app: &Registration, hint: Option<&str>, target: &str) -> Reply {
        let named = hint.and_then(|h| self.person(whose, app, h));
        let choices: Vec<Choice> = self
            .open_to(whose, app)
            .filter_map(|i| Some((i, self.tenants.get(i)?)))
            .flat_map(|(i, t)| (0..t.directory.places().min(SHOWN)).map(move |p| (i, t, p)))
            .filter(|(i, t, p)| t.directory.is_enabled(*p) && named.is_none_or(|n| n == (*i, *p)))
            .map(|(_, t, p)| (t, p))
            .chain(named.and_then(|(i, p)| Some((self.tenants.get(i)?, p))).filter(|(_, p)| *p >= SHOWN))
            .map(|(t, p)| Choice {
                id: t.directory.id(p),
                display: t.directory.display(p),
                name: t.directory.name(p),
                job: t.directory.field(p, "jobTitle").as_str().unwrap_or_default().into(),
            })
            .collect();
        pages::people(&app.name, target, &choices)
    }
}

/// What comes next in a sign-in.
enum Step {
    /// A page.
    Page(Reply),
    /// A code for the application, the session's name, and the browser's cookie.
    Code { code: String, session: String, cookie: String },
}

/// The challenge of PKCE (RFC 7636). Applications without a secret must bring one.
fn challenge(asked: &Pairs, app: &Registration, is_page: bool) -> Result<Option<String>, Refusal> {
    let Some(challenge) = asked.filled("code_challenge") else {
        if is_page || app.public {
            let text =
                "Proof Key for Code Exchange is required for cross-origin authorization code redemption.";
            return Err(refuse("invalid_request", 9_002_325, text));
        }
        return Ok(None);
    };
    let fits = (43..=128).contains(&challenge.len())
        && challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
    if asked.get("code_challenge_method") != Some("S256") || !fits {
        return Err(refuse(
            "invalid_request",
            501_491,
            "Invalid size or method of Code_Challenge parameter: S256 is needed.",
        ));
    }
    Ok(Some(challenge.into()))
}
