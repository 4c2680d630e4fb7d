//! Calls through other telephone systems: who may sign in there, with what, and the thread that carries each call.

use super::drive::{Carrier, Hook, Line, carry};
use super::{Connector, Who, now};
use crate::running::Handle;
use crate::secrets::Secrets;
use crate::tenant::pbx::{PortalRule, PortalSignIn, System};
use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pbx::ari::{AriCall, Asterisk};
use pbx::commportal::{PortalCall, SignIn, SignedIn, SignedToken, token_text};
use pbx::esl::{EslCall, FreeSwitch};
use pbx::exchange::Call;
use pbx::{Correlation, Over, Progress};
use redact::Secret;
use std::sync::Arc;
use std::time::Duration;
use store::TenantId;

/// How long a signed hand-over is good, in milliseconds.
const TOKEN_MS: u64 = 60_000;

/// How often the switch is told that a call is over while it has no time to hear it, and the pause between.
const MOST_TOLD: usize = 600;
const BETWEEN_TOLD: Duration = Duration::from_millis(100);

/// A call to make there.
pub struct Asked {
    /// For whom.
    pub who: Who,
    /// Its name.
    pub correlation: Correlation,
    /// Id of the `Pbx`.
    pub pbx: String,
    /// What is known of the system.
    pub system: System,
    /// The person's own line there.
    pub line: Secret<String>,
    /// Whom to call.
    pub to: Secret<String>,
    /// The person's password, where that is how people sign in there.
    pub password: Option<Secret<String>>,
    /// The way to hang it up.
    pub hook: Arc<Hook>,
    /// What counts it as a call to the outside, if anything does.
    pub meter: Option<u64>,
}

/// Counts one call as one to the outside, until it is dropped.
struct Meter {
    handle: Handle,
    tenant: TenantId,
    number: u64,
    is_over: bool,
}

impl Meter {
    fn answered(&self) {
        let (tenant, meter) = (self.tenant, self.number);
        self.handle.ask_and_wait(move |switch, at| switch.elsewhere_answered(at, tenant, meter));
    }

    /// The call is over, and so it is for the engine when this returns. It waits.
    fn ended(mut self) {
        let (tenant, meter) = (self.tenant, self.number);
        let told = self.handle.ask_and_wait(move |switch, at| switch.elsewhere_ended(at, tenant, meter));
        self.is_over = told.is_some();
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let (handle, tenant, meter) = (self.handle.clone(), self.tenant, self.number);
        // Whoever drops it may not wait; what is not told would count until the next start.
        let tell = move || {
            for _ in 0..MOST_TOLD {
                if handle.ask_and_wait(move |switch, at| switch.elsewhere_ended(at, tenant, meter)).is_some()
                {
                    return;
                }
                std::thread::sleep(BETWEEN_TOLD);
            }
        };
        if let Err(why) = std::thread::Builder::new().name("call-ends".into()).spawn(tell) {
            tracing::warn!(event = "pbx_meter", %why, "a call that is over counts as running until the next start");
        }
    }
}

/// Why a call is not even tried.
#[derive(Debug)]
pub enum NotTried {
    /// People sign in there with their passwords, and none came.
    NoPassword,
    /// The system refused this person's sign-in lately: trying again could lock the account.
    LockedOut,
    /// Too many calls are carried.
    Full,
    /// A key or a password of ours cannot be used. The sentence is for the operator.
    NoKey(String),
    /// Line or number are nothing that could be dialled there.
    NoNumber,
}

/// Begins a call. What becomes of it stands in the ledger.
///
/// # Errors
/// Why it is not tried.
pub fn begin(connector: &Arc<Connector>, handle: &Handle, asked: Asked) -> Result<Arc<Hook>, NotTried> {
    let secrets = &handle.secrets;
    // What is not tried after all is over when this is dropped.
    let (handle, tenant) = (handle.clone(), asked.who.0);
    let meter = asked.meter.map(|number| Meter { handle, tenant, number, is_over: false });
    match asked.system.clone() {
        System::Portal(rule) => portal(connector, secrets, asked, &rule, meter),
        System::Ari(rule) => {
            let password = secrets.read(&rule.password_file).map_err(NotTried::NoKey)?;
            let both = STANDARD.encode(format!("{}:{}", rule.user, password.expose_secret()));
            let asterisk = Asterisk {
                base: rule.url.clone(),
                authorization: Secret::new(format!("Basic {both}")),
                endpoint: rule.endpoint.clone(),
                context: rule.context.clone(),
                caller_id: None,
            };
            let call = name_there(&asked)
                .and_then(|name| AriCall::new(asterisk, asked.line.clone(), asked.to.clone(), &name));
            let call = call.ok_or(NotTried::NoNumber)?;
            let line = Line::Web(Carrier::new(rule.allow_private));
            start(connector, asked, meter, line, call, |_, _, _| {})
        }
        System::Esl(rule) => {
            let password = secrets.read(&rule.password_file).map_err(NotTried::NoKey)?;
            let switch =
                FreeSwitch { password, endpoint: rule.endpoint.clone(), context: rule.context.clone() };
            let call = name_there(&asked)
                .and_then(|name| EslCall::new(switch, asked.line.clone(), asked.to.clone(), &name));
            let call = call.ok_or(NotTried::NoNumber)?;
            start(connector, asked, meter, Line::Socket(rule.address), call, |_, _, _| {})
        }
    }
}

/// What a call is called in a system that many people's calls share. Whoever asks chooses the correlation, and nobody may
/// reach another's call by choosing the same: tenant and person are in the name, and it is the same after a restart.
fn name_there(asked: &Asked) -> Option<Correlation> {
    let (TenantId(tenant), user) = &asked.who;
    let mut all = Context::new(&SHA256);
    for part in [&tenant.to_be_bytes()[..], user.as_bytes(), asked.correlation.as_str().as_bytes()] {
        all.update(&(part.len() as u64).to_be_bytes());
        all.update(part);
    }
    let name: String = all.finish().as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Correlation::read(&name)
}

// A carrier's system, where people have accounts that can be locked.
fn portal(
    connector: &Arc<Connector>,
    secrets: &Secrets,
    asked: Asked,
    rule: &PortalRule,
    meter: Option<Meter>,
) -> Result<Arc<Hook>, NotTried> {
    let (sign_in, credential) = match (&rule.sign_in, &asked.password) {
        (PortalSignIn::Password, None) => return Err(NotTried::NoPassword),
        (PortalSignIn::Password, Some(password)) => (SignIn::Password(password.clone()), password.clone()),
        (PortalSignIn::Signed { key_file, key_id }, _) => {
            let key = secrets.read(key_file).map_err(NotTried::NoKey)?;
            let (line, id) = (asked.line.clone(), key_id.clone());
            let sign = move |at: pbx::Time| -> Result<SignedToken, String> {
                let valid_to = at.0.saturating_add(TOKEN_MS);
                let signature = signature(&key, &token_text(line.expose_secret(), valid_to, &id))?;
                Ok(SignedToken { valid_to, key_id: id.clone(), signature })
            };
            // A key that cannot be used is found before anything is asked.
            sign(now()).map_err(NotTried::NoKey)?;
            (SignIn::Signed(Box::new(move |at| sign(at).ok())), Secret::new(key_id.clone()))
        }
    };
    let hash = hash(&connector.key, credential.expose_secret());
    let account = (asked.who.clone(), asked.pbx.clone());
    if connector.sign_ins().may_try(now(), &account, &hash).is_err() {
        return Err(NotTried::LockedOut);
    }
    let call = PortalCall::new(rule.portal.clone(), asked.line.clone(), &asked.to, sign_in);
    let line = Line::Web(Carrier::new(rule.allow_private));
    start(connector, asked, meter, line, call, move |connector, call, tenant| {
        match call.signed_in() {
            Some(SignedIn::Yes) => connector.sign_ins().worked(&account),
            Some(SignedIn::Refused { locked }) => connector.sign_ins().refused(now(), &account, hash, locked),
            None => {}
        }
        if let Some(fault) = call.fault() {
            let (pbx, why) = (&account.1, fault.name);
            tracing::warn!(
                event = "pbx_failed",
                tenant,
                pbx,
                why,
                "a telephone system did not do what was asked"
            );
        }
    })
}

// Carries a call on a thread of its own: it lasts longer than the few threads of the API may be kept from their work.
// `after` is told when it is over.
fn start<C: Call + 'static>(
    connector: &Arc<Connector>,
    asked: Asked,
    meter: Option<Meter>,
    line: Line,
    mut call: C,
    after: impl FnOnce(&Connector, &C, u64) + Send + 'static,
) -> Result<Arc<Hook>, NotTried> {
    let turn = connector.turns.clone().try_acquire_owned().map_err(|_| NotTried::Full)?;
    let hook = asked.hook.clone();
    let (connector, held) = (connector.clone(), hook.clone());
    let work = move || {
        let _turn = turn;
        let Asked { who, correlation, .. } = asked;
        let mut meter = meter;
        carry(&mut call, &line, &held, &mut |progress| {
            // What people see comes after what counts, so that who sees that a call is over may begin the next one.
            if let (Progress::Talking, Some(meter)) = (progress, &meter) {
                meter.answered();
            }
            if let Some(meter) = meter.take_if(|_| progress.is_final()) {
                meter.ended();
            }
            connector.ledger().went_on(now(), &who, &correlation, progress);
        });
        // Whatever happened, nothing more will: a call that stands still would keep this person from the next one.
        connector.ledger().went_on(now(), &who, &correlation, Progress::Over(Over::Failed));
        after(&connector, &call, who.0.0);
    };
    let begun = std::thread::Builder::new().name("call".into()).spawn(work);
    begun.map_err(|_| NotTried::Full)?;
    Ok(hook)
}

fn hash(key: &hmac::Key, credential: &str) -> Secret<[u8; 32]> {
    let tag = hmac::sign(key, credential.as_bytes());
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    Secret::new(out)
}

/// Our signature of a text, in base64: RSA with SHA-256 (RFC 8017, PKCS #1 v1.5). `key` is a private key in PKCS #8, in base64
/// on one line.
fn signature(key: &Secret<String>, text: &str) -> Result<Secret<String>, String> {
    let wrong = || "the key that signs is no RSA key in PKCS #8, in base64 on one line".to_string();
    let der = Secret::new(STANDARD.decode(key.expose_secret()).map_err(|_| wrong())?);
    let pair = RsaKeyPair::from_pkcs8(der.expose_secret()).map_err(|_| wrong())?;
    let mut out = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut out).map_err(|_| wrong())?;
    Ok(Secret::new(STANDARD.encode(out)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    #[test]
    fn a_signature_is_one_that_others_can_check() {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let key = Secret::new(STANDARD.encode(der.as_ref()));
        let signed = STANDARD.decode(signature(&key, "text").unwrap().expose_secret()).unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
        assert!(public.verify(b"text", &signed).is_ok() && public.verify(b"other", &signed).is_err());
        for bad in ["", "nonsense", "AAAA"] {
            assert!(signature(&Secret::new(bad.into()), "text").is_err());
        }
    }
}
