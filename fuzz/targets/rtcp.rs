//! Datagrams on the RTCP port.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::leg::{Learning, Leg, LegSeeds};
use media::negotiate::{Codec, Direction, LocalSession};
use media::rtcp::{self, ReceiverStatistics, RtcpPacket};

fuzz_target!(|data: &[u8]| {
    let mut statistics = ReceiverStatistics::default();
    for (n, part) in rtcp::parse(data).enumerate() {
        assert!(n <= data.len() / 4, "every part takes room");
        let Ok(part) = part else { break };
        let _ = part.says_bye(1);
        match part {
            RtcpPacket::SenderReport { info, blocks, .. } => {
                statistics.on_sender_report(n as u64 * 1_000_000, &info);
                assert!(blocks.iter().count() <= 31);
            }
            RtcpPacket::ReceiverReport { blocks, .. } => assert!(blocks.iter().count() <= 31),
            RtcpPacket::SourceDescription { cname, .. } => assert!(cname.is_none_or(|c| c.len() <= 255)),
            RtcpPacket::Bye { sources } => assert!(sources.len() <= data.len()),
            RtcpPacket::Other { .. } => {}
        }
    }
    let _ = statistics.report(5_000_000, 1);

    let (here, there) = (([192, 0, 2, 1], 20_000).into(), ([192, 0, 2, 2], 4_000).into());
    let mux = data.first().is_some_and(|b| b & 1 == 0);
    let mut far = LocalSession::new(there, 1, &Codec::ALL, mux);
    let mut near = LocalSession::new(here, 2, &Codec::ALL, mux);
    let (_, agreed) =
        near.answer(&far.offer(Direction::SendRecv), Direction::SendRecv).expect("it is our own offer");
    let from = agreed.remote_rtcp;
    let seeds = LegSeeds { ssrc: 7, sequence: 0, timestamp: 0, chance: 0 };
    let mut leg = Leg::new(seeds, "fuzz");
    leg.set_remote(0, agreed, Learning::Never);
    let mut out = [0; 512];
    // A stream whose SSRC a report may name, and a report of ours that it may quote.
    let mut rtp = [0u8; 172];
    rtp[..2].copy_from_slice(&[0x80, 8]);
    rtp[11] = 9;
    leg.receive_rtp(0, there, &rtp);
    let _ = leg.rtcp_due(9_000_000, &mut out, 9 << 32);
    let _ = leg.receive_rtcp(10_000_000, from, data);
    let _ = leg.receive_rtp(10_000_000, there, data);
    while leg.poll_event(10_000_000).is_some() {}
    if let Some((len, _)) = leg.rtcp_due(60_000_000, &mut out, 60 << 32) {
        assert!(rtcp::parse(&out[..len]).all(|part| part.is_ok()), "our own reports can be read");
    }
    let _ = leg.stats();
});
