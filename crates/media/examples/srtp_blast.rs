//! Sends protected audio and takes in what comes out of it in the clear: the far ends of a measurement (`bench/rtp_load --srtp`).
//!
//! `srtp_blast SECONDS WARM PPS PAYLOAD PT FROM_PORT AT_PORT < streams`: each line of `streams` is a port of 127.0.0.1 and what
//! stands behind `a=crypto:`. All streams leave from FROM_PORT, and all that comes out is expected at AT_PORT. The payload
//! carries stream, number and time, so loss, order and delay are judged; packets of the first WARM seconds are not. Prints one
//! line of JSON, with the names that `bench/rtp_blast.c` uses.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a measurement run by hand"
)]

use media::rtp::{HEADER_LEN, RtpHeader, RtpPacket};
use media::sdes::CryptoLine;
use media::srtp::Outbound;
use std::io::BufRead;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const MAGIC: u32 = 0x7372_7470;
/// Bytes of the payload that say what it is.
const MARK: usize = 4 + 4 + 4 + 8;
/// So long after the last packet one may still come.
const TAIL: Duration = Duration::from_millis(500);

/// One stream that goes out.
struct Stream {
    to: (&'static str, u16),
    key: Outbound,
    number: u32,
    due: Duration,
}

/// What came of one stream.
#[derive(Clone, Copy, Default)]
struct Came {
    packets: u64,
    twice: u64,
    late: u64,
    top: u32,
}

/// What came of all.
#[derive(Default)]
struct Heard {
    streams: Vec<Came>,
    warm: u64,
    other: u64,
    delays: Vec<u32>,
}

/// Takes in what comes until it is over.
fn listen(socket: &UdpSocket, began: Instant, warm: Duration, streams: usize, over: &AtomicBool) -> Heard {
    let mut heard = Heard { streams: vec![Came::default(); streams], ..Heard::default() };
    let mut buffer = [0; 2_048];
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    while !over.load(Ordering::Relaxed) {
        let Ok((len, _)) = socket.recv_from(&mut buffer) else { continue };
        let now = began.elapsed();
        let Ok(packet) = RtpPacket::parse(&buffer[..len]) else {
            heard.other += 1;
            continue;
        };
        let word =
            |at: usize| packet.payload.get(at..at + 4).map(|b| u32::from_be_bytes(b.try_into().unwrap()));
        let (Some(MAGIC), Some(stream), Some(number)) = (word(0), word(4), word(8)) else {
            heard.other += 1;
            continue;
        };
        let sent = packet.payload.get(12..20).map(|b| u64::from_be_bytes(b.try_into().unwrap()));
        let (Some(came), Some(sent)) = (heard.streams.get_mut(stream as usize), sent) else {
            heard.other += 1;
            continue;
        };
        let sent = Duration::from_nanos(sent);
        if sent < warm {
            heard.warm += 1;
            continue;
        }
        match came.packets > 0 && number <= came.top {
            true if number == came.top => came.twice += 1,
            true => {
                came.late += 1;
                came.packets += 1;
            }
            false => {
                came.top = number;
                came.packets += 1;
            }
        }
        heard.delays.push(now.saturating_sub(sent).as_micros() as u32);
    }
    heard
}

/// Milliseconds that a share of the packets took at most.
fn percentile(sorted: &[u32], share: f64) -> f64 {
    let at = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(-1.0, |us| f64::from(*us) / 1_000.0)
}

/// CPU seconds of this process so far, in ticks of 10 ms.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let rest: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (rest[11].parse::<f64>().unwrap() + rest[12].parse::<f64>().unwrap()) / 100.0
}

fn main() {
    let args: Vec<f64> = std::env::args().skip(1).map(|arg| arg.parse().unwrap()).collect();
    let [seconds, warm, pps, payload, pt, from, at] = args[..] else {
        eprintln!("usage: srtp_blast SECONDS WARM PPS PAYLOAD PT FROM_PORT AT_PORT < streams");
        std::process::exit(2);
    };
    let (seconds, warm) = (Duration::from_secs_f64(seconds.min(300.0)), Duration::from_secs_f64(warm));
    let every = Duration::from_secs_f64(1.0 / pps);
    let payload = (payload as usize).clamp(MARK, 1_400);
    let mut streams: Vec<Stream> = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (port, crypto) = line.split_once(' ').unwrap();
        let key = Outbound::new(&CryptoLine::parse(crypto).unwrap().key).unwrap();
        streams.push(Stream {
            to: ("127.0.0.1", port.parse().unwrap()),
            key,
            number: 0,
            due: Duration::ZERO,
        });
    }
    let count = streams.len();
    for (n, stream) in streams.iter_mut().enumerate() {
        stream.due = every * n as u32 / count as u32;
    }
    let out = UdpSocket::bind(("127.0.0.1", from as u16)).unwrap();
    let heard_at = UdpSocket::bind(("127.0.0.1", at as u16)).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let listener = {
        let over = over.clone();
        std::thread::spawn(move || listen(&heard_at, began, warm, count, &over))
    };
    let (mut sent, mut sent_warm, mut errors, mut late_sends) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut packet = [0xd5; 1_500];
    while began.elapsed() < seconds {
        for (n, stream) in streams.iter_mut().enumerate() {
            let now = began.elapsed();
            if stream.due > now || stream.due >= seconds {
                continue;
            }
            late_sends += u64::from(now - stream.due > every);
            let header = RtpHeader {
                payload_type: pt as u8,
                marker: stream.number == 0,
                sequence: stream.number as u16,
                timestamp: stream.number.wrapping_mul((8_000.0 / pps) as u32),
                ssrc: 0x10000 + n as u32,
            };
            header.write(&mut packet);
            let body = &mut packet[HEADER_LEN..HEADER_LEN + payload];
            body.fill(0xd5);
            body[..4].copy_from_slice(&MAGIC.to_be_bytes());
            body[4..8].copy_from_slice(&(n as u32).to_be_bytes());
            body[8..12].copy_from_slice(&stream.number.to_be_bytes());
            body[12..20].copy_from_slice(&(now.as_nanos() as u64).to_be_bytes());
            let len = stream.key.protect_rtp(&mut packet, HEADER_LEN + payload).unwrap();
            match out.send_to(&packet[..len], stream.to) {
                Ok(_) if now < warm => sent_warm += 1,
                Ok(_) => sent += 1,
                Err(_) => errors += 1,
            }
            stream.number += 1;
            stream.due += every;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(TAIL);
    over.store(true, Ordering::Relaxed);
    let mut heard = listener.join().unwrap();
    heard.delays.sort_unstable();
    let sum = |pick: fn(&Came) -> u64| heard.streams.iter().map(pick).sum::<u64>();
    let (came, twice, late) = (sum(|c| c.packets), sum(|c| c.twice), sum(|c| c.late));
    let silent = heard.streams.iter().filter(|c| c.packets == 0).count();
    let [p50, p95, p99, p999] = [0.5, 0.95, 0.99, 0.999].map(|share| percentile(&heard.delays, share));
    println!(
        "{{\"streams\": {count}, \"sent\": {sent}, \"received\": {came}, \"lost\": {lost}, \"duplicates\": {twice}, \
         \"reordered\": {late}, \"silent_streams\": {silent}, \"rx_other\": {other}, \"send_errors\": {errors}, \
         \"sent_warm\": {sent_warm}, \"received_warm\": {warm}, \"late_sends\": {late_sends}, \"delay_ms\": {{\"p50\": \
         {p50:.2}, \"p95\": {p95:.2}, \"p99\": {p99:.2}, \"p999\": {p999:.2}, \"max\": {max:.2}}}, \"blast_cpu_s\": {cpu:.3}}}",
        lost = sent as i64 - came as i64,
        other = heard.other,
        warm = heard.warm,
        max = percentile(&heard.delays, 1.0),
        cpu = cpu(),
    );
}
