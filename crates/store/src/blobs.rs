//! Blobs: recordings and prompts, by name. A folder today; the shape is that of any object store that can append.

use crate::error::StoreError;
use crate::store::file_path;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Where blobs are.
#[derive(Clone, Debug)]
pub struct Blobs {
    folder: PathBuf,
}

/// A blob being written.
pub struct BlobWriter {
    file: File,
    name: String,
}

/// A blob being read, at any place.
pub struct BlobReader {
    file: File,
    name: String,
    len: u64,
}

impl Blobs {
    pub(crate) fn open(url: &str) -> Result<Blobs, StoreError> {
        let folder = file_path(url, "blobs.url")?;
        std::fs::create_dir_all(&folder).map_err(|e| StoreError::File(folder.display().to_string(), e))?;
        Ok(Blobs { folder })
    }

    fn path(&self, name: &str) -> Result<PathBuf, StoreError> {
        // Names are ours, but a name never leaves the folder, whoever made it.
        let inside = Path::new(name).components().all(|c| matches!(c, std::path::Component::Normal(_)));
        if name.is_empty() || !inside {
            return Err(StoreError::Refused("a blob's name must stay inside its folder".into()));
        }
        Ok(self.folder.join(name))
    }

    /// Begins a new blob.
    ///
    /// # Errors
    /// When it is there already or the disk refuses.
    pub fn create(&self, name: &str) -> Result<BlobWriter, StoreError> {
        let path = self.path(name)?;
        let io = |e| StoreError::File(path.display().to_string(), e);
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).map_err(io)?;
        }
        let file = File::options().write(true).create_new(true).open(&path).map_err(io)?;
        Ok(BlobWriter { file, name: path.display().to_string() })
    }

    /// Removes a blob, if it is there.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn discard(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path(name)?;
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::File(path.display().to_string(), e))
            }
            _ => Ok(()),
        }
    }

    /// Opens a blob.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not there.
    pub fn read(&self, name: &str) -> Result<BlobReader, StoreError> {
        let path = self.path(name)?;
        let file = File::open(&path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => StoreError::NotFound("this blob".into()),
            _ => StoreError::File(path.display().to_string(), e),
        })?;
        let len = file.metadata().map_err(|e| StoreError::File(path.display().to_string(), e))?.len();
        Ok(BlobReader { file, name: path.display().to_string(), len })
    }

    /// Removes a blob; one that is not there is gone already.
    ///
    /// # Errors
    /// What the disk said.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path(name)?;
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::File(path.display().to_string(), e))
            }
            _ => Ok(()),
        }
    }
}

impl Blobs {
    /// Removes a folder with all that is in it; one that is not there is gone already.
    ///
    /// # Errors
    /// What the disk said.
    pub(crate) fn remove_folder(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path(name)?;
        match std::fs::remove_dir_all(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::File(path.display().to_string(), e))
            }
            _ => Ok(()),
        }
    }
}

impl BlobWriter {
    /// Adds bytes. They survive the death of the process once this returns.
    ///
    /// # Errors
    /// [`StoreError::Full`], or what the disk said.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.write_all(bytes).map_err(|e| match e.kind() {
            std::io::ErrorKind::StorageFull => StoreError::Full,
            _ => StoreError::File(self.name.clone(), e),
        })
    }
}

impl BlobReader {
    /// Length in bytes when it was opened.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Fills `out` from `offset` on.
    ///
    /// # Errors
    /// When there is less.
    pub fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), StoreError> {
        self.file.read_exact_at(out, offset).map_err(|e| StoreError::File(self.name.clone(), e))
    }
}
