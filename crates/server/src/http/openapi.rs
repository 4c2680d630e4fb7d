//! The OpenAPI description, made from the table of routes.

use crate::http::access::Access;
use crate::http::problem::Problem;
use crate::http::routes::{PREFIX, all};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

/// OpenAPI 3.1 of this server; the demo has routes of its own.
pub fn describe(demo: bool) -> &'static Value {
    static USUAL: OnceLock<Value> = OnceLock::new();
    static DEMO: OnceLock<Value> = OnceLock::new();
    let description = if demo { &DEMO } else { &USUAL };
    description.get_or_init(|| {
        let settings = SchemaSettings::draft2020_12().with(|s| s.definitions_path = "/components/schemas".into());
        let mut generator = SchemaGenerator::new(settings);
        let problem = generator.subschema_for::<Problem>();
        let mut paths = Map::new();
        for route in all(demo) {
            let mut item = Map::new();
            for o in &route.operations {
                let mut parameters: Vec<Value> = route
                    .path
                    .split('/')
                    .filter_map(|p| p.strip_prefix('{')?.strip_suffix('}'))
                    .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
                    .collect();
                parameters.extend(o.query.iter().map(|(name, what)| {
                    json!({"name": name, "in": "query", "description": what, "schema": {"type": "string"}})
                }));
                let good = match o.response {
                    Some(schema) => json!({"description": "Done",
                        "content": {"application/json": {"schema": schema(&mut generator)}}}),
                    None => json!({"description": "Done"}),
                };
                let access = route.access(o.method);
                let security = match access {
                    Access::Public => json!([]),
                    Access::Person => json!([{"session": []}]),
                    _ => json!([{"token": []}, {"session": []}]),
                };
                let mut operation = json!({
                    "summary": o.summary,
                    "description": format!("This {}.", access.say()),
                    "x-roles": access.by_role(),
                    "parameters": parameters,
                    "security": security,
                    "responses": {
                        "2XX": good,
                        "default": {"description": "What is wrong and what to do",
                            "content": {"application/problem+json": {"schema": problem}}},
                    },
                });
                if let Some(request) = o.request {
                    operation["requestBody"] =
                        json!({"required": true, "content": {"application/json": {"schema": request(&mut generator)}}});
                }
                item.insert(o.method.into(), operation);
            }
            paths.insert(format!("{PREFIX}{}", route.path), item.into());
        }
        json!({
            "openapi": "3.1.0",
            "info": {"title": "Switchroom", "version": env!("CARGO_PKG_VERSION"),
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
            "paths": paths,
            "components": {
                "schemas": generator.take_definitions(true),
                "securitySchemes": {
                    "token": {"type": "http", "scheme": "bearer"},
                    "session": {"type": "apiKey", "in": "cookie", "name": "__Host-switchroom",
                        "description": "Set by POST /api/v1/session; over plain HTTP it is called switchroom. \
                            What changes something needs the header X-CSRF-Token with what that gave as csrf."},
                },
            },
        })
    })
}
