//! linphone, a phone that nobody here wrote, steered over its console; its sound is files.

use crate::baresip::tone_file;
use crate::program::{free_port, look_again};
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Linphone {
    child: Child,
    console: ChildStdin,
    dir: tempfile::TempDir,
    /// How much of what it said was looked at.
    read: usize,
}

impl Linphone {
    /// Starts a phone that registers as `user` at this address, with this password, offers these codecs, sends this tone
    /// and keeps what it hears. It knows its domain by the address only: it asks no server for names that it does not
    /// find.
    pub fn registers(user: &str, password: &str, at: SocketAddr, hz: f64, codecs: &[&str]) -> Linphone {
        let dir = tempfile::tempdir().unwrap();
        let sip = free_port();
        let first = 38_000 + sip % 500 * 8;
        tone_file(&dir.path().join("tone.wav"), hz, 60);
        // Without this folder it complains of a data base at each turn.
        std::fs::create_dir_all(dir.path().join(".local/share/linphone")).unwrap();
        let config = format!(
            "[sip]\nsip_port={sip}\nsip_tcp_port={sip}\nsip_tls_port=-1\nguess_hostname=0\nmedia_encryption=none\n\
             contact=sip:{user}@127.0.0.1:{sip}\ndefault_proxy=0\n\
             [rtp]\naudio_rtp_port={first}-{last}\n[sound]\nechocancellation=0\n[net]\nmtu=1300\n\
             [proxy_0]\nreg_proxy=<sip:{at};transport=udp>\nreg_identity=sip:{user}@{at}\nreg_expires=60\nreg_sendregister=1\npublish=0\n\
             [auth_info_0]\nusername={user}\npasswd={password}\n",
            last = first + 7,
        );
        std::fs::write(dir.path().join("rc"), config).unwrap();
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let mut child = Command::new("linphonec")
            .env("HOME", dir.path())
            .arg("-c")
            .arg(dir.path().join("rc"))
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("linphonec is installed: apt-get install linphone-cli");
        let console = child.stdin.take().unwrap();
        let mut phone = Linphone { child, console, dir, read: 0 };
        phone.command("soundcard use files");
        phone.says("Using wav files");
        phone.command(&format!("play {}/tone.wav", phone.dir.path().display()));
        phone.command(&format!("record {}/heard.wav", phone.dir.path().display()));
        phone.offer(codecs);
        phone.is_registered();
        phone
    }

    // From here on it offers these codecs and no others.
    fn offer(&mut self, codecs: &[&str]) {
        self.command("codec list");
        self.says("18: L16");
        let said = self.said();
        let list = said.lines().filter_map(|line| {
            let (number, rest) = line.trim_start().split_once(": ")?;
            Some((number.parse::<u32>().ok()?, rest.split(' ').next()?))
        });
        for (number, codec) in list {
            let what = if codecs.contains(&codec) { "enable" } else { "disable" };
            self.command(&format!("codec {what} {number}"));
        }
    }

    // It does not say by itself that it is registered.
    #[track_caller]
    fn is_registered(&mut self) {
        let until = Instant::now() + Duration::from_secs(30);
        let mut asked = 0;
        while !self.said().contains("registered, identity=") {
            if self.said().matches("status register\n").count() == asked {
                self.command("status register");
                asked += 1;
            }
            assert!(Instant::now() < until, "linphone never registered: {}", self.said());
            look_again();
        }
    }

    pub fn command(&mut self, command: &str) {
        writeln!(self.console, "{command}").unwrap();
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// Waits until it said this, after what it was waited for before.
    #[track_caller]
    pub fn says(&mut self, what: &str) {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let said = self.said();
            if let Some(at) = said.get(self.read..).and_then(|new| new.find(what)) {
                self.read += at + what.len();
                return;
            }
            assert!(Instant::now() < until, "linphone never said {what:?}: {said}");
            look_again();
        }
    }

    /// What it heard in the last call, at 8 kHz.
    fn heard(&self) -> Vec<i16> {
        let Ok(bytes) = std::fs::read(self.dir.path().join("heard.wav")) else { return Vec::new() };
        let Some(rate) = bytes.get(24..28) else { return Vec::new() };
        let step = u32::from_le_bytes([rate[0], rate[1], rate[2], rate[3]]).max(8_000) as usize / 8_000;
        let samples = bytes.get(44..).unwrap_or_default().chunks_exact(2);
        samples.map(|b| i16::from_le_bytes([b[0], b[1]])).step_by(step).collect()
    }

    /// Waits until it heard this tone.
    #[track_caller]
    pub fn hears(&self, hz: u32) {
        let until = Instant::now() + Duration::from_secs(20);
        while !crate::desk::has_tone(&self.heard(), hz) {
            assert!(Instant::now() < until, "linphone never heard {hz} Hz: {} samples", self.heard().len());
            look_again();
        }
    }
}

impl Drop for Linphone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
