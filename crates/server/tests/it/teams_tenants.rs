//! Many customers behind one name and one certificate, as carriers have them: the host in the Request-URI says whose a call
//! is, and each is known to Teams by a name of its own.

use crate::program::{Program, folder, free_port, run};
use crate::secure_sip::Authority;
use crate::teams_machines::Machines;
use sim::teams_proxy::TeamsEvent;
use std::net::SocketAddr;

/// The same number of both; an agent and a Teams user of each.
const SERVICE: &str = "+49421555100";
const OF_FIRST: [&str; 2] = ["+4942155512", "+4942155513"];
const OF_SECOND: [&str; 2] = ["+4930777712", "+4930777713"];

fn tenant(id: &str, fqdn: &str, machines: &Machines, agent: &str) -> String {
    format!(
        "kind: Tenant\nid: {id}\nprofile: contact-center\ncountry: DE\n---\n\
         kind: Trunk\nid: teams\nteams:\n  fqdn: {fqdn}\n  hosts: [{hosts}]\nnetworks: [127.0.0.1/32]\ntls_names: [\"*.pstnhub.test\"]\n---\n\
         kind: Number\nid: service\nnumber: \"{SERVICE}\"\nflow: service\n---\n\
         kind: Flow\nid: service\nsteps:\n  - queue: service\n---\n\
         kind: Queue\nid: service\nring_time: 20s\nagents: [agent]\n---\n\
         kind: User\nid: agent\nroles: [agent]\nteams_number: \"{agent}\"\nat_start: available\n",
        hosts = machines.hosts()
    )
}

#[test]
fn two_customers_behind_one_certificate_are_told_apart_by_the_name_that_is_called() {
    let authority = Authority::new();
    authority.sign_for("serverAuth,clientAuth", "ours", "DNS:*.customers.test", 30);
    let (port, names) = (free_port(), ["c1.customers.test", "c2.customers.test"]);
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    let machines = Machines::start(&authority, &[(names[0], &OF_FIRST), (names[1], &OF_SECOND)], at);
    let files = tenant("test", names[0], &machines, OF_FIRST[0]);
    let first = Program::start_with_sip(&[("tenant.yaml", &files)], &authority.lines(port, "ours"));
    let dir = first.dir.clone();
    first.stop();
    let (_files, second) = folder(&[("t.yaml", &tenant("second", names[1], &machines, OF_SECOND[0]))]);
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
