//! The languages in which attestations, and what is kept of a person, can be read: the web app's, from the catalogue of its texts. What a check found is
//! said in English in all of them, as it is in the log.

use serde_json::Value;
use teams::bot::Language;

/// Texts of the questions, by `q-` and their ids.
const QUESTIONS: &str = include_str!("../../../../web/src/shared/i18n/catalogue/questions.json");
/// Texts of the pages of proof.
const PROOF: &str = include_str!("../../../../web/src/shared/i18n/catalogue/proof.json");

/// Words that the API has for what became of calls.
const WORDS: &str = include_str!("../../../../web/src/shared/i18n/catalogue/words.json");

/// Titles of the tables behind the answers, and the names of their columns.
const TABLES: [(&str, [&str; 5]); 20] = [
    ("Registrations", ["Registrations", "Registrierungen", "Inscriptions", "Registros", "注册"]),
    ("Permissions", ["Permissions", "Berechtigungen", "Autorisations", "Permisos", "权限"]),
    (
        "What is processed",
        ["What is processed", "Was verarbeitet wird", "Ce qui est traité", "Qué se trata", "处理的数据"],
    ),
    (
        "What is stored",
        ["What is stored", "Was gespeichert wird", "Ce qui est conservé", "Qué se guarda", "保存的数据"],
    ),
    (
        "Where data goes",
        ["Where data goes", "Wohin Daten gehen", "Où vont les données", "A dónde van los datos", "数据去向"],
    ),
    ("name", ["name", "Name", "nom", "nombre", "名称"]),
    ("permission", ["permission", "Berechtigung", "autorisation", "permiso", "权限"]),
    ("type", ["type", "Art", "type", "tipo", "类型"]),
    ("registration", ["registration", "Registrierung", "inscription", "registro", "注册"]),
    ("feature", ["feature", "Funktion", "fonction", "función", "功能"]),
    ("reason", ["reason", "Grund", "motif", "motivo", "原因"]),
    ("stored", ["stored", "gespeichert", "conservé", "guardado", "保存"]),
    ("field", ["field", "Feld", "champ", "campo", "字段"]),
    ("purpose", ["purpose", "Zweck", "finalité", "finalidad", "目的"]),
    ("origin", ["origin", "Herkunft", "origine", "origen", "来源"]),
    ("retention", ["retention", "Aufbewahrung", "conservation", "conservación", "保留期限"]),
    ("encrypted", ["encrypted", "verschlüsselt", "chiffré", "cifrado", "加密"]),
    ("destination", ["destination", "Ziel", "destination", "destino", "目的地"]),
    ("data", ["data", "Daten", "données", "datos", "数据"]),
    ("None.", ["None.", "Keine.", "Aucun.", "Ninguno.", "无。"]),
];
/// Microsoft's pages, by the names that the document has for them.
const PAGES: [(&str, &str); 7] = [
    ("General", "page-general"),
    ("Data handling", "page-data"),
    ("Security", "page-security"),
    ("Compliance frameworks", "page-frameworks"),
    ("Privacy", "page-privacy"),
    ("Identity and Graph", "page-identity"),
    ("Further questions", "page-further"),
];

/// One language's words.
pub struct Words {
    language: Language,
    questions: Value,
    proof: Value,
    words: Value,
}

impl Words {
    /// Of a language by its tag: `en`, `de`, `fr`, `es` or `zh`.
    ///
    /// # Errors
    /// A sentence that names those that there are.
    pub fn named(tag: &str) -> Result<Words, String> {
        let language = Language::ALL.into_iter().find(|l| l.tag() == tag).ok_or_else(|| {
            let all = Language::ALL.map(Language::tag).join(", ");
            format!("nothing can be read in {tag:?}: there are {all}")
        })?;
        Ok(Words::of(language))
    }

    /// Of a language.
    pub fn of(language: Language) -> Words {
        let read = |text| serde_json::from_str(text).unwrap_or_default();
        Words { language, questions: read(QUESTIONS), proof: read(PROOF), words: read(WORDS) }
    }

    fn text<'a>(&self, of: &'a Value, key: &str) -> Option<&'a str> {
        of.get(key)?.get(self.language.tag())?.as_str()
    }

    /// A question, where the catalogue has it.
    pub fn question(&self, id: &str) -> Option<&str> {
        self.text(&self.questions, &format!("q-{id}"))
    }

    /// A page of Microsoft's.
    pub fn page<'a>(&'a self, page: &'a str) -> &'a str {
        let key = PAGES.iter().find(|(name, _)| *name == page).map(|(_, key)| *key);
        key.and_then(|key| self.text(&self.proof, key)).unwrap_or(page)
    }

    /// A text of the pages of proof, with what is put in.
    pub fn proof(&self, key: &str, blanks: &[(&str, &str)]) -> String {
        let text = self.text(&self.proof, key).unwrap_or(key).to_string();
        blanks.iter().fold(text, |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// The language's tag.
    pub fn tag(&self) -> &'static str {
        self.language.tag()
    }

    /// What became of a call in a queue, by the API's word for it.
    pub fn outcome(&self, outcome: &str) -> String {
        self.text(&self.words, &format!("outcome-{outcome}")).unwrap_or(outcome).to_string()
    }

    /// A title or the name of a column.
    pub fn table<'a>(&self, name: &'a str) -> &'a str {
        let n = Language::ALL.iter().position(|l| *l == self.language).unwrap_or(0);
        TABLES
            .iter()
            .find(|(known, _)| *known == name)
            .and_then(|(_, all)| all.get(n))
            .copied()
            .unwrap_or(name)
    }

    /// What a check came to.
    pub fn result(&self, result: &str) -> String {
        let key = match result {
            "as it should be" => "result-good",
            "not as it should be" => "result-bad",
            "not run" => "result-not-run",
            _ => "result-unknown",
        };
        self.proof(key, &[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::questions::QUESTIONS as ASKED;

    #[test]
    fn every_question_and_page_has_words_in_every_language() {
        for language in Language::ALL {
            let words = Words::of(language);
            for asked in ASKED {
                // What a framework is called is the same everywhere.
                let is_named = asked.page == "Compliance frameworks";
                assert!(is_named || words.question(asked.id).is_some(), "{} in {language:?}", asked.id);
                assert!(PAGES.iter().any(|(page, _)| *page == asked.page), "{}", asked.page);
            }
            for key in ["of-tenant", "made", "badge-software", "badge-declared", "badge-open", "yes", "no"] {
                assert_ne!(words.proof(key, &[]), key, "{language:?}");
            }
            for (page, key) in PAGES {
                assert_ne!(words.proof(key, &[]), key, "{page} in {language:?}");
            }
        }
        assert!(Words::named("nl").is_err_and(|why| why.contains("en, de, fr, es, zh")));
        assert_eq!(Words::of(Language::German).table("purpose"), "Zweck");
    }
}
