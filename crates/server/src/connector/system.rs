//! Calls through other telephone systems: who may sign in there, with what, and the thread that carries each call.

use super::drive::{Carrier, Hook, Line, carry};
use super::{Connector, Who, now};
use crate::running::Handle;
use crate::secrets::Secrets;
use crate::shares::{NoPlace, Place};
use crate::tenant::pbx::{PortalRule, PortalSignIn, System};
use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pbx::ari::{AriCall, Asterisk};
use pbx::commportal::{May, PortalCall, SignIn, SignedIn, SignedToken, token_text};
use pbx::esl::{EslCall, FreeSwitch};
use pbx::exchange::Call;
use pbx::{Correlation, Over, Progress};
use redact::Secret;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::TenantId;

/// How long a signed hand-over is good, in milliseconds.
const TOKEN_MS: u64 = 60_000;

/// How long a try to sign in waits for another at the same account. One takes less, with all its pauses.
const PATIENCE: Duration = Duration::from_secs(45);

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
    /// Whether the person named it, and nobody else.
    pub is_named: bool,
    /// Another phone that rings in place of the line's own.
    pub ring: Option<Secret<String>>,
    /// Whom to call.
    pub to: Secret<String>,
    /// The person's password, where that is how people sign in there.
    pub password: Option<Secret<String>>,
    /// The way to hang it up.
    pub hook: Arc<Hook>,
    /// What counts it, and the ringing of another phone, as calls to the outside, if anything does.
    pub meters: Vec<u64>,
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
    /// The tenant has as many calls as its share: so many.
    ShareFull(usize),
    /// The same person asked too often.
    TooOften,
    /// A key or a password of ours cannot be used. The sentence is for the operator.
    NoKey(String),
    /// Line or number are nothing that could be dialled there.
    NoNumber,
}

/// Begins a call. What becomes of it stands in the ledger.
///
/// # Errors
/// Why it is not tried.
pub fn begin(connector: &Arc<Connector>, handle: &Handle, asked: Asked) -> Result<(), NotTried> {
    let secrets = &handle.secrets;
    // What is not tried after all is over when this is dropped.
    let (handle, tenant) = (handle.clone(), asked.who.0);
    let meter = |number: &u64| Meter { handle: handle.clone(), tenant, number: *number, is_over: false };
    let meters: Vec<Meter> = asked.meters.iter().map(meter).collect();
    match asked.system.clone() {
        System::Portal(rule) => portal(connector, secrets, asked, &rule, meters),
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
            start(connector, asked, meters, line, call, None, |_, _, _| {})
        }
        System::Esl(rule) => {
            let password = secrets.read(&rule.password_file).map_err(NotTried::NoKey)?;
            let switch =
                FreeSwitch { password, endpoint: rule.endpoint.clone(), context: rule.context.clone() };
            let call = name_there(&asked)
                .and_then(|name| EslCall::new(switch, asked.line.clone(), asked.to.clone(), &name));
            let call = call.ok_or(NotTried::NoNumber)?;
            start(connector, asked, meters, Line::Socket(rule.address), call, None, |_, _, _| {})
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

/// Somebody's way into a carrier's system, where people have accounts that can be locked.
struct Entry {
    accounts: [(Who, String); 2],
    hash: Secret<[u8; 32]>,
    is_named: bool,
    pbx: String,
}

/// Who is to be signed in there.
pub struct Entering {
    /// For whom.
    pub who: Who,
    /// Id of the `Pbx`.
    pub pbx: String,
    /// The person's own line there.
    pub line: Secret<String>,
    /// Whether the person named it, and nobody else.
    pub is_named: bool,
    /// The person's password, where that is how people sign in there.
    pub password: Option<Secret<String>>,
}

impl Entry {
    fn of(
        connector: &Connector,
        secrets: &Secrets,
        rule: &PortalRule,
        of: Entering,
    ) -> Result<(SignIn, Entry), NotTried> {
        let (sign_in, credential) = match (&rule.sign_in, of.password) {
            (PortalSignIn::Password, None) => return Err(NotTried::NoPassword),
            (PortalSignIn::Password, Some(password)) => (SignIn::Password(password.clone()), password),
            (PortalSignIn::Signed { key_file, key_id }, _) => {
                let key = secrets.read(key_file).map_err(NotTried::NoKey)?;
                let (line, id) = (of.line.clone(), key_id.clone());
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
        // Whoever names a line could lock its owner's account, and guess at many: what failed counts for both, and for the
        // line whichever tenant's or `Pbx`'s way leads there, however it is written.
        let line = of.line.expose_secret().chars().filter(char::is_ascii_alphanumeric);
        let line = format!("{} {}", rule.portal.login(), line.collect::<String>().to_ascii_lowercase());
        let line = self::hash(&connector.key, &line);
        let line: String = line.expose_secret().iter().map(|b| format!("{b:02x}")).collect();
        let there = ((TenantId(0), format!("#{line}")), String::new());
        let accounts = [(of.who, of.pbx.clone()), there];
        if accounts.iter().any(|a| connector.sign_ins().may_try(now(), a, &hash).is_err()) {
            return Err(NotTried::LockedOut);
        }
        Ok((sign_in, Entry { accounts, hash, is_named: of.is_named, pbx: of.pbx }))
    }

    // Takes its turn at the accounts. It waits, on this thread, while another try is under way.
    fn turn(&self, connector: &Arc<Connector>) -> Result<Turn, Over> {
        let until = Instant::now() + PATIENCE;
        let mut sign_ins = connector.sign_ins();
        while !sign_ins.begin(now(), &self.accounts, &self.hash)? {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Over::NotSignedIn);
            }
            let waited = connector.tried.wait_timeout(sign_ins, left);
            sign_ins = waited.unwrap_or_else(|e| e.into_inner()).0;
        }
        Ok(Turn { connector: connector.clone(), accounts: self.accounts.clone() })
    }

    // What came of it, for the next time.
    fn note(&self, connector: &Connector, call: &PortalCall, tenant: u64) {
        let (accounts, hash) = (self.accounts.iter(), self.hash);
        match call.signed_in() {
            // Whoever names lines does not get new tries at others' by signing in at the own one.
            Some(SignedIn::Yes) => {
                accounts.skip(usize::from(self.is_named)).for_each(|a| connector.sign_ins().worked(a));
            }
            Some(SignedIn::Refused { locked }) => {
                accounts.for_each(|a| connector.sign_ins().refused(now(), a, hash, locked));
            }
            Some(SignedIn::Unsure) => accounts.for_each(|a| connector.sign_ins().doubtful(now(), a)),
            None => {}
        }
        if let Some(fault) = call.fault() {
            let (pbx, why) = (&self.pbx, fault.name);
            tracing::warn!(
                event = "pbx_failed",
                tenant,
                pbx,
                why,
                "a telephone system did not do what was asked"
            );
        }
    }
}

/// One try to sign in at accounts, until it is dropped.
struct Turn {
    connector: Arc<Connector>,
    accounts: [(Who, String); 2],
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.connector.sign_ins().end(&self.accounts);
        self.connector.tried.notify_all();
    }
}

// A call through a carrier's system.
fn portal(
    connector: &Arc<Connector>,
    secrets: &Secrets,
    asked: Asked,
    rule: &PortalRule,
    meters: Vec<Meter>,
) -> Result<(), NotTried> {
    let entering = Entering {
        who: asked.who.clone(),
        pbx: asked.pbx.clone(),
        line: asked.line.clone(),
        is_named: asked.is_named,
        password: asked.password.clone(),
    };
    let (sign_in, entry) = Entry::of(connector, secrets, rule, entering)?;
    let call = PortalCall::new(rule.portal.clone(), asked.line.clone(), &asked.to, sign_in);
    let call = match &asked.ring {
        Some(other) => call.ringing(other),
        None => call,
    };
    let line = Line::Web(Carrier::new(rule.allow_private));
    let entry = Arc::new(entry);
    start(connector, asked, meters, line, call, Some(entry.clone()), move |connector, call, tenant| {
        entry.note(connector, call, tenant);
    })
}

/// What came of looking what somebody may.
pub struct Looked {
    /// What the system says; nothing when it was not to be found out.
    pub may: Option<May>,
    /// Whether it refused the sign-in.
    pub is_refused: bool,
}

/// Looks what somebody's class of service allows in a carrier's system. It waits for that system, on this thread.
///
/// # Errors
/// Why it is not tried.
pub fn look(
    connector: &Arc<Connector>,
    secrets: &Secrets,
    rule: &PortalRule,
    of: Entering,
) -> Result<Looked, NotTried> {
    if !connector.may_look(&of.who) {
        return Err(NotTried::TooOften);
    }
    let _carried = connector.place(of.who.0)?;
    let (tenant, line) = (of.who.0.0, of.line.clone());
    let (sign_in, entry) = Entry::of(connector, secrets, rule, of)?;
    let mut call = PortalCall::looking(rule.portal.clone(), line, sign_in);
    let line = Line::Web(Carrier::new(rule.allow_private));
    let turn = entry.turn(connector).map_err(|_| NotTried::LockedOut)?;
    carry(&mut call, &line, &Hook::default(), &mut |_, _| {});
    entry.note(connector, &call, tenant);
    drop(turn);
    let is_refused = matches!(call.signed_in(), Some(SignedIn::Refused { .. }));
    Ok(Looked { may: call.may(), is_refused })
}

// Carries a call on a thread of its own: it lasts longer than the few threads of the API may be kept from their work. With
// `entry` it first takes its turn there. `after` is told once the end is known, before anybody else hears of it.
fn start<C: Call + 'static>(
    connector: &Arc<Connector>,
    asked: Asked,
    meters: Vec<Meter>,
    line: Line,
    mut call: C,
    entry: Option<Arc<Entry>>,
    after: impl FnOnce(&Connector, &C, u64) + Send + 'static,
) -> Result<(), NotTried> {
    let carried = connector.place(asked.who.0)?;
    let connector = connector.clone();
    let work = move || {
        let _carried = carried;
        let Asked { who, correlation, hook, .. } = asked;
        let _behalf = crate::attest::contacted::on_behalf_of(who.0);
        let (mut meters, mut after) = (meters, Some(after));
        let turn = match entry.map(|entry| entry.turn(&connector)).transpose() {
            // Hung up before anybody was asked: nothing rings.
            Ok(_) if hook.is_down() => Err(Over::HungUp),
            turn => turn,
        };
        let mut turn = match turn {
            Ok(turn) => turn,
            Err(over) => {
                meters.drain(..).for_each(Meter::ended);
                connector.ledger().went_on(now(), &who, &correlation, Progress::Over(over));
                return;
            }
        };
        carry(&mut call, &line, &hook, &mut |call: &C, progress| {
            // What people see comes after what counts, so that who sees that a call is over may begin the next one.
            if progress == Progress::Talking {
                meters.iter().for_each(Meter::answered);
            }
            if progress.is_final() {
                if let Some(after) = after.take() {
                    after(&connector, call, who.0.0);
                }
                meters.drain(..).for_each(Meter::ended);
            }
            // Whoever got so far is signed in, or refused and noted.
            turn = None;
            connector.ledger().went_on(now(), &who, &correlation, progress);
        });
        // Whatever happened, nothing more will: a call that stands still would keep this person from the next one.
        if let Some(after) = after.take() {
            after(&connector, &call, who.0.0);
        }
        connector.ledger().went_on(now(), &who, &correlation, Progress::Over(Over::Failed));
    };
    let begun = std::thread::Builder::new().name("call".into()).spawn(work);
    begun.map(drop).map_err(|_| NotTried::Full)
}

impl Connector {
    /// A place for a call of this tenant.
    fn place(&self, tenant: TenantId) -> Result<Place<TenantId>, NotTried> {
        self.carried.take(&tenant).map_err(|why| match why {
            NoPlace::All => NotTried::Full,
            NoPlace::Share(share) => NotTried::ShareFull(share),
        })
    }
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
