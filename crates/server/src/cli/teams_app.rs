//! `switchroom teams-app`

use crate::cli::arguments::Arguments;
use crate::cli::remote::{Place, PlaceArguments};
use crate::cli::{Failure, Outcome, say};
use crate::config::{self, ServerConfig};
use crate::tenant::check::{Documents, check_values, read_folder};
use crate::tenant::everything::Everything;
use crate::tenant::understand::features;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use teams::bot::Language;
use teams::package::{AppPlan, AppTexts, LARGEST_ICON};

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let out = PathBuf::from(args.need("out")?);
    let path = args.need("config")?;
    let (tenant, files) = (args.take("tenant"), args.take("tenant-files"));
    let icon = args.take("icon").map(|p| read_icon(&p)).transpose()?;
    let outline = args.take("outline").map(|p| read_icon(&p)).transpose()?;
    let config = config::load(Path::new(&path))?;
    let server = args.take("server");
    let token = args.take("token");
    args.end()?;
    let documents = match (files, server) {
        (Some(dir), _) => {
            let all = read_folder(Path::new(&dir));
            all.map_err(|p| Failure::from(p.iter().map(ToString::to_string).collect::<Vec<_>>()))?
        }
        (None, Some(url)) => stored(place(url, token)?, tenant.as_deref())?,
        (None, None) => stored(PlaceArguments::Files { config: path }.open()?, tenant.as_deref())?,
    };
    let plan = AppPlan { color_icon: icon, outline_icon: outline, ..plan(&config, &documents)? };
    let package = plan.package().map_err(Failure::from)?;
    let guide = out.with_extension("md");
    for (path, bytes) in [(&out, package.archive.as_slice()), (&guide, package.guide.as_bytes())] {
        std::fs::write(path, bytes).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    say(&format!("{} is the package; {} says how to set it up", out.display(), guide.display()));
    Ok(())
}

fn read_icon(path: &str) -> Result<Vec<u8>, Failure> {
    let failed = |e: std::io::Error| Failure::NotInOrder(format!("{path}: {e}"));
    if std::fs::metadata(path).map_err(failed)?.len() > LARGEST_ICON as u64 {
        return Err(Failure::NotInOrder(format!("{path}: an icon has at most {} KB", LARGEST_ICON / 1024)));
    }
    std::fs::read(path).map_err(failed)
}

fn place(url: String, token: Option<String>) -> Result<Place, Failure> {
    let token = token.or_else(|| std::env::var("SWITCHROOM_TOKEN").ok());
    let token = token.ok_or_else(|| Failure::Usage("--token is missing (or SWITCHROOM_TOKEN)".into()))?;
    PlaceArguments::Server { url: url.trim_end_matches('/').into(), token }.open()
}

fn stored(place: Place, tenant: Option<&str>) -> Result<Documents, Failure> {
    let objects = place.export(tenant)?;
    check_values(objects).map_err(|p| Failure::from(p.iter().map(ToString::to_string).collect::<Vec<_>>()))
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_string())
}

/// What the package is made of.
fn plan(config: &ServerConfig, documents: &Documents) -> Result<AppPlan, Failure> {
    let (everything, bad) = Everything::read(documents);
    if !bad.is_empty() {
        return Err(bad.into());
    }
    let (id, tenant) =
        everything.tenants.iter().next().ok_or_else(|| "an object of kind Tenant is missing".to_string())?;
    let app = tenant.teams_app.as_ref().ok_or_else(|| {
        "the Tenant has no teams_app: say there what the app is called and where its pages are".to_string()
    })?;
    let mut languages: Vec<Language> = Vec::new();
    for language in tenant.languages.iter().filter_map(|l| Language::of(l)) {
        if !languages.contains(&language) {
            languages.push(language);
        }
    }
    if languages.is_empty() {
        languages = Language::ALL.to_vec();
    }
    let mut texts = BTreeMap::new();
    for (tag, t) in &app.texts {
        let language = Language::of(tag)
            .ok_or_else(|| format!("teams_app.texts.{tag}: the languages are en, de, fr, es and zh"))?;
        let (name, summary, description) = (t.name.clone(), t.summary.clone(), t.description.clone());
        texts.insert(language, AppTexts { name, summary, description });
    }
    Ok(AppPlan {
        id: app.id.clone(),
        version: app.version.clone(),
        company: app.company.clone(),
        website: app.website.clone(),
        privacy: app.privacy.clone(),
        terms: app.terms.clone(),
        accent: app.accent.clone(),
        name: app.name.clone(),
        languages,
        texts,
        tenant: id.clone(),
        url: config.http.url().trim_end_matches('/').to_string(),
        bot: some(&config.microsoft.bot_app),
        tab: some(&config.microsoft.tab_app),
        features: features(tenant, &everything.pbxs)?,
        color_icon: None,
        outline_icon: None,
    })
}
