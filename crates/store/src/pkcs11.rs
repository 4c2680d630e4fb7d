//! A master key in a token behind PKCS #11 (OASIS, version 2.40): a hardware security module, a smart card, or SoftHSM.
//!
//! The key is an AES key of 256 bits that never leaves the token; the token seals and opens with it (`CKM_AES_GCM`). Each
//! operation has a session of its own: they are rare, for keys of tenants are kept in memory once they are open, and a
//! token that was away meanwhile is simply asked again.
//!
//! Tokens lock after a few wrong PINs. So a PIN that was refused is not sent a second time by this process.

use crate::error::StoreError;
use crate::keys::check_rights;
use crate::manifest::sha256;
use crate::master::{KeyPlace, Master, MasterKey, Which};
use aws_lc_rs::rand;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

/// Length of the nonce in front of what was sealed, in bytes: the same form as that of a key in a file.
const NONCE: usize = 12;
/// Length of the tag behind it, in bits.
const TAG_BITS: u64 = 128;
/// Length of a key, in bytes.
const KEY: u64 = 32;
/// The most modules that one process loads, and the most refused PINs that it remembers.
const MOST: usize = 8;
/// The most tokens that are named when the one that is looked for is not there.
const MOST_NAMED: usize = 5;

/// Modules that are loaded: each may be begun with once in a process.
static MODULES: Mutex<Vec<(PathBuf, Pkcs11)>> = Mutex::new(Vec::new());
/// PINs that a token refused, as digests with the token's name.
static REFUSED: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

fn locked<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(|e| e.into_inner())
}

/// Where the PIN comes from. It never stands in the address itself.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PinSource {
    File(PathBuf),
    Environment(String),
}

/// A key in a token, by its address (RFC 7512).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenPlace {
    /// The library that leads to the token.
    module: PathBuf,
    /// The token's label.
    token: String,
    /// The key's label.
    object: String,
    pin: PinSource,
}

fn wrong(what: &str) -> StoreError {
    StoreError::Address(format!("keys.url: {what}"))
}

/// Undoes percent-encoding (RFC 3986 section 2.1).
fn decoded(text: &str) -> Result<String, StoreError> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |b: Option<u8>| char::from(b.unwrap_or(b' ')).to_digit(16);
        match (digit(bytes.next()), digit(bytes.next())) {
            (Some(high), Some(low)) => out.push((high * 16 + low) as u8),
            _ => return Err(wrong("behind % stand two hexadecimal digits")),
        }
    }
    String::from_utf8(out).map_err(|_| wrong("it is no UTF-8"))
}

impl TokenPlace {
    /// Reads `pkcs11:token=NAME;object=NAME?module-path=PATH&pin-source=file:PATH` (or `pin-source=env:NAME`).
    ///
    /// # Errors
    /// [`StoreError::Address`] with a sentence.
    pub(crate) fn parse(url: &str) -> Result<TokenPlace, StoreError> {
        let rest = url.strip_prefix("pkcs11:").ok_or_else(|| wrong("pkcs11: is missing"))?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (mut token, mut object, mut module, mut pin) = (None, None, None, None);
        for part in path.split(';').chain(query.split('&')).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = decoded(value)?;
            let slot = match name {
                "token" => &mut token,
                "object" => &mut object,
                "module-path" => &mut module,
                "pin-source" => &mut pin,
                "type" if value == "secret-key" => continue,
                "pin-value" => {
                    return Err(wrong("a PIN does not belong into an address: use pin-source=file:PATH"));
                }
                _ => {
                    return Err(wrong(&format!(
                        "{name} is not understood: use token, object, module-path and pin-source"
                    )));
                }
            };
            if value.is_empty() || slot.replace(value).is_some() {
                return Err(wrong(&format!("{name} stands there once, with a value")));
            }
        }
        let needed = |value: Option<String>, name: &str| {
            value.ok_or_else(|| {
                wrong(&format!(
                    "{name} is missing: pkcs11:token=NAME;object=NAME?module-path=PATH&pin-source=file:PATH"
                ))
            })
        };
        let (token, object) = (needed(token, "token")?, needed(object, "object")?);
        let (module, pin) = (needed(module, "module-path")?, needed(pin, "pin-source")?);
        let pin = match pin.split_once(':') {
            Some(("file", path)) if !path.is_empty() => PinSource::File(path.into()),
            Some(("env", name)) if !name.is_empty() => PinSource::Environment(name.into()),
            _ => return Err(wrong("pin-source is file:PATH or env:NAME")),
        };
        Ok(TokenPlace { module: module.into(), token, object, pin })
    }

    fn label(&self, which: Which) -> String {
        match which {
            Which::Current => self.object.clone(),
            Which::Next => format!("{}.next", self.object),
        }
    }

    fn pin_source(&self) -> String {
        match &self.pin {
            PinSource::File(path) => path.display().to_string(),
            PinSource::Environment(name) => format!("the environment variable {name}"),
        }
    }

    fn read_pin(&self) -> Result<String, StoreError> {
        let text = match &self.pin {
            PinSource::File(path) => {
                let missing = |e: std::io::Error| {
                    StoreError::Refused(format!(
                        "the PIN of the token {} cannot be read from {}: {e}",
                        self.token,
                        path.display()
                    ))
                };
                let text = std::fs::read_to_string(path).map_err(missing)?;
                check_rights(path)?;
                text
            }
            PinSource::Environment(name) => std::env::var(name).map_err(|_| {
                StoreError::Refused(format!(
                    "the environment variable {name} with the PIN of the token {} is not set",
                    self.token
                ))
            })?,
        };
        Ok(text.trim_end_matches(['\r', '\n']).to_string())
    }

    /// What went wrong, as a sentence that says what to do.
    fn said(&self, e: &Error) -> StoreError {
        let token = &self.token;
        let why = match e {
            Error::Pkcs11(RvError::PinLocked, _) => format!(
                "the token {token} is locked after too many wrong PINs: its security officer has to set a new PIN"
            ),
            Error::Pkcs11(RvError::PinExpired, _) => {
                format!("the PIN of the token {token} has expired: set a new one with the token's own tool")
            }
            Error::Pkcs11(RvError::UserPinNotInitialized, _) => {
                format!("the token {token} has no user PIN yet: its security officer has to set one")
            }
            Error::Pkcs11(
                RvError::TokenNotPresent
                | RvError::DeviceRemoved
                | RvError::DeviceError
                | RvError::SessionHandleInvalid,
                _,
            ) => format!("the token {token} does not answer: is it connected and switched on?"),
            Error::Pkcs11(RvError::MechanismInvalid | RvError::MechanismParamInvalid, _) => {
                format!(
                    "the token {token} does not seal with AES-GCM (CKM_AES_GCM): it cannot hold a master key"
                )
            }
            Error::Pkcs11(code, function) => format!("the token {token} refused {function}: {code:?}"),
            other => format!("the token {token}: {other}"),
        };
        StoreError::Refused(why)
    }

    fn context(&self) -> Result<Pkcs11, StoreError> {
        let mut modules = locked(&MODULES);
        if let Some((_, known)) = modules.iter().find(|(path, _)| *path == self.module) {
            return Ok(known.clone());
        }
        let module = self.module.display();
        let refused = |e: Error| {
            StoreError::Refused(format!(
                "the PKCS #11 module {module} cannot be used: {}",
                match e {
                    Error::LibraryLoading(e) => e.to_string(),
                    e => e.to_string(),
                }
            ))
        };
        if modules.len() >= MOST {
            return Err(StoreError::Refused("too many PKCS #11 modules are in use".into()));
        }
        let context = Pkcs11::new(&self.module).map_err(refused)?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(e) => return Err(refused(e)),
        }
        modules.push((self.module.clone(), context.clone()));
        Ok(context)
    }

    fn slot(&self, context: &Pkcs11) -> Result<Slot, StoreError> {
        let mut others = Vec::new();
        for slot in context.get_slots_with_initialized_token().map_err(|e| self.said(&e))? {
            let info = context.get_token_info(slot).map_err(|e| self.said(&e))?;
            match info.label().trim_end() == self.token {
                true => return Ok(slot),
                false => others.push(info.label().trim_end().to_string()),
            }
        }
        others.truncate(MOST_NAMED);
        Err(StoreError::Refused(format!(
            "there is no token {} behind {}: {}",
            self.token,
            self.module.display(),
            match others.is_empty() {
                true => "it has none; is the device connected?".into(),
                false => format!("it has {}", others.join(", ")),
            }
        )))
    }

    /// A session in which the user is signed in.
    fn session(&self, writes: bool) -> Result<Session, StoreError> {
        let context = self.context()?;
        let slot = self.slot(&context)?;
        let session = match writes {
            true => context.open_rw_session(slot),
            false => context.open_ro_session(slot),
        };
        let session = session.map_err(|e| self.said(&e))?;
        let pin = self.read_pin()?;
        let digest = sha256(format!("{}\0{}\0{pin}", self.module.display(), self.token).as_bytes());
        let refused = || {
            StoreError::Refused(format!(
                "the token {} refuses the PIN from {}: put the right one there; this one is not tried again, for tokens lock \
                 after a few wrong ones",
                self.token,
                self.pin_source()
            ))
        };
        if locked(&REFUSED).contains(&digest) {
            return Err(refused());
        }
        match session.login(UserType::User, Some(&AuthPin::from(pin))) {
            // Another thread of this process has it open just now.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _)) => {
                let mut all = locked(&REFUSED);
                if all.len() >= MOST {
                    all.remove(0);
                }
                all.push(digest);
                Err(refused())
            }
            Err(e) => Err(self.said(&e)),
        }
    }

    fn find(&self, session: &Session, which: Which) -> Result<Option<ObjectHandle>, StoreError> {
        let label = self.label(which);
        let wanted =
            [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Label(label.clone().into_bytes())];
        let found = session.find_objects(&wanted).map_err(|e| self.said(&e))?;
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            several => Err(StoreError::Refused(format!(
                "the token {} holds {} keys named {label}: only one may have this name",
                self.token,
                several.len()
            ))),
        }
    }

    fn there(&self, session: &Session, which: Which) -> Result<ObjectHandle, StoreError> {
        self.find(session, which)?.ok_or_else(|| {
            StoreError::NotFound(format!(
                "the master key is missing: the token {} holds no key named {}",
                self.token,
                self.label(which)
            ))
        })
    }
}

impl KeyPlace for TokenPlace {
    fn name(&self) -> String {
        format!("the key {} in the token {}", self.object, self.token)
    }

    fn has(&self, which: Which) -> Result<bool, StoreError> {
        Ok(self.find(&self.session(false)?, which)?.is_some())
    }

    fn make(&self, which: Which) -> Result<(), StoreError> {
        let mut id = [0; 16];
        rand::fill(&mut id)
            .map_err(|_| StoreError::Refused("the operating system gave no random bytes".into()))?;
        let template = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Modifiable(true),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::ValueLen(KEY.into()),
            Attribute::Id(id.to_vec()),
            Attribute::Label(self.label(which).into_bytes()),
        ];
        let made = self.session(true)?.generate_key(&Mechanism::AesKeyGen, &template);
        made.map(|_| ()).map_err(|e| self.said(&e))
    }

    fn key(&self, which: Which) -> Result<Master, StoreError> {
        self.there(&self.session(false)?, which)?;
        Ok(Arc::new(TokenKey { place: self.clone(), which }))
    }

    fn change_places(&self) -> Result<(), StoreError> {
        let session = self.session(true)?;
        let Some(next) = self.find(&session, Which::Next)? else { return Ok(()) };
        let said = |e: Error| self.said(&e);
        if let Some(old) = self.find(&session, Which::Current)? {
            session.destroy_object(old).map_err(said)?;
        }
        let label = Attribute::Label(self.label(Which::Current).into_bytes());
        session.update_attributes(next, &[label]).map_err(said)
    }

    fn destroy(&self) -> Result<(), StoreError> {
        let session = self.session(true)?;
        for which in [Which::Next, Which::Current] {
            if let Some(key) = self.find(&session, which)? {
                session.destroy_object(key).map_err(|e| self.said(&e))?;
            }
        }
        Ok(())
    }

    fn tidy(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn made(&self) -> Option<u64> {
        None
    }

    fn is_cheap(&self) -> bool {
        false
    }
}

/// A key in a token, found by its name each time.
struct TokenKey {
    place: TokenPlace,
    which: Which,
}

impl MasterKey for TokenKey {
    fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE];
        rand::fill(&mut nonce)
            .map_err(|_| StoreError::Refused("the operating system gave no random bytes".into()))?;
        let mut out = nonce.to_vec();
        let session = self.place.session(false)?;
        let key = self.place.there(&session, self.which)?;
        let said = |e: Error| self.place.said(&e);
        let how = GcmParams::new(&mut nonce, place.as_bytes(), TAG_BITS.into()).map_err(said)?;
        out.extend(session.encrypt(&Mechanism::AesGcm(how), key, plain).map_err(said)?);
        Ok(out)
    }

    fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let unreadable = || StoreError::Unreadable(place.into());
        let (nonce, body) = sealed.split_at_checked(NONCE).ok_or_else(unreadable)?;
        let mut nonce = <[u8; NONCE]>::try_from(nonce).map_err(|_| unreadable())?;
        let session = self.place.session(false)?;
        let key = self.place.there(&session, self.which)?;
        let said = |e: Error| self.place.said(&e);
        let how = GcmParams::new(&mut nonce, place.as_bytes(), TAG_BITS.into()).map_err(said)?;
        match session.decrypt(&Mechanism::AesGcm(how), key, body) {
            Ok(plain) => Ok(plain),
            // What tokens say when the tag is not right: the standard names the first two, SoftHSM says the third.
            Err(Error::Pkcs11(
                RvError::EncryptedDataInvalid
                | RvError::EncryptedDataLenRange
                | RvError::GeneralError
                | RvError::FunctionFailed,
                _,
            )) => Err(unreadable()),
            Err(e) => Err(said(e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn an_address_is_read_or_refused_with_what_is_wrong() {
        let whole =
            "pkcs11:token=my%20token;object=master?module-path=/usr/lib/m.so&pin-source=file:/run/pin";
        let read = TokenPlace::parse(whole).unwrap();
        assert_eq!((read.token.as_str(), read.object.as_str()), ("my token", "master"));
        assert_eq!(
            (read.module.as_path(), &read.pin),
            (Path::new("/usr/lib/m.so"), &PinSource::File("/run/pin".into()))
        );
        let read = TokenPlace::parse(&whole.replace("file:/run/pin", "env:PIN")).unwrap();
        assert_eq!(read.pin, PinSource::Environment("PIN".into()));
        for (from, to, says) in [
            ("token=my%20token;", "", "token is missing"),
            ("object=master", "object=", "object stands there once"),
            ("object=master", "object=master;object=other", "object stands there once"),
            ("pin-source=file:/run/pin", "pin-value=1234", "does not belong into an address"),
            ("pin-source=file:/run/pin", "pin-source=|cat", "file:PATH or env:NAME"),
            ("my%20token", "my%2", "two hexadecimal digits"),
            ("object=master", "object=master;slot-id=1", "slot-id is not understood"),
            ("?module-path=/usr/lib/m.so&", "?", "module-path is missing"),
        ] {
            let refused = TokenPlace::parse(&whole.replace(from, to)).unwrap_err().to_string();
            assert!(refused.contains(says), "{to}: {refused}");
        }
    }
}
