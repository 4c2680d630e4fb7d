//! The pages of the tab, as this server gives them to people's own clients, read for what they ask of Microsoft.

use crate::attest::check::Ground;
use crate::attest::listeners::ask;
use crate::audit_file::hex;
use aws_lc_rs::digest::{SHA256, digest};
use std::collections::BTreeSet;

/// The most files that belong to the tab.
const MOST: usize = 100;
/// Where the tab begins.
const FIRST: &str = "/connector.html";
/// What a permission of Microsoft's is about to let somebody do: the second word of its name.
const DEEDS: [&str; 8] =
    ["Read", "ReadWrite", "ReadBasic", "Send", "Create", "Manage", "AccessMedia", "Initiate"];
/// What stands around a text in a script.
const QUOTES: [u8; 3] = [b'"', b'\'', b'`'];

/// The tab's page and the scripts that it loads.
pub struct Pages(Vec<String>);

impl Pages {
    /// Asks our own listener for them, as a browser would.
    ///
    /// # Errors
    /// A sentence.
    pub fn read(ground: &Ground) -> Result<Pages, String> {
        Pages::follow(&|path| get(ground, path))
    }

    /// The first page, and whatever scripts it and they name.
    fn follow(get: &dyn Fn(&str) -> Result<String, String>) -> Result<Pages, String> {
        let mut known = BTreeSet::from([FIRST.to_string()]);
        let (mut next, mut texts) = (vec![FIRST.to_string()], Vec::new());
        while let Some(path) = next.pop() {
            let text = get(&path)?;
            for script in scripts(&text) {
                if known.len() < MOST && known.insert(script.clone()) {
                    next.push(script);
                }
            }
            texts.push(text);
        }
        match texts.len() {
            1 => Err("the tab's page loads no script: the web app is not built in".into()),
            _ => Ok(Pages(texts)),
        }
    }

    /// What was read, in words, with its digest.
    pub fn about(&self) -> String {
        let digest = hex(digest(&SHA256, self.0.concat().as_bytes()).as_ref());
        format!(
            "the tab's page and {} scripts, as this server gives them out (SHA-256 {digest})",
            self.0.len().saturating_sub(1)
        )
    }

    /// Whether a word stands in them.
    pub fn has(&self, word: &str) -> bool {
        self.0.iter().any(|text| text.contains(word))
    }

    /// Names of permissions that stand in them as texts of their own or at the end of an address.
    pub fn permissions(&self) -> BTreeSet<String> {
        self.0.iter().flat_map(|text| permissions_in(text)).collect()
    }

    /// Whether they say that demands are understood.
    pub fn declares(&self) -> bool {
        self.0.iter().any(|text| {
            let places = text.match_indices("clientCapabilities:[").map(|(at, found)| at + found.len());
            places.filter_map(|at| text.get(at + 1..at + 4)).any(|word| word.eq_ignore_ascii_case("cp1"))
        })
    }
}

/// What our own listener gives out at a path.
///
/// # Errors
/// A sentence.
pub fn get(ground: &Ground, path: &str) -> Result<String, String> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let answer = ask(ground, &request)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    match head.starts_with("HTTP/1.1 200") {
        true => Ok(body.to_string()),
        false => Err(format!("{path} is not given out")),
    }
}

/// Scripts that a page or a script names, by their paths here.
fn scripts(text: &str) -> BTreeSet<String> {
    let ends = text.match_indices(".js").map(|(at, _)| at);
    ends.filter_map(|at| {
        let before = text.get(..at)?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let name = before.rsplit(|c| !is_name(c)).next()?;
        let way = before.strip_suffix(name)?;
        let is_ours = way.ends_with("assets/") || way.ends_with("./");
        let ends = text.as_bytes().get(at + 3).is_none_or(|b| QUOTES.contains(b));
        (is_ours && ends && !name.trim_matches('.').is_empty())
            .then(|| format!("/assets/{}.js", name.trim_start_matches('.')))
    })
    .collect()
}

/// `Word.Deed` with what may follow, between quotes, perhaps behind an address.
fn permissions_in(text: &str) -> BTreeSet<String> {
    let is_letter = |b: &u8| b.is_ascii_alphabetic() || *b == b'.';
    let bytes = text.as_bytes();
    let mut found = BTreeSet::new();
    for deed in DEEDS {
        for (at, _) in text.match_indices(&format!(".{deed}")) {
            let (Some(before), Some(behind)) = (bytes.get(..at), bytes.get(at..)) else { continue };
            let begin = at - before.iter().rev().take_while(|b| is_letter(b)).count();
            let end = at + behind.iter().take_while(|b| is_letter(b)).count();
            let opens = begin.checked_sub(1).and_then(|b| bytes.get(b));
            let is_text = opens.is_some_and(|b| QUOTES.contains(b) || *b == b'/')
                && bytes.get(end).is_some_and(|b| QUOTES.contains(b));
            let Some(name) = text.get(begin..end).filter(|_| is_text) else { continue };
            let mut words = name.split('.');
            let is_name = |w: &str| w.starts_with(|c: char| c.is_ascii_uppercase());
            if words.clone().all(is_name) && words.nth(1) == Some(deed) {
                found.insert(name.to_string());
            }
        }
    }
    found
}

#[cfg(test)]
impl Pages {
    /// Those that are built into the program.
    pub fn built_in() -> Pages {
        let get = |path: &str| {
            let file = crate::http::WEB_FILES.iter().find(|f| Some(f.path) == path.strip_prefix('/'));
            let file = file.ok_or_else(|| format!("{path} is not built in"))?;
            Ok(String::from_utf8_lossy(file.plain).into_owned())
        };
        Pages::follow(&get).unwrap_or(Pages(Vec::new()))
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    pub fn with(&self, more: &str) -> Pages {
        Pages(self.0.iter().cloned().chain([more.to_string()]).collect())
    }

    pub fn without(&self, word: &str) -> Pages {
        Pages(self.0.iter().map(|text| text.replace(word, "")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_permissions_are_told_from_other_words() {
        let text = "a=`User.Read.All`;b=[\"Mail.Send\",'Chat.ReadWrite'];c=`${g}/Files.Read`;d.Read();e=`x.Read`;f=\"File.Reader\"";
        let wanted = ["Chat.ReadWrite", "Files.Read", "Mail.Send", "User.Read.All"];
        assert_eq!(permissions_in(text), wanted.map(String::from).into());
    }

    #[test]
    fn scripts_are_followed_from_the_page_on_and_a_page_without_any_is_none() {
        let get = |path: &str| match path {
            FIRST => Ok("<script src=\"/assets/one-1.js\"></script><p>./not.jsx".to_string()),
            "/assets/one-1.js" => {
                Ok("import`./two-2.js`;import(`./one-1.js`);__(['assets/three.js'])".into())
            }
            "/assets/two-2.js" => Ok("auth:{clientCapabilities:[`CP1`]}".into()),
            "/assets/three.js" => Ok(String::new()),
            other => Err(other.to_string()),
        };
        let pages = Pages::follow(&get).unwrap();
        assert!(pages.count() == 4 && pages.declares() && !pages.without("CP1").declares());
        assert!(Pages::follow(&|_| Ok("<p>nothing".into())).is_err());
        assert!(Pages::follow(&|_| Err("gone".into())).is_err());
    }
}
