//! A bridge with telephones around it, on a network that may lose and delay: each telephone speaks a tone in its codec
//! and keeps what it hears.

use std::net::SocketAddr;

use media::bridge::Bridge;
use media::dtmf::TelephoneEvent;
use media::g711::Law;
use media::g722::{G722Decoder, G722Encoder};
use media::halfband::{Downsampler, WIDE_FRAME};
use media::jitter::JitterBuffer;
use media::leg::{Learning, Leg, LegEvent, LegSeeds};
use media::negotiate::{Codec, Negotiated};
use media::opus::{MAX_PACKET, MAX_SAMPLES, OpusDecoder, OpusEncoder, OpusSettings};
use media::prompt::FRAME;
use media::rtp::{RtpHeader, RtpPacket};
use media::tone::{Sine, to_sample};

use crate::Chance;

/// Payload number of telephone events in what these telephones agree on.
const EVENTS: u8 = 101;
/// Payload number of comfort noise.
const NOISE: u8 = 13;

/// Samples a second that a telephone speaks and hears in that codec.
pub fn rate_of(codec: Codec) -> u32 {
    if codec.law().is_some() { 8_000 } else { 16_000 }
}

/// A telephone: a voice, an ear, and a finger on a key.
pub struct Phone {
    pub at: SocketAddr,
    pub place: usize,
    pub codec: Codec,
    /// Milliseconds of its packets.
    pub ms: usize,
    voice: Vec<Sine>,
    /// Packets that are not sent, because there is nothing to say.
    pause: u32,
    /// What was spoken and is not sent yet.
    spoken: Vec<i16>,
    to_g722: G722Encoder,
    to_opus: OpusEncoder,
    header: RtpHeader,
    /// What was heard at 8000 Hz, in order and with lost packets covered, as a telephone does.
    pub heard: Vec<i16>,
    /// The same at 16000 Hz, by telephones whose codec has that.
    pub heard_wide: Vec<i16>,
    narrow: JitterBuffer,
    wide: JitterBuffer,
    from_g722: G722Decoder,
    from_opus: OpusDecoder,
    down: Downsampler,
    /// All datagrams that came.
    pub received: Vec<Vec<u8>>,
    /// Telephone events that came: event, end, timestamp.
    pub events: Vec<(u8, bool, u32)>,
}

impl Phone {
    fn new(codec: Codec, tones: &[f64], n: usize, place: usize) -> Self {
        let header = RtpHeader {
            marker: false,
            payload_type: codec.payload_type(),
            sequence: 60_000,
            timestamp: 0xFFFF_0000u32.wrapping_add(n as u32 * 5000),
            ssrc: n as u32 + 1,
        };
        Phone {
            at: format!("192.0.2.{}:4000", n + 10).parse().unwrap(),
            place,
            codec,
            ms: 20,
            voice: voice(codec, tones),
            pause: 0,
            spoken: Vec::new(),
            to_g722: G722Encoder::default(),
            to_opus: OpusEncoder::new(&OpusSettings::default()).unwrap(),
            header,
            heard: Vec::new(),
            heard_wide: Vec::new(),
            narrow: JitterBuffer::new(),
            wide: JitterBuffer::wide(),
            from_g722: G722Decoder::default(),
            from_opus: OpusDecoder::new().unwrap(),
            down: Downsampler::default(),
            received: Vec::new(),
            events: Vec::new(),
        }
    }

    pub fn is_silent(&self, from: usize) -> bool {
        self.heard[from..].iter().all(|s| s.unsigned_abs() <= 8)
    }

    /// The next packet of what is being said, when enough was.
    fn packet(&mut self) -> Option<Vec<u8>> {
        let count = self.ms * rate_of(self.codec) as usize / 1000;
        if self.spoken.len() < count {
            return None;
        }
        let samples: Vec<i16> = self.spoken.drain(..count).collect();
        let mut packet = vec![0; 12];
        self.header.write(&mut packet);
        match (self.codec, self.codec.law()) {
            (_, Some(law)) => packet.extend(samples.iter().map(|s| law.encode(*s))),
            (Codec::G722, None) => {
                let mut out = vec![0; count / 2];
                self.to_g722.encode(&samples, &mut out);
                packet.extend(out);
            }
            _ => {
                let mut out = [0; MAX_PACKET];
                let len = self.to_opus.encode(&samples, &mut out).unwrap();
                packet.extend_from_slice(&out[..len]);
            }
        }
        self.header.sequence = self.header.sequence.wrapping_add(1);
        let step = self.ms as u32 * self.codec.clock() / 1000;
        self.header.timestamp = self.header.timestamp.wrapping_add(step);
        Some(packet)
    }

    fn hear(&mut self, header: &RtpHeader, payload: &[u8]) {
        let mut samples = [0; MAX_SAMPLES];
        match (self.codec, self.codec.law()) {
            (_, Some(law)) => self.narrow.push(law, header, payload),
            (Codec::G722, None) => {
                let count = self.from_g722.decode(payload, &mut samples);
                let heard = samples[..count].iter().copied();
                self.wide.push_samples(header.ssrc, header.timestamp.wrapping_mul(2), heard);
            }
            _ => {
                let count = self.from_opus.decode(payload, &mut samples).unwrap();
                let heard = samples[..count].iter().copied();
                self.wide.push_samples(header.ssrc, header.timestamp / 3, heard);
            }
        }
    }

    fn listen(&mut self) {
        let mut frame = [0; FRAME];
        if self.codec.law().is_some() {
            self.narrow.pull(&mut frame);
        } else {
            let mut wide = [0; WIDE_FRAME];
            self.wide.pull(&mut wide);
            self.heard_wide.extend(wide);
            self.down.take(&wide, &mut frame);
        }
        self.heard.extend(frame);
    }
}

fn voice(codec: Codec, tones: &[f64]) -> Vec<Sine> {
    tones.iter().map(|tone| Sine::new(rate_of(codec), *tone, 0.2)).collect()
}

/// Who hears whom, with a clock of 10 ms steps, and a network from a seed between.
pub struct Room {
    pub bridge: Bridge,
    pub phones: Vec<Phone>,
    pub now: u64,
    pub keys: Vec<(usize, char)>,
    chance: Chance,
    loss: u64,
    jitter_us: u64,
    /// On their way to the bridge: arrival, from which telephone, what.
    flying: Vec<(u64, usize, Vec<u8>)>,
    pub recording: Option<usize>,
    pub recorded: Vec<u8>,
}

impl Room {
    pub fn new(codecs: &[Codec], tones: &[f64]) -> Room {
        let mut room = Room {
            bridge: Bridge::new(),
            phones: Vec::new(),
            now: 0,
            keys: Vec::new(),
            chance: Chance::new(1),
            loss: 0,
            jitter_us: 0,
            flying: Vec::new(),
            recording: None,
            recorded: Vec::new(),
        };
        for (n, (codec, tone)) in codecs.iter().zip(tones).enumerate() {
            let place = room.bridge.add(Leg::new(LegSeeds::from_seed(n as u64 + 7), "room"));
            room.phones.push(Phone::new(*codec, &[*tone], n, place));
            room.agree(n, *codec, 20);
        }
        room
    }

    /// A telephone sends nothing for that many packets, and does not say why.
    pub fn be_silent(&mut self, n: usize, packets: u32) {
        self.phones[n].pause = packets;
    }

    /// A telephone suppresses its silence: for that many packets it sends nothing, but first what the silence sounds
    /// like (in -dBov).
    pub fn pause(&mut self, n: usize, packets: u32, noise: u8) {
        let phone = &mut self.phones[n];
        let header = RtpHeader { payload_type: NOISE, ..phone.header };
        phone.header.sequence = phone.header.sequence.wrapping_add(1);
        let mut packet = vec![0; 12];
        header.write(&mut packet);
        packet.push(noise);
        self.phones[n].pause = packets;
        self.fly(n, packet);
    }

    /// A telephone and its leg agree on a codec and on packets that the telephone likes to get.
    pub fn agree(&mut self, n: usize, codec: Codec, ptime: u32) {
        let phone = &mut self.phones[n];
        let agreed = Negotiated {
            dtmf_send_pt: Some(EVENTS),
            dtmf_recv_pt: Some(EVENTS),
            noise_recv_pt: Some(NOISE),
            ptime,
            ..Negotiated::plain(codec, phone.at)
        };
        let tones: Vec<f64> = phone.voice.iter().map(Sine::frequency).collect();
        phone.voice = voice(codec, &tones);
        phone.codec = codec;
        phone.spoken.clear();
        phone.header.payload_type = codec.payload_type();
        let leg = self.bridge.leg_mut(self.phones[n].place).unwrap();
        leg.set_remote(self.now, agreed, Learning::Never);
    }

    pub fn network(&mut self, seed: u64, loss: u64, jitter_us: u64) {
        (self.chance, self.loss, self.jitter_us) = (Chance::new(seed), loss, jitter_us);
    }

    /// Each telephone hears the others of its list.
    pub fn hearing(&mut self, lists: &[&[usize]]) {
        for (n, list) in lists.iter().enumerate() {
            let from: Vec<usize> = list.iter().map(|p| self.phones[*p].place).collect();
            self.bridge.hear(self.now, self.phones[n].place, &from);
        }
    }

    /// Instead of its tone a telephone says these, one beside the other.
    pub fn say(&mut self, phone: usize, tones: &[f64]) {
        self.phones[phone].voice = voice(self.phones[phone].codec, tones);
    }

    fn fly(&mut self, phone: usize, datagram: Vec<u8>) {
        if self.chance.percent(self.loss) {
            return;
        }
        let late = if self.jitter_us == 0 { 0 } else { self.chance.below(self.jitter_us) };
        self.flying.push((self.now + late, phone, datagram));
    }

    fn speak(&mut self, n: usize) {
        let phone = &mut self.phones[n];
        for _ in 0..rate_of(phone.codec) / 50 {
            phone.spoken.push(to_sample(phone.voice.iter_mut().map(Sine::next_value).sum()));
        }
        while let Some(packet) = self.phones[n].packet() {
            if self.phones[n].pause > 0 {
                // The timestamp goes on, the sequence number does not.
                let phone = &mut self.phones[n];
                phone.pause -= 1;
                phone.header.sequence = phone.header.sequence.wrapping_sub(1);
            } else {
                self.fly(n, packet);
            }
        }
    }

    /// A telephone sends one packet of an event that began `age` packets ago.
    pub fn event(&mut self, n: usize, key: u8, age: u16, end: bool) {
        let phone = &mut self.phones[n];
        let header = RtpHeader {
            marker: age == 0,
            payload_type: EVENTS,
            timestamp: phone.header.timestamp.wrapping_sub(u32::from(age) * phone.codec.clock() / 50),
            ..phone.header
        };
        phone.header.sequence = phone.header.sequence.wrapping_add(1);
        let duration = (age + 1) * (phone.codec.clock() / 50) as u16;
        let event = TelephoneEvent { event: key, end, volume: 10, duration };
        let mut packet = vec![0; 12];
        header.write(&mut packet);
        packet.extend_from_slice(&event.write());
        self.fly(n, packet);
    }

    fn deliver(&mut self, to: usize, datagram: &[u8]) {
        let Some(phone) = self.phones.iter_mut().find(|phone| phone.place == to) else { return };
        let packet = RtpPacket::parse(datagram).unwrap();
        phone.received.push(datagram.to_vec());
        if packet.header.payload_type == EVENTS {
            let event = TelephoneEvent::parse(packet.payload).unwrap();
            phone.events.push((event.event, event.end, packet.header.timestamp));
        } else {
            assert_eq!(packet.header.payload_type, phone.codec.payload_type());
            phone.hear(&packet.header, packet.payload);
        }
    }

    /// Lets 20 ms pass, in which every telephone speaks once.
    pub fn step(&mut self) {
        for n in 0..self.phones.len() {
            self.speak(n);
        }
        for _ in 0..2 {
            self.now += 10_000;
            self.pass();
        }
        for phone in &mut self.phones {
            phone.listen();
        }
    }

    fn pass(&mut self) {
        let now = self.now;
        let mut arrived: Vec<_> = self.flying.extract_if(.., |(at, _, _)| *at <= now).collect();
        arrived.sort_by_key(|(at, _, _)| *at);
        let mut out = [0; 2048];
        let mut sent: Vec<(usize, Vec<u8>)> = Vec::new();
        for (at, n, datagram) in arrived {
            let (place, from) = (self.phones[n].place, self.phones[n].at);
            self.bridge.receive_rtp(at, place, from, &datagram, &mut out, |to, bytes, target| {
                assert!(target.port() == 4000);
                sent.push((to, bytes.to_vec()));
            });
        }
        for n in 0..self.phones.len() {
            let place = self.phones[n].place;
            let Some(leg) = self.bridge.leg_mut(place) else { continue };
            while let Some((len, _)) = leg.tick(now, &mut out) {
                sent.push((place, out[..len].to_vec()));
            }
            while let Some(event) = leg.poll_event(now) {
                if let LegEvent::Key(digit) = event {
                    self.keys.push((n, digit.to_char()));
                }
            }
        }
        for (to, datagram) in sent {
            self.deliver(to, &datagram);
        }
        if let Some(r) = self.recording {
            while let Some(block) = self.bridge.recorded(now, r, false) {
                self.recorded.extend_from_slice(block);
            }
        }
    }

    pub fn steps(&mut self, count: usize) {
        (0..count).for_each(|_| self.step());
    }

    /// One channel of what was recorded.
    pub fn channel(&self, side: usize) -> Vec<i16> {
        self.recorded.iter().skip(side).step_by(2).map(|b| Law::Alaw.decode(*b)).collect()
    }
}
