use super::*;
use crate::permissions::{Feature, Profile};
use serde_json::Value;

fn plan() -> AppPlan {
    AppPlan {
        id: "5c0de000-0000-4000-8000-0000000000a1".into(),
        version: "1.0.0".into(),
        company: "Harbour Bikes".into(),
        website: "https://harbour-bikes.example/".into(),
        privacy: "https://harbour-bikes.example/privacy".into(),
        terms: "https://harbour-bikes.example/terms".into(),
        accent: "#0b5cad".into(),
        name: "Harbour Calls".into(),
        languages: Language::ALL.to_vec(),
        texts: BTreeMap::new(),
        url: "https://calls.harbour-bikes.example".into(),
        tenant: "harbour-bikes".into(),
        bot: Some("5c0de000-0000-4000-8000-00000000b070".into()),
        tab: Some("5c0de000-0000-4000-8000-000000007ab0".into()),
        features: Features::of(Profile::Connector),
        color_icon: None,
        outline_icon: None,
    }
}

fn manifest_of(plan: &AppPlan) -> Value {
    let package = plan.package().unwrap();
    let file = package.files.iter().find(|(n, _)| n == "manifest.json").unwrap();
    serde_json::from_slice(&file.1).unwrap()
}

#[test]
fn a_package_has_what_its_features_use_and_no_more() {
    let m = manifest_of(&plan());
    assert_eq!(m["validDomains"], serde_json::json!(["calls.harbour-bikes.example"]));
    assert_eq!(m["devicePermissions"], serde_json::json!(["openExternal"]));
    let page = "https://calls.harbour-bikes.example/connector?tenant=harbour-bikes";
    assert_eq!(m["staticTabs"][0]["contentUrl"], page);
    assert!(m.get("authorization").is_none());
    let mut more = plan();
    more.features.switch(Feature::Rsc, true).unwrap();
    more.features.switch(Feature::BotNumbers, true).unwrap();
    more.features.switch(Feature::DialUrl, false).unwrap();
    let m = manifest_of(&more);
    assert_eq!(m["authorization"]["permissions"]["resourceSpecific"].as_array().unwrap().len(), 3);
    assert_eq!(m["validDomains"][1], "token.botframework.com");
    // Teams brings the bot a token for what stands here; without the numbers it is the tab's.
    let bot = more.bot.as_deref().unwrap();
    let of_bot =
        serde_json::json!({"id": bot, "resource": format!("api://calls.harbour-bikes.example/botid-{bot}")});
    assert_eq!(m["webApplicationInfo"], of_bot);
    assert_eq!(manifest_of(&plan())["webApplicationInfo"]["id"], plan().tab.as_deref().unwrap());
    let clients = crate::permissions::TEAMS_CLIENTS;
    assert!(clients.iter().all(|id| more.package().unwrap().guide.contains(id)));
    // Whatever the administrator has to register stands in the guide, and only then.
    let guide = |plan: &AppPlan| plan.package().unwrap().guide;
    let redirect = "`https://calls.harbour-bikes.example/api/consented`";
    assert!(guide(&more).contains(redirect) && !guide(&plan()).contains(redirect));
    let api = "`api://calls.harbour-bikes.example/5c0de000-0000-4000-8000-000000007ab0`";
    assert!(!guide(&plan()).contains(api), "a softphone is given its number without us");
    let mut through_us = plan();
    through_us.features.switch(Feature::DialCommportal, true).unwrap();
    assert!(guide(&through_us).contains(api));
    assert!(m.get("devicePermissions").is_none());
    let mut less = plan();
    less.features.switch(Feature::Tab, false).unwrap();
    less.tab = None;
    let m = manifest_of(&less);
    assert!(
        m.get("staticTabs").is_none() && m.get("webApplicationInfo").is_none() && m.get("bots").is_some()
    );
    assert!(!less.package().unwrap().guide.contains("Register the tab"));
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    assert_eq!(plan().package(), plan().package());
    let package = plan().package().unwrap();
    assert!(package.archive.starts_with(b"PK\x03\x04") && package.archive.len() < 100_000);
    assert_eq!(archive::crc32(b"123456789"), 0xcbf4_3926);
    let names: Vec<_> = package.files.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(
        names,
        ["manifest.json", "de.json", "fr.json", "es.json", "zh.json", "color.png", "outline.png"]
    );
}

#[test]
fn each_fault_is_a_sentence() {
    let check = |change: fn(&mut AppPlan), expected: &str| {
        let mut p = plan();
        change(&mut p);
        let faults = p.package().expect_err(expected);
        assert!(faults.len() == 1 && faults[0].contains(expected), "{expected}: {faults:?}");
    };
    check(|p| p.id = "harbour".into(), "is no GUID");
    check(|p| p.version = "1.0".into(), "is not written as 1.0.0");
    check(|p| p.version = "1.01.0".into(), "is not written as 1.0.0");
    check(|p| p.company = "x".repeat(33), "the company's name has 33 characters and may have 32");
    check(|p| p.company.clear(), "the company's name is missing");
    check(|p| p.privacy = "http://harbour-bikes.example".into(), "privacy");
    check(|p| p.terms.clear(), "terms");
    check(|p| p.accent = "blue".into(), "accent colour");
    check(|p| p.url = "http://calls.example".into(), "http.public_url");
    check(|p| p.url = "https://127.0.0.1:8443".into(), "http.public_url");
    check(|p| p.url = "https://localhost".into(), "http.public_url");
    check(|p| p.bot = None, "microsoft.bot_app is missing");
    check(|p| p.tab = Some("x".into()), "microsoft.tab_app");
    check(
        |p| p.outline_icon = p.color_icon.clone().or(Some(icons::color("#000000"))),
        "has 192 × 192 pixels",
    );
    check(|p| p.color_icon = Some(b"GIF89a".to_vec()), "the colour icon is no PNG");
    check(|p| p.color_icon = Some(vec![0; LARGEST_ICON + 1]), "larger");
    check(
        |p| {
            let texts = AppTexts { summary: Some("x".repeat(81)), ..AppTexts::default() };
            p.texts.insert(Language::German, texts);
        },
        "the summary in de has 81 characters and may have 80",
    );
    check(
        |p| {
            p.languages.truncate(1);
            p.texts.insert(Language::German, AppTexts::default());
        },
        "no language of the tenant",
    );
    check(|p| p.features = Features::of(Profile::Directory), "neither the bot nor the tab");
    let mut p = plan();
    p.name = "x".repeat(31);
    assert_eq!(p.package().expect_err("too long").len(), 5, "one for each language");
}
