//! The page of permissions in the handbook is made of the table, and must be what the table says; so must the page of
//! profiles with their features.

use core::fmt::Write;
use teams::permissions::{Feature, FeatureDefault, Features, Profile, Row, WIDER};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/permissions.md");
const PROFILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/profiles.md");

/// What stops when the permission of a line is taken away from its registration, which has all others.
fn without(features: &Features, row: &Row) -> String {
    let Some(permission) = row.permission else { return "–".into() };
    let others: Vec<String> = features
        .permissions(row.registration)
        .into_iter()
        .filter(|(p, _)| *p != permission)
        .map(|(p, _)| p.to_string())
        .collect();
    if !features.not_working(row.registration, &others).is_empty() {
        return format!("{} stops", row.feature.name());
    }
    match WIDER.iter().find(|(narrow, _)| *narrow == permission) {
        Some((_, wide)) => format!("{} stops, unless `{wide}` is granted", row.feature.name()),
        None => "nothing stops".into(),
    }
}

/// The page, with every feature of a profile switched on.
fn page() -> String {
    let mut out = String::from(
        "# What Microsoft is asked for\n\nEach feature that is on asks for its permissions and for nothing else; nothing of \
         `Directory.*` is ever asked for. A permission that is taken away stops the feature in its line, and the others go on.\n\
         `GET /api/v1/permissions` says the same of a running tenant with the features that it has.\n\nA feature in *italics* is \
         off unless it is switched on. \"Stored\" are fields that are kept, encrypted; all others are forgotten at once.\n\
         Where a permission is missing, the page and `GET /api/v1/permissions` say in `stopped` which feature does not work and what \
         to do; the log has a line `feature_stopped`, and `switchroom check` names it.\n",
    );
    for profile in [Profile::ContactCenter, Profile::Directory, Profile::Connector] {
        let mut features = Features::of(profile);
        let off = |f: &Feature| f.in_profile(profile) == FeatureDefault::Off && !f.is_reserved();
        for feature in Feature::ALL.into_iter().filter(off) {
            features.switch(feature, true).unwrap();
        }
        write!(out, "\n## `{}`\n\n", profile.name()).unwrap();
        out += "| feature | registration | permission | why | fields | stored | without it |\n|---|---|---|---|---|---|---|\n";
        for row in features.needed() {
            let name = match row.feature.in_profile(profile) {
                FeatureDefault::Off => format!("*{}*", row.feature.name()),
                _ => row.feature.name().to_string(),
            };
            let permission = match row.permission {
                Some(permission) => format!("`{permission}` ({})", row.kind.name()),
                None => "none".to_string(),
            };
            let (fields, stored) = (row.fields.join(", "), row.stored.join(", "));
            let without = without(&features, row);
            let cells = [&name, row.registration.name(), &permission, row.reason, &fields, &stored, &without];
            let line = cells.join(" | ");
            writeln!(out, "| {line} |").unwrap();
        }
    }
    out
}

#[test]
fn the_handbook_says_what_the_table_says() {
    let (wanted, found) = (page(), std::fs::read_to_string(PAGE).unwrap_or_default());
    if wanted != found {
        let made = std::env::temp_dir().join("permissions.md");
        std::fs::write(&made, &wanted).unwrap();
        panic!("docs/permissions.md is not what the table says: take {}", made.display());
    }
}

// A row names one feature or several, before a colon or alone, and has a sign for each profile.
#[test]
fn the_page_of_profiles_says_which_features_each_has() {
    let page = std::fs::read_to_string(PROFILES).unwrap();
    let (_, table) = page.split_once("| feature |").unwrap();
    let (head, rows) = table.split_once('\n').unwrap();
    let profiles: Vec<Profile> =
        head.split('`').skip(1).step_by(2).map(|name| Profile::named(name).unwrap()).collect();
    assert_eq!(profiles.len(), Profile::ALL.len(), "{head}");
    let mut named = Vec::new();
    for row in rows.lines().take_while(|l| l.starts_with('|')).filter(|l| l.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [features, signs @ ..] = &cells[..] else { panic!("{row}") };
        let names = features.split(':').next().unwrap_or_default();
        for name in names.split('`').skip(1).step_by(2) {
            let feature = Feature::named(name).unwrap_or_else(|| panic!("{name} is no feature"));
            for (profile, sign) in profiles.iter().zip(signs) {
                let wanted = match feature.in_profile(*profile) {
                    FeatureDefault::On => "1",
                    FeatureDefault::Off => "0",
                    FeatureDefault::Never => "–",
                };
                assert_eq!(*sign, wanted, "{name} in {}", profile.name());
            }
            assert_eq!(signs.len(), profiles.len(), "{row}");
            named.push(feature);
        }
    }
    let missing: Vec<&str> = Feature::ALL
        .into_iter()
        .filter(|f| !f.is_reserved() && !named.contains(f))
        .map(Feature::name)
        .collect();
    assert!(missing.is_empty(), "docs/profiles.md says nothing of {missing:?}");
}
