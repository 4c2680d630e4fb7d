//! A day with made-up numbers and names leaves none of them readable: on disk, in the log, in metrics.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::Program;
use crate::searched::{files, nowhere};

#[test]
fn no_number_and_no_name_can_be_found_afterwards() {
    let mut desk = Desk::new();
    let mut text = tenant(&desk, 2).replace("id: agent1\n", "id: agent1\nname: Leopold Kanarienvogel\n");
    text += "---\nkind: User\nid: boss\nname: Ottilie Zeisig\nroles: [supervisor]\n";
    let program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    // The files that the administrator wrote are not ours to hide.
    std::fs::remove_dir_all(program.dir.path().join("tenant")).unwrap();
    for n in 0..8 {
        let caller = desk.dial(&format!("+155501777{n}"), "Wilhelmine Stieglitz", program.sip, "100", 440);
        desk.answered(caller);
        let (agent, _) = desk.rings();
        desk.answer(agent, 1000);
        desk.hears(caller, 1000);
        desk.hang_up(if n % 2 == 0 { caller } else { agent });
        desk.ended(if n % 2 == 0 { agent } else { caller });
    }
    let call = program.ended_call();
    assert_eq!(call["caller_name"], "Wilhelmine Stieglitz", "it is there for those who may see it");
    let metrics = program.admin("/metrics");
    let dir = program.dir.clone();
    let phone = desk.addr.to_string();
    let canaries =
        ["155501777", "Wilhelmine", "Stieglitz", "Leopold", "Kanarienvogel", "Ottilie", "Zeisig", &phone];
    nowhere(dir.path(), &[("the metrics", metrics.as_bytes())], &canaries);
    let log = program.stop();
    nowhere(dir.path(), &[("the log", log.as_bytes())], &canaries);
    let mut places = Vec::new();
    files(dir.path(), &mut places);
    assert!(places.len() > 4, "recordings, database and keys were looked at");
}
