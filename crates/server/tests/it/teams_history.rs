//! What Microsoft Teams is told of a call beside who calls: whom it was for before (History-Info), and what is asserted and
//! hidden; as the trunk says.

use crate::teams_foreign::call_of_carrier;
use crate::teams_machines::Machines;
use crate::teams_trunk::{ANNA, paired};

/// The line of that name in the call that Teams was offered.
fn line(machines: &Machines, name: &str) -> Option<String> {
    let invite = machines.messages().into_iter().rfind(|m| m.starts_with("received INVITE")).unwrap();
    invite.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(String::from))
}

#[test]
fn teams_hears_whom_a_call_was_for_before_where_the_trunk_says_so() {
    for told in [true, false] {
        let more = format!("history_info: {told}\n");
        let (_authority, machines, program, mut telephone) = paired(&more);
        telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
        let (call, ..) = machines.offered();
        let (wanted, said) = (
            format!(
                "<sip:+49421555100@sbc1.contoso.test;user=phone?Reason=SIP%3Bcause%3D302>;index=1,\
                 <sip:{ANNA}@sip.pstnhub.test:5061;user=phone>;index=1.1"
            ),
            line(&machines, "History-Info"),
        );
        assert_eq!(said, told.then_some(wanted));
        telephone.command("hangup", "");
        machines.over(call);
        machines.nothing_broken();
        program.stop();
    }
}

#[test]
fn what_a_carrier_says_of_that_goes_on_but_for_what_it_wants_hidden() {
    let (_authority, machines, program, _telephone) = paired(
        "history_info: true\n---\nkind: Trunk\nid: believed\nnetworks: [127.0.0.3]\ntrust_identity: true\n",
    );
    let lines = "History-Info: <sip:+4930111@far.test?Reason=SIP%3Bcause%3D486>;index=1,\
                 <sip:+4930222@far.test?Reason=SIP%3Bcause%3D408&Privacy=history>;index=1.1,\
                 <sip:somebody@far.test?Reason=SIP%3Bcause%3D302>;index=1.1.1,\
                 <sip:+49421555100@far.test>;index=1.1.1.1\r\n";
    let calls = std::thread::scope(|scope| {
        let carrier = scope
            .spawn(|| call_of_carrier(([127, 0, 0, 3], program.sip), ("+4930999", "+49421555100"), lines));
        let (call, ..) = machines.offered();
        let said = line(&machines, "History-Info").unwrap();
        let history: Vec<&str> = said.split(',').collect();
        assert_eq!(history.len(), 3, "{said}");
        assert!(history[0].contains("+4930111@") && history[0].contains("cause%3D486>;index=1"), "{said}");
        assert!(history[1].contains("+49421555100@") && history[1].ends_with(";index=1.1"), "{said}");
        assert!(history[2].ends_with(";index=1.1.1"), "{said}");
        machines.act(|proxy, now| proxy.refuse(now, call, 486, 10_003, ""));
        carrier.join().unwrap()
    });
    assert_eq!(calls, 200, "the queue answered");
    machines.nothing_broken();
    program.stop();
}

#[test]
fn what_is_asserted_and_what_is_hidden_is_as_the_trunk_says() {
    let (_authority, machines, program, mut telephone) =
        paired("caller_id: {policy: pass, number: \"+49421555100\", asserted: true, privacy: id}\n");
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    let (call, _, _, from) = machines.offered();
    assert_eq!(from, "+4930555");
    assert_eq!(line(&machines, "Privacy").as_deref(), Some("id"));
    let asserted = line(&machines, "P-Asserted-Identity").unwrap();
    assert!(asserted.contains("+49421555100@sbc1.contoso.test"), "{asserted}");
    telephone.command("hangup", "");
    machines.over(call);
    machines.nothing_broken();
    program.stop();
}
