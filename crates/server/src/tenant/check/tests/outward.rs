//! Faults of trunks, phones and the toll.

use super::{BASE, check};

#[test]
fn trunks_one_by_one() {
    check(
        BASE,
        "{kind: Trunk, id: none}                #! no call comes from here and none goes there
---
kind: Trunk
id: a
address: \"sip:192.0.2.1\"              #! calls go to proxies: put this address there
proxies: [sip.carrier.example]
emergency: true
codecs: [pcma, pcmu, pcma]             #! stands here twice
caller_id: {policy: fixed}             #! a fixed number must be said
realm: carrier                         #! a realm is for credentials
---
kind: Trunk
id: b
networks: [192.0.2.1]
emergency: true                        #! calls to the outside need proxies
credentials: {user: u}                 #! exactly one of password_file and password_env
---
kind: Trunk
id: c
registration: {registrar: \"r.example\", aor: \"sip:u@r.example\"}   #! whoever registers needs credentials
---
kind: Trunk
id: d
registration:
  registrar: \"r.example:0\"          #! neither a name nor an address
  aor: \"u@r.example\"                #! write it as sip:account@carrier.example
  expires: 10s                         #! out of range
credentials: {user: \"a b\", password_env: PATH}   #! a SIP user has #! begins with SWITCHROOM_SECRET_
---
kind: Trunk
id: f
proxies:
  - sip:carrier.example                #! neither a name nor an address
  - {host: carrier.example, transport: sctp}  #! sctp is not possible: use one of udp, tcp, tls
  - {host: carrier.example, colour: blue}     #! unknown key
dtmf: loud                             #! loud is not possible
max_calls: 0                           #! out of range
---
kind: Trunk
id: g
teams:
  fqdn: sbc.contoso.onmicrosoft.com    #! use a verified domain of your own
  cloud: gcc-high
  port: 5062                           #! at port 5061 alone
---
kind: Trunk
id: h
teams: {fqdn: sbc.example.com, cloud: dod, port: 5061}
---
kind: Trunk
id: i
teams: {fqdn: sbc1.example.com, port: 5062}
",
    );
}

#[test]
fn trunks_beside_the_tenant() {
    check(
        BASE,
        "kind: Trunk
id: a
outbound: true
proxies:
  - sip.carrier.example
  - {host: \"192.0.2.1:5080\", priority: 2}
  - sip.carrier.example                #! stands here twice
caller_id: {number: \"12\"}            #! is no number of the world
inbound_rules:
  - {match: {length: [9, 3]}, prepend: \"+49\"}    #! the fewest, 9, are more than the most, 3
outbound_rules:
  - {match: {prefix: \"+49\"}, format: national}
  - {match: {exact: \"112\", prefix: \"1\"}}      #! says it all
  - {format: e164, strip: 1}
  - {match: {prefix: \"+1\"}}           #! is never reached: rule 3 above takes every number
---
kind: Trunk
id: b
networks: [192.0.2.1]
outbound_rules:
  - {match: {pattern: \"+49[\"}}        #! a [ is not closed
  - {match: {prefix: \"+4x\"}}          #! write digits, * and #
  - {format: short}                    #! short is not possible
",
    );
    // Without a country, national numbers cannot be written.
    check(
        "{kind: Skill, id: s}",
        "{kind: Tenant, id: t, profile: contact-center}
---
kind: Trunk
id: a
networks: [192.0.2.1]
inbound_rules:
  - {format: national}                 #! give the tenant's country
",
    );
}

#[test]
fn phones_and_their_numbers() {
    check(
        &BASE.replace("deny: [\"+49900\"]", "outside_prefix: \"0\""),
        "{kind: Number, id: n, number: \"500\", flow: f}
---
{kind: Flow, id: f, steps: [{hang-up: true}]}
---
kind: User
id: b
roles: [agent]
registers: {user: b, password_file: b.password}
number: \"201\"
---
kind: User
id: c
roles: []
registers: {user: b, password_env: SWITCHROOM_SECRET_C}   #! User \"b\" registers as \"b\" already
number: \"201\"                        #! User \"b\" has the number 201 already
---
kind: User
id: d
roles: [agent]
phone: \"sip:d@127.0.0.1:6000\"
number: \"112\"                        #! 112 is an emergency number
registers: {user: d, password_file: d}   #! the phone is at a fixed address already
---
kind: User
id: e
roles: [agent]
phone: \"sip:e@127.0.0.1:6000\"
number: \"012\"                        #! numbers that begin with 0 lead outside
---
{kind: User, id: g, roles: [agent], phone: \"sip:g@127.0.0.1:6000\", number: \"500\"}   #! Number \"n\" is 500 already
---
{kind: User, id: h, roles: [owner], number: \"202\"}     #! needs a phone that rings
---
{kind: User, id: i, roles: [agent]}
---
{kind: User, id: j, roles: [], registers: {user: j}}     #! exactly one of password_file and password_env
---
{kind: User, id: k, roles: [], number: \"2a\"}           #! the number of a colleague
",
    );
}

#[test]
fn numbers_in_teams() {
    check(
        BASE,
        "{kind: Number, id: n, number: \"+49421555100\", flow: f}
---
{kind: Flow, id: f, steps: [{hang-up: true}]}
---
{kind: Trunk, id: teams, teams: {fqdn: sbc1.contoso.test}}
---
{kind: User, id: b, roles: [agent], teams_number: \"+4942155512\"}
---
{kind: User, id: c, roles: [agent], teams_number: \"042155512\"}      #! User \"b\" has the number +4942155512 in Teams
---
{kind: User, id: d, roles: [agent], teams_number: \"+49421555100\"}   #! Number \"n\" is +49421555100 already
",
    );
    check(
        BASE,
        "{kind: User, id: b, roles: [agent], teams_number: \"+4942155512\"}   #! no trunk leads to Microsoft Teams
",
    );
}

#[test]
fn the_toll() {
    let (_, rest) = BASE.split_once("---").unwrap();
    check(
        rest,
        "kind: Tenant
id: t
profile: contact-center
country: DE
languages: [de, en]
attributes: {level: [gold, silver]}
lists: {vip: [\"+49421555\"]}
sip_domain: \"phones example\"         #! neither a name nor an address
dial:
  outside_prefix: x                    #! at most 8 digits
  emergency: [\"+112\"]                #! a short number
toll:
  allowed_countries: [AT, Austria]     #! two capital letters
  premium_allowed: [\"49900\"]         #! the beginning of a number
  currency: euro                       #! three capital letters
  prices:
    - {class: own, per_minute: \"1,5\"}   #! write an amount
    - {class: cheap, per_minute: \"1\"}   #! cheap is not possible
  limits: {tenant: {calls: 5}}         #! unknown key
  night: {hours: x}                    #! there is no Hours \"x\"
",
    );
    let toll = |text: &str| {
        let text = format!("toll:\n{text}");
        let tenant = format!(
            "kind: Tenant\nid: t\nprofile: contact-center\ncountry: DE\nlanguages: [de, en]\nattributes: {{level: [gold, silver]}}\nlists: {{vip: [\"+49421555\"]}}\n{text}"
        );
        check(rest, &tenant);
    };
    toll(
        "  allowed_countries: [AT]
  time_zone: Europe/Bremen             #! there is no time zone
  prices:                              #! spend is limited, so other_price must say
    - {class: own, per_minute: \"0.01\"}
    - {country: AT, per_minute: \"0.02\"}
    - {class: own, per_minute: \"0.03\"}  #! this price is given above already
    - {per_minute: \"0.03\"}             #! needs a class, a country or both
  limits: {agent: {spend_per_day: \"5\"}}
  night:
    hours: h
    allowed_countries:
      - AT
      - CH                             #! CH may not be called by day
",
    );
    toll(
        "  allowed_countries: [AT]
  prices: [{class: own, per_minute: \"0.01\"}]
  other_price: \"1\"
  limits: {tenant: {calls_per_second: 5, concurrent: 20, minutes_per_day: 600}, agent: {spend_per_day: \"5\"}, classes: {international: {concurrent: 2}}}
  night: {hours: h, limits: {tenant: {concurrent: 1}}}
",
    );
    // With a toll nobody needs dial.allow, and what it does not allow no flow can call.
    check(
        &format!(
            "{}{rest}",
            "kind: Tenant\nid: t\nprofile: contact-center\ncountry: DE\nlanguages: [de, en]\nattributes: {level: [gold, silver]}\nlists: {vip: [\"+49421555\"]}\ntoll: {allowed_countries: [AT]}\n---"
        ),
        "kind: Flow
id: f
steps:
  - connect: {number: \"+431234567\"}
  - connect: {number: \"+41445550100\"}  #! toll.allowed_countries would have to name CH
  - connect: {number: \"0900123456\"}    #! premium numbers are not called
  - connect: {number: \"112\"}           #! this is no number of the world
",
    );
}
