//! Whether somebody can be called: presence in Teams, as an input to routing.

use crate::clean;
use crate::graph::{Call, Graph, text};
use crate::permissions::Operation;
use crate::request::{MOST_JSON, Method, Reply};
use core::cmp::Ordering;
use serde_json::{Value, json};

/// The most people of one request.
pub const MOST_PRESENCES: usize = 650;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($variant:ident)*) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Debug)]
        #[allow(missing_docs)]
        pub enum $name {
            $($variant,)*
            /// A word that came later. It is kept as it came.
            Other(String),
        }

        impl $name {
            /// By Graph's word, in any case. Nothing for what is no word.
            pub fn read(text: &str) -> Option<$name> {
                $(if text.eq_ignore_ascii_case(stringify!($variant)) {
                    return Some($name::$variant);
                })*
                clean::word(text).map($name::Other)
            }

            /// Graph's word.
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => stringify!($variant),)*
                    $name::Other(word) => word,
                }
            }
        }
    };
}

words! {
    /// How available somebody is.
    Availability: Available AvailableIdle Away BeRightBack Busy BusyIdle DoNotDisturb Offline PresenceUnknown
}
words! {
    /// What somebody is doing.
    Activity: Available Away BeRightBack Busy DoNotDisturb InACall InAConferenceCall Inactive InAMeeting Offline OffWork
        OutOfOffice PresenceUnknown Presenting UrgentInterruptionsOnly
}

/// The presence of one person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Presence {
    /// The object's id.
    pub id: String,
    /// How available.
    pub availability: Availability,
    /// Doing what.
    pub activity: Activity,
    /// Rises with each change (`sequenceNumber`); none where Graph does not say it.
    pub sequence: Option<Sequence>,
}

/// A number of a presence's change. Graph writes it as a text of one length, with a letter before the digits; nothing is
/// made of it but an order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sequence(String);

impl Sequence {
    fn read(value: &Value) -> Option<Sequence> {
        let text = value.as_u64().map(|n| n.to_string());
        text.or_else(|| clean::word(value.as_str()?)).map(Sequence)
    }

    /// Which one is later. Nothing when the two are not written alike.
    fn order(&self, other: &Sequence) -> Option<Ordering> {
        let digits = |s: &Sequence| s.0.bytes().all(|c| c.is_ascii_digit());
        let (mine, theirs) = (&self.0, &other.0);
        let alike = mine.len() == theirs.len() || digits(self) && digits(other);
        alike.then(|| mine.len().cmp(&theirs.len()).then_with(|| mine.cmp(theirs)))
    }
}

/// Why somebody is not to be rung, by what Teams says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hindrance {
    /// Talking in Teams, alone or in a conference, or presenting.
    InCall,
    /// Not to be disturbed.
    DoNotDisturb,
}

impl Presence {
    /// Whether this is news after another presence of the same person. What has no number that can be compared is taken
    /// as news, because it came later.
    pub fn supersedes(&self, earlier: &Presence) -> bool {
        let order = self
            .sequence
            .as_ref()
            .zip(earlier.sequence.as_ref())
            .and_then(|(mine, theirs)| mine.order(theirs));
        order.is_none_or(Ordering::is_gt)
    }

    /// Why the person is not to be rung. Everything else, also being away or offline in Teams, is decided by the agent's
    /// own state here.
    pub fn hindrance(&self) -> Option<Hindrance> {
        let talking =
            matches!(self.activity, Activity::InACall | Activity::InAConferenceCall | Activity::Presenting);
        let shut = self.availability == Availability::DoNotDisturb
            || self.activity == Activity::UrgentInterruptionsOnly;
        match (talking, shut) {
            (true, _) => Some(Hindrance::InCall),
            (_, true) => Some(Hindrance::DoNotDisturb),
            _ => None,
        }
    }

    pub(crate) fn read(value: &Value) -> Option<Presence> {
        let number = value.get("sequenceNumber");
        Some(Presence {
            id: clean::guid(text(value, "id")?)?,
            availability: Availability::read(text(value, "availability").unwrap_or("PresenceUnknown"))?,
            activity: Activity::read(text(value, "activity").unwrap_or("PresenceUnknown"))?,
            sequence: number.and_then(Sequence::read),
        })
    }
}

/// The presence of up to [`MOST_PRESENCES`] people. Nothing for more, for none, or for ids that cannot be such.
pub fn presences(graph: &Graph, ids: &[String]) -> Option<Call> {
    let ids = ids.iter().map(|id| clean::guid(id)).collect::<Option<Vec<_>>>()?;
    if !(1..=MOST_PRESENCES).contains(&ids.len()) {
        return None;
    }
    let body = json!({"ids": ids});
    Some(graph.send(Operation::Presences, Method::Post, "/communications/getPresencesByUserId", &body))
}

/// Reads the presences of people. Who cannot be read is left out. Status messages are not read.
pub fn read_presences(reply: &Reply) -> Option<Vec<Presence>> {
    let page: Value = reply.json(MOST_JSON)?;
    let rows = page.get("value")?.as_array()?.iter().take(MOST_PRESENCES);
    Some(rows.filter_map(Presence::read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "11111111-1111-1111-1111-111111111111";

    fn one(availability: &str, activity: &str, sequence: &str) -> Presence {
        let body = format!(
            r#"{{"value":[{{"id":"{ID}","availability":"{availability}","activity":"{activity}","sequenceNumber":{sequence},
            "statusMessage":{{"message":{{"content":"canary"}}}}}}]}}"#
        );
        read_presences(&Reply::new(200, body)).unwrap().remove(0)
    }

    #[test]
    fn words_that_come_later_are_kept() {
        let later = one("Focused", "InAHologram", "null");
        assert_eq!(later.availability, Availability::Other("Focused".to_string()));
        assert_eq!((later.activity.as_str(), later.hindrance()), ("InAHologram", None));
        assert_eq!(one("busy", "inacall", "1").activity, Activity::InACall);
        for bad in ["", "[]", r#"{"value":{}}"#] {
            assert_eq!(read_presences(&Reply::new(200, bad)), None);
        }
        let odd = format!(
            r#"{{"value":[7,{{"id":"x"}},{{"id":"{ID}","availability":"<b>"}},{{"id":"{ID}","availability":null}}]}}"#
        );
        assert_eq!(read_presences(&Reply::new(200, odd)).map(|p| p.len()), Some(1));
    }

    #[test]
    fn who_talks_in_teams_or_wants_no_calls_is_not_rung() {
        for (availability, activity, hindrance) in [
            ("Busy", "InACall", Some(Hindrance::InCall)),
            ("Busy", "InAConferenceCall", Some(Hindrance::InCall)),
            ("DoNotDisturb", "Presenting", Some(Hindrance::InCall)),
            ("DoNotDisturb", "DoNotDisturb", Some(Hindrance::DoNotDisturb)),
            ("DoNotDisturb", "UrgentInterruptionsOnly", Some(Hindrance::DoNotDisturb)),
            ("Busy", "InAMeeting", None),
            ("Away", "Away", None),
            ("Offline", "OffWork", None),
        ] {
            assert_eq!(one(availability, activity, "1").hindrance(), hindrance, "{activity}");
        }
    }

    #[test]
    fn old_news_are_dropped() {
        let (old, new, none) =
            (one("Busy", "Busy", "\"7\""), one("Busy", "Busy", "8"), one("Busy", "Busy", "null"));
        assert!(new.supersedes(&old) && !old.supersedes(&new) && !old.supersedes(&old));
        assert!(none.supersedes(&new) && old.supersedes(&none));
        let (ninth, tenth) = (one("Busy", "Busy", "\"A0009\""), one("Busy", "Busy", "\"A000A\""));
        assert!(tenth.supersedes(&ninth) && !ninth.supersedes(&tenth));
        assert!(one("Busy", "Busy", "10").supersedes(&one("Busy", "Busy", "\"9\"")));
        assert!(ninth.supersedes(&new) && new.supersedes(&ninth), "written otherwise: the later word counts");
    }

    #[test]
    fn six_hundred_and_fifty_at_once() {
        let graph = Graph::of(&crate::Cloud::named("worldwide").unwrap()).unwrap();
        let ids = vec![ID.to_string(); MOST_PRESENCES];
        assert!(presences(&graph, &ids).is_some() && presences(&graph, &[]).is_none());
        assert!(presences(&graph, &vec![ID.to_string(); MOST_PRESENCES + 1]).is_none());
        assert!(presences(&graph, &["ann".to_string()]).is_none());
    }
}
