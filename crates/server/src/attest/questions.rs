//! The questions: their ids, who can answer each, and which words an answer may have. The order is that of the pages on
//! which Microsoft asks them.

use serde_json::Value;

/// Who can answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// The program, by a check.
    Software,
    /// The operator; the program puts its evidence beside it.
    Both,
    /// The operator alone.
    Operator,
}

/// The form of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// `yes` or `no`.
    YesNo,
    /// `yes`, `no` or `na`.
    YesNoNa,
    /// An address, at most 500 characters.
    Url,
    /// An e-mail address.
    Email,
    /// At most 500 characters.
    Text,
    /// One of these words.
    Select(&'static [&'static str]),
    /// Some of these words; with none given, any texts.
    List(&'static [&'static str]),
    /// An object of these keys with `yes` or `no`; with none given, any keys.
    Each(&'static [&'static str]),
}

/// A question.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Its id.
    pub id: &'static str,
    /// The page it stands on.
    pub page: &'static str,
    /// What is asked.
    pub text: &'static str,
    /// Who can answer.
    pub who: Who,
    /// The form of the answer.
    pub form: Form,
}

const fn q(id: &'static str, page: &'static str, who: Who, form: Form, text: &'static str) -> Question {
    Question { id, page, text, who, form }
}

use Form::{Each, Email, List, Select, Text, Url, YesNo, YesNoNa};
use Who::{Both, Operator, Software};

const GENERAL: &str = "General";
const DATA: &str = "Data handling";
const SECURITY: &str = "Security";
const FRAMEWORKS: &str = "Compliance frameworks";
const PRIVACY: &str = "Privacy";
const IDENTITY: &str = "Identity and Graph";
const FURTHER: &str = "Further questions";

/// All questions.
pub const QUESTIONS: &[Question] = &[
    q("GEN01", GENERAL, Operator, Text, "App name"),
    q("GEN37", GENERAL, Operator, Url, "Publisher's web site"),
    q("GEN39", GENERAL, Operator, Url, "Terms of use"),
    q("GEN26", GENERAL, Software, Text, "Short description"),
    q("GEN17", GENERAL, Software, YesNo, "Does the app contain AI functions?"),
    q("GEN13", GENERAL, Operator, Text, "Country of the head office"),
    q("GEN30", GENERAL, Operator, Url, "Is there a page with information about the app?"),
    q("GEN20", GENERAL, Both, Select(&["IaaS", "PaaS", "vendor-hosted", "hybrid"]), "Kind of hosting"),
    q("GEN16", GENERAL, Both, List(&[]), "Hosting companies"),
    q("GEN31", GENERAL, Operator, Email, "Contact for customers"),
    q("GEN32", GENERAL, Operator, Email, "Further contact"),
    q("DHP_G07", DATA, Software, YesNo, "Does the app process customer or device data?"),
    q("DHP_G04", DATA, Software, List(&[]), "Which data is collected or processed?"),
    q("DHP_G16", DATA, Software, YesNo, "Is transport protected by TLS 1.2 or newer?"),
    q("DHP_G06", DATA, Software, YesNo, "Does the app store customer data?"),
    q("DHP_G05", DATA, Software, List(&[]), "Which data is stored?"),
    q("DHP_G08", DATA, Both, Text, "In which countries or regions is it stored?"),
    q("DHP_G09", DATA, Both, YesNo, "Is there a process for retention and disposal?"),
    q(
        "LEG03",
        DATA,
        Software,
        Select(&["none", "<30", "<60", "<90", ">90"]),
        "How long is data kept after the account ends (days)?",
    ),
    q("DHP_G10", DATA, Both, YesNo, "Is there a process to manage access to data, keys and secrets?"),
    q("DHP_G11", DATA, Both, YesNo, "Is data passed to third parties?"),
    q("DHP_G12", DATA, Operator, YesNo, "Are there data-sharing agreements with them?"),
    q("SEC28", SECURITY, Operator, YesNo, "Is there a penetration test each year?"),
    q("SEC26", SECURITY, Both, YesNo, "Is there a plan for disaster recovery, with backup and restore?"),
    q(
        "SEC27",
        SECURITY,
        Operator,
        Select(&["TraditionalAntiMalware", "ApplicationControls", "both", "none"]),
        "Is there protection against malware, or control of applications?",
    ),
    q("SEC29", SECURITY, Both, YesNo, "Is there a process to find vulnerabilities and rank them by risk?"),
    q("SEC30", SECURITY, Operator, YesNo, "Is there a policy with times for applying patches?"),
    q("SEC31", SECURITY, Both, YesNo, "Are patches applied within the policy's times?"),
    q("SEC32", SECURITY, Both, YesNo, "Is any unsupported operating system or software in use?"),
    q("SEC33", SECURITY, Both, YesNo, "Is there a scan for vulnerabilities at least each quarter?"),
    q("SEC34", SECURITY, Operator, YesNo, "Is there a firewall at the boundary?"),
    q("SEC35", SECURITY, Both, YesNo, "Is there a process for changes before production?"),
    q("SEC36", SECURITY, Both, YesNo, "Does a second person review changes of code?"),
    q(
        "SEC37",
        SECURITY,
        Software,
        YesNo,
        "Is code written to withstand the common classes of attack (OWASP Top 10)?",
    ),
    q(
        "SEC38",
        SECURITY,
        Operator,
        List(&["code-repositories", "dns-management", "credential-stores", "key-stores", "none"]),
        "Where is multi-factor authentication on?",
    ),
    q("SEC39", SECURITY, Both, YesNo, "Is there a process to create, change and remove accounts of staff?"),
    q("SEC40", SECURITY, Operator, YesNoNa, "Is there detection or prevention of intrusion at the boundary?"),
    q("SEC41", SECURITY, Software, YesNo, "Are events logged on all components?"),
    q("SEC42", SECURITY, Both, YesNo, "Are logs reviewed regularly for security events?"),
    q("SEC43", SECURITY, Software, YesNo, "Are alerts sent automatically on security events?"),
    q("SEC44", SECURITY, Operator, YesNo, "Is there a process for security risks?"),
    q("SEC45", SECURITY, Operator, YesNo, "Is there a documented process for incidents?"),
    q("SEC46", SECURITY, Operator, YesNo, "Is a breach reported to authorities and people within 72 hours?"),
    q("CMP04", FRAMEWORKS, Operator, YesNoNa, "HIPAA"),
    q("CMP28", FRAMEWORKS, Operator, YesNo, "HITRUST CSF"),
    q("CMP08", FRAMEWORKS, Operator, YesNo, "SOC 1"),
    q("CMP09", FRAMEWORKS, Operator, YesNo, "SOC 2"),
    q("CMP11", FRAMEWORKS, Operator, YesNo, "SOC 3"),
    q("CMP15", FRAMEWORKS, Operator, YesNo, "PCI DSS, with a yearly assessment"),
    q("CMP06", FRAMEWORKS, Operator, YesNo, "ISO 27001"),
    q("CMP16", FRAMEWORKS, Operator, YesNo, "ISO 27018"),
    q("CMP22", FRAMEWORKS, Operator, YesNo, "ISO 27017"),
    q("CMP30", FRAMEWORKS, Operator, YesNo, "ISO 27002"),
    q("CMP18", FRAMEWORKS, Operator, YesNo, "FedRAMP"),
    q("CMP26", FRAMEWORKS, Operator, YesNo, "FERPA"),
    q("CMP25", FRAMEWORKS, Operator, YesNo, "COPPA"),
    q("CMP12", FRAMEWORKS, Operator, YesNo, "Sarbanes-Oxley"),
    q("CMP13", FRAMEWORKS, Operator, YesNo, "NIST 800-171"),
    q("CMP19", FRAMEWORKS, Operator, YesNo, "CSA STAR"),
    q("PRV01", PRIVACY, Operator, YesNo, "Is the app subject to GDPR or another privacy law?"),
    q(
        "PRV02",
        PRIVACY,
        Operator,
        YesNo,
        "Is there a public notice about collection, use, sharing and storage?",
    ),
    q("PRV03", PRIVACY, Operator, Url, "Where is that notice?"),
    q(
        "PRV04",
        PRIVACY,
        Both,
        YesNo,
        "Are there automated decisions or profiling with legal or similar effect?",
    ),
    q("PRV05", PRIVACY, Both, YesNo, "Can people object to it?"),
    q("PRV06", PRIVACY, Both, YesNo, "Is data used for a further purpose, such as marketing or analytics?"),
    q("PRV07", PRIVACY, Operator, YesNo, "Are special categories of data processed?"),
    q("PRV08", PRIVACY, Operator, YesNo, "Is data of minors under 16 processed?"),
    q("PRV09", PRIVACY, Operator, YesNoNa, "Is their parents' consent asked for?"),
    q("PRV10", PRIVACY, Software, YesNo, "Can personal data be deleted on request?"),
    q("PRV11", PRIVACY, Software, YesNo, "Can processing be restricted on request?"),
    q("PRV12", PRIVACY, Software, YesNo, "Can data be corrected on request?"),
    q("PRV13", PRIVACY, Operator, YesNo, "Are there regular reviews of processing (DPIA)?"),
    q("IDD01", IDENTITY, Software, YesNo, "Does the app use the Microsoft identity platform?"),
    q("DHP_G01", IDENTITY, Both, List(&[]), "Which application ids does it have in Entra ID?"),
    q("IDD_TENANT", IDENTITY, Both, Text, "Home tenant, if the app is for a single tenant"),
    q("ZTR01", IDENTITY, Both, YesNo, "Is one application id shared by several apps?"),
    q("DHP_G02", IDENTITY, Software, YesNo, "Does it use permissions of Microsoft Graph?"),
    q("IDD_PERMS", IDENTITY, Software, List(&[]), "Which permissions?"),
    q("DHP_G03", IDENTITY, Software, List(&["delegated", "application", "rsc"]), "Of which type are they?"),
    q("ZTR04", IDENTITY, Software, List(&[]), "What is the reason for each?"),
    q("IDD04", IDENTITY, Software, YesNo, "Are only the least privileges asked for?"),
    q("IDD18", IDENTITY, Both, YesNo, "Was Microsoft's checklist for identity integration followed?"),
    q("IDD19", IDENTITY, Software, YesNo, "Is the newest MSAL or Identity Web library used?"),
    q("ZTR03", IDENTITY, Software, List(&[]), "Which libraries are used instead?"),
    q("IDD02", IDENTITY, Software, YesNo, "Does the app support Conditional Access?"),
    q("IDD03", IDENTITY, Software, List(&[]), "Which types of policy?"),
    q("ZTR05", IDENTITY, Software, YesNo, "Does it support Continuous Access Evaluation?"),
    q("ZTR06", IDENTITY, Software, YesNo, "Are any credentials kept in code?"),
    q("DHP21", IDENTITY, Software, YesNo, "Are other APIs of Microsoft used?"),
    q("DHP20", IDENTITY, Software, List(&[]), "Which?"),
    q("ZTR07", IDENTITY, Software, Text, "Why?"),
    q("X_CLIENTS", FURTHER, Software, List(&[]), "Which Microsoft 365 clients are supported?"),
    q(
        "X_NON_MS",
        FURTHER,
        Software,
        List(&[]),
        "Which services that are not Microsoft's receive organisational data, which data, and why?",
    ),
    q(
        "X_BOT_EUII",
        FURTHER,
        Software,
        Each(&["used", "stored"]),
        "Does a bot or message extension read members' names and addresses; are they stored?",
    ),
    q(
        "X_TELEMETRY",
        FURTHER,
        Software,
        YesNo,
        "Does personal or organisational data appear in telemetry or logs?",
    ),
    q(
        "X_ADMIN_CONTROL",
        FURTHER,
        Software,
        List(&[]),
        "How do customers' administrators control their data?",
    ),
    q("X_HUMAN_REVIEW", FURTHER, Operator, YesNo, "Do people review or analyse the data?"),
    q(
        "X_STATIC_PERMS",
        FURTHER,
        Software,
        YesNo,
        "Do the registration's permissions equal those asked for at run time?",
    ),
    q("X_MULTI_TENANT", FURTHER, Software, Each(&[]), "Is the app multi-tenant (each registration)?"),
    q("X_CONFIDENTIAL", FURTHER, Software, Each(&[]), "Is it a confidential client (each registration)?"),
    q("X_REDIRECTS", FURTHER, Both, YesNo, "Are all redirect URIs owned?"),
    q("X_AVOIDED", FURTHER, Software, List(&[]), "Which discouraged patterns are avoided?"),
    q("X_WEB_API", FURTHER, Software, Each(&[]), "Does it expose web APIs (each registration)?"),
    q("X_PREVIEW", FURTHER, Software, YesNo, "Does it use preview APIs?"),
    q("X_DEPRECATED", FURTHER, Software, YesNo, "Does it use deprecated APIs?"),
];

/// The most characters of a text or an address.
const LONGEST: usize = 500;

/// The question of an id.
pub fn question(id: &str) -> Option<&'static Question> {
    QUESTIONS.iter().find(|q| q.id == id)
}

impl Form {
    /// Whether an answer has this form; if not, what it must be.
    ///
    /// # Errors
    /// What the answer must be.
    pub fn check(self, value: &Value) -> Result<(), String> {
        let text = value.as_str();
        let one_of = |words: &[&str]| match text {
            Some(t) if words.contains(&t) => Ok(()),
            _ => Err(format!("one of {}", words.join(", "))),
        };
        match self {
            YesNo => one_of(&["yes", "no"]),
            YesNoNa => one_of(&["yes", "no", "na"]),
            Select(words) => one_of(words),
            Text => match text {
                Some(t) if t.chars().count() <= LONGEST => Ok(()),
                _ => Err(format!("a text of at most {LONGEST} characters")),
            },
            Url => match text {
                Some(t) if t.len() <= LONGEST && t.starts_with("https://") => Ok(()),
                _ => Err(format!("an address that begins with https://, at most {LONGEST} characters")),
            },
            Email => match text {
                Some(t)
                    if t.len() <= LONGEST
                        && t.split_once('@').is_some_and(|(a, b)| !a.is_empty() && b.contains('.')) =>
                {
                    Ok(())
                }
                _ => Err("an e-mail address".into()),
            },
            List(words) => {
                let fits = |v: &Value| {
                    v.as_str().is_some_and(|t| t.len() <= LONGEST && (words.is_empty() || words.contains(&t)))
                };
                match value.as_array() {
                    Some(all) if all.iter().all(fits) => Ok(()),
                    _ if words.is_empty() => Err("a list of texts".into()),
                    _ => Err(format!("a list of some of {}", words.join(", "))),
                }
            }
            Each(keys) => {
                let fits = |(k, v): (&String, &Value)| {
                    (keys.is_empty() || keys.contains(&k.as_str()))
                        && matches!(v.as_str(), Some("yes" | "no"))
                };
                match value.as_object() {
                    Some(all) if all.iter().all(fits) => Ok(()),
                    _ => Err("an object with yes or no for each".into()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_id_stands_once() {
        let mut ids: Vec<&str> = QUESTIONS.iter().map(|q| q.id).collect();
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn answers_have_the_words_of_their_question() {
        let cases = [
            (YesNo, json!("yes"), true),
            (YesNo, json!("na"), false),
            (YesNo, json!(true), false),
            (YesNoNa, json!("na"), true),
            (Url, json!("http://example.org"), false),
            (Url, json!("https://example.org"), true),
            (Email, json!("a@example.org"), true),
            (Email, json!("@x.y"), false),
            (Text, json!("x".repeat(501)), false),
            (List(&["a"]), json!(["a", "b"]), false),
            (List(&[]), json!(["a", "b"]), true),
            (Each(&["used"]), json!({"used": "yes"}), true),
            (Each(&["used"]), json!({"else": "yes"}), false),
        ];
        for (form, value, fine) in cases {
            assert_eq!(form.check(&value).is_ok(), fine, "{form:?} {value}");
        }
    }
}
