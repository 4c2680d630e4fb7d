//! Commands about a tenant work through a running server, or on the files while no server runs.

use crate::cli::Failure;
use crate::cli::arguments::Arguments;
use crate::config::{self, ServerConfig};
use crate::running::{self, stored_documents};
use crate::tenant::check::{Document, Documents, read_folder};
use crate::tenant::plan::{self, Step};
use serde_json::Value;
use std::path::Path;
use store::{Store, TenantId};

/// Where a tenant is.
pub enum Place {
    /// Behind a server's API.
    Server {
        /// Its address.
        url: String,
        /// A token of the tenant.
        token: String,
    },
    /// In files that no server has open.
    Files {
        /// The store, boxed because it is large; `None` where there is no database yet.
        store: Option<Box<Store>>,
        /// What says where it is.
        config: Box<ServerConfig>,
    },
}

/// Where a tenant is, as the command line says it.
pub enum PlaceArguments {
    /// `--server URL --token T`
    Server {
        /// Its address.
        url: String,
        /// A token of the tenant.
        token: String,
    },
    /// `--config FILE`
    Files {
        /// The server's configuration.
        config: String,
    },
}

impl PlaceArguments {
    /// Reads them.
    pub fn read(args: &mut Arguments) -> Result<PlaceArguments, Failure> {
        if let Some(url) = args.take("server") {
            let token = args.take("token").or_else(|| std::env::var("SWITCHROOM_TOKEN").ok());
            let token =
                token.ok_or_else(|| Failure::Usage("--token is missing (or SWITCHROOM_TOKEN)".into()))?;
            if !url.starts_with("http://") && !url.starts_with("https://") {
                return Err(Failure::Usage("--server must begin with https:// or http://".into()));
            }
            return Ok(PlaceArguments::Server { url: url.trim_end_matches('/').into(), token });
        }
        let path = args
            .take("config")
            .ok_or_else(|| Failure::Usage("say --server URL --token T, or --config FILE".into()))?;
        Ok(PlaceArguments::Files { config: path })
    }

    /// Goes there.
    pub fn open(self) -> Result<Place, Failure> {
        Ok(match self {
            PlaceArguments::Server { url, token } => Place::Server { url, token },
            PlaceArguments::Files { config } => {
                let config = Box::new(config::load(Path::new(&config))?);
                Place::Files { store: running::open_existing_store(&config)?.map(Box::new), config }
            }
        })
    }
}

impl Place {
    /// What would change.
    pub fn plan(&self, wanted: &Documents) -> Result<Vec<Step>, Failure> {
        match self {
            Place::Server { url, token } => {
                read_json(send(ureq::post(format!("{url}/api/v1/configuration/plan")), token, wanted)?)
            }
            Place::Files { store, .. } => {
                let known = match store {
                    Some(store) => tenant_of(store, wanted)?.map(|tenant| (store, tenant)),
                    None => None,
                };
                let now = match known {
                    Some((store, tenant)) => stored_documents(store, tenant)?.0,
                    None => Documents::new(),
                };
                Ok(plan::difference(&now, wanted))
            }
        }
    }

    /// Makes it so. A database that is not there yet is made.
    pub fn apply(self, wanted: &Documents) -> Result<Vec<Step>, Failure> {
        match self {
            Place::Server { url, token } => {
                read_json(send(ureq::put(format!("{url}/api/v1/configuration")), &token, wanted)?)
            }
            Place::Files { store, config } => {
                let store = match store {
                    Some(store) => store,
                    None => Box::new(running::open_store(&config)?),
                };
                let store = &*store;
                let name = running::tenant_name(wanted).unwrap_or_default();
                let tenant = store.tenant(&name, crate::clock::wall_ms()).map_err(|e| e.to_string())?;
                Ok(running::store_documents(store, tenant, "command line", wanted)?)
            }
        }
    }

    /// All objects of a tenant.
    pub fn export(&self, tenant: Option<&str>) -> Result<Vec<Value>, Failure> {
        match self {
            Place::Server { url, token } => {
                let request = ureq::get(format!("{url}/api/v1/configuration"));
                read_json(answer(
                    request
                        .header("Authorization", format!("Bearer {token}"))
                        .config()
                        .http_status_as_error(false)
                        .build()
                        .call(),
                )?)
            }
            Place::Files { store, .. } => {
                let store = store.as_ref().ok_or_else(|| "there is no database yet".to_string())?;
                let id = tenant_named(store, tenant)?;
                Ok(stored_documents(store, id)?.0.into_values().map(|d: Document| d.body).collect())
            }
        }
    }
}

/// The tenant that `--tenant` names in a database.
///
/// # Errors
/// Wrong use without a name; not in order where there is no such tenant.
pub fn tenant_named(store: &Store, name: Option<&str>) -> Result<TenantId, Failure> {
    let name = name.ok_or_else(|| Failure::Usage("--tenant is missing".into()))?;
    let tenants = store.tenants().map_err(|e| e.to_string())?;
    let found = tenants.iter().find(|(_, n)| n == name).map(|(id, _)| *id);
    found.ok_or_else(|| Failure::NotInOrder(format!("there is no tenant {name:?} in this database")))
}

fn tenant_of(store: &Store, wanted: &Documents) -> Result<Option<TenantId>, Failure> {
    let name = running::tenant_name(wanted).unwrap_or_default();
    let tenants = store.tenants().map_err(|e| e.to_string())?;
    Ok(tenants.into_iter().find(|(_, n)| *n == name).map(|(id, _)| id))
}

type Response = ureq::http::Response<ureq::Body>;

fn send(
    request: ureq::RequestBuilder<ureq::typestate::WithBody>,
    token: &str,
    wanted: &Documents,
) -> Result<Response, Failure> {
    let values: Vec<&Value> = wanted.values().map(|d| &d.body).collect();
    let request = request.header("Authorization", format!("Bearer {token}"));
    answer(request.config().http_status_as_error(false).build().send_json(values))
}

fn answer(result: Result<Response, ureq::Error>) -> Result<Response, Failure> {
    let mut response = result.map_err(|e| format!("the server cannot be reached: {e}"))?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let body: Value = response.body_mut().read_json().unwrap_or_default();
    let mut lines = vec![format!(
        "the server refused ({}): {}",
        status.as_u16(),
        body["detail"].as_str().unwrap_or_default()
    )];
    lines.extend(
        body["problems"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_string),
    );
    Err(lines.into())
}

fn read_json<T: serde::de::DeserializeOwned>(mut response: Response) -> Result<T, Failure> {
    let limited = response.body_mut().with_config().limit(64 * 1024 * 1024);
    limited.read_json().map_err(|e| Failure::NotInOrder(format!("the server's answer cannot be read: {e}")))
}

/// Reads and checks the files of a tenant.
pub fn wanted(dir: &Path) -> Result<Documents, Failure> {
    read_folder(dir).map_err(|p| p.iter().map(ToString::to_string).collect::<Vec<_>>().into())
}

/// What a server answers to a question.
///
/// # Errors
/// What the server said, or that it is not there.
pub fn get(url: &str, token: &str) -> Result<Value, Failure> {
    let request = ureq::get(url).header("Authorization", format!("Bearer {token}"));
    read_json(answer(request.config().http_status_as_error(false).build().call())?)
}

/// What a server answers to a question about something that may not be there: nothing then.
///
/// # Errors
/// What the server said, or that it is not there itself.
pub fn get_there(url: &str, token: &str) -> Result<Option<Value>, Failure> {
    let request = ureq::get(url).header("Authorization", format!("Bearer {token}"));
    match request.config().http_status_as_error(false).build().call() {
        Ok(response) if response.status() == ureq::http::StatusCode::NOT_FOUND => Ok(None),
        result => read_json(answer(result)?).map(Some),
    }
}

/// What a server answers to a request that needs no body.
///
/// # Errors
/// What the server said, or that it is not there.
pub fn post(url: &str, token: &str) -> Result<Value, Failure> {
    let request = ureq::post(url).header("Authorization", format!("Bearer {token}"));
    read_json(answer(request.config().http_status_as_error(false).build().send_empty())?)
}

/// What a server answers to a request with a body of JSON.
///
/// # Errors
/// What the server said, or that it is not there.
pub fn post_json(url: &str, token: &str, body: &Value) -> Result<Value, Failure> {
    let request = ureq::post(url).header("Authorization", format!("Bearer {token}"));
    read_json(answer(request.config().http_status_as_error(false).build().send_json(body))?)
}

/// What a server answers to a change with a body of JSON.
///
/// # Errors
/// What the server said, or that it is not there.
pub fn patch_json(url: &str, token: &str, body: &Value) -> Result<Value, Failure> {
    let request = ureq::patch(url).header("Authorization", format!("Bearer {token}"));
    read_json(answer(request.config().http_status_as_error(false).build().send_json(body))?)
}

/// Has a server delete something.
///
/// # Errors
/// What the server said, or that it is not there.
pub fn delete(url: &str, token: &str) -> Result<(), Failure> {
    let request = ureq::delete(url).header("Authorization", format!("Bearer {token}"));
    answer(request.config().http_status_as_error(false).build().call()).map(|_| ())
}

/// The steps as text, a line each.
pub fn list(steps: &[Step]) -> String {
    steps.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
