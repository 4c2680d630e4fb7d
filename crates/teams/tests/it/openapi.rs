//! Each request to Graph fits Microsoft's description of it: third_party/graph-openapi, made of the public model.

use redact::Secret;
use serde_json::Value;
use std::collections::BTreeMap;
use teams::graph::{
    Batch, Call, Encryption, Graph, LicenceChange, PhotoSize, Shown, Sync, Watched, assign_licence,
    channel_all_members, channel_members, chat_members, licence_details, licences, licensed_user, me, photo,
    presences, reauthorize, renew, show, show_no_more, subscribe, team_members, unsubscribe, user,
};
use teams::permissions::{Operation, TABLE};
use teams::{BaseUrl, Cloud, Request, Time, percent_decode};

const ID: &str = "11111111-1111-1111-1111-111111111111";
const NOW: Time = Time::from_secs(1_795_168_800);

fn description() -> Value {
    let at = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../third_party/graph-openapi/graph-v1.0-reduced.openapi.json"
    );
    serde_json::from_str(&std::fs::read_to_string(at).unwrap()).unwrap()
}

fn graph() -> Graph {
    Graph::of(&Cloud::named("worldwide").unwrap()).unwrap()
}

fn request(call: &Call) -> Request {
    call.request(&Secret::new("token".to_string()), [7; 16])
}

/// One call of each kind.
fn calls() -> Vec<Call> {
    let (graph, id) = (graph(), ID.to_string());
    let fields = TABLE.iter().find(|r| r.operations.contains(&Operation::UsersDelta)).unwrap().fields;
    let public = BaseUrl::parse("https://cc.example").unwrap();
    let certificate = include_str!("certificate.pem").to_string();
    let encryption = Encryption { id: "enc-1".to_string(), certificate };
    let presence = Watched::Presences(vec![id.clone()]);
    let change = LicenceChange { user: id.clone(), add: vec![id.clone()], remove: vec![id.clone()] };
    let channel = "19:abc@thread.tacv2";
    vec![
        me(&graph),
        Sync::new(graph.clone(), fields, None).call(),
        user(&graph, ID, fields).unwrap(),
        photo(&graph, ID, PhotoSize::Px96).unwrap(),
        presences(&graph, std::slice::from_ref(&id)).unwrap(),
        show(&graph, ID, ID, Shown::InACall).unwrap(),
        show(&graph, ID, ID, Shown::InAConferenceCall).unwrap(),
        show_no_more(&graph, ID, ID).unwrap(),
        subscribe(&graph, &Watched::Users, &public, None, NOW, [1; 32]).unwrap().0,
        subscribe(&graph, &presence, &public, Some(&encryption), NOW, [1; 32]).unwrap().0,
        renew(&graph, &presence, ID, NOW).unwrap(),
        reauthorize(&graph, &presence, ID).unwrap(),
        unsubscribe(&graph, &Watched::Users, ID).unwrap(),
        licences(&graph),
        licence_details(&graph, ID).unwrap(),
        licensed_user(&graph, ID).unwrap(),
        assign_licence(&graph, &change).unwrap(),
        team_members(&graph, ID).unwrap(),
        channel_members(&graph, ID, channel).unwrap(),
        channel_all_members(&graph, ID, channel).unwrap(),
        chat_members(&graph, channel).unwrap(),
    ]
}

#[test]
fn requests_fit_the_description() {
    let description = description();
    let mut wrong = Vec::new();
    for call in calls() {
        check_request(&description, &request(&call), &mut wrong);
    }
    let three = calls().into_iter().take(3).collect();
    let batch = Batch::new(&graph(), three).unwrap();
    check_request(&description, &batch.request(&Secret::new("token".to_string()), [7; 16]), &mut wrong);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_operation_of_the_table_is_built_and_every_one_built_stands_in_the_table() {
    let built: std::collections::BTreeSet<_> = calls().iter().map(|c| c.operation).collect();
    for operation in Operation::ALL {
        let of_graph = !matches!(operation, Operation::SignIn | Operation::Refresh);
        assert_eq!(built.contains(&operation), of_graph, "{}", operation.text());
    }
}

#[test]
fn the_check_can_fail() {
    let description = description();
    let body = |operation: Operation, change: &dyn Fn(&mut Value)| {
        let call = calls().into_iter().find(|c| c.operation == operation).unwrap();
        let mut request = request(&call);
        let mut body: Value = serde_json::from_slice(request.body.expose_secret()).unwrap();
        change(&mut body);
        request.body = Secret::new(body.to_string().into_bytes());
        let mut wrong = Vec::new();
        check_request(&description, &request, &mut wrong);
        wrong.len()
    };
    assert_eq!(body(Operation::Presences, &|b| b["ids"] = Value::from(7)), 1);
    assert_eq!(body(Operation::SetPresence, &|b| b["activity"] = Value::Null), 1);
    assert_eq!(body(Operation::SubscribeUsers, &|b| b["expirationDateTime"] = Value::from("tomorrow")), 1);
    assert_eq!(body(Operation::AssignLicense, &|b| b["addLicenses"][0]["skuId"] = Value::from("E5")), 1);
    assert_eq!(body(Operation::AssignLicense, &|b| b["addLicences"] = Value::from(1)), 1);
    let mut wrong = Vec::new();
    let mut elsewhere = request(&me(&graph()));
    elsewhere.url = elsewhere.url.replace("/me", "/me/messages");
    check_request(&description, &elsewhere, &mut wrong);
    assert_eq!(wrong.len(), 1);
}

fn check_request(description: &Value, request: &Request, wrong: &mut Vec<String>) {
    let shown = format!("{request:?}");
    let Some(rest) = request.url.strip_prefix("https://graph.microsoft.com/v1.0") else {
        return wrong.push(format!("{shown}: another host"));
    };
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let fits = |template: &str| {
        let (a, b): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.starts_with('{') && !b.is_empty() || a == b)
    };
    let paths = description["paths"].as_object().unwrap();
    // The words of a path count before its places.
    let found =
        paths.iter().filter(|(template, _)| fits(template)).min_by_key(|(t, _)| t.matches('{').count());
    let operation = found.and_then(|(_, o)| o.get(request.method.as_str().to_ascii_lowercase()));
    let Some(operation) = operation else { return wrong.push(format!("{shown}: not described")) };
    let declared: Vec<_> =
        operation["parameters"].as_array().into_iter().flatten().map(|p| follow(description, p)).collect();
    for (name, value) in query.split('&').filter(|p| !p.is_empty()).filter_map(|p| p.split_once('=')) {
        let name = percent_decode(name).unwrap();
        if !declared.iter().any(|p| p["in"] == "query" && p["name"] == *name) || value.is_empty() {
            wrong.push(format!("{shown}: the parameter {name} is not described"));
        }
    }
    let names: BTreeMap<_, _> =
        request.headers.iter().map(|(n, v)| (*n, v.expose_secret().as_str())).collect();
    if names.get("Authorization") != Some(&"Bearer token")
        || names.get("client-request-id").map(|i| i.len()) != Some(36)
    {
        wrong.push(format!("{shown}: headers"));
    }
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    match (schema.is_null(), request.body.expose_secret().is_empty()) {
        (true, true) => {}
        (false, false) if names.get("Content-Type") == Some(&"application/json") => {
            let body: Value = serde_json::from_slice(request.body.expose_secret()).unwrap();
            check_value(description, schema, &body, &shown, wrong);
        }
        _ => wrong.push(format!("{shown}: a body where none is described, or none where one is")),
    }
}

fn follow<'a>(description: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(at) => follow(description, description.pointer(at.trim_start_matches('#')).unwrap()),
        None => value,
    }
}

/// The properties of a schema with those it is made of.
fn properties<'a>(description: &'a Value, schema: &'a Value, found: &mut BTreeMap<&'a str, &'a Value>) {
    let schema = follow(description, schema);
    for part in schema["allOf"].as_array().into_iter().flatten() {
        properties(description, part, found);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        found.insert(name, property);
    }
}

fn check_value(description: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    let schema = follow(description, schema);
    if value.is_null() {
        if schema["nullable"] != true {
            wrong.push(format!("{at}: null"));
        }
        return;
    }
    if let Some(words) = schema["enum"].as_array() {
        if !words.contains(value) {
            wrong.push(format!("{at}: {value} is no word of it"));
        }
    }
    let mut known = BTreeMap::new();
    properties(description, schema, &mut known);
    let composed = schema.get("allOf").is_some();
    match (schema["type"].as_str(), value) {
        (Some("object") | None, Value::Object(fields)) if composed || schema.get("properties").is_some() => {
            for (name, value) in fields {
                match known.get(name.as_str()) {
                    Some(property) => {
                        check_value(description, property, value, &format!("{at}.{name}"), wrong)
                    }
                    None => wrong.push(format!("{at}: {name} is not described")),
                }
            }
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                if !fields.contains_key(name) {
                    wrong.push(format!("{at}: {name} is missing"));
                }
            }
        }
        (Some("object"), Value::Object(_)) => {}
        (None, _) if !composed => {}
        (Some("array"), Value::Array(items)) => {
            let most = schema["maxItems"].as_u64().unwrap_or(u64::MAX);
            if items.len() as u64 > most {
                wrong.push(format!("{at}: {} items", items.len()));
            }
            for item in items {
                check_value(description, &schema["items"], item, at, wrong);
            }
        }
        (Some("string"), Value::String(text)) => {
            let good = match schema["format"].as_str() {
                Some("uuid") => teams::clean::guid(text).is_some(),
                Some("date-time") => Time::parse_rfc3339(text).is_some(),
                Some("duration") => text.starts_with('P'),
                _ => true,
            };
            if !good {
                wrong.push(format!("{at}: {text} has another form"));
            }
        }
        (Some("boolean"), Value::Bool(_)) | (Some("integer" | "number"), Value::Number(_)) => {}
        _ => wrong.push(format!("{at}: {value} has another type")),
    }
}
