//! Calling somebody with one click: whom, through what, and how far the call is.

use crate::adapt::{ForWhom, Now, Switch};
use crate::connector::dial::{self, OWN, Way};
use crate::connector::line::{self, Brought, OfTab};
use crate::connector::system::{self, NotTried};
use crate::connector::{Connector, Placed, Who, now};
use crate::http::actions::{audited, number, position, refused, refused_outside};
use crate::http::dial_refusals::{no_correlation, no_line, no_phone_here, not_allowed, not_tried, told};
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::running::Handle;
use crate::tenant::dialling::without_signs;
use crate::tenant::pbx::{PbxRule, PbxWay, System};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use engine::{AgentId, CallId, Event, NumberId, QueueId};
use pbx::{Begin, Capabilities, Correlation, Over, Progress};
use redact::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{StoreError, TenantId};
use teams::bot::WhyNot;

/// A call to make.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDial {
    /// Id of the agent who calls: this phone rings first. Without it whoever is signed in.
    #[serde(default)]
    pub agent: Option<String>,
    /// The number to call.
    #[serde(deserialize_with = "secret")]
    #[schemars(with = "String")]
    pub to: Secret<String>,
    /// Id of the number of ours that the far end sees.
    #[serde(default)]
    pub number: Option<String>,
    /// Id of the queue that it counts for.
    #[serde(default)]
    pub queue: Option<String>,
    /// Id of the page's registration as the agent's phone, when the agent asks in that page: it is not rung but answers.
    #[serde(default)]
    pub softphone: Option<String>,
    /// Names the call, 8 to 64 letters, digits, `-` and `_`: the same again rings nobody, and says how far it is.
    #[serde(default)]
    pub correlation: Option<String>,
    /// Id of the `Pbx` that calls; without it our own trunks do.
    #[serde(default)]
    pub through: Option<String>,
    /// The person's password at that `Pbx`, where that is how people sign in there. It is kept nowhere.
    #[serde(default, deserialize_with = "maybe_secret")]
    #[schemars(with = "Option<String>")]
    pub password: Option<Secret<String>>,
    /// The person's own line at that `Pbx`, where the password there proves it. It is kept nowhere.
    #[serde(default, deserialize_with = "maybe_secret")]
    #[schemars(with = "Option<String>")]
    pub line: Option<Secret<String>>,
    /// The number of another phone of the person that rings in place of the usual one, where that `Pbx` and the person's class
    /// of service there allow it (`POST /dial/may`). It counts as a call to the outside too.
    #[serde(default, deserialize_with = "maybe_secret")]
    #[schemars(with = "Option<String>")]
    pub ring: Option<Secret<String>>,
    /// The person's line pass for that `Pbx`. It is kept nowhere.
    #[serde(default, deserialize_with = "maybe_secret")]
    #[schemars(with = "Option<String>")]
    pub line_pass: Option<Secret<String>>,
}

impl NewDial {
    /// A call to this number, with nothing else chosen.
    pub fn to(number: Secret<String>) -> NewDial {
        NewDial {
            agent: None,
            to: number,
            number: None,
            queue: None,
            softphone: None,
            correlation: None,
            through: None,
            password: None,
            line: None,
            ring: None,
            line_pass: None,
        }
    }
}

/// Reads a text that is not to be printed.
///
/// # Errors
/// When it is no text.
pub(super) fn secret<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Secret<String>, D::Error> {
    String::deserialize(d).map(Secret::new)
}

fn maybe_secret<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Secret<String>>, D::Error> {
    Option::<String>::deserialize(d).map(|text| text.map(Secret::new))
}

/// A call that was asked for.
#[derive(Clone, Serialize, JsonSchema)]
pub struct Begun {
    /// Id of the call; null where it is not ours.
    pub call: Option<String>,
    /// Id of the `Pbx` that calls; null is our own trunks.
    pub through: Option<String>,
    /// What it was named; null where it has no name.
    pub correlation: Option<String>,
    /// `asked`, `ringing-you`, `calling-them`, `ringing-them`, `talking`, `handed-over` or `over`.
    pub progress: String,
    /// Why it is over: `hung-up`, `busy`, `no-answer`, `not-allowed`, `not-signed-in` or `failed`.
    pub reason: Option<String>,
    /// The link to open for the softphone on the person's own computer.
    pub open: Option<String>,
}

/// A way to call.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WayView {
    /// Id of the `Pbx`; null is our own trunks.
    pub id: Option<String>,
    /// Name shown to people; may be empty.
    pub name: String,
    /// `own`, or how the `Pbx` calls.
    pub kind: String,
    /// The telephone system rings the person's phone, then the other side.
    pub server_dial: bool,
    /// The person's own computer opens a link.
    pub client_address: bool,
    /// It is told how far the call is.
    pub progress: bool,
    /// The call can be hung up from here.
    pub hang_up: bool,
    /// A phone other than the usual one can ring.
    pub other_phone: bool,
    /// What stands before the number in the address that a softphone opens.
    pub scheme: Option<String>,
    /// Whether each call needs the person's password there.
    pub wants_password: bool,
    /// It is written to that system's documents, or to what was observed of it, and was not tried against a real one.
    pub untried: bool,
    /// How the person's own line there becomes known: `known` where it is not asked for, `typed` where the person names it
    /// and the password proves it, `pass` by a line pass, where nothing else says it.
    pub line: String,
}

/// Who wants to know what a telephone system allows them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLook {
    /// Id of the `Pbx`, a `commportal`.
    pub through: String,
    /// As for a call.
    #[serde(default, deserialize_with = "maybe_secret")]
    #[schemars(with = "Option<String>")]
    pub password: Option<Secret<String>>,
    /// As for a call.
    #[serde(default, deserialize_with = "maybe_secret")]
    #[schemars(with = "Option<String>")]
    pub line: Option<Secret<String>>,
    /// As for a call.
    #[serde(default, deserialize_with = "maybe_secret")]
    #[schemars(with = "Option<String>")]
    pub line_pass: Option<Secret<String>>,
}

/// What a telephone system allows somebody.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MayView {
    /// Calling with a click. True where the system does not say.
    pub click: bool,
    /// Having another phone than the usual one rung first. False where the system does not say.
    pub other_phone: bool,
}

/// Whose call.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whose {
    agent: Option<String>,
}

fn gone() -> Problem {
    Problem::not_found("such tenant in this server")
}

fn view(correlation: Option<&Correlation>, progress: Progress, placed: &Placed) -> Begun {
    Begun {
        call: placed.call.map(crate::view::call_id),
        through: placed.through.clone(),
        correlation: correlation.map(|c| c.as_str().to_string()),
        progress: progress.word().into(),
        reason: match progress {
            Progress::Over(over) => Some(over.word().into()),
            _ => None,
        },
        open: placed.open.as_ref().map(|o| o.expose_secret().clone()),
    }
}

// The agent's own call that is being set up may have gone on since somebody looked.
fn refresh(switch: &Switch, ledger: &mut pbx::Ledger<Who, Placed>, who: &Who) {
    let Some((id, call)) = ledger.being_set_up(who).and_then(|(id, p)| Some((id, p.call?))) else { return };
    let Some(t) = switch.tenant(who.0) else { return };
    // Why it is over is looked up when somebody asks for it.
    let progress = dial::progress(&t.engine, call).unwrap_or(Progress::Over(Over::HungUp));
    ledger.went_on(now(), who, &id, progress);
}

// Where no call is kept, who called when is not kept either.
async fn audited_where_kept(
    api: &Api,
    asker: &Asker,
    action: &'static str,
    agent: &str,
) -> Result<(), Problem> {
    let tenant = asker.0.tenant;
    let keeps = api.handle.ask(move |switch, _| switch.tenant(tenant).is_some_and(|t| t.meaning.keeps_calls));
    match keeps.await.ok_or_else(Problem::stopping)? {
        true => audited(api, asker, action, format!("User/{agent}")).await,
        false => Ok(()),
    }
}

/// `POST /dial`
pub async fn dial(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(mut new): Json<NewDial>,
) -> Result<(StatusCode, Json<Begun>), Problem> {
    // People's profiles have numbers as they are printed: +49 (421) 555-99.
    if let Some(plain) = without_signs(new.to.expose_secret()) {
        new.to = Secret::new(plain);
    }
    let ring = new.ring.as_ref().and_then(|ring| without_signs(ring.expose_secret()));
    new.ring = ring.map(Secret::new).or(new.ring);
    let tenant = asker.0.tenant;
    let agent = asker.agent_id(new.agent.as_deref().unwrap_or("me"))?;
    let correlation = match &new.correlation {
        Some(text) => Some(Correlation::read(text).ok_or_else(no_correlation)?),
        None => None,
    };
    // Where another system calls, it has to be found again.
    let correlation = match (correlation, &new.through) {
        (None, Some(_)) => Some(drawn()?),
        (correlation, _) => correlation,
    };
    audited_where_kept(&api, &asker, "call.dial", &agent).await?;
    let (connector, public) = (api.connector.clone(), api.settings.url.clone());
    // What a token says is about whoever brings it, and about nobody for whom that person asks.
    let own = asker.person().ok().filter(|p| p.rule.id == agent);
    let (of_tab, visits) = (own.and_then(|p| p.of_tab.clone()), own.is_some_and(|p| p.visits));
    let asked = Asking { who: (tenant, agent), visits, of_tab, correlation, new, public };
    // To its end even when whoever asked goes away: a call that is written down is also begun.
    let of = api.clone();
    let both = tokio::spawn(async move {
        let first = of.handle.ask(move |switch, at| ask(switch, at, &connector, asked));
        let first = first.await.ok_or_else(Problem::stopping)??;
        begun(&of.connector, &of.handle, first)
    });
    let (again, begun) = both.await.map_err(|_| Problem::stopping())??;
    Ok((if again { StatusCode::OK } else { StatusCode::CREATED }, Json(begun)))
}

/// Has somebody called, and waits for the switch: for threads that may wait. Says whether it was asked for before. Who asks
/// may do so: that was looked at.
///
/// # Errors
/// Why nobody is rung.
pub(crate) fn begin_and_wait(
    handle: &Handle,
    connector: &Arc<Connector>,
    asked: Asking,
) -> Result<(bool, Begun), Problem> {
    let ledger = connector.clone();
    let first = handle.ask_and_wait(move |switch, at| ask(switch, at, &ledger, asked));
    begun(connector, handle, first.ok_or_else(Problem::stopping)??)
}

// What became of a request, once another system is told where that is the way; whether it came before.
fn begun(connector: &Arc<Connector>, handle: &Handle, first: Asked) -> Result<(bool, Begun), Problem> {
    let asked = match first {
        Asked::Again(begun) => return Ok((true, begun)),
        Asked::Begun(begun) => return Ok((false, begun)),
        Asked::Elsewhere(asked) => *asked,
    };
    let (who, id) = (asked.who.clone(), asked.correlation.clone());
    let begun = system::begin(connector, handle, asked);
    let mut ledger = connector.ledger();
    match begun {
        Ok(()) => {
            let (progress, placed) = ledger.look(&who, &id).ok_or_else(Problem::stopping)?;
            Ok((false, view(Some(&id), progress, placed)))
        }
        Err(why) => {
            ledger.never_began(&who, &id);
            Err(not_tried(why))
        }
    }
}

/// A name for a call that whoever asks for it did not name.
fn drawn() -> Result<Correlation, Problem> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Problem::stopping())?;
    let text: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    Correlation::read(&text).ok_or_else(Problem::stopping)
}

/// A request on its way to the switch.
pub(crate) struct Asking {
    /// Who calls.
    pub who: Who,
    /// Whether that is somebody who is no user here.
    pub visits: bool,
    /// What the token of that person's own Teams client says.
    pub of_tab: Option<OfTab>,
    /// What the call is named. One that another system makes needs a name.
    pub correlation: Option<Correlation>,
    /// Whom, and how.
    pub new: NewDial,
    /// Where people reach us.
    pub public: String,
}

/// What the switch made of it.
enum Asked {
    /// It was asked for before.
    Again(Begun),
    /// It has begun.
    Begun(Begun),
    /// Another system has to be asked.
    Elsewhere(Box<system::Asked>),
}

fn ask(switch: &mut Switch, at: Now, connector: &Connector, asking: Asking) -> Result<Asked, Problem> {
    let Asking { who, visits, of_tab, correlation, new, public } = asking;
    let meaning = &switch.tenant(who.0).ok_or_else(gone)?.meaning;
    let whom = match visits {
        true => ForWhom::Person(AgentId(connector.number_of(&who))),
        false => ForWhom::Agent(AgentId(number(meaning, "User", &who.1)?)),
    };
    let way = dial::choose(meaning, new.through.as_deref()).ok_or_else(|| {
        Problem::not_found(&format!("pbx {:?}", new.through.as_deref().unwrap_or_default()))
            .because(WhyNot::NoWay)
    })?;
    // The way to hang it up is there as soon as anybody can see the call.
    let hook = matches!(way, Way::System(_)).then(Arc::default);
    let placed = Placed { through: new.through.clone(), hook, ..Placed::default() };
    let asking = Asking { who: who.clone(), visits, of_tab, correlation: correlation.clone(), new, public };
    let Some(id) = &correlation else {
        return match place(switch, at, connector, asking, whom, way, placed)? {
            Done::Here(placed, progress) => Ok(Asked::Begun(view(None, progress, &placed))),
            Done::Elsewhere(asked) => Ok(Asked::Elsewhere(asked)),
        };
    };
    // The switch has one thread, so between here and the call nobody else asks; and nobody looks, whose hang-up would be lost
    // before it is known which call it is.
    let mut ledger = connector.ledger();
    refresh(switch, &mut ledger, &who);
    let begin = ledger.begin(now(), &who, id, &asking.new.to, placed.clone());
    if let Some(problem) = told(begin) {
        return Err(problem);
    }
    if let (Begin::Same, Some((progress, placed))) = (begin, ledger.look(&who, id)) {
        return Ok(Asked::Again(view(Some(id), progress, placed)));
    }
    match place(switch, at, connector, asking, whom, way, placed) {
        Ok(Done::Here(placed, progress)) => {
            ledger.went_on(now(), &who, id, progress);
            let begun = view(Some(id), progress, &placed);
            if let Some(value) = ledger.value(&who, id) {
                *value = placed;
            }
            Ok(Asked::Begun(begun))
        }
        Ok(Done::Elsewhere(asked)) => Ok(Asked::Elsewhere(asked)),
        Err(problem) => {
            ledger.never_began(&who, id);
            Err(problem)
        }
    }
}

/// What became of a call when everything that forbids it was looked at.
enum Done {
    /// It is this far.
    Here(Placed, Progress),
    /// Another system has to be asked.
    Elsewhere(Box<system::Asked>),
}

// Has somebody called, the way that was chosen. Everything that forbids it comes before anything rings.
fn place(
    switch: &mut Switch,
    at: Now,
    connector: &Connector,
    asking: Asking,
    whom: ForWhom,
    way: Way,
    placed: Placed,
) -> Result<Done, Problem> {
    let Asking { who, of_tab, correlation, new, public, .. } = asking;
    let tenant = who.0;
    let elsewhere = |what: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what).because(WhyNot::Ring);
    if new.ring.is_some() && !matches!(way, Way::System(System::Portal(_))) {
        return Err(elsewhere("another phone is rung through a commportal only"));
    }
    if matches!(way, Way::Own) {
        let ForWhom::Agent(user) = whom else { return Err(no_phone_here()) };
        let call = own(switch, at, tenant, user, &new)?;
        let progress = switch.tenant(tenant).and_then(|t| dial::progress(&t.engine, call));
        return Ok(Done::Here(Placed { call: Some(call), ..placed }, progress.unwrap_or(Progress::Asked)));
    }
    let meaning = &switch.tenant(tenant).ok_or_else(gone)?.meaning;
    let (to, destination) = dial::allowed(meaning, whom, new.to.expose_secret()).map_err(not_allowed)?;
    match (way, correlation) {
        (Way::Address(scheme), _) => {
            let link = pbx::address::link(&public, &meaning.tenant, &scheme, &to).ok_or_else(|| {
                let what = "a softphone is given digits only, with or without +";
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what).because(WhyNot::NotDialable)
            })?;
            Ok(Done::Here(Placed { open: Some(link), ..placed }, Progress::HandedOver))
        }
        (Way::System(system), Some(correlation)) => {
            let id = new.through.unwrap_or_default();
            let rule = meaning.pbxs.get(&id).ok_or_else(gone)?;
            let stored = match whom {
                ForWhom::Agent(user) => meaning.lines.get(&user),
                ForWhom::Person(_) => None,
            };
            let is_named = new.line.is_some();
            let brought = Brought { typed: new.line, pass: new.line_pass, of_tab };
            let found = line::find(connector.passes(), (&meaning.tenant, &id, rule), stored, &brought);
            let line = found.map_err(|why| no_line(why, rule))?;
            // The phone that rings first is called as well, so what may be called holds for it, and it counts.
            let ring = new.ring.as_ref().map(|ring| dial::allowed(meaning, whom, ring.expose_secret()));
            let ring = ring.transpose().map_err(not_allowed)?;
            if ring.as_ref().is_some_and(|(_, to)| to.is_emergency()) {
                return Err(elsewhere("nobody's phone has a number for emergencies"));
            }
            let hook = placed.hook.unwrap_or_default();
            let mut meters = Vec::new();
            let both = std::iter::once(destination).chain(ring.as_ref().map(|(_, to)| *to));
            for destination in both {
                let before = position(switch, tenant);
                let held = hook.clone();
                let end = Box::new(move || held.hang_up());
                meters.extend(switch.elsewhere_asked(at, tenant, whom, destination, end));
                if let Err(problem) = refused_outside(switch, tenant, before) {
                    meters.into_iter().for_each(|meter| switch.elsewhere_ended(at, tenant, meter));
                    return Err(problem);
                }
            }
            let ring = ring.map(|(number, _)| number);
            Ok(Done::Elsewhere(Box::new(system::Asked {
                hook,
                meters,
                ring,
                who,
                correlation,
                pbx: id,
                system,
                line,
                is_named,
                to,
                password: new.password,
            })))
        }
        // These are the ways in which a name was drawn, or none is needed.
        (Way::Own | Way::System(_), _) => Err(Problem::stopping()),
    }
}

// Our own trunks: the engine rings the agent's phone, then the other side.
fn own(
    switch: &mut Switch,
    at: Now,
    tenant: TenantId,
    agent: AgentId,
    new: &NewDial,
) -> Result<CallId, Problem> {
    let t = switch.tenant(tenant).ok_or_else(gone)?;
    let shown = match &new.number {
        Some(id) => Some(NumberId(number(&t.meaning, "Number", id)?)),
        None => None,
    };
    let queue = match &new.queue {
        Some(id) => Some(QueueId(number(&t.meaning, "Queue", id)?)),
        None => None,
    };
    let before = t.engine.calls().keys().next_back().copied();
    switch.can_begin(tenant, agent)?;
    let party = switch.party(at, tenant, new.to.expose_secret()).map_err(refused)?;
    let position = position(switch, tenant);
    switch.on_event(at, tenant, Event::DialAsked { agent, party, number: shown, queue });
    refused_outside(switch, tenant, position)?;
    let newest = switch.tenant(tenant).and_then(|t| t.engine.calls().keys().next_back().copied());
    let begun = newest.filter(|n| Some(*n) != before).ok_or_else(|| {
        Problem::new(StatusCode::CONFLICT, "this agent is busy, suspended or unknown, and cannot call now")
            .because(WhyNot::NotFree)
    })?;
    if let Some(page) = &new.softphone {
        switch.asked_in_browser(tenant, agent, page, begun);
    }
    Ok(begun)
}

/// A way, by what it can do.
pub(super) fn way_view(id: Option<&String>, name: &str, kind: &str, can: Capabilities) -> WayView {
    WayView {
        id: id.cloned(),
        name: name.into(),
        kind: kind.into(),
        server_dial: can.server_dial,
        client_address: can.client_address,
        progress: can.progress,
        hang_up: can.hang_up,
        other_phone: can.other_phone,
        scheme: None,
        wants_password: false,
        untried: kind != "own" && kind != "address",
        line: "known".into(),
    }
}

/// A telephone system or softphone.
pub(super) fn pbx_view(id: &String, rule: &PbxRule) -> WayView {
    let line = match () {
        () if rule.wants_password() => "typed",
        () if rule.has_lines() => "pass",
        () => "known",
    };
    WayView {
        scheme: rule.scheme().map(str::to_string),
        wants_password: rule.wants_password(),
        line: line.into(),
        ..way_view(Some(id), &rule.name, rule.kind(), rule.capabilities())
    }
}

/// `POST /dial/may`
pub async fn may(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(new): Json<NewLook>,
) -> Result<Json<MayView>, Problem> {
    let person = asker.person()?;
    let who = (asker.0.tenant, person.rule.id.clone());
    let (user, visits) = (AgentId(person.number), person.visits);
    let brought = Brought { typed: new.line, pass: new.line_pass, of_tab: person.of_tab.clone() };
    let (connector, of, id) = (api.connector.clone(), who.0, new.through.clone());
    let is_named = brought.typed.is_some();
    let found = api.handle.ask(move |switch, _| {
        let meaning = &switch.tenant(of).ok_or_else(gone)?.meaning;
        let none =
            || Problem::not_found("such telephone system that says what people may").because(WhyNot::NoWay);
        let rule = meaning.pbxs.get(&id).ok_or_else(none)?;
        let PbxWay::System(System::Portal(portal)) = &rule.way else { return Err(none()) };
        let stored = meaning.lines.get(&user).filter(|_| !visits);
        let line = line::find(connector.passes(), (&meaning.tenant, &id, rule), stored, &brought);
        Ok((portal.clone(), line.map_err(|why| no_line(why, rule))?))
    });
    let (portal, line) = found.await.ok_or_else(Problem::stopping)??;
    let (connector, handle) = (api.connector.clone(), api.handle.clone());
    let entering = system::Entering { who, pbx: new.through, line, is_named, password: new.password };
    // A thread of its own: a system that is slow keeps nobody else's request from the few of the API.
    let (tell, told) = tokio::sync::oneshot::channel();
    let look = move || {
        let _ = tell.send(system::look(&connector, &handle.secrets, &portal, entering));
    };
    std::thread::Builder::new().name("look".into()).spawn(look).map_err(|_| not_tried(NotTried::Full))?;
    let looked = told.await.map_err(|_| Problem::stopping())?.map_err(not_tried)?;
    match looked.may {
        Some(may) => Ok(Json(MayView {
            click: may.click != Some(false),
            other_phone: may.click != Some(false) && may.other_phone == Some(true),
        })),
        None if looked.is_refused => {
            let what = "this telephone system did not take the sign-in";
            Err(Problem::new(StatusCode::FORBIDDEN, what).because(WhyNot::PbxRefused))
        }
        None => {
            let what = "this telephone system does not answer now: try again soon";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, what).because(WhyNot::PbxSilent))
        }
    }
}

/// `GET /dial`
pub async fn ways(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<Vec<WayView>>, Problem> {
    let tenant = asker.0.tenant;
    let found = api.handle.ask(move |switch, _| {
        let meaning = &switch.tenant(tenant)?.meaning;
        let ours = way_view(None, "", "own", OWN);
        let others = meaning.pbxs.iter().map(|(id, rule)| pbx_view(id, rule));
        Some(std::iter::once(ours).chain(others).collect())
    });
    found.await.ok_or_else(Problem::stopping)?.map(Json).ok_or_else(gone)
}

/// `GET /dial/{correlation}`
pub async fn progress(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(correlation): Path<String>,
    Query(whose): Query<Whose>,
) -> Result<Json<Begun>, Problem> {
    let (who, id) = named(&asker, &whose, &correlation)?;
    look(&api, who, id, false).await.map(Json)
}

/// `DELETE /dial/{correlation}`
pub async fn hang_up(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(correlation): Path<String>,
    Query(whose): Query<Whose>,
) -> Result<Json<Begun>, Problem> {
    let (who, id) = named(&asker, &whose, &correlation)?;
    audited_where_kept(&api, &asker, "call.hang-up", &who.1).await?;
    look(&api, who, id, true).await.map(Json)
}

fn named(asker: &Asker, whose: &Whose, correlation: &str) -> Result<(Who, Correlation), Problem> {
    let correlation = Correlation::read(correlation).ok_or_else(no_correlation)?;
    let agent = asker.agent_id(whose.agent.as_deref().unwrap_or("me"))?;
    Ok(((asker.0.tenant, agent), correlation))
}

async fn look(api: &Api, who: Who, id: Correlation, hang_up: bool) -> Result<Begun, Problem> {
    let missing = || Problem::not_found("such call: it was never asked for, or is forgotten already");
    let (progress, placed) = {
        let ledger = api.connector.ledger();
        let (progress, placed) = ledger.look(&who, &id).ok_or_else(missing)?;
        (progress, placed.clone())
    };
    if let Some(hook) = placed.hook.as_ref().filter(|_| hang_up) {
        hook.hang_up();
    }
    let Some(call) = placed.call.filter(|_| !progress.is_final()) else {
        return Ok(view(Some(&id), progress, &placed));
    };
    let tenant = who.0;
    let live = api.handle.ask(move |switch, at| {
        if hang_up {
            switch.on_event(at, tenant, Event::HangUpAsked { call });
        }
        let live = dial::progress(&switch.tenant(tenant)?.engine, call);
        let reason = switch.unwritten(tenant).find(|c| c.id == call).map(|c| c.reason);
        Some((live, reason))
    });
    let (live, reason) = live.await.ok_or_else(Problem::stopping)?.ok_or_else(gone)?;
    let current = match (live, reason) {
        (Some(live), _) => live,
        (None, Some(reason)) => Progress::Over(dial::over(reason)),
        (None, None) => {
            let store = api.handle.store.clone();
            let record = tokio::task::spawn_blocking(move || store.call(tenant, call)).await;
            match record.map_err(|_| Problem::stopping())? {
                Ok(record) => Progress::Over(dial::over(record.reason)),
                Err(StoreError::NotFound(_)) => Progress::Over(Over::HungUp),
                Err(e) => return Err(e.into()),
            }
        }
    };
    let mut ledger = api.connector.ledger();
    ledger.went_on(now(), &who, &id, current);
    let (progress, placed) = ledger.look(&who, &id).ok_or_else(missing)?;
    Ok(view(Some(&id), progress, placed))
}
