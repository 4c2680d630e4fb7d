//! Each fault with its line. What is expected stands in the files themselves, behind `#!` in the line of the fault.

mod outward;

use super::read_folder;

const BASE: &str = "
kind: Tenant
id: t
profile: contact-center
country: DE
dial: {allow: [\"+49\"], deny: [\"+49900\"]}
languages: [de, en]
attributes: {level: [gold, silver]}
lists: {vip: [\"+49421555\"]}
---
{kind: Trunk, id: out, networks: [127.0.0.0/8], address: \"sip:127.0.0.1:6200\", outbound: true}
---
{kind: Prompt, id: p, tone: {hz: 400, length: 1s}}
---
{kind: Queue, id: q, agents: [a]}
---
{kind: Queue, id: r, agents: []}
---
{kind: User, id: a, roles: [agent], phone: \"sip:a@127.0.0.1:6000\"}
---
{kind: Skill, id: s}
---
{kind: Hours, id: h, time_zone: Europe/Berlin, week: {mon: [\"09:00-17:00\"]}}
---
{kind: LookUp, id: l, url: \"https://crm.example.org/?n={caller}\", results: {/level: level}}
---
{kind: SecureEntry, id: card, prompt: p, digits: [1, 9], pass: {url: \"https://pay.example.org/\"}}
---
{kind: Webhook, id: w, url: \"https://crm.example.org/\", secret_file: key, events: [call-ended]}
";

#[track_caller]
fn check(base: &str, text: &str) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("base.yaml"), base).unwrap();
    std::fs::write(dir.path().join("t.yaml"), text).unwrap();
    let found: Vec<(String, usize, String)> = match read_folder(dir.path()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems
            .into_iter()
            .map(|p| (p.file.rsplit('/').next().unwrap_or_default().into(), p.line, p.what))
            .collect(),
    };
    let mut left = found.clone();
    for (n, line) in text.lines().enumerate() {
        for says in line.split("#!").skip(1).map(str::trim) {
            let at = left.iter().position(|(f, l, what)| f == "t.yaml" && *l == n + 1 && what.contains(says));
            let at = at.unwrap_or_else(|| panic!("line {} should say {says:?}: {found:#?}", n + 1));
            left.remove(at);
        }
    }
    assert!(left.is_empty(), "said but not expected: {left:#?}");
}

#[track_caller]
fn flow(text: &str) {
    check(BASE, &format!("kind: Flow\nid: f\n{text}"));
}

#[test]
fn the_base_is_in_order() {
    check(BASE, "");
}

#[test]
fn what_a_flow_refers_to_must_be_there() {
    flow(
        "steps:
  - say: nothing            #! there is no Prompt \"nothing\"
  - queue: nothing          #! there is no Queue \"nothing\"
  - queue: {queue: none}    #! there is no Queue \"none\"
  - run: nothing            #! there is no Flow \"nothing\"
  - need: {skill: x, level: 1}   #! there is no Skill \"x\"
  - hours: {hours: x, closed: b} #! there is no Hours \"x\"
  - look-up: {look_up: x}   #! there is no LookUp \"x\"
  - secure: {entry: x}      #! there is no SecureEntry \"x\"
  - voicemail: {of: x, prompt: p}  #! there is no Queue or User \"x\"
  - language: fr            #! \"fr\" is no language of the tenant: use one of de, en
  - set: {attribute: x, value: gold}    #! \"x\" is no attribute of the tenant
  - set: {attribute: level, value: tin} #! \"tin\" is no value of \"level\": use one of gold, silver
  - connect: {agent: x}     #! there is no User \"x\"
  - branch:
      - {if: {list: x}, go: b}    #! \"x\" is no list of the tenant
      - {if: {number: x}, go: b}  #! there is no Number \"x\"
      - {if: {waiting: {queue: x, at_least: 1}}, go: b}   #! there is no Queue \"x\"
      - {if: {digits: {slot: x, value: \"1\"}}, go: b}    #! no step collects digits into \"x\"
branches:
  b: [{hang-up: true}]
",
    );
}

#[test]
fn branches_must_be_there_and_be_gone_to() {
    flow(
        "steps:
  - menu:
      prompt: p
      keys:
        \"1\": sales
        \"2\": salse        #! there is no branch \"salse\": did you mean \"sales\"?
  - consent: {prompt: p, opt_out: {key: \"9\", go: x}}   #! there is no branch \"x\"
  - queue:
      queue: q
      overflow:
        - {after: 60s, go: y}   #! there is no branch \"y\"
  - go: z                  #! there is no branch \"z\"
branches:
  sales: [{hang-up: true}]
",
    );
    flow(
        "steps: [{go: a}]
branches:
  a: [{hang-up: true}]
  lost:                    #! nobody goes to the branch \"lost\"
    - go: found
  found:                   #! nobody goes to the branch \"found\"
    - go: lost             #! goes round without waiting
",
    );
}

#[test]
fn circles_that_wait_for_nothing() {
    flow(
        "steps:
  - go: a
branches:
  a:
    - priority: 1          #! goes round without waiting
    - go: b
  b:
    - branch:
        - {if: {withheld: true}, go: a}
    - hang-up: true
",
    );
    // A queue that turns everybody away at once.
    flow(
        "steps: [{go: a}]
branches:
  a:
    - queue: {queue: q, overflow: [{nobody_signed_in: true, go: b}]}   #! goes round without waiting
  b:
    - queue: {queue: r, overflow: [{nobody_signed_in: true, go: a}]}
",
    );
    // Queues that wait before they go on, and a prompt in the circle, are in order.
    flow(
        "steps: [{go: a}]
branches:
  a:
    - queue: {queue: q, overflow: [{after: 60s, go: b}]}
  b:
    - queue: {queue: r, overflow: [{after: 60s, go: a}]}
    - say: p
    - go: a
",
    );
}

#[test]
fn circles_through_flows_that_wait_for_nothing() {
    check(
        BASE,
        "kind: Flow
id: f
steps: [{go: a}]
branches:
  a:
    - run: quick           #! goes round without waiting
    - branch: [{if: {withheld: true}, go: a}]
---
kind: Flow
id: quick
steps: [{priority: 2}]
---
kind: Flow
id: g
steps: [{go: a}]
branches:
  a:
    - run: slow
    - branch: [{if: {withheld: true}, go: a}]
---
kind: Flow
id: slow
steps: [{say: p}]
",
    );
}

#[test]
fn places_without_a_way_out() {
    flow(
        "steps:
  - branch: [{if: {withheld: true}, go: a}]
  - hang-up: true
branches:
  a:
    - say: p               #! no end can be reached
    - go: a
",
    );
    flow("steps: [{go: a}]\nbranches:\n  a:\n    - queue: q\n    - go: a\n");
}

#[test]
fn flows_that_run_themselves() {
    check(
        BASE,
        "kind: Flow
id: f
steps:
  - say: p
  - run: f                 #! a flow cannot run itself
---
kind: Flow
id: g
steps:
  - say: p
  - run: h                 #! Flow \"g\" runs itself by way of \"h\"
---
kind: Flow
id: h
steps:
  - run: g                 #! Flow \"h\" runs itself by way of \"g\"
---
# Only leads there: no fault of its own.
kind: Flow
id: i
steps:
  - run: g
",
    );
    let mut deep = String::new();
    for n in 0..20 {
        deep += &format!("kind: Flow\nid: f{n}\nsteps: [{{run: f{}}}]\n---\n", n + 1);
    }
    deep += "kind: Flow\nid: f20\nsteps: [{say: p}]\n";
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("t.yaml"), format!("{BASE}---\n{deep}")).unwrap();
    let problems = read_folder(dir.path()).unwrap_err();
    assert!(problems.iter().any(|p| p.what.contains("more than 16 deep")), "{problems:?}");
}

#[test]
fn steps_that_cannot_be_right() {
    flow(
        "steps:
  - collect: {slot: pin, prompt: p, digits: [6, 4]}   #! the fewest, 6, are more than the most, 4
  - collect:
      slot: pin
      prompt: p
      digits: [2, 4]
      values: [\"12\", \"1\", \"12\", \"x1\"]         #! \"1\" can never be keyed #! stands here twice #! \"x1\" is not digits
  - connect: {ring_time: 5s}           #! exactly one of to, number and agent
  - connect: {number: \"0900123456\"}  #! do not allow this number
  - connect: {number: \"0421555123\"}
",
    );
    flow(
        "steps:
  - collect: {slot: other, prompt: p, digits: [4]}    #! has 1 entries: at least 2
  - collect: {slot: other, prompt: p, digits: [0, 40]} #! 0 is out of range: 1 to 32 #! 40 is out of range: 1 to 32
  - need: {skill: s, level: 11}        #! 11 is out of range: 0 to 10
  - menu: {prompt: p, keys: {\"12\": b}}   #! a key is one of
  - menu: {prompt: p, keys: {}}        #! must not be empty
",
    );
    flow(
        "steps:
  - branch:
      - {if: {}, go: b}                #! tests exactly one thing, not 0
      - {if: {open: h, holiday: h}, go: b}   #! tests exactly one thing, not 2
  - queue:
      queue: q
      overflow:
        - {go: b}                      #! exactly one of after
        - {after: 1s, waiting_over: 2, go: b}   #! exactly one of after
        - {nobody_signed_in: false, go: b}      #! is true, or leave it out
branches:
  b: [{hang-up: true}]
",
    );
    flow(
        "steps:
  - queue: 5                           #! must be a text or an object
  - {say: p, queue: q}                 #! must have exactly one of answer
  - branch: [{if: {country: de}, go: b}]   #! two capital letters
",
    );
    flow("steps: [{go: b}]\nbranches:\n  b:\n    - hang-up: false   #! answer and hang-up are true\n");
}

#[test]
fn persons_of_flows() {
    check(
        BASE,
        "kind: Flow
id: f
steps:
  - connect: {agent: b}                #! is no agent or supervisor
  - voicemail: {of: a, prompt: p}      #! has no voicemail box
  - voicemail: {of: b, prompt: p}
  - voicemail: {of: q, prompt: p}
  - voicemail: {of: c, prompt: p}      #! \"c\" is a Queue and a User
---
{kind: User, id: c, roles: [auditor]}
---
{kind: Queue, id: c, agents: []}
---
{kind: User, id: b, roles: [auditor], voicemail: true}
",
    );
}

#[test]
fn consent_on_every_way_to_a_recording() {
    let flows = |first: &str, note: &str| {
        format!(
            "{{kind: Number, id: n, number: \"1\", flow: f, recording: with-consent}}
---
{{kind: Number, id: free, number: \"2\", flow: g}}
---
kind: Flow
id: f
steps:
{first}  - run: g
---
kind: Flow
id: g
steps:
  - record: true           {note}
  - queue: q
"
        )
    };
    let fault = "#! calls of Number \"n\" are recorded with consent only";
    check(BASE, &flows("  - say: p\n", fault));
    check(BASE, &flows("  - consent: {prompt: p}\n", ""));
    // One way of two goes around the consent.
    check(
        BASE,
        &flows("  - run: ask\n", fault).replace(
            "---\nkind: Flow\nid: g",
            "---\nkind: Flow\nid: ask\nsteps:\n  - branch: [{if: {withheld: true}, go: out}]\n  - consent: {prompt: p}\nbranches:\n  out: [{say: p}]\n---\nkind: Flow\nid: g",
        ),
    );
    check(
        BASE,
        &flows("  - run: ask\n", "").replace(
            "---\nkind: Flow\nid: g",
            "---\nkind: Flow\nid: ask\nsteps:\n  - consent: {prompt: p}\n---\nkind: Flow\nid: g",
        ),
    );
}

#[test]
fn queues() {
    check(
        BASE,
        "kind: Queue
id: x
agents:
  - a
  - {agent: a, order: 2}   #! \"a\" stands here twice
  - {agent: nobody}        #! there is no User \"nobody\"
  - {agent: boss}          #! has not the role agent
relax:
  - {after: 30s, drop: s}
  - {after: 20s, drop_all: true}       #! comes before the step above it
  - {after: 40s}                       #! has exactly one of lower
  - {after: 40s, drop: s, priority: 1} #! has exactly one of lower
  - {after: 40s, also_queue: x}        #! this is the queue itself
  - {after: 40s, also_queue: y}        #! there is no Queue \"y\"
announce:
  waits:
    - {up_to: 2m, say: p}
    - {up_to: 2m, say: p}              #! is not longer than the band above it
disposition_forced: true               #! there is no Disposition for this queue
screen_pop: \"http://crm.example.org/\"  #! must be https
voicemail: {webhook: z}                #! there is no Webhook \"z\"
---
{kind: User, id: boss, roles: [supervisor]}
---
{kind: Disposition, id: d, queues: [q]}
---
kind: Queue
id: silent
agents: []
announce: {every: 0s}                  #! says nothing
",
    );
    check(
        BASE,
        "kind: User
id: x
roles: [agent]
phone: \"sip:a@127.0.0.1:6000\"
email: nobody                          #! is no e-mail address
skills:
  s: 0                                 #! 0 is out of range: 1 to 10
  t: 5                                 #! there is no Skill \"t\"
",
    );
}

const CALLBACK: &str = "kind: Queue
id: x
agents: []
callback: {key: \"5\", offer: p, confirm: p, enter: p, done: p, refused: p, slot: number}";

#[test]
fn calling_back() {
    check(BASE, CALLBACK);
    let closed = BASE.replace("dial: {allow: [\"+49\"], deny: [\"+49900\"]}\n", "");
    check(&closed, &format!("{CALLBACK} #! dial.allow of the tenant"));
    let alone = BASE.replace(", outbound: true", "");
    check(&alone, &format!("{CALLBACK} #! a Trunk with outbound: true is missing"));
    check(BASE, &format!("{} #! a key is one of", CALLBACK.replace("\"5\"", "\"55\"")));
    check(
        BASE,
        &format!(
            "{CALLBACK} #! a flow collects digits into \"number\"\n---\nkind: Flow\nid: f\nsteps: [{{collect: {{slot: number, prompt: p, digits: [1, 9]}}}}]\n"
        ),
    );
    let named = CALLBACK.replace("slot: number", "slot: caller");
    check(BASE, &named.replace("kind: Queue", "kind: Queue #! no place for digits can be called \"caller\""));
}

#[test]
fn hours_and_days() {
    check(
        BASE,
        "kind: Hours
id: x
time_zone: Europe/Bremen               #! there is no time zone \"Europe/Bremen\"
week:
  mon: [\"09:00-12:00\", \"11:00-13:00\"]   #! overlaps with another range of the day
special:
  - {date: 2026-12-24, open: []}
  - {date: 2026-12-24}                 #! 2026-12-24 stands here twice
",
    );
    check(
        BASE,
        "kind: Hours
id: x
time_zone: Europe/Berlin
week:
  mon: [\"9-5\"]                       #! a range of hours is written as
special:
  - {date: 2026-02-30}                 #! a date is written as
holiday_sets: [none]                   #! there is no Holidays \"none\"
---
kind: Hours                            #! these hours never open
id: never
time_zone: Europe/Berlin
week: {}
---
kind: Holidays
id: set
days:
  - {date: 2026-12-25}
  - {date: 2026-12-25}                 #! stands here twice
",
    );
}

// What is wrong with one object is not said again of those that build on it.
#[test]
fn no_fault_follows_from_another() {
    let spoiled = "kind: Tenant
id: t
profile: contact-center
colour: blue                           #! unknown key
languages: [de]
---
kind: Flow
id: f
steps: [{go: a}]
branches:
  a:
    - language: de
    - set: {attribute: level, value: gold}
    - run: g
    - branch: [{if: {withheld: true}, go: a}, {if: {list: vip}, go: b}]
  b: [{record: true}]
---
kind: Flow
id: g
steps: [{sya: p}]                      #! unknown step
---
{kind: Number, id: n, number: \"1\", flow: f, recording: with-consent}
---
kind: Queue
id: x
agents: []
callback: {key: \"5\", offer: p, confirm: p, enter: p, done: p, refused: p}
";
    let (_, base) = BASE.split_once("---").unwrap();
    let base = base.replace("/level: level", "/x: level");
    check(&base, spoiled);
}

#[test]
fn prompts_by_language() {
    check(
        BASE,
        "kind: Prompt
id: half
languages:                             #! has no sound in en
  de: {tone: {hz: 400, length: 1s}}
  fr: {tone: {hz: 500, length: 1s}}    #! \"fr\" is no language of the tenant
---
kind: Prompt
id: both
languages:
  de: {tone: {hz: 400, length: 1s}, music: true}   #! has exactly one of file, tone and music
  en: {music: true}
---
kind: Prompt                           #! a prompt has exactly one of
id: none
---
kind: Number
id: n
number: \"1\"
flow: f
language: it                           #! \"it\" is no language of the tenant
---
kind: Flow
id: f
steps: [{hang-up: true}]
---
kind: Prompt
id: lost
languages:
  de: {file: none.wav}                 #! none.wav
  en: {music: true}
",
    );
}

#[test]
fn other_systems() {
    check(
        BASE,
        "kind: LookUp
id: a
url: \"http://crm.example.org/\"       #! must be https
results: {/x: level}
---
kind: LookUp
id: b
url: \"https://10.0.0.1/\"             #! is a private address
headers:
  - {name: X}                          #! exactly one of value and secret_file
results: {/x: level}
---
kind: LookUp
id: c
url: \"https://crm.example.org/?n={nobody}\"   #! nothing is known as {nobody} here
body: {a: 1}                           #! only method: post has a body
results:
  /x: colour                           #! \"colour\" is no attribute of the tenant
---
kind: Webhook
id: d
url: \"http://192.0.2.1/\"             #! must be https
secret_file: key
events: [call-ended]
allow_private: true
---
kind: SecureEntry
id: e
prompt: p
digits: [9, 4]                         #! the fewest, 9, are more than the most, 4
pass:
  url: pay.example.org                 #! must be an https address
---
kind: Webhook
id: f
url: \"http://127.0.0.1:6300/\"
secret_file: key
events: [call-ended]
allow_private: true
",
    );
    check(
        BASE,
        "kind: Webhook
id: d
url: \"https://192.0.2.1/\"
secret_file: ../key                    #! name a file in the server's folder of secrets
events: [call-begun]                   #! call-begun is not possible
",
    );
}

#[test]
fn the_tenant_itself() {
    check(
        "{kind: Skill, id: s}",
        "kind: Tenant
id: t
profile: contact-center
country: KE                            #! how numbers are dialled in KE is not known
languages: [de, de]                    #! \"de\" stands here twice
break_reasons: [lunch, lunch]          #! \"lunch\" stands here twice
attributes:
  level: []                            #! an attribute has 1 to 10000 values
---
{kind: Trunk, id: a, networks: [127.0.0.1], address: \"sip:127.0.0.1:1\", outbound: true}
---
kind: Trunk
id: b
networks: [127.0.0.1]
address: \"sip:127.0.0.1:1\"
outbound: true
---
kind: Trunk
id: c
networks: [127.0.0.1]
outbound: true                         #! calls to the outside need proxies
---
kind: Tenant                           #! there is more than one Tenant
id: u
profile: contact-center
",
    );
    check(
        "{kind: Skill, id: s}",
        "kind: Tenant
id: t
profile: contact-center
languages: [German]                    #! a language is written as
country: Germany                       #! two capital letters
dial: {allow: [\"49\"]}                #! the beginning of a number is + and digits
",
    );
}
