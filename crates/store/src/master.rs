//! The master key behind one door: a file, or a key service that never gives the key out.
//!
//! Whoever seals with a master key holds a [`MasterKey`] and cannot tell which it is. Whoever makes or changes one holds a
//! [`KeyPlace`]. The address in the configuration chooses, once, in [`place_of`].

use crate::copies::{overwrite, sync_folder};
use crate::error::StoreError;
use crate::keys::{DataKey, check_rights};
use crate::pkcs11::TokenPlace;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Wraps the keys of tenants and the installation's own.
pub(crate) trait MasterKey: Send + Sync {
    /// Seals bytes that belong to `place`: a random nonce of 96 bits, what was sealed with AES-256-GCM, and its tag.
    ///
    /// # Errors
    /// When there is no chance to draw from, or a key service does not answer.
    fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError>;

    /// Opens what was sealed for the same place.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when it was sealed with another key or for another place, or was changed; another one
    /// when a key service does not answer.
    fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError>;
}

/// A master key as it is held.
pub(crate) type Master = Arc<dyn MasterKey>;

impl MasterKey for DataKey {
    fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        DataKey::seal(self, place, plain)
    }

    fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        DataKey::open(self, place, sealed)
    }
}

/// Which of the two keys that can stand in a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Which {
    /// The one in force.
    Current,
    /// The one that is to be in force.
    Next,
}

/// Where a master key is kept.
pub(crate) trait KeyPlace: Send + Sync {
    /// The place in words, for sentences.
    fn name(&self) -> String;

    /// Whether this key is there.
    fn has(&self, which: Which) -> Result<bool, StoreError>;

    /// Makes this key from good chance. There must be none yet.
    fn make(&self, which: Which) -> Result<(), StoreError>;

    /// The key, to seal with.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not there.
    fn key(&self, which: Which) -> Result<Master, StoreError>;

    /// The next one takes the place of the current one, which is destroyed. Can be called again when it was interrupted.
    fn change_places(&self) -> Result<(), StoreError>;

    /// Destroys the current key.
    fn destroy(&self) -> Result<(), StoreError>;

    /// Removes what an interrupted change left behind, while no next key is there.
    fn tidy(&self) -> Result<(), StoreError>;

    /// When the current key was made, in milliseconds since 1970, where the place knows.
    fn made(&self) -> Option<u64>;

    /// Whether looking for the next key costs nothing: then that key alone is a request to take it up.
    fn is_cheap(&self) -> bool;
}

/// The place that `keys.url` names: `file:PATH`, or a PKCS #11 address (RFC 7512).
///
/// # Errors
/// [`StoreError::Address`] with a sentence.
pub(crate) fn place_of(url: &str) -> Result<Arc<dyn KeyPlace>, StoreError> {
    if let Some(path) = url.strip_prefix("file:").filter(|path| !path.is_empty()) {
        return Ok(Arc::new(FilePlace { path: PathBuf::from(path) }));
    }
    match url.starts_with("pkcs11:") {
        true => Ok(Arc::new(TokenPlace::parse(url)?)),
        false => Err(StoreError::Address(
            "keys.url: use file:PATH, or pkcs11:token=NAME;object=NAME?module-path=PATH&pin-source=file:PATH"
                .into(),
        )),
    }
}

/// Whether `keys.url` can be used; nothing is opened.
///
/// # Errors
/// A sentence.
pub fn check_key_address(url: &str) -> Result<(), String> {
    place_of(url).map(|_| ()).map_err(|e| e.to_string())
}

/// A file of 64 hexadecimal digits that only its owner can read; the next key lies beside it.
struct FilePlace {
    path: PathBuf,
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> StoreError {
    let name = path.display().to_string();
    move |e| StoreError::File(name.clone(), e)
}

impl FilePlace {
    fn beside(&self, end: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    }

    fn path(&self, which: Which) -> PathBuf {
        match which {
            Which::Current => self.path.clone(),
            Which::Next => self.beside(".next"),
        }
    }
}

impl KeyPlace for FilePlace {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn has(&self, which: Which) -> Result<bool, StoreError> {
        Ok(self.path(which).exists())
    }

    fn make(&self, which: Which) -> Result<(), StoreError> {
        let (path, part) = (self.path(which), self.beside(".part"));
        let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder).map_err(failed(folder))?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&part).map_err(failed(&part))?;
        let text = DataKey::random()?.as_hex();
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed(&part))?;
        std::fs::rename(&part, &path).map_err(failed(&path))?;
        folder.map_or(Ok(()), sync_folder)
    }

    fn key(&self, which: Which) -> Result<Master, StoreError> {
        let path = self.path(which);
        let name = path.display().to_string();
        let text = match std::fs::read_to_string(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(StoreError::NotFound(format!("the master key {name} is missing")));
            }
            text => text.map_err(failed(&path))?,
        };
        check_rights(&path)?;
        let key = DataKey::from_hex(text.trim()).ok_or_else(|| {
            StoreError::Refused(format!("{name} is no master key: it must hold 64 hexadecimal digits"))
        })?;
        Ok(Arc::new(key))
    }

    fn change_places(&self) -> Result<(), StoreError> {
        let (old, next) = (self.beside(".old"), self.path(Which::Next));
        if next.exists() {
            if self.path.exists() {
                std::fs::rename(&self.path, &old).map_err(failed(&old))?;
            }
            std::fs::rename(&next, &self.path).map_err(failed(&self.path))?;
            if let Some(folder) = self.path.parent().filter(|f| !f.as_os_str().is_empty()) {
                sync_folder(folder)?;
            }
        }
        overwrite(&old)
    }

    fn destroy(&self) -> Result<(), StoreError> {
        overwrite(&self.path(Which::Next))?;
        overwrite(&self.path)
    }

    fn tidy(&self) -> Result<(), StoreError> {
        match self.path.exists() && !self.path(Which::Next).exists() {
            true => overwrite(&self.beside(".old")),
            false => Ok(()),
        }
    }

    fn made(&self) -> Option<u64> {
        let at = std::fs::metadata(&self.path).ok()?.modified().ok()?;
        u64::try_from(at.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis()).ok()
    }

    fn is_cheap(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_master_key_is_made_once_and_guarded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys/master.key");
        let place = place_of(&format!("file:{}", path.display())).unwrap();
        assert!(matches!(place.key(Which::Current), Err(StoreError::NotFound(_))));
        place.make(Which::Current).unwrap();
        let sealed = place.key(Which::Current).unwrap().seal("here", b"value").unwrap();
        assert_eq!(place.key(Which::Current).unwrap().open("here", &sealed).unwrap(), b"value");
        place.make(Which::Next).unwrap();
        assert!(place.key(Which::Next).unwrap().open("here", &sealed).is_err());
        place.change_places().unwrap();
        place.change_places().unwrap();
        assert!(place.key(Which::Current).unwrap().open("here", &sealed).is_err());
        assert!(!place.has(Which::Next).unwrap());
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let refused = place.key(Which::Current).err().unwrap();
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
    }
}
