//! Line passes: an administrator says whose line is whose at a telephone system, its person looks which line a pass is for,
//! and nothing of it is stored here.

use crate::connector::hand_out::{self, HandedOut, NotMade};
use crate::connector::line::NoLine;
use crate::connector::now;
use crate::http::actions::audited;
use crate::http::dial_refusals::no_line;
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use pbx::Time;
use pbx::line::ending;
use redact::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// Whoever wants to know which line a pass is for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PassToLook {
    /// Id of the `Pbx`.
    through: String,
    /// The pass, which is the person's own.
    #[serde(deserialize_with = "crate::http::dial::secret")]
    #[schemars(with = "String")]
    line_pass: Secret<String>,
}

/// Which line a pass is for, as far as its person needs it to know it again.
#[derive(Serialize, JsonSchema)]
pub struct PassLine {
    /// The last signs of the line, two at most and never more than half of it.
    ending: String,
    /// When the pass was made (RFC 3339).
    made: String,
}

/// `POST /pbxs/{id}/line-passes`
pub async fn make(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    Json(new): Json<NewPasses>,
) -> Result<Json<Vec<PassView>>, Problem> {
    let people = new.people.into_iter().map(|own| hand_out::OwnLine { person: own.person, line: own.line });
    let people: Vec<_> = people.collect();
    let (tenant, named) = (asker.0.tenant, id.clone());
    let system = api.handle.ask(move |switch, _| {
        hand_out::system(&switch.tenant(tenant).ok_or(NotMade::NoSystem)?.meaning, &named)
    });
    let system = system.await.ok_or_else(Problem::stopping)?;
    // Sealed here: the switch has one thread, and calls wait for it.
    let teams = &api.microsoft.cloud.teams;
    let made =
        system.and_then(|system| hand_out::hand_out(api.connector.passes(), &system, teams, people, now()));
    let made = made.map_err(|why| {
        let status = match why {
            NotMade::NoSystem => StatusCode::NOT_FOUND,
            NotMade::Wrong(_) => StatusCode::UNPROCESSABLE_ENTITY,
            NotMade::NoKey => StatusCode::SERVICE_UNAVAILABLE,
        };
        Problem::new(status, why.to_string())
    })?;
    audited(&api, &asker, "pbx.line-passes", format!("Pbx/{id}")).await?;
    let shown = |text: Secret<String>| text.expose_secret().clone();
    let view =
        |one: HandedOut| PassView { person: one.person, pass: shown(one.pass), link: one.link.map(shown) };
    Ok(Json(made.into_iter().map(view).collect()))
}

/// `POST /dial/pass`: which line a pass is for, told to nobody but its person.
pub async fn look(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(new): Json<PassToLook>,
) -> Result<Json<PassLine>, Problem> {
    let of_tab = asker.person()?.of_tab.clone().ok_or_else(|| {
        let what = "a pass is told to the person's own Teams client only: open the tab in Teams";
        Problem::new(StatusCode::FORBIDDEN, what)
    })?;
    let (tenant, connector) = (asker.0.tenant, api.connector.clone());
    let found = api.handle.ask(move |switch, _| {
        let none = || Problem::not_found("such telephone system with lines");
        let meaning = &switch.tenant(tenant).ok_or_else(none)?.meaning;
        let rule = meaning.pbxs.get(&new.through).filter(|rule| rule.has_lines()).ok_or_else(none)?;
        let pass = connector.passes().open_handed_out(&new.line_pass);
        let line = pass.and_then(|pass| {
            let (made, since) = (pass.made, Time(rule.line_passes_since));
            Ok((pass.line_of(&meaning.tenant, &of_tab.object, &new.through, since)?, made))
        });
        let (line, made) = line.map_err(|why| no_line(NoLine::Pass(why), rule))?;
        Ok(PassLine { ending: ending(&line), made: crate::view::time(engine::Time(made.0)) })
    });
    found.await.ok_or_else(Problem::stopping)?.map(Json)
}
