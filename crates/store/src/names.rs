//! Finding people by name. Of each name its words are kept as keyed hashes, and nothing else: with the tenant's key and a
//! word in hand whoever had it is found, and without them nobody gets from a hash to a word. They go with the person.

use crate::erase::MOST_NAMES;
use crate::error::StoreError;
use crate::keys::Keys;
use crate::sql::{Sql, Value, transaction};
use crate::store::{Store, TenantId};
use redact::Secret;
use std::collections::BTreeSet;

/// The most words of one name that are looked at.
const MOST_WORDS: usize = 8;
/// The most characters of a word that are looked at.
const LONGEST_WORD: usize = 40;
/// The most words of one person: whoever calls with another name each time fills nothing.
const MOST_OF_ONE: usize = MOST_NAMES * 2;
/// People that one search gives at most.
pub const MOST_FOUND: usize = 50;
/// Candidates that are opened at most, to see whether one of their names has all the words.
const MOST_OPENED: u64 = 500;
/// Names that are indexed in one transaction.
const PAGE: u64 = 200;

/// A text as it is searched for: small letters, without the marks of European languages.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'à'..='å' | 'ā' | 'ă' | 'ą' => out.push('a'),
            'ç' | 'ć' | 'č' => out.push('c'),
            'ď' | 'đ' => out.push('d'),
            'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => out.push('e'),
            'ğ' => out.push('g'),
            'ì'..='ï' | 'ī' | 'į' | 'ı' => out.push('i'),
            'ł' => out.push('l'),
            'ñ' | 'ń' | 'ň' => out.push('n'),
            'ò'..='ö' | 'ø' | 'ō' | 'ő' => out.push('o'),
            'ř' => out.push('r'),
            'ś' | 'š' | 'ş' | 'ș' => out.push('s'),
            'ť' | 'ţ' | 'ț' => out.push('t'),
            'ù'..='ü' | 'ū' | 'ů' | 'ű' => out.push('u'),
            'ý' | 'ÿ' => out.push('y'),
            'ź' | 'ż' | 'ž' => out.push('z'),
            'æ' => out += "ae",
            'œ' => out += "oe",
            'ß' => out += "ss",
            // A mark of its own (NFD).
            '\u{300}'..='\u{36f}' => {}
            c => out.push(c),
        }
    }
    out
}

/// The words of a name, each once, without order: "Fink, Dr. Anna" has those of "anna fink".
pub fn words_of(name: &str) -> BTreeSet<String> {
    let folded = fold(name);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    words.take(MOST_WORDS).map(|w| w.chars().take(LONGEST_WORD).collect()).collect()
}

/// The keyed hash of a word. No number or address begins as this does, so neither is ever taken for the other.
fn hashed(keys: &mut Keys, tenant: TenantId, word: &str) -> Result<Vec<u8>, StoreError> {
    keys.lookup(tenant, &format!("\u{0}name {word}"))
}

/// Adds the words of a name to those by which a person is found.
pub(crate) fn put_words(
    db: &mut dyn Sql,
    keys: &mut Keys,
    (tenant, person): (TenantId, u64),
    name: &str,
) -> Result<(), StoreError> {
    for word in words_of(name) {
        let hash = hashed(keys, tenant, &word)?;
        let sql = "INSERT INTO name_words (tenant, person, word) SELECT $1, $2, $3 WHERE \
                   (SELECT COUNT(*) FROM name_words WHERE tenant = $1 AND person = $2) < $4 \
                   ON CONFLICT (tenant, person, word) DO NOTHING";
        db.run(sql, &[tenant.into(), person.into(), hash.into(), (MOST_OF_ONE as u64).into()])?;
    }
    Ok(())
}

/// Nobody finds this person by a name any more.
pub(crate) fn forget_words(db: &mut dyn Sql, tenant: TenantId, person: u64) -> Result<(), StoreError> {
    let sql = "DELETE FROM name_words WHERE tenant = $1 AND person = $2";
    db.run(sql, &[tenant.into(), person.into()]).map(|_| ())
}

impl Store {
    /// The people of whom a name has all these words, whatever their order, capitals and marks; at most [`MOST_FOUND`], the
    /// newest first. A corrected name stands for those that came with calls. No word finds nobody.
    ///
    /// # Errors
    /// What the database said.
    pub fn find_by_name(&self, tenant: TenantId, name: &Secret<String>) -> Result<Vec<u64>, StoreError> {
        let wanted = words_of(name.expose_secret());
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        self.tenant_key(tenant)?;
        let mut values: Vec<Value> = vec![tenant.into()];
        for word in &wanted {
            values.push(hashed(&mut self.keys(), tenant, word)?.into());
        }
        let places: Vec<String> = (2..=values.len()).map(|n| format!("${n}")).collect();
        values.push((wanted.len() as u64).into());
        values.push(MOST_OPENED.into());
        let (places, n) = (places.join(", "), values.len());
        let sql = format!(
            "SELECT person FROM name_words WHERE tenant = $1 AND word IN ({places}) GROUP BY person \
             HAVING COUNT(*) = ${} ORDER BY person DESC LIMIT ${n}",
            n - 1
        );
        let rows = self.reader().rows(&sql, &values)?;
        let mut found = Vec::new();
        for person in rows.iter().map(|r| r.int(0) as u64) {
            // Words of two names of one person are not a name.
            let has_all = match self.person(tenant, person) {
                Ok(about) => about.names.iter().any(|n| words_of(n.expose_secret()).is_superset(&wanted)),
                Err(StoreError::NotFound(_)) => false,
                Err(e) => return Err(e),
            };
            if has_all && found.len() < MOST_FOUND {
                found.push(person);
            }
        }
        Ok(found)
    }

    /// Makes the words of names that were written before there were any, a page at a time while `go_on` says so. Gives how
    /// many people are found by name since.
    ///
    /// # Errors
    /// What the database said; what was done stays done.
    pub fn index_names(&self, tenant: TenantId, go_on: &dyn Fn() -> bool) -> Result<u64, StoreError> {
        let (mut after, mut done) = (0, 0);
        while go_on() {
            let sql = "SELECT id FROM persons s WHERE tenant = $1 AND id > $2 AND NOT EXISTS (SELECT 1 FROM name_words w \
                       WHERE w.tenant = $1 AND w.person = s.id) AND (s.name IS NOT NULL OR EXISTS (SELECT 1 FROM parties p \
                       WHERE p.tenant = $1 AND p.person = s.id AND p.display IS NOT NULL)) ORDER BY id LIMIT $3";
            let rows = self.reader().rows(sql, &[tenant.into(), after.into(), PAGE.into()])?;
            for person in rows.iter().map(|r| r.int(0) as u64) {
                after = person;
                match self.index_names_of(tenant, person) {
                    Ok(()) => done += 1,
                    // Erased meanwhile, or half erased.
                    Err(StoreError::NotFound(_)) => {}
                    Err(e) => return Err(e),
                }
            }
            if rows.len() < PAGE as usize {
                break;
            }
        }
        Ok(done)
    }

    /// Makes the words by which a person is found anew, of the names that count now.
    pub(crate) fn index_names_of(&self, tenant: TenantId, person: u64) -> Result<(), StoreError> {
        let about = self.person(tenant, person)?;
        let mut keys = self.keys();
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            forget_words(db, tenant, person)?;
            // Erased since it was read: then nothing may be written of them.
            if !keys.has(tenant, crate::keys::PERSON, person)? {
                return Ok(());
            }
            for name in &about.names {
                put_words(db, &mut keys, (tenant, person), name.expose_secret())?;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_without_their_marks_and_in_any_order() {
        for (text, folded) in
            [("Zoë Łukasz", "zoe lukasz"), ("Müßig", "mussig"), ("e\u{301}", "e"), ("李", "李")]
        {
            assert_eq!(fold(text), folded);
        }
        assert!(words_of("Fink, Dr. Anna-Lena").is_superset(&words_of("ANNA fink")));
        assert!(words_of(" .,- ").is_empty());
        assert_eq!(words_of(&"a b c d e f g h i j k ".repeat(9)).len(), MOST_WORDS);
        assert_eq!(words_of(&"x".repeat(1_000)).first().map(String::len), Some(LONGEST_WORD));
    }
}
