//! Whose telephone rings at a telephone system. Nobody has another's rung by naming the line: the person's own token says
//! it, an administrator said it, or the system itself proves it.

use crate::tenant::pbx::PbxRule;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pbx::Time;
use pbx::line::{LONGEST_PASS, Pass, PassFault, is_line};
use redact::Secret;
use store::DataKey;
use teams::entra::Texts;

/// What the seal of a pass belongs to.
const PLACE: &str = "line pass";
/// What a seal adds to what it seals: a nonce and a tag.
const SEAL: usize = 12 + 16;
/// The longest sealed pass that is looked at, in characters of base64.
pub const LONGEST: usize = (LONGEST_PASS + SEAL).div_ceil(3) * 4;

/// Makes line passes, and opens those that were made here.
pub struct Passes {
    /// Nothing where the key could not be read: then there are no passes.
    key: Option<DataKey>,
}

impl Passes {
    /// With the installation's key for them.
    pub fn new(key: Option<DataKey>) -> Passes {
        Passes { key }
    }

    /// A pass as its person keeps it. Nothing without a key, or when something in it is too long.
    pub fn seal(&self, pass: &Pass) -> Option<Secret<String>> {
        let sealed = self.key.as_ref()?.seal(PLACE, pass.write()?.expose_secret()).ok()?;
        Some(Secret::new(URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// What a pass says. The tag of the seal is compared in constant time.
    ///
    /// # Errors
    /// [`PassFault::Unreadable`]
    pub fn open(&self, sealed: &str) -> Result<Pass, PassFault> {
        let open = || {
            let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
            let plain = Secret::new(self.key.as_ref()?.open(PLACE, &bytes).ok()?);
            Pass::read(plain.expose_secret())
        };
        let opened = if sealed.len() <= LONGEST { open() } else { None };
        opened.ok_or(PassFault::Unreadable)
    }

    /// What a pass says that stands as it is handed out, with the id of its telephone system and `~` before the seal.
    ///
    /// # Errors
    /// [`PassFault::Unreadable`]
    pub fn open_handed_out(&self, pass: &Secret<String>) -> Result<Pass, PassFault> {
        self.open(pass.expose_secret().rsplit('~').next().unwrap_or_default())
    }
}

/// Somebody whose own Teams client brought a token for calls.
#[derive(Clone, Debug)]
pub struct OfTab {
    /// The object id in the organisation's directory.
    pub object: String,
    /// What else the token says.
    pub texts: Texts,
}

/// What comes with a call so that the person's line is known.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    /// What the person says it is.
    pub typed: Option<Secret<String>>,
    /// A line pass.
    pub pass: Option<Secret<String>>,
    /// Who asks by a token of their own Teams client.
    pub of_tab: Option<OfTab>,
}

/// Why it is not known whose telephone would ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLine {
    /// Nobody says which it is.
    Missing,
    /// What should be a line is none.
    Implausible,
    /// The person named one, and this system proves nobody's.
    Unproven,
    /// The pass does not count.
    Pass(PassFault),
}

/// The line of whoever calls at a telephone system of this id; `stored` is what the configuration has. What the
/// configuration says comes first, then the token, then the pass. Where people sign in with their own passwords, the system
/// itself proves whose line it is, so there the person may name it.
///
/// # Errors
/// Why there is none.
pub fn find(
    passes: &Passes,
    (tenant, id, rule): (&str, &str, &PbxRule),
    stored: Option<&Secret<String>>,
    brought: &Brought,
) -> Result<Secret<String>, NoLine> {
    let plain = |line: &Secret<String>| match is_line(line.expose_secret()) {
        true => Ok(line.clone()),
        false => Err(NoLine::Implausible),
    };
    match &brought.typed {
        Some(typed) if rule.wants_password() => return plain(typed),
        Some(_) => return Err(NoLine::Unproven),
        None => {}
    }
    if let Some(stored) = stored {
        return Ok(stored.clone());
    }
    let claim = |of: &OfTab| of.texts.get(rule.line_claim.as_deref()?).cloned();
    if let Some(claimed) = brought.of_tab.as_ref().and_then(claim) {
        return plain(&claimed);
    }
    let (pass, of) = brought.pass.as_ref().zip(brought.of_tab.as_ref()).ok_or(NoLine::Missing)?;
    let pass = passes.open_handed_out(pass).map_err(NoLine::Pass)?;
    pass.line_of(tenant, &of.object, id, Time(rule.line_passes_since)).map_err(NoLine::Pass)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::objects::Pbx;
    use serde_json::{Value, json};

    const ANNA: &str = "5c0de000-0000-4000-8000-0000000000aa";

    fn passes() -> Passes {
        Passes::new(Some(DataKey::random().unwrap()))
    }

    fn rule(more: &Value) -> PbxRule {
        let mut body = json!({"esl": {"address": "127.0.0.1:8021", "password_file": "f", "context": "c"}});
        more.as_object().unwrap().iter().for_each(|(k, v)| body[k] = v.clone());
        crate::tenant::pbx::understand(&serde_json::from_value::<Pbx>(body).unwrap()).unwrap()
    }

    fn sealed(passes: &Passes, person: &str, made: u64) -> Secret<String> {
        let line = Secret::new("1001".to_string());
        let pass =
            Pass { tenant: "t".into(), person: person.into(), pbx: "office".into(), line, made: Time(made) };
        passes.seal(&pass).unwrap()
    }

    fn tab() -> Option<OfTab> {
        Some(OfTab { object: ANNA.into(), texts: Texts::default() })
    }

    #[test]
    fn a_pass_counts_for_its_own_person_and_no_changed_one_counts_at_all() {
        let (passes, rule) = (passes(), rule(&json!({"line_passes_since": "1970-01-01T00:00:01Z"})));
        let of = |pass: &Secret<String>, of_tab| {
            let brought = Brought { pass: Some(pass.clone()), of_tab, ..Brought::default() };
            find(&passes, ("t", "office", &rule), None, &brought).map(|line| line.expose_secret().clone())
        };
        let own = sealed(&passes, ANNA, 1_000);
        assert_eq!(of(&own, tab()), Ok("1001".into()));
        assert_eq!(of(&own, None), Err(NoLine::Missing), "somebody without a token of their own client");
        assert_eq!(of(&sealed(&passes, ANNA, 999), tab()), Err(NoLine::Pass(PassFault::TooOld)));
        let others = sealed(&passes, "5c0de000-0000-4000-8000-0000000000bb", 1_000);
        assert_eq!(of(&others, tab()), Err(NoLine::Pass(PassFault::Another)));
        let text = own.expose_secret();
        for n in 0..text.len() {
            let other = if text.as_bytes()[n] == b'A' { "B" } else { "A" };
            let changed = Secret::new(format!("{}{other}{}", &text[..n], &text[n + 1..]));
            assert_eq!(of(&changed, tab()), Err(NoLine::Pass(PassFault::Unreadable)), "place {n}");
        }
        let foreign = sealed(&self::passes(), ANNA, 1_000);
        for bad in ["", "x", "A".repeat(100_000).as_str(), foreign.expose_secret()] {
            let bad = Secret::new(bad.to_string());
            assert_eq!(of(&bad, tab()), Err(NoLine::Pass(PassFault::Unreadable)));
        }
    }

    #[test]
    fn what_the_configuration_says_comes_first_and_nobody_names_an_unproven_line() {
        let (passes, rule) = (passes(), rule(&json!({})));
        let stored = Secret::new("1002".to_string());
        let brought = Brought { pass: Some(sealed(&passes, ANNA, 1)), of_tab: tab(), ..Brought::default() };
        let line = find(&passes, ("t", "office", &rule), Some(&stored), &brought).unwrap();
        assert_eq!(line.expose_secret(), "1002");
        let typed = Brought { typed: Some(Secret::new("1003".into())), ..brought };
        assert_eq!(
            find(&passes, ("t", "office", &rule), Some(&stored), &typed).unwrap_err(),
            NoLine::Unproven
        );
    }
}
