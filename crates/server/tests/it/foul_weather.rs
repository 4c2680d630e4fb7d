//! SIPp over a network that loses, doubles and reorders what it carries: every call is one call, and nothing is left open.

use crate::program::{Program, free_port};
use crate::sipp::{Sipp, caller};
use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// Of a hundred messages each way so many are lost, and so many come twice; of those to us so many come after the next one.
const LOST: u64 = 12;
const TWICE: u64 = 12;
const LATE: u64 = 12;

/// Carries messages between SIPp and the program, as a seed says.
struct Network {
    at: SocketAddr,
    over: Arc<AtomicBool>,
    /// Lost, doubled, late.
    counts: Arc<[AtomicU32; 3]>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Network {
    fn start(program: SocketAddr, seed: u64) -> Network {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let at = socket.local_addr().unwrap();
        let (over, counts) = (Arc::new(AtomicBool::new(false)), Arc::<[AtomicU32; 3]>::default());
        let (ends, counted) = (over.clone(), counts.clone());
        // What is held back goes out when nothing follows it for so long.
        socket.set_read_timeout(Some(Duration::from_millis(30))).unwrap();
        let thread = std::thread::spawn(move || {
            let mut state = seed;
            let mut percent = |of: u64| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33 < (of << 31) / 100
            };
            let (mut buffer, mut late, mut caller) = ([0; 8_192], BTreeMap::<u32, Vec<u8>>::new(), None);
            let mut n = 0;
            while !ends.load(Ordering::Relaxed) {
                let got = socket.recv_from(&mut buffer);
                let held = std::mem::take(&mut late);
                if let Ok((len, from)) = got {
                    let inward = from != program;
                    if inward {
                        caller = Some(from);
                    }
                    let Some(to) = (if inward { Some(program) } else { caller }) else { continue };
                    let bytes = &buffer[..len];
                    if percent(LOST) {
                        counted[0].fetch_add(1, Ordering::Relaxed);
                    } else if inward && percent(LATE) {
                        counted[2].fetch_add(1, Ordering::Relaxed);
                        n += 1;
                        late.insert(n, bytes.to_vec());
                    } else {
                        socket.send_to(bytes, to).unwrap();
                        if percent(TWICE) {
                            counted[1].fetch_add(1, Ordering::Relaxed);
                            socket.send_to(bytes, to).unwrap();
                        }
                    }
                }
                for bytes in held.values() {
                    socket.send_to(bytes, program).unwrap();
                }
            }
        });
        Network { at, over, counts, thread: Some(thread) }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(std::thread::JoinHandle::join);
    }
}

#[test]
fn calls_of_sipp_over_a_bad_network_are_each_one_call_and_end() {
    let program = Program::start_as_owner(&[(
        "tenant.yaml",
        "kind: Tenant\nid: test\nprofile: contact-center\n---\n\
         kind: Trunk\nid: all\nnetworks: [127.0.0.0/8]\nnat: true\n---\n\
         kind: Number\nid: service\nnumber: \"100\"\nflow: service\n---\n\
         kind: Flow\nid: service\nsteps:\n  - queue: service\n---\n\
         kind: Queue\nid: service\nring_time: 20s\nagents: [agent1]\n---\n\
         kind: User\nid: agent1\nroles: [agent]\nphone: \"sip:agent1@127.0.0.1:9\"\n",
    )]);
    for seed in [7, 8] {
        let network = Network::start(program.sip, seed);
        // Answers go to where a request came from (RFC 3581).
        let scenario = caller(3_000).replace("branch=[branch]", "branch=[branch];rport");
        let sipp = Sipp::start(&scenario, free_port(), Some(network.at), "100", 40, 440.0, "u1");
        sipp.went_well();
        let counts = network.counts.each_ref().map(|n| n.load(Ordering::Relaxed));
        assert!(counts.iter().all(|n| *n >= 5), "the weather was foul: {counts:?}");
    }
    program.wait_for("/reports/queues", |q| (q[0]["waiting"] == 0 && q[0]["offered"] == 80).then_some(()));
    program.wait_for_metric("switchroom_calls_open{tenant=\"test\"} 0");
    program.wait_for_metric("switchroom_sip_legs 0");
    assert!(program.admin("/metrics").contains("switchroom_laws_broken_total 0"));
    program.stop();
}
