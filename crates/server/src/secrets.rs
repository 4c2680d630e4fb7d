//! Secrets of tenants' configurations: files in one folder, named without a path, so that documents hold no secret.
//!
//! They are read when they are needed, so a file that is exchanged holds from the next request on.

use crate::tenant::formats::SECRET_ENV;
use crate::tenant::outside::HeaderValue;
use crate::tenant::trunk::PasswordPlace;
use redact::Secret;
use std::io::Read;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The largest secret, in bytes.
const LARGEST: u64 = 8 * 1024;

/// The folder of secrets.
#[derive(Clone, Debug)]
pub struct Secrets {
    folder: PathBuf,
}

impl Secrets {
    /// In this folder, which may not be there yet.
    pub fn new(folder: impl Into<PathBuf>) -> Secrets {
        Secrets { folder: folder.into() }
    }

    /// The content of a file without the end of its line.
    ///
    /// # Errors
    /// A sentence without the secret.
    pub fn read(&self, name: &str) -> Result<Secret<String>, String> {
        // The configuration's check says so too; a name never leaves the folder, whoever made it.
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
            return Err("a secret's file is named without a path".into());
        }
        let file =
            std::fs::File::open(self.folder.join(name)).map_err(|e| format!("secret {name:?}: {e}"))?;
        let mut text = Zeroizing::new(String::new());
        file.take(LARGEST + 1).read_to_string(&mut text).map_err(|e| format!("secret {name:?}: {e}"))?;
        let secret = text.trim_end_matches(['\r', '\n']);
        if secret.is_empty() || secret.len() as u64 > LARGEST || secret.bytes().any(|b| b.is_ascii_control())
        {
            return Err(format!("secret {name:?} is empty, too large, or more than one line"));
        }
        Ok(Secret::new(secret.to_string()))
    }

    /// A password, from where it stands.
    ///
    /// # Errors
    /// A sentence without the secret.
    pub fn password(&self, place: &PasswordPlace) -> Result<Secret<String>, String> {
        match place {
            PasswordPlace::File(name) => self.read(name),
            PasswordPlace::Env(name) => {
                // The configuration's check says so too; no other variable is a tenant's to read.
                if !name.starts_with(SECRET_ENV) {
                    return Err(format!("a secret's variable begins with {SECRET_ENV}"));
                }
                let text = std::env::var(name).map(Zeroizing::new);
                let text =
                    text.map_err(|_| format!("secret {name}: there is no such variable of the environment"))?;
                if text.is_empty()
                    || text.len() as u64 > LARGEST
                    || text.bytes().any(|b| b.is_ascii_control())
                {
                    return Err(format!("secret {name} is empty, too large, or more than one line"));
                }
                Ok(Secret::new(text.to_string()))
            }
        }
    }

    /// Headers with what they say.
    ///
    /// # Errors
    /// As [`Secrets::read`].
    pub fn headers(&self, of: &[(String, HeaderValue)]) -> Result<Vec<(String, Secret<String>)>, String> {
        of.iter()
            .map(|(name, value)| {
                let value = match value {
                    HeaderValue::Plain(text) => Secret::new(text.clone()),
                    HeaderValue::SecretFile(file) => self.read(file)?,
                };
                Ok((name.clone(), value))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_line_in_a_file_of_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("in")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("outer", "o");
        write("in/key", "k 1\r\n");
        write("in/two", "a\nb");
        write("in/none", "\n");
        write("in/large", &"x".repeat(9_000));
        let secrets = Secrets::new(dir.path().join("in"));
        assert_eq!(secrets.read("key").unwrap().expose_secret(), "k 1");
        for name in ["../outer", "/etc/passwd", "", ".", "..", "two", "none", "large", "missing"] {
            assert!(secrets.read(name).is_err(), "{name}");
        }
        let password = |place| secrets.password(&place).map(|p| p.expose_secret().clone());
        assert_eq!(password(PasswordPlace::File("key".into())), Ok("k 1".into()));
        for name in ["PATH", "SWITCHROOM_SECRET_THAT_NOBODY_SET"] {
            assert!(password(PasswordPlace::Env(name.into())).is_err(), "{name}");
        }
    }
}
