//! The examples, and what their parts mean.

use super::*;
use crate::tenant::check::{Documents, check_values, read_folder};
use crate::tenant::objects::WhoseNumber;
use crate::tenant::scope::slot_id;
use engine::{Easier, Member, Overflow, QueueConfig, RecordingRule, SkillId, Step, Test};
use std::path::Path;

fn example(name: &str) -> (Documents, Meaning) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name).join("tenant");
    let documents = read_folder(&folder).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let meaning = understood(&documents);
    (documents, meaning)
}

// Numbers as the store gives them: each kind is counted for itself.
fn understood(documents: &Documents) -> Meaning {
    let number = |kind: &str, id: &str| {
        let place = documents.values().filter(|d| d.kind == kind).position(|d| d.id == id);
        place.map(|n| n as u32 + 1)
    };
    understand(documents, &number).unwrap()
}

fn queue<'a>(m: &'a Meaning, id: &str) -> &'a QueueConfig {
    let id = QueueId(m.names.number("Queue", id).unwrap());
    m.config.queues.iter().find(|q| q.id == id).unwrap()
}

#[test]
fn the_contact_center_has_everything() {
    let (_, m) = example("contact-center");
    assert_eq!(m.languages, ["de", "en", "fr"]);
    assert_eq!((m.config.queues.len(), m.config.numbers.len(), m.config.hours.len()), (5, 4, 3));
    assert_eq!(m.outward("0421555").map(|to| to.number), Ok("+49421555".into()));
    assert!(m.outward("0900123456").is_err());
    assert_eq!(m.lists_of("+49421555901"), 1);
    assert_eq!(m.attribute(AttributeId(0), 1), ("level".into(), "gold".into()));
    assert_eq!(m.break_reason(BreakReason(1)), Some("lunch"));
    assert_eq!(m.break_reason(BreakReason(0)), None);
    assert_eq!(m.outbound.as_ref().map(|o| o.addr.port()), Some(6_200));
    // Eight people are rung: seven agents and a supervisor, who is in no queue.
    assert_eq!((m.config.agents.len(), m.phones.len()), (8, 8));
    let olga = AgentId(m.names.number("User", "olga").unwrap());
    assert!(m.config.agents.iter().any(|a| a.id == olga));
    assert!(m.config.queues.iter().all(|q| q.members.iter().all(|member| member.agent != olga)));
    assert_eq!(m.mailbox(mailbox::of_user(olga.0)), "olga");
    assert!(m.mailboxes[&mailbox::of_user(olga.0)].email.is_some());
    assert_eq!((m.look_ups.len(), m.secure.len(), m.webhooks.len(), m.config.secure.len()), (1, 1, 1, 1));
    assert_eq!((m.dispositions.len(), m.screen_pops.len()), (3, 1));
    assert_eq!(m.digits.place(slot_id("account"), "4711"), 1);
    assert_eq!(m.digits.place(slot_id("account"), "4712"), 0);
    assert_eq!(m.slots[&slot_id("call-back-at")], "call-back-at");
    let number = NumberId(m.names.number("Number", "payments").unwrap());
    let payments = m.config.numbers.iter().find(|n| n.id == number).unwrap();
    assert_eq!((payments.recording, payments.language), (RecordingRule::Never, LanguageId(1)));
    assert_eq!(m.dialled[&number], "+49421555400");
}

#[test]
fn a_queue_means_what_it_says() {
    let (_, m) = example("contact-center");
    let sales = queue(&m, "sales");
    let user = |id: &str| AgentId(m.names.number("User", id).unwrap());
    let skill = |id: &str| SkillId(m.names.number("Skill", id).unwrap());
    assert_eq!(sales.members[2], Member { agent: user("claire"), order: 1, weight: 1 });
    assert_eq!(sales.strategy, engine::Strategy::MostFitting);
    assert_eq!(
        (sales.last_agent_ms, sales.more_wrap_up_ms, sales.disposition_forced),
        (10_000, 60_000, true)
    );
    let whats: Vec<Easier> = sales.relax.iter().map(|r| r.what).collect();
    assert_eq!(
        whats,
        [
            Easier::Lower { skill: skill("german"), by: 2 },
            Easier::Lower { skill: skill("english"), by: 2 },
            Easier::RingAtOnce { phones: 2 },
            Easier::DropAll,
            Easier::AlsoQueue { queue: queue(&m, "reception").id },
        ]
    );
    let announce = sales.announce.as_ref().unwrap();
    assert_eq!((announce.first_ms, announce.every_ms, announce.waits[0].0), (5_000, 20_000, 120_000));
    let callback = queue(&m, "support").callback.as_ref().unwrap();
    assert_eq!((callback.key, callback.offer_ms, callback.attempts), ('5', 5_000, 3));
    assert_eq!(
        (callback.slot, callback.promise_ms, callback.agent_first),
        (slot_id("call-back-at"), 7_200_000, true)
    );
    assert!(callback.hours.is_some());
    assert_eq!(queue(&m, "support").relax[1].what, Easier::Priority { steps: 1 });
    assert_eq!(queue(&m, "gold").relax[0].what, Easier::Drop { skill: skill("french") });
}

#[test]
fn the_example_uses_each_kind_of_step_and_overflow() {
    let (_, m) = example("contact-center");
    let nodes = || m.config.flows.iter().flat_map(|f| f.nodes.iter());
    let has = |what: &str, test: &dyn Fn(&Step) -> bool| assert!(nodes().any(|n| test(&n.step)), "no {what}");
    has("consent", &|s| matches!(s, Step::Consent { opt_out: Some(_), .. }));
    has("menu", &|s| matches!(s, Step::Menu { .. }));
    has("collect", &|s| matches!(s, Step::Collect { .. }));
    has("secure", &|s| matches!(s, Step::Secure { .. }));
    has("look-up", &|s| matches!(s, Step::LookUp { wait_ms: 2_000, .. }));
    has("run", &|s| matches!(s, Step::Run { .. }));
    has("voicemail", &|s| matches!(s, Step::Voicemail { .. }));
    has("connect", &|s| matches!(s, Step::Connect { .. }));
    has("agent", &|s| matches!(s, Step::ConnectAgent { .. }));
    has("need", &|s| matches!(s, Step::Need { .. }));
    let cases: Vec<Test> = nodes()
        .filter_map(|n| match &n.step {
            Step::Branch { cases } => Some(cases.iter().map(|c| c.0)),
            _ => None,
        })
        .flatten()
        .collect();
    assert!(cases.iter().any(|t| matches!(t, Test::Holiday(_))));
    assert!(cases.iter().any(|t| matches!(t, Test::Emergency(_))));
    assert!(cases.contains(&Test::List(0)) && cases.contains(&Test::Country(*b"FR")));
    for kind in [
        Overflow::NobodySignedIn,
        Overflow::WaitingOver(20),
        Overflow::ExpectedOver(900_000),
        Overflow::After(120_000),
    ] {
        has(
            "overflow",
            &|s| matches!(s, Step::Queue { overflow, .. } if overflow.iter().any(|(why, _)| *why == kind)),
        );
    }
}

#[test]
fn each_prompt_of_the_example_is_a_tone_of_its_own_and_the_readme_knows_it() {
    let (documents, m) = example("contact-center");
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/contact-center/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let mut tones = HashSet::new();
    for d in documents.values().filter(|d| d.kind == "Prompt") {
        let hz = |v: &serde_json::Value| v["tone"]["hz"].as_u64().unwrap();
        let row: Vec<u64> = match d.body.get("languages") {
            Some(l) => ["de", "en", "fr"].iter().map(|name| hz(&l[*name])).collect(),
            None => vec![hz(&d.body); 3],
        };
        let new = row.iter().copied().collect::<HashSet<u64>>();
        for hz in &new {
            assert!((300..=2_500).contains(hz) && hz.is_multiple_of(50), "{} {hz}", d.id);
            assert!(tones.insert(*hz), "{hz} is there twice");
        }
        let line = format!("| `{}` | {} | {} | {} |", d.id, row[0], row[1], row[2]);
        assert!(readme.contains(&line), "examples/contact-center/README.md lacks {line}");
    }
    let closed = PromptId(m.names.number("Prompt", "closed").unwrap());
    let heard = |l| m.prompt(closed, LanguageId(l)).unwrap();
    assert!(heard(0) != heard(1) && heard(1) != heard(2));
    // Music has no language; the first stands for all.
    assert_eq!(&m.prompts[&closed], heard(0));
}

#[test]
fn the_load_tools_example_still_means_the_same() {
    let (_, m) = example("bench");
    assert_eq!(m.config.agents.len(), 410);
    assert_eq!(m.targets.len(), 2);
    assert!(m.config.flows.iter().all(|f| f.nodes.last().is_some_and(|n| n.next == engine::END)));
}

#[test]
fn dial_plans_by_country() {
    let plan = |rest: &str| {
        let text = format!("{{\"kind\": \"Tenant\", \"id\": \"t\", \"profile\": \"contact-center\"{rest}}}");
        check_values(vec![serde_json::from_str(&text).unwrap()]).map(|d| understood(&d).dial_plan)
    };
    let world = |rest: &str, number: &str| plan(rest).unwrap().international(number);
    for (country, number, expected) in [
        ("DE", "0421555", "+49421555"),
        ("AT", "0043155512", "+43155512"),
        ("CH", "0445551234", "+41445551234"),
        ("FR", "0155512345", "+33155512345"),
        ("GB", "02079460000", "+442079460000"),
        ("US", "12125550100", "+12125550100"),
        ("US", "0114930123456", "+4930123456"),
    ] {
        assert_eq!(
            world(&format!(", \"country\": \"{country}\""), number).as_deref(),
            Some(expected),
            "{country}"
        );
    }
    // Where nothing goes before national numbers they are dialled whole, whether it is said or known.
    let said =
        ", \"country\": \"IT\", \"dial\": {\"national_prefix\": \"\", \"international_prefix\": \"00\"}";
    for italy in [said, ", \"country\": \"IT\""] {
        assert_eq!(world(italy, "00493012345").as_deref(), Some("+493012345"));
        assert_eq!(world(italy, "0612345678").as_deref(), Some("+390612345678"));
        assert_eq!(world(italy, "1001"), None, "an extension is no number");
    }
    let unsaid = ", \"dial\": {\"calling_code\": \"49\"}";
    assert_eq!(world(unsaid, "0421555100"), None, "without a prefix only numbers of the world are known");
    assert!(plan(", \"country\": \"KE\"").is_err() && plan(", \"country\": \"XX\"").is_err());
    assert_eq!(world("", "0421555"), None);
}

// Each complete tenant of the handbook is one: what is written there can be used as it is.
#[test]
fn the_tenants_of_the_handbook_are_in_order() {
    let handbook = handbook("tenants.md");
    let tenants: Vec<&str> = handbook
        .split("```yaml\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .filter(|block| block.starts_with("kind: Tenant"))
        .collect();
    assert_eq!(tenants.len(), 2, "the small tenant, and the one with flows, hours and skills");
    for text in tenants {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("t.yaml"), text).unwrap();
        std::fs::write(dir.path().join("greeting.wav"), short_wav()).unwrap();
        let documents = read_folder(dir.path()).unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"));
        assert!(!understood(&documents).config.flows.is_empty());
    }
}

// A tenth of a second of silence: PCM, mono, 16 bits, 8 kHz.
fn short_wav() -> Vec<u8> {
    let data = vec![0_u8; 1_600];
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((36 + data.len() as u32).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    for half in [1_u16, 1, 8_000, 0, 16_000, 0, 2, 16] {
        wav.extend(half.to_le_bytes());
    }
    wav.extend(b"data");
    wav.extend((data.len() as u32).to_le_bytes());
    wav.extend(data);
    wav
}

fn handbook(page: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    std::fs::read_to_string(page).unwrap()
}

// Each row of the two tables of rules: the rule, a number, and what becomes of it for a German tenant.
#[test]
fn the_number_rules_of_the_handbook_do_what_it_says() {
    let (_, m) = example("carrier");
    let (mut section, mut rows) = ("", [0, 0]);
    for line in handbook("carriers.md").lines() {
        section = match line {
            _ if line.starts_with("| outbound rule") => "outbound_rules",
            _ if line.starts_with("| inbound rule") => "inbound_rules",
            _ if line.starts_with('|') => section,
            _ => "",
        };
        if section.is_empty() || !line.starts_with("| `{") {
            continue;
        }
        let cells: Vec<&str> = line.split('|').map(|c| c.trim().trim_matches('`')).collect();
        let ["", rule, number, expected, ""] = cells[..] else { panic!("{line}") };
        let text = format!("kind: Trunk\nid: x\nnetworks: [192.0.2.1]\n{section}:\n  - {rule}\n");
        let read = crate::tenant::yaml::read(&text).unwrap();
        let (faults, _) = crate::tenant::schema::check("Trunk", &read[0].value);
        assert_eq!(faults, [], "{line}");
        let mut body = read[0].value.clone();
        body.as_object_mut().unwrap().retain(|key, _| key != "kind" && key != "id");
        let trunk: crate::tenant::objects::Trunk = serde_json::from_value(body).unwrap();
        let plan = TrunkPlan::read(TrunkId(1), "x", &trunk, &m.dial_plan).unwrap();
        let whose = WhoseNumber::Called;
        let made = match section {
            "inbound_rules" => plan.inbound.inward(number, whose, &m.dial_plan),
            _ => plan.outbound_rules.outward(number, whose, &m.dial_plan),
        };
        assert_eq!(made.map_or_else(|_| "nothing".into(), |made| made.number), expected, "{line}");
        rows[usize::from(section == "inbound_rules")] += 1;
    }
    assert!(rows[0] >= 8 && rows[1] >= 5, "{rows:?}");
}

// Each trunk that stands in the handbook is one, in any tenant.
#[test]
fn the_trunks_of_the_handbook_are_in_order() {
    let mut count = 0;
    for page in ["carriers.md", "teams.md", "tenants.md"] {
        let page = handbook(page);
        let blocks = page.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next());
        for text in blocks.filter(|block| block.starts_with("kind: Trunk")) {
            let dir = tempfile::tempdir().unwrap();
            let tenant = "kind: Tenant\nid: t\nprofile: contact-center\ncountry: DE\n---\n";
            std::fs::write(dir.path().join("t.yaml"), format!("{tenant}{text}")).unwrap();
            let documents =
                read_folder(dir.path()).unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"));
            let plans = understood(&documents).trunk_plans;
            // People in Teams are called there by their own numbers.
            assert!(plans[0].outbound || plans[0].teams.is_some());
            count += 1;
        }
    }
    assert_eq!(count, 3, "by address, by registration, and to Teams");
}

#[test]
fn what_a_trunk_and_a_user_can_say_stands_in_the_handbook() {
    for (kind, page, heading) in [
        ("Trunk", "carriers.md", "### All fields of a trunk"),
        ("User", "tenants.md", "## Tenant files"),
        ("Tenant", "tenants.md", "## Tenant files"),
    ] {
        let page = handbook(page);
        let (_, part) = page.split_once(heading).unwrap();
        let part = part.split("\n## ").next().unwrap_or_default();
        let schema = crate::tenant::schema::kind_schema(kind).unwrap();
        let keys = |schema: &serde_json::Value| -> Vec<String> {
            schema["properties"].as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
        };
        let own = keys(schema).into_iter().filter(|key| key != "kind" && key != "id");
        let toll = keys(&schema["properties"]["toll"]);
        assert!(kind != "Tenant" || toll.len() > 5, "{schema:#}");
        for key in own.chain(toll) {
            assert!(
                part.contains(&format!("`{key}`")) || part.contains(&format!("`{key}.")),
                "{kind}: no word of {key}"
            );
        }
    }
}

#[test]
fn the_carrier_example_means_what_it_says() {
    let (_, m) = example("carrier");
    let carrier = m.trunk_plans.iter().find(|t| t.name == "carrier").unwrap();
    let registration = carrier.registration.as_ref().unwrap();
    assert_eq!((registration.user.as_str(), registration.expires_s), ("4942155510", 600));
    assert_eq!(carrier.account.as_ref().unwrap().password, PasswordPlace::File("carrier.password".into()));
    assert_eq!((carrier.options_every_ms, carrier.session_timer_s), (Some(60_000), 1_800));
    assert_eq!((carrier.max_calls, carrier.calls_per_second, carrier.priority), (Some(30), Some(5), 1));
    // Only the backup has an address; nothing calls a name without asking for it first.
    assert!(m.outbound.is_none(), "the first trunk is a name");
    let user = |id: &str| AgentId(m.names.number("User", id).unwrap());
    assert_eq!(m.accounts["anna"].agent, user("anna"));
    assert_eq!(m.dialling.extensions["299"], user("lobby"));
    assert_eq!((m.config.agents.len(), m.phones.len()), (3, 2));
    assert!(m.knows("192.0.2.17".parse().unwrap()) && m.knows("192.0.2.30".parse().unwrap()));
    // The flow's number outside, which goes over the trunks.
    assert_eq!(m.outside.values().map(|n| n.expose_secret().as_str()).collect::<Vec<_>>(), ["+491715550100"]);
    assert_eq!((m.toll.targets.len(), m.targets.len()), (1, 0));
}
