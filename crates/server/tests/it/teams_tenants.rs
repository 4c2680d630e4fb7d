//! Many customers behind one name and one certificate, as carriers have them: the host in the Request-URI says whose a call
//! is, and each is known to Teams by a name of its own.

use crate::program::{Program, folder, run};
use crate::teams_machines::Machines;
use sim::teams_proxy::TeamsEvent;

/// The same number of both; an agent and a Teams user of each.
const SERVICE: &str = "+49421555100";
const OF_FIRST: [&str; 2] = ["+4942155512", "+4942155513"];
const OF_SECOND: [&str; 2] = ["+4930777712", "+4930777713"];

fn tenant(id: &str, fqdn: &str, machines: &Machines, agent: &str, more: &str) -> String {
    format!(
        "kind: Tenant\nid: {id}\nprofile: contact-center\ncountry: DE\n---\n\
         kind: Trunk\nid: teams\nteams:\n  fqdn: {fqdn}\n{more}  hosts: [{hosts}]\nnetworks: [127.0.0.1/32]\ntls_names: [\"*.pstnhub.test\"]\n---\n\
         kind: Number\nid: service\nnumber: \"{SERVICE}\"\nflow: service\n---\n\
         kind: Flow\nid: service\nsteps:\n  - queue: service\n---\n\
         kind: Queue\nid: service\nring_time: 20s\nagents: [agent]\n---\n\
         kind: User\nid: agent\nroles: [agent]\nteams_number: \"{agent}\"\nat_start: available\n",
        hosts = machines.hosts()
    )
}

#[test]
fn two_customers_behind_one_certificate_are_told_apart_by_the_name_that_is_called() {
    let names = ["c1.customers.test", "c2.customers.test"];
    let tenants: [(&str, &[&str]); 2] = [(names[0], &OF_FIRST), (names[1], &OF_SECOND)];
    let (authority, machines) = Machines::beside("DNS:*.customers.test", &tenants);
    let port = machines.controller();
    let files = tenant("test", names[0], &machines, OF_FIRST[0], "");
    let first = Program::start_with_sip(&[("tenant.yaml", &files)], &authority.lines(port, "ours"));
    let dir = first.dir.clone();
    first.stop();
    let (_files, second) = folder(&[("t.yaml", &tenant("second", names[1], &machines, OF_SECOND[0], ""))]);
    let config = dir.path().join("switchroom.toml");
    let (code, _, errors) = run(&["apply", second.to_str().unwrap(), "--config", config.to_str().unwrap()]);
    assert_eq!(code, 0, "{errors}");
    let tokens = ["test", "second"].map(|tenant| Program::token(dir.path(), tenant, "owner"));
    let mut program = Program::start_again(dir);
    for name in names {
        machines.event("each is asked for by its own name", |e| {
            matches!(e, TeamsEvent::Asked { by, .. } if by == name).then_some(())
        });
    }
    for (n, (name, [agent, user])) in names.iter().zip([OF_FIRST, OF_SECOND]).enumerate() {
        let (theirs, ours) = (machines.audio(), machines.audio());
        let caller =
            machines.act(|proxy, now| proxy.call(now, (1, name), (user, "Somebody"), SERVICE, (theirs, 440)));
        machines.up(caller);
        let (call, _, number, from) = machines.offered();
        assert_eq!((number.as_str(), from.as_str()), (agent, user), "the agent of {name}");
        machines.act(|proxy, now| proxy.answer(now, call, ours, 1000));
        machines.up(call);
        machines.hears(caller, 1000.0);
        machines.hears(call, 440.0);
        // By way of the other's name nobody takes it over, nor is this one's agent anybody there.
        let other = names[1 - n];
        let audio = machines.audio();
        let foreign = machines.act(|proxy, now| {
            proxy.take_over_by(now, call, (other, SERVICE), (agent, "Somebody"), (audio, 330))
        });
        let foreign = foreign.unwrap();
        machines.event("another's call is not taken over", |e| {
            (*e == TeamsEvent::Refused { call: foreign, code: 481 }).then_some(())
        });
        machines.hears(call, 440.0);
        machines.hears(caller, 1000.0);
        machines.act(|proxy, now| proxy.hang_up(now, caller));
        machines.over(caller);
        machines.over(call);
        program.set_token(tokens[n].clone());
        program.ended_call();
        assert_eq!(
            program.get("/calls").1["items"].as_array().map(Vec::len),
            Some(1),
            "each sees its own call"
        );
    }
    // A name that nobody here has, though the certificate is for it too.
    let audio = machines.audio();
    let nobody = machines.act(|proxy, now| {
        proxy.call(now, (0, "c3.customers.test"), (OF_FIRST[1], "Somebody"), SERVICE, (audio, 440))
    });
    machines.event("nobody's call is refused", |e| {
        (*e == TeamsEvent::Refused { call: nobody, code: 403 }).then_some(())
    });
    machines.nothing_broken();
    program.stop();
}

#[test]
fn a_carriers_customers_are_asked_for_once_in_the_carriers_name_and_share_what_is_said() {
    let names = ["c1.customers.test", "c2.customers.test"];
    let tenants: [(&str, &[&str]); 3] =
        [("customers.test", &[]), (names[0], &OF_FIRST), (names[1], &OF_SECOND)];
    let (authority, machines) = Machines::beside("DNS:*.customers.test,DNS:customers.test", &tenants);
    let port = machines.controller();
    let derived = "  carrier_fqdn: customers.test\n";
    let files = tenant("test", names[0], &machines, OF_FIRST[0], derived);
    let first = Program::start_with_sip(&[("tenant.yaml", &files)], &authority.lines(port, "ours"));
    let dir = first.dir.clone();
    first.stop();
    let wrong = tenant("second", "c2.elsewhere.test", &machines, OF_SECOND[0], derived);
    let right = tenant("second", names[1], &machines, OF_SECOND[0], derived);
    let config = dir.path().join("switchroom.toml");
    for (files, code) in [(wrong, 1), (right, 0)] {
        let (_files, second) = folder(&[("t.yaml", &files)]);
        let done = run(&["apply", second.to_str().unwrap(), "--config", config.to_str().unwrap()]);
        assert_eq!(done.0, code, "{}", done.2);
    }
    let tokens = ["test", "second"].map(|tenant| Program::token(dir.path(), tenant, "owner"));
    let before = machines.messages().len();
    let mut program = Program::start_again(dir);
    // Both know of each host, though only one of them asked.
    for token in &tokens {
        program.set_token(token.clone());
        program.wait_for("/trunks/teams/status", |t| {
            let all = t["far_ends"].as_array()?;
            (all.len() == 3 && all.iter().all(|far| far["said"] == 200)).then_some(())
        });
    }
    let asked = machines.messages().split_off(before);
    let options: Vec<&String> = asked.iter().filter(|m| m.starts_with("received OPTIONS")).collect();
    assert_eq!(options.len(), 3, "one for each host: {options:#?}");
    for options in options {
        assert!(
            options.contains(&format!("Contact: <sip:customers.test:{port};transport=tls>")),
            "{options}"
        );
        assert!(!options.contains(names[0]) && !options.contains(names[1]), "{options}");
    }
    for (n, (name, [agent, user])) in names.iter().zip([OF_FIRST, OF_SECOND]).enumerate() {
        let (theirs, ours) = (machines.audio(), machines.audio());
        let caller =
            machines.act(|proxy, now| proxy.call(now, (1, name), (user, "Somebody"), SERVICE, (theirs, 440)));
        machines.up(caller);
        let (call, _, number, _) = machines.offered();
        assert_eq!(number, agent);
        machines.act(|proxy, now| proxy.answer(now, call, ours, 1000));
        machines.up(call);
        let invite = machines.messages().into_iter().rfind(|m| m.starts_with("received INVITE")).unwrap();
        assert!(invite.contains(&format!("@{name}")) || invite.contains(&format!("sip:{name}")), "{invite}");
        machines.hears(call, 440.0);
        machines.act(|proxy, now| proxy.hang_up(now, caller));
        machines.over(caller);
        machines.over(call);
        program.set_token(tokens[n].clone());
        program.ended_call();
    }
    machines.nothing_broken();
    program.stop();
}

#[test]
fn what_a_customer_says_of_an_address_holds_for_no_other_one() {
    let names = ["c1.customers.test", "c2.customers.test"];
    let tenants: [(&str, &[&str]); 2] = [(names[0], &OF_FIRST), (names[1], &OF_SECOND)];
    let (authority, machines) = Machines::beside("DNS:*.customers.test", &tenants);
    let port = machines.controller();
    // The same machines, by a name that they cannot prove.
    let files = tenant("test", names[0], &machines, OF_FIRST[0], "")
        .replace(".pstnhub.test, address", ".elsewhere.test, address");
    let first = Program::start_with_sip(&[("tenant.yaml", &files)], &authority.lines(port, "ours"));
    let dir = first.dir.clone();
    first.stop();
    let (_files, second) = folder(&[("t.yaml", &tenant("second", names[1], &machines, OF_SECOND[0], ""))]);
    let config = dir.path().join("switchroom.toml");
    let (code, _, errors) = run(&["apply", second.to_str().unwrap(), "--config", config.to_str().unwrap()]);
    assert_eq!(code, 0, "{errors}");
    let tokens = ["test", "second"].map(|tenant| Program::token(dir.path(), tenant, "owner"));
    let mut program = Program::start_again(dir);
    program.set_token(tokens[0].clone());
    program.wait_for("/trunks/teams/status", |t| {
        let all = t["far_ends"].as_array()?;
        (all.len() == 3 && all.iter().all(|far| far["why"].is_string() && far["up"] == false)).then_some(())
    });
    program.set_token(tokens[1].clone());
    program.wait_for("/trunks/teams/status", |t| {
        let all = t["far_ends"].as_array()?;
        (all.len() == 3 && all.iter().all(|far| far["said"] == 200 && far["why"].is_null())).then_some(())
    });
    let (theirs, ours) = (machines.audio(), machines.audio());
    let caller = machines
        .act(|proxy, now| proxy.call(now, (1, names[1]), (OF_SECOND[1], "Somebody"), SERVICE, (theirs, 440)));
    machines.up(caller);
    let (call, ..) = machines.offered();
    machines.act(|proxy, now| proxy.answer(now, call, ours, 1000));
    machines.up(call);
    machines.hears(caller, 1000.0);
    machines.act(|proxy, now| proxy.hang_up(now, caller));
    machines.over(call);
    machines.nothing_broken();
    program.stop();
}
