//! What a card's buttons carry, sealed: so it can be neither read nor changed, belongs to one person in one conversation,
//! ends after a day and counts once.

use crate::entra::Seal;
use crate::time::Time;
use core::time::Duration;
use redact::Secret;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};

/// How long a card's buttons work.
const LIFE: Duration = Duration::from_secs(24 * 3600);
/// Buttons that were pressed and are remembered. More within a day are more than a day's work: the oldest is forgotten.
const MOST_PRESSED: usize = 50_000;
/// What the seal is for.
const PURPOSE: &str = "bot card";

/// What a button is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wish {
    /// To call this number.
    Call(#[serde(with = "plain")] Secret<String>),
    /// To open the dialog with this number, from which it is called with what the person's own tab keeps.
    Dial(#[serde(with = "plain")] Secret<String>),
    /// To see the people of the conversation from this place on.
    Page(u32),
    /// To see the numbers in the dialog; of one person by the object id, or of all.
    Numbers(Option<String>),
    /// To see the numbers of these people, by their object ids, on the card.
    Show(Vec<String>),
}

/// A number is written in the clear inside the seal only.
mod plain {
    use redact::Secret;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(text: &Secret<String>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(text.expose_secret())
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Secret<String>, D::Error> {
        String::deserialize(from).map(Secret::new)
    }
}

/// A button.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Press {
    /// What it is for.
    pub wish: Wish,
    /// Who may press it: the object id of whom the card was made for.
    pub owner: String,
    /// Where, without the thread.
    pub room: String,
    /// When the card was made, in milliseconds since 1970.
    pub at: u64,
    /// What makes it unlike every other button; what begins by it is known by this.
    pub id: u64,
}

/// Why a press does nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PressFault {
    /// It was not sealed here, or was changed, or the server was started anew.
    Changed,
    /// The card was made for somebody else, or for another conversation.
    Another,
    /// It is older than a day.
    TooOld,
    /// It was pressed already.
    Twice,
}

/// Seals buttons, and remembers which were pressed.
pub struct Presses {
    seal: Seal,
    pressed: BTreeSet<u64>,
    order: VecDeque<u64>,
}

impl Presses {
    /// With a key that lives as long as the process; nothing only if the library has no AES.
    pub fn new(key: &Secret<[u8; 32]>) -> Option<Presses> {
        Some(Presses { seal: Seal::new(key)?, pressed: BTreeSet::new(), order: VecDeque::new() })
    }

    /// A button as its card carries it. Nothing only if it is too long.
    pub fn seal(&self, press: &Press) -> Option<String> {
        let text = serde_json::to_string(press).ok()?;
        Some(self.seal.seal(PURPOSE, &text)?.expose_secret().clone())
    }

    /// Opens what came back from a person in a conversation. Only what calls is counted: looking may be done again.
    ///
    /// # Errors
    /// [`PressFault`]
    pub fn open(&mut self, now: Time, sealed: &str, person: &str, room: &str) -> Result<Press, PressFault> {
        let text = self.seal.open(PURPOSE, sealed).ok_or(PressFault::Changed)?;
        let press: Press = serde_json::from_str(&text).map_err(|_| PressFault::Changed)?;
        if press.owner != person || press.room != room {
            return Err(PressFault::Another);
        }
        if now.since(Time(press.at)) >= LIFE {
            return Err(PressFault::TooOld);
        }
        if matches!(press.wish, Wish::Call(_)) {
            if !self.pressed.insert(press.id) {
                return Err(PressFault::Twice);
            }
            self.order.push_back(press.id);
            if self.order.len() > MOST_PRESSED {
                self.order.pop_front().map(|old| self.pressed.remove(&old));
            }
        }
        Ok(press)
    }

    /// What a button was pressed for did not begin: it may be pressed again.
    pub fn take_back(&mut self, id: u64) {
        if self.pressed.remove(&id)
            && let Some(at) = self.order.iter().rposition(|pressed| *pressed == id)
        {
            self.order.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(wish: Wish, id: u64) -> Press {
        Press { wish, owner: "ann".into(), room: "19:c".into(), at: 1_000, id }
    }

    #[test]
    fn a_button_works_once_for_its_owner_within_a_day() {
        let mut presses = Presses::new(&Secret::new([7; 32])).unwrap();
        let number = || Wish::Call(Secret::new("+49301".into()));
        let sealed = presses.seal(&press(number(), 1)).unwrap();
        assert!(!sealed.contains("49301"));
        let (soon, late) = (Time(2_000), Time(1_000 + 24 * 3_600_000));
        let open = |p: &mut Presses, at, text: &str, who, room| p.open(at, text, who, room).err();
        assert_eq!(open(&mut presses, soon, &sealed, "bob", "19:c"), Some(PressFault::Another));
        assert_eq!(open(&mut presses, soon, &sealed, "ann", "19:d"), Some(PressFault::Another));
        assert_eq!(open(&mut presses, late, &sealed, "ann", "19:c"), Some(PressFault::TooOld));
        let changed = format!("{}{}", if sealed.starts_with('A') { 'B' } else { 'A' }, &sealed[1..]);
        for bad in [changed.as_str(), "", "x", &"A".repeat(5_000)] {
            assert_eq!(open(&mut presses, soon, bad, "ann", "19:c"), Some(PressFault::Changed), "{bad}");
        }
        assert_eq!(open(&mut presses, soon, &sealed, "ann", "19:c"), None);
        assert_eq!(open(&mut presses, soon, &sealed, "ann", "19:c"), Some(PressFault::Twice));
        presses.take_back(1);
        assert_eq!(open(&mut presses, soon, &sealed, "ann", "19:c"), None, "nothing began by it");
        assert_eq!(open(&mut presses, soon, &sealed, "ann", "19:c"), Some(PressFault::Twice));
        assert_eq!(presses.order.len(), presses.pressed.len());
        let page = presses.seal(&press(Wish::Page(20), 2)).unwrap();
        assert_eq!(open(&mut presses, soon, &page, "ann", "19:c"), None);
        assert_eq!(open(&mut presses, soon, &page, "ann", "19:c"), None, "looking may be done again");
        let mut other = Presses::new(&Secret::new([8; 32])).unwrap();
        assert_eq!(open(&mut other, soon, &page, "ann", "19:c"), Some(PressFault::Changed));
        assert!(!format!("{:?}", press(number(), 1)).contains("49301"));
    }
}
