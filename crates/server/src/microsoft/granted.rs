//! What our apps may do in each directory without anybody signing in: which permissions they were granted, and a picture
//! of somebody for whoever looks.

use crate::microsoft::background::{Background, NotDone};
use crate::microsoft::delegated::{Asked, Delegated};
use crate::microsoft::directory_io::Directories;
use crate::microsoft::graph_io::ask_once;
use std::sync::Arc;
use store::{Store, TenantId};
use teams::graph::{GraphError, Photo, PhotoSize, photo, read_photo};
use teams::permissions::{Feature, Features, Operation, Registration};

/// The apps.
#[derive(Default)]
pub struct Granted {
    background: Option<Arc<Background>>,
    delegated: Option<Arc<Delegated>>,
}

impl Granted {
    /// To these apps; nothing where none is configured.
    pub fn new(background: Option<Arc<Background>>, delegated: Option<Arc<Delegated>>) -> Granted {
        Granted { background, delegated }
    }

    /// What was granted to the app that works without a person when it was last seen.
    pub fn of(&self, directory: &str) -> Option<Vec<String>> {
        self.background.as_ref()?.allowed(directory)
    }

    /// Asks for a new token and looks into it; it waits for Entra ID. Nothing when none is given.
    pub fn ask(&self, directory: &str) -> Option<Vec<String>> {
        let background = self.background.as_ref()?;
        background.forget_token(directory);
        background.granted(directory).ok()
    }

    /// The picture of somebody of a tenant's directory; nothing where Microsoft has none. It is kept nowhere. It waits for
    /// Microsoft.
    ///
    /// # Errors
    /// [`NotDone`]
    pub fn photo(
        &self,
        (store, directories): (&Store, &Directories),
        (tenant, directory): (TenantId, &str),
        features: &Features,
        who: &str,
    ) -> Result<Option<Photo>, NotDone> {
        let Some(row) = features.row_for(Feature::DirectorySync, Operation::Photo) else { return Ok(None) };
        let one = |graph| photo(graph, who, PhotoSize::Px96).ok_or(NotDone::Graph(GraphError::NotFound));
        let reply = match (row.registration, &self.background, &self.delegated) {
            (Registration::Background, Some(app), _) => ask_once(&app.of(directory), &one(app.graph())?),
            (Registration::Directory, _, Some(app)) => {
                let asked = Asked { tenant, directory, features };
                ask_once(&app.of((store, directories), asked), &one(app.graph())?)
            }
            _ => return Ok(None),
        };
        match reply {
            // What is no picture is none to be shown.
            Ok(reply) => Ok(read_photo(&reply)),
            Err(NotDone::Graph(GraphError::NotFound)) => Ok(None),
            Err(why) => Err(why),
        }
    }
}
