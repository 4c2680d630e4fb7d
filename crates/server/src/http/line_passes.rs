//! Line passes: an administrator says whose line is whose at a telephone system, and nothing of it is stored here.

use crate::connector::now;
use crate::http::actions::audited;
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use pbx::line::{Pass, is_line};
use redact::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Passes that are made at a time.
const MOST: usize = 1_000;
/// The tab's name in the app package, which a link to it needs.
const TAB: &str = "people";

/// For whom passes are to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPasses {
    /// The people, 1,000 at most.
    people: Vec<OwnLine>,
}

/// Somebody's line.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnLine {
    /// The person's object id in the Microsoft directory.
    person: String,
    /// The person's line at the telephone system: at most 32 letters, digits and `+ * # . _ -`.
    #[serde(deserialize_with = "crate::http::dial::secret")]
    #[schemars(with = "String")]
    line: Secret<String>,
}

/// Somebody's line pass. It is shown once: nothing of it is kept.
#[derive(Serialize, JsonSchema)]
pub struct PassView {
    /// The person's object id.
    person: String,
    /// The pass. It counts for this person alone.
    pass: String,
    /// A link that opens the tab in Teams with the pass; null where the tenant has no `teams_app`.
    link: Option<String>,
}

/// `POST /pbxs/{id}/line-passes`
pub async fn make(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    Json(new): Json<NewPasses>,
) -> Result<Json<Vec<PassView>>, Problem> {
    let wrong = |what: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what);
    if new.people.is_empty() || new.people.len() > MOST {
        return Err(wrong(format!("people has 1 to {MOST} people")));
    }
    let (tenant, named) = (asker.0.tenant, id.clone());
    let found = api.handle.ask(move |switch, _| {
        let m = &switch.tenant(tenant)?.meaning;
        let rule = m.pbxs.get(&named).filter(|rule| rule.has_lines())?;
        Some((m.tenant.clone(), rule.wants_password(), m.teams_app.as_ref().map(|app| app.id.clone())))
    });
    let found = found.await.ok_or_else(Problem::stopping)?;
    let (name, proves, app) = found.ok_or_else(|| Problem::not_found("such telephone system with lines"))?;
    if proves {
        let what =
            "this telephone system proves by the person's own password whose line it is: no pass is needed";
        return Err(wrong(what.into()));
    }
    let made = now();
    let one = |(n, own): (usize, OwnLine)| {
        let person = teams::clean::guid(&own.person)
            .ok_or_else(|| wrong(format!("people[{n}].person is no object id of Microsoft's")))?;
        if !is_line(own.line.expose_secret()) {
            let what = "has at most 32 letters, digits and + * # . _ -";
            return Err(wrong(format!("people[{n}].line {what}")));
        }
        let pass =
            Pass { tenant: name.clone(), person: person.clone(), pbx: id.clone(), line: own.line, made };
        let sealed = api.connector.passes().seal(&pass).ok_or_else(|| {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the key of line passes cannot be read")
        })?;
        let pass = format!("{id}~{}", sealed.expose_secret());
        let link = app.as_ref().map(|app| {
            let context = format!("%7B%22subEntityId%22%3A%22{pass}%22%7D");
            format!("https://teams.microsoft.com/l/entity/{app}/{TAB}?context={context}")
        });
        Ok(PassView { person, pass, link })
    };
    let all: Vec<PassView> = new.people.into_iter().enumerate().map(one).collect::<Result<_, _>>()?;
    audited(&api, &asker, "pbx.line-passes", format!("Pbx/{id}")).await?;
    Ok(Json(all))
}
