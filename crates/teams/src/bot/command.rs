//! What somebody wants who writes to the bot. The words of every language are understood, whatever the reader's own is.

use redact::Secret;

/// Words that ask what can be asked.
const HELP: [&str; 7] = ["help", "?", "hilfe", "aide", "ayuda", "帮助", "說明"];
/// Words that ask who is here.
const LIST: [&str; 12] = [
    "list",
    "members",
    "who",
    "liste",
    "mitglieder",
    "membres",
    "lista",
    "miembros",
    "列表",
    "名单",
    "成员",
    "列出",
];
/// Words that ask to be told of security events here.
const ALERTS: [&str; 6] = ["alerts", "warnungen", "alertes", "alertas", "警报", "警報"];
/// Words behind one of these that ask to be told no more.
const OFF: [&str; 6] = ["off", "aus", "non", "no", "关闭", "關閉"];
/// Words before a name or a number that ask to call it. No word is the beginning of one after it.
const CALL: [&str; 14] = [
    "call",
    "dial",
    "anrufen",
    "ruf",
    "rufe",
    "wähle",
    "appeler",
    "appelle",
    "llamar",
    "llama",
    "呼叫",
    "拨打",
    "致电",
    "打电话给",
];
/// Words of German and French that may stand around a name.
const AROUND: [&str; 2] = ["an", "à"];
/// The longest name or number that is looked for, in characters.
const LONGEST: usize = 100;

/// What to call.
#[derive(Clone, Debug)]
pub enum Dialled {
    /// Digits, as they were written.
    Number(Secret<String>),
    /// A name or a part of one, in lower case.
    Name(Secret<String>),
}

/// What is wanted.
#[derive(Clone, Debug)]
pub enum Command {
    /// What can be asked.
    Help,
    /// Who is in this conversation.
    List,
    /// To call somebody.
    Call(Dialled),
    /// To be told of security events in this conversation (`true`), or no longer.
    Alerts(bool),
    /// None of these.
    Unknown,
}

/// The text without mentions (`<at>…</at>`), other marks and repeated spaces.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        out.push(' ');
        let is_mention = after.get(..2).is_some_and(|t| t.eq_ignore_ascii_case("at"));
        let end = if is_mention { after.find("</at>").map(|at| at + "</at>".len()) } else { None };
        rest = match end.or_else(|| after.find('>').map(|at| at + 1)) {
            Some(end) => after.get(end..).unwrap_or_default(),
            None => after,
        };
    }
    out.push_str(rest);
    let out = out.replace("&nbsp;", " ").replace("&amp;", "&");
    crate::clean::line(&out, 300)
}

/// Whether it is meant as a number: digits make up most of it. Service codes and letters among digits count as numbers
/// too, so that they are refused as such and not looked for as somebody's name.
fn is_number(text: &str) -> bool {
    let (digits, others) = text.chars().filter(|c| !c.is_whitespace()).fold((0, 0), |(d, o), c| {
        if c.is_ascii_digit() {
            (d + 1, o)
        } else if c.is_alphabetic() {
            (d, o + 1)
        } else {
            (d, o)
        }
    });
    let signs = text.starts_with(['+', '*', '#']);
    digits > 0 && (others == 0 || signs || digits >= 3)
}

impl Command {
    /// Reads what somebody wrote.
    pub fn read(text: &str) -> Command {
        let text = plain(text);
        let lower = text.to_lowercase();
        if HELP.contains(&lower.as_str()) || lower.is_empty() {
            return Command::Help;
        }
        if LIST.contains(&lower.as_str()) {
            return Command::List;
        }
        for word in ALERTS {
            let Some(rest) = lower.strip_prefix(word).map(str::trim) else { continue };
            match rest {
                "" => return Command::Alerts(true),
                rest if OFF.contains(&rest) => return Command::Alerts(false),
                _ => {}
            }
        }
        for word in CALL {
            let Some(rest) = lower.strip_prefix(word) else { continue };
            // Chinese is written without spaces; elsewhere the word must end.
            let spaced = word.is_ascii() || word.contains('ä');
            if spaced && !rest.starts_with([' ', ':']) {
                continue;
            }
            let rest = rest.trim_start_matches(':').trim();
            let mut words: Vec<&str> = rest.split(' ').collect();
            if words.len() > 1 && words.last().is_some_and(|w| AROUND.contains(w)) {
                words.pop();
            }
            if words.len() > 1 && words.first().is_some_and(|w| AROUND.contains(w)) {
                words.remove(0);
            }
            let wanted: String = words.join(" ").chars().take(LONGEST).collect();
            if wanted.is_empty() {
                return Command::Help;
            }
            return Command::Call(match is_number(&wanted) {
                true => Dialled::Number(Secret::new(wanted)),
                false => Dialled::Name(Secret::new(wanted)),
            });
        }
        Command::Unknown
    }
}

impl Dialled {
    /// Whether a name fits: each of the wanted words begins one of its words, or stands in it where there are no spaces.
    pub fn fits(&self, name: &str) -> bool {
        let Dialled::Name(wanted) = self else { return false };
        let name = name.to_lowercase();
        wanted.expose_secret().split(' ').all(|w| {
            let begins = name.split([' ', '-', ',', '(', '.']).any(|n| n.starts_with(w));
            begins || (!w.is_ascii() && name.contains(w))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match Command::read(text) {
            Command::Help => "help".into(),
            Command::List => "list".into(),
            Command::Unknown => "unknown".into(),
            Command::Alerts(on) => format!("alerts {on}"),
            Command::Call(Dialled::Number(n)) => format!("number {}", n.expose_secret()),
            Command::Call(Dialled::Name(n)) => format!("name {}", n.expose_secret()),
        }
    }

    #[test]
    fn commands_are_understood_in_every_language() {
        for (text, wanted) in [
            ("help", "help"),
            ("", "help"),
            ("<at>Harbour Calls</at> Hilfe", "help"),
            ("<at id=\"0\">Calls</at>&nbsp;LIST", "list"),
            ("Mitglieder", "list"),
            ("membres", "list"),
            ("成员", "list"),
            ("call Ann Lee", "name ann lee"),
            ("ruf Ann Lee an", "name ann lee"),
            ("appeler à Ann", "name ann"),
            ("llamar: Ann", "name ann"),
            ("拨打张伟", "name 张伟"),
            ("call +49 30 1234", "number +49 30 1234"),
            ("call *21*0301234#", "number *21*0301234#"),
            ("call 0800-FLOWERS", "number 0800-flowers"),
            ("call x3", "name x3"),
            ("call", "unknown"),
            ("callback later", "unknown"),
            ("hello", "unknown"),
            ("<at>Calls</at> Alerts", "alerts true"),
            ("Warnungen aus", "alerts false"),
            ("警报关闭", "alerts false"),
            ("alerts about nothing", "unknown"),
            ("<script>call 1</script>", "number 1"),
            ("a < b", "unknown"),
            ("<at>unended call 1", "unknown"),
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
    }

    #[test]
    fn names_fit_by_the_beginnings_of_their_words() {
        let Command::Call(wanted) = Command::read("call le an") else { panic!() };
        assert!(wanted.fits("Le Anh"));
        let Command::Call(wanted) = Command::read("call lee ann") else { panic!() };
        assert!(wanted.fits("Ann-Marie Lee") && wanted.fits("LEE, Ann") && !wanted.fits("Ann Bee"));
        let Command::Call(wanted) = Command::read("拨打伟") else { panic!() };
        assert!(wanted.fits("张伟"));
    }
}
