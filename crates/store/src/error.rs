//! What can go wrong here, for two readers: the caller of the API gets the sentence, the log gets cause and place.

use core::fmt;

/// Something could not be stored or read.
#[derive(Debug)]
pub enum StoreError {
    /// The address in the configuration cannot be used.
    Address(String),
    /// Another process has the database open.
    InUse(String),
    /// The disk is full.
    Full,
    /// The database failed otherwise.
    Database(String),
    /// A file could not be read or written: which, and why.
    File(String, std::io::Error),
    /// What is stored cannot be read: damaged, or sealed with another key.
    Unreadable(String),
    /// What was asked for is not there.
    NotFound(String),
    /// What was asked for cannot be done.
    Refused(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Address(s) | StoreError::NotFound(s) | StoreError::Refused(s) => f.write_str(s),
            StoreError::InUse(file) => write!(
                f,
                "{file} is in use by another switchroom: stop that one, or use its API with --server URL --token T"
            ),
            StoreError::Full => {
                f.write_str("the disk is full: free some space; nothing that was accepted is lost")
            }
            StoreError::Database(s) => write!(f, "the database failed: {s}"),
            StoreError::File(name, e) => write!(f, "{name}: {e}"),
            StoreError::Unreadable(s) => {
                write!(f, "{s} cannot be read: it is damaged or sealed with another key")
            }
        }
    }
}

impl std::error::Error for StoreError {}
