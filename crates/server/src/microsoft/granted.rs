//! Which permissions the app that works without a person was granted in each directory, as its newest token says.

use crate::microsoft::background::Background;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Directories that are remembered.
const MOST: usize = 1_000;

/// What was granted, by directory.
#[derive(Default)]
pub struct Granted {
    background: Option<Arc<Background>>,
    seen: Mutex<BTreeMap<String, Vec<String>>>,
}

impl Granted {
    /// To this app; nothing where none is configured.
    pub fn new(background: Option<Arc<Background>>) -> Granted {
        Granted { background, ..Granted::default() }
    }

    /// What was granted when it was last seen.
    pub fn of(&self, directory: &str) -> Option<Vec<String>> {
        self.seen.lock().unwrap_or_else(|e| e.into_inner()).get(directory).cloned()
    }

    /// Asks for a new token and looks into it; it waits for Entra ID. Nothing when none is given.
    pub fn ask(&self, directory: &str) -> Option<Vec<String>> {
        let background = self.background.as_ref()?;
        background.forget_token(directory);
        let granted = background.granted(directory).ok()?;
        let mut seen = self.seen.lock().unwrap_or_else(|e| e.into_inner());
        if seen.len() >= MOST && !seen.contains_key(directory) {
            seen.clear();
        }
        seen.insert(directory.into(), granted.clone());
        Some(granted)
    }
}
