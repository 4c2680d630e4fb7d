//! People with a work account as users here: whose token somebody has, and what its app roles make of them.

use crate::http::configuration::{change_as, documents};
use crate::http::identity::Person;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::microsoft::NotSignedIn;
use crate::sign_in::refusals::{Note, Refusals, WINDOW};
use crate::tenant::check::Document;
use crate::tenant::objects::RolesFrom;
use axum::http::StatusCode;
use redact::Secret;
use serde_json::{Value, json};
use std::sync::MutexGuard;
use std::time::Instant;
use store::{AccountOf, Session, TenantId};

/// Somebody of a directory, as a token names them that was found good.
pub struct WorkAccount {
    /// The directory.
    pub directory: String,
    /// The person's object id there.
    pub object: String,
    /// App roles.
    pub roles: Vec<String>,
    /// Name shown to colleagues, where the token says one.
    pub name: Option<Secret<String>>,
    /// The id of the tenant here that they come to; nothing where they did not say, and there is only one for them.
    pub tenant: Option<String>,
}

/// What becomes of somebody with a work account.
enum Known {
    /// They are this user.
    User(AccountOf),
    /// They are this user, whose roles are those of the token from now on.
    WithRoles(AccountOf, String),
    /// They become one.
    New(TenantId),
    /// They were disabled or removed, or nobody knows them, or their token has no role: refused in this tenant.
    Nobody(TenantId),
    /// Their directory is none of ours.
    Nowhere,
    /// They are users of several tenants, and did not say which they mean.
    Several,
}

/// The header by which somebody says which tenant they mean who is a user of several.
pub const TENANT: &str = "x-switchroom-tenant";

/// Whether a bearer token is one of Entra ID's, and none of ours: ours have no dots.
pub fn is_of_entra(token: &str) -> bool {
    token.bytes().filter(|c| *c == b'.').count() == 2
}

fn unauthorized(what: String) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, what).coded("signed-out")
}

/// The person whom an access token for our API stands for.
///
/// # Errors
/// When the token is not good, or they are nobody here.
pub async fn bearer(api: &Api, token: Secret<String>, tenant: Option<String>) -> Result<Person, Problem> {
    let refused = |why: &str| unauthorized(format!("this token is refused: {why}"));
    let sign_in =
        api.microsoft.sign_in.clone().ok_or_else(|| refused("work accounts are not set up here"))?;
    let connected = api.handle.ask(|switch, _| {
        switch.tenants().iter().filter_map(|t| t.meaning.microsoft.clone()).collect::<Vec<_>>()
    });
    let connected = connected.await.ok_or_else(Problem::stopping)?;
    let Ok(turn) = api.microsoft_turns.clone().acquire_owned().await else { return Err(Problem::stopping()) };
    let judged = token.clone();
    let access = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let now = teams::Time(crate::clock::wall_ms());
        sign_in.access(now, judged.expose_secret(), &connected).map(|access| (now, access))
    });
    let (now, access) = access.await.map_err(|_| Problem::stopping())?.map_err(|why| {
        crate::sign_in::refusals::log_token("token_refused", &why);
        match why {
            NotSignedIn::Token(why) => refused(&why.to_string()),
            other => refused(&other.to_string()),
        }
    })?;
    let teams::entra::Caller::Person { roles, .. } = access.caller else {
        return Err(refused("it stands for a program"));
    };
    let who = WorkAccount { directory: access.tenant, object: access.object, roles, name: None, tenant };
    let of = user_of(api, who).await?.ok_or_else(|| refused("its person is no user here"))?;
    let (tenant, number) = of;
    let rule = api
        .handle
        .ask(move |switch, _| switch.tenant(tenant)?.meaning.people.get(&number).cloned())
        .await
        .ok_or_else(Problem::stopping)?
        .ok_or_else(|| refused("its person is no user here"))?;
    note_token(api, of, &rule.id).await?;
    // When the person proved who they are. A token that does not say so may be as old a sign-in as any.
    let began = access.signed_in.map_or(0, |at| at.0.min(now.0));
    let session = Session { of, began, ends: access.ends.0 };
    Ok(Person { number, rule, session, token, of_tab: None, visits: false })
}

/// Somebody came with a token of their work account: into the audit log, once an hour and no more.
///
/// # Errors
/// When the database cannot take it.
pub async fn note_token(api: &Api, of: AccountOf, user: &str) -> Result<(), Problem> {
    let seen = || api.seen.lock().unwrap_or_else(|e| e.into_inner());
    if !seen().comes(of, Instant::now()) {
        return Ok(());
    }
    let (store, who, object) = (api.handle.store.clone(), format!("user {user}"), format!("User/{user}"));
    let noted = tokio::task::spawn_blocking(move || {
        store.audit(of.0, crate::clock::wall_ms(), &who, "session.token", &object)
    });
    let noted = noted.await.map_err(|_| Problem::stopping())?;
    if noted.is_err() {
        seen().forget(of);
    }
    Ok(noted?)
}

/// The user that somebody with a work account is, made or changed as the tenant says. Nothing for whoever is refused, which
/// is in the tenant's audit log then.
///
/// # Errors
/// When the database cannot take it.
pub async fn user_of(api: &Api, who: WorkAccount) -> Result<Option<AccountOf>, Problem> {
    let (directory, object) = (who.directory.clone(), who.object.clone());
    let mut roles: Vec<&'static str> = ["owner", "supervisor", "agent", "auditor"]
        .into_iter()
        .filter(|r| who.roles.iter().any(|given| given.eq_ignore_ascii_case(r)))
        .collect();
    roles.sort_unstable();
    let given = roles.clone();
    let (directories, asked) = (api.handle.directories.clone(), who.tenant.clone());
    let known = api.handle.ask(move |switch, _| {
        let of_theirs = || {
            let all = switch.tenants().iter();
            all.filter(|t| t.meaning.microsoft.as_deref() == Some(&directory))
                .filter(|t| asked.as_ref().is_none_or(|id| *id == t.meaning.tenant))
        };
        if of_theirs().filter(|t| t.meaning.work_accounts.contains_key(&object)).count() > 1 {
            return Known::Several;
        }
        let mut first = None;
        for t in of_theirs() {
            first = first.or(Some(t.id));
            if directories.is_barred(t.id, &object) {
                return Known::Nobody(t.id);
            }
            let (from, newcomers) = t.meaning.roles_from;
            let Some(number) = t.meaning.work_accounts.get(&object).copied() else {
                // A newcomer is one of the only tenant that takes any.
                if newcomers && !given.is_empty() && of_theirs().count() == 1 {
                    return Known::New(t.id);
                }
                continue;
            };
            let of = (t.id, number);
            let Some(person) = t.meaning.people.get(&number) else { continue };
            if from == RolesFrom::Switchroom {
                return Known::User(of);
            }
            let mut has: Vec<&str> =
                person.roles.iter().map(|r| crate::http::identity::role(*r).name()).collect();
            has.sort_unstable();
            return match (given.is_empty(), has == given) {
                (true, _) => Known::Nobody(t.id),
                (_, true) => Known::User(of),
                (_, false) => Known::WithRoles(of, person.id.clone()),
            };
        }
        first.map_or(Known::Nowhere, Known::Nobody)
    });
    match known.await.ok_or_else(Problem::stopping)? {
        Known::User(of) => Ok(Some(of)),
        Known::WithRoles(of, id) => {
            write_user(api, of.0, id, roles, None).await?;
            Ok(Some(of))
        }
        Known::New(tenant) => {
            // The id says nothing of the person.
            let id = format!("entra-{}", who.object.replace('-', ""));
            let name = who.name.map(|n| n.expose_secret().clone()).unwrap_or_default();
            let new = json!({"microsoft": who.object, "name": name});
            write_user(api, tenant, id.clone(), roles, Some(new)).await?;
            let number =
                api.handle.ask(move |switch, _| switch.tenant(tenant)?.meaning.names.number("User", &id));
            Ok(number.await.ok_or_else(Problem::stopping)?.map(|number| (tenant, number)))
        }
        Known::Nobody(tenant) => {
            note_refusal(api, tenant).await?;
            Ok(None)
        }
        Known::Nowhere => Ok(None),
        Known::Several => Err(Problem::new(
            StatusCode::CONFLICT,
            format!("this person is a user of more than one tenant: say which, in the header {TENANT}"),
        )
        .coded("tenant")),
    }
}

/// Somebody with a work account of the tenant's directory was refused: into the audit log, a few lines a minute and no more.
///
/// # Errors
/// When the database cannot take it.
pub async fn note_refusal(api: &Api, tenant: TenantId) -> Result<(), Problem> {
    let noted = refusals(api).note(tenant, Instant::now());
    match noted {
        Note::Write(left_out) => write_refusal(api, tenant, left_out, true).await,
        Note::LeaveOut => Ok(()),
        Note::LeaveOutFirst => {
            let api = api.clone();
            // If nobody is refused any more, how many were left out is said all the same.
            tokio::spawn(async move {
                tokio::time::sleep(WINDOW).await;
                let left_out = refusals(&api).due(tenant, Instant::now());
                if left_out > 0 {
                    let _ = write_refusal(&api, tenant, left_out, false).await;
                }
            });
            Ok(())
        }
    }
}

fn refusals(api: &Api) -> MutexGuard<'_, Refusals> {
    api.handle.refusals.lock().unwrap_or_else(|e| e.into_inner())
}

async fn write_refusal(api: &Api, tenant: TenantId, left_out: u64, one: bool) -> Result<(), Problem> {
    let store = api.handle.store.clone();
    let noted = tokio::task::spawn_blocking(move || {
        let before = (left_out > 0).then(|| format!("{left_out} more work accounts"));
        let mut objects = before.into_iter().chain(one.then(|| "work account".to_string()));
        let at = crate::clock::wall_ms();
        objects.try_for_each(|object| store.audit(tenant, at, "nobody", "session.refuse", &object))
    });
    Ok(noted.await.map_err(|_| Problem::stopping())??)
}

/// Puts the roles of a token into a user's object; `new` is what else a new one has.
async fn write_user(
    api: &Api,
    tenant: TenantId,
    id: String,
    roles: Vec<&'static str>,
    new: Option<Value>,
) -> Result<(), Problem> {
    let (handle, changing) = (api.handle.clone(), api.changing.clone());
    let written = tokio::task::spawn_blocking(move || {
        // A panic elsewhere changed nothing here.
        let _turn = changing.lock().unwrap_or_else(|e| e.into_inner());
        let mut all = documents(&handle, tenant)?;
        let key = ("User".to_string(), id.clone());
        let before = all.get(&key).map(|d| d.body.clone());
        let Some(Value::Object(mut body)) = before.or(new) else { return Ok(()) };
        body.insert("kind".into(), "User".into());
        body.insert("id".into(), id.clone().into());
        body.insert("roles".into(), json!(roles));
        all.insert(key, Document { kind: "User".into(), id, body: body.into() });
        change_as(&handle, tenant, "work account", all).map(|_| ())
    });
    written.await.map_err(|_| Problem::stopping())?
}
