//! What Microsoft sends, or somebody in its name: nothing that is read leads to another host, prints a person, or is too
//! long; no token is good that nobody signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use redact::Secret;
use std::collections::BTreeMap;
use teams::entra::{
    ApiRules, Callback, Challenge, EntraError, KeySet, NotificationRules, Refused, SignIns, TokenReply,
    declare_capability,
};
use teams::graph::{Batch, Change, Given, Graph, Known, Notices, Seen, Sync, me};
use teams::permissions::Operation;
use teams::{BaseUrl, Cloud, Reply, Time, clean, percent_decode, percent_encode};

const NOW: Time = Time::from_secs(1_795_168_800);
const TENANT: &str = "11111111-1111-1111-1111-111111111111";

fn cloud() -> Cloud {
    Cloud::named("worldwide").expect("a known cloud")
}

fn graph() -> Graph {
    Graph::of(&cloud()).expect("a known cloud")
}

fn short(given: &Given<Secret<String>>) {
    if let Given::Value(text) = given {
        let text = text.expose_secret();
        assert!(!text.is_empty() && text.chars().count() <= 256 && !text.chars().any(char::is_control));
    }
}

fn page(data: &[u8]) {
    let mut sync = Sync::new(graph(), &["id", "displayName"], None);
    for status in [200, 410, 400] {
        if let Ok(step) = sync.take(&Reply::new(status, data)) {
            let mut people = std::collections::BTreeSet::new();
            for change in &step.changes {
                match change {
                    Change::Write(user) => {
                        let names = [&user.display_name, &user.given_name, &user.surname];
                        names.into_iter().chain([&user.mail, &user.mobile_phone]).for_each(short);
                        assert!(people.insert(user.id.clone()), "each person once");
                    }
                    Change::Remove { id, .. } => assert!(people.insert(id.clone()), "each person once"),
                }
            }
        }
        let next = sync.call().request(&Secret::new("t".into()), [0; 16]);
        assert!(graph().base().owns(&next.url), "the token stays with Graph");
    }
}

fn batch(data: &[u8]) {
    let mut batch = Batch::new(&graph(), vec![me(&graph()); 3]).expect("three fit");
    let mut ended = 0;
    for round in 0.. {
        let step = batch.take(NOW, Some(&Reply::new(200, data)), 7);
        ended += step.ended.len();
        if step.again_at.is_none() {
            break;
        }
        assert!(round < 40, "it ends");
    }
    assert_eq!(ended, 3, "each operation ends once");
}

fn lists(data: &[u8]) {
    let reply = Reply::new(200, data);
    for presence in teams::graph::read_presences(&reply).unwrap_or_default() {
        assert!(presence.activity.as_str().len() <= 64);
        let _ = presence.hindrance();
    }
    if let Some(members) = teams::graph::read_members(&reply) {
        let next =
            members.next.and_then(|l| teams::graph::next_members(&graph(), Operation::ChatMembers, &l));
        assert!(next.is_none_or(|c| graph().base().owns(&c.request(&Secret::new("t".into()), [0; 16]).url)));
    }
    let licences = teams::graph::read_licences(&reply).unwrap_or_default();
    assert!(licences.iter().all(|l| l.name.chars().count() <= 64));
    let _ = teams::graph::read_licensed_user(&reply);
    let _ = teams::graph::read_subscription(&reply);
    let _ = teams::graph::read_photo(&reply);
}

fn notices(data: &[u8]) {
    let Cloud { login, sts, .. } = cloud();
    let rules = NotificationRules { client_ids: vec![TENANT.to_string()], login, sts };
    let notices = Notices { rules: &rules, keys: &KeySet::default(), decryption: &BTreeMap::new() };
    let mut seen = Seen::default();
    let known = |_: &str| Some(Known { tenant: TENANT.to_string(), client_state: [7; 32] });
    let read = notices.read(NOW, data, known, |_| true, &mut seen);
    assert!(read.is_err() || read.is_ok_and(|all| all.iter().all(Result::is_err)), "nobody knows the secret");
    if let Ok(text) = std::str::from_utf8(data) {
        let said = teams::graph::answer_validation(text).unwrap_or_default();
        assert!(!said.contains(['<', '\r', '\n']));
    }
}

fn texts(which: u8, text: &str) {
    match which {
        4 => {
            let reply = Reply::new(401, "").with("WWW-Authenticate", text);
            let claims = Challenge::of(&reply).map(|c| c.claims);
            let all = declare_capability(claims.as_deref().or(Some(text)));
            assert!(all.contains("cp1") && declare_capability(Some(&all)) == all);
            assert!(reply.with("Retry-After", text).retry_after().is_none_or(|w| w.as_secs() <= 86_400));
        }
        5 => {
            let rules = ApiRules::new(&cloud(), TENANT, "access_as_user");
            let judged = rules.check(&KeySet::default(), NOW, text, |_| true);
            let why = judged.expect_err("nobody signed it");
            assert!(matches!(why, Refused::Malformed | Refused::Algorithm | Refused::UnknownKey));
        }
        8 => {
            let sign_ins = SignIns::new(&Secret::new([1; 32])).expect("a key");
            let callback = Callback::read(text);
            let ends = teams::entra::Endpoints::entra(&cloud(), "organizations").expect("a tenant");
            assert!(sign_ins.finish(NOW, &ends, Some(text), &callback).is_err());
            assert!(sign_ins.finish_consent(NOW, Some(text), &callback).is_err());
        }
        _ => {
            if let Ok(base) = BaseUrl::parse(text) {
                assert!(base.owns(&base.join("/x")), "what is joined stays below");
            }
            assert_eq!(percent_decode(&percent_encode(text)).as_deref(), Some(text));
            let line = clean::line(text, 20);
            assert!(line.chars().count() <= 20 && clean::line(&line, 20) == line);
            if let Some(time) = Time::parse_rfc3339(text) {
                assert!(time.secs() > 253_402_300_799 || Time::parse_rfc3339(&time.rfc3339()).is_some());
            }
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((which, data)) = data.split_first() else { return };
    match which {
        0 => page(data),
        1 => batch(data),
        2 => lists(data),
        3 => notices(data),
        6 => drop(KeySet::read(&Reply::new(200, data))),
        7 => {
            let _ = TokenReply::read(NOW, Some(&Reply::new(200, data))).map(|t| t.granted());
            let error = EntraError::of(&Reply::new(400, data));
            assert!(!error.to_string().contains('\n'));
        }
        which => {
            if let Ok(text) = std::str::from_utf8(data) {
                texts(*which, text);
            }
        }
    }
});
