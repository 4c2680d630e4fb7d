//! A day with made-up numbers and names leaves none of them readable: on disk, in the log, in metrics.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::Program;

fn everything(dir: &std::path::Path, out: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            everything(&path, out);
        } else {
            out.push((path.display().to_string(), std::fs::read(path).unwrap()));
        }
    }
}

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
    let mut places = Vec::new();
    everything(dir.path(), &mut places);
    let log = program.stop();
    everything(dir.path(), &mut places);
    places.push(("the log".into(), log.into_bytes()));
    places.push(("the metrics".into(), metrics.into_bytes()));
    let phone = desk.addr.to_string();
    let canaries =
        ["155501777", "Wilhelmine", "Stieglitz", "Leopold", "Kanarienvogel", "Ottilie", "Zeisig", &phone];
    for (place, bytes) in &places {
        for canary in canaries {
            let found = bytes.windows(canary.len()).any(|w| w.eq_ignore_ascii_case(canary.as_bytes()));
            assert!(!found, "{canary} can be read in {place}");
        }
    }
    assert!(places.len() > 8, "recordings, database and keys were looked at");
}
