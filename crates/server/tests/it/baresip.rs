//! baresip, a phone that nobody here wrote, steered over its control socket.

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Baresip {
    child: Child,
    control: TcpStream,
    buffer: Vec<u8>,
    pub sip: SocketAddr,
    dir: tempfile::TempDir,
}

/// Writes a mono 8 kHz WAV of one tone.
pub fn tone_file(path: &Path, hz: f64, seconds: usize) {
    let samples = media::tone::Sine::new(8_000, hz, 0.3).take_samples(8_000 * seconds);
    let mut wav = media::wav::pcm16_header(1, Some(samples.len() as u64 * 2)).to_vec();
    // That header is for 8 kHz, as everything here.
    wav.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    std::fs::write(path, wav).unwrap();
}

impl Baresip {
    /// Starts a phone `user` that sends this tone and keeps what it hears.
    pub fn start(user: &str, hz: f64) -> Baresip {
        Baresip::start_with(hz, |sip| format!("<sip:{user}@127.0.0.1:{sip}>;regint=0;audio_codecs=pcma,pcmu"))
    }

    /// Starts a phone `user` that encrypts as baresip's `mediaenc` says.
    pub fn start_encrypted(user: &str, hz: f64, mediaenc: &str) -> Baresip {
        Baresip::start_with(hz, |sip| {
            format!("<sip:{user}@127.0.0.1:{sip}>;regint=0;audio_codecs=pcma,pcmu;mediaenc={mediaenc}")
        })
    }

    /// Starts a phone that registers as `user` of `domain` at this address, with this password.
    pub fn registers(
        user: &str,
        domain: &str,
        password: &str,
        at: SocketAddr,
        hz: f64,
        codecs: &str,
    ) -> Baresip {
        let phone = Baresip::start_with(hz, |_| {
            format!(
                "<sip:{user}@{domain}>;auth_user={user};auth_pass=\"{password}\";outbound=\"sip:{at}\";regint=60;audio_codecs={codecs}"
            )
        });
        phone.says("200 OK");
        phone
    }

    /// Waits until it printed this.
    #[track_caller]
    pub fn says(&self, what: &str) {
        let log = || std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
        let until = Instant::now() + Duration::from_secs(30);
        while !log().contains(what) {
            assert!(Instant::now() < until, "baresip never said {what:?}: {}", log());
            crate::program::look_again();
        }
    }

    /// Starts a phone with this account.
    pub fn start_account(account: &str) -> Baresip {
        Baresip::start_with(1000.0, |_| account.into())
    }

    fn start_with(hz: f64, account: impl Fn(u16) -> String) -> Baresip {
        let dir = tempfile::tempdir().unwrap();
        let (sip, control) = (crate::program::free_port(), crate::program::free_port());
        tone_file(&dir.path().join("tone.wav"), hz, 60);
        let config = format!(
            "sip_listen 127.0.0.1:{sip}\ncall_local_timeout 120\ncall_max_calls 4\n\
             audio_player aubridge,none\naudio_source aufile,{dir}/tone.wav\naudio_alert aubridge,alert\n\
             audio_srate 8000\naudio_channels 1\nrtp_tos 184\nrtp_ports {first}-{last}\njitter_buffer_delay 2-5\n\
             module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule g722.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\nmodule srtp.so\nmodule ice.so\n\
             module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n\
             ctrl_tcp_listen 127.0.0.1:{control}\nsnd_path {dir}\n",
            dir = dir.path().display(),
            first = 34_000 + sip % 500 * 8,
            last = 34_000 + sip % 500 * 8 + 7,
        );
        std::fs::write(dir.path().join("config"), config).unwrap();
        std::fs::write(dir.path().join("accounts"), account(sip) + "\n").unwrap();
        std::fs::write(dir.path().join("contacts"), "").unwrap();
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let child = Command::new("baresip")
            .args(["-f".as_ref(), dir.path().as_os_str()])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("baresip is installed: apt-get install baresip");
        let until = Instant::now() + Duration::from_secs(20);
        let control = loop {
            match TcpStream::connect(("127.0.0.1", control)) {
                Ok(stream) => break stream,
                Err(e) => {
                    crate::program::look_again();
                    assert!(
                        Instant::now() < until,
                        "baresip's control socket: {e}: {}",
                        std::fs::read_to_string(dir.path().join("log")).unwrap_or_default()
                    )
                }
            }
        };
        control.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let sip = format!("127.0.0.1:{sip}").parse().unwrap();
        Baresip { child, control, buffer: Vec::new(), sip, dir }
    }

    pub fn command(&mut self, command: &str, params: &str) {
        let text = json!({"command": command, "params": params, "token": command}).to_string();
        write!(self.control, "{}:{text},", text.len()).unwrap();
    }

    fn message(&mut self) -> Value {
        loop {
            if let Some(colon) = self.buffer.iter().position(|&c| c == b':') {
                let length: usize = std::str::from_utf8(&self.buffer[..colon]).unwrap().parse().unwrap();
                if self.buffer.len() > colon + 1 + length {
                    let text: Vec<u8> = self.buffer.drain(..colon + length + 2).collect();
                    return serde_json::from_slice(&text[colon + 1..colon + 1 + length]).unwrap_or_default();
                }
            }
            let mut piece = [0; 4_096];
            let n = self.control.read(&mut piece).unwrap_or_else(|e| {
                panic!(
                    "baresip says nothing more: {e}: {}",
                    std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
                )
            });
            assert!(n > 0, "baresip is gone");
            self.buffer.extend_from_slice(&piece[..n]);
        }
    }

    /// Waits for an event of this type.
    pub fn event(&mut self, kind: &str) -> Value {
        loop {
            let message = self.message();
            if message["event"] == true && message["type"] == kind {
                return message;
            }
        }
    }

    /// Waits until its log says this.
    #[track_caller]
    pub fn logs(&self, what: &str) {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let log = std::fs::read(self.dir.path().join("log")).unwrap_or_default();
            let log = String::from_utf8_lossy(&log);
            if log.contains(what) {
                return;
            }
            assert!(Instant::now() < until, "baresip never says {what:?}: {log}");
            crate::program::look_again();
        }
    }

    /// Waits until the far end's audio is heard as this tone; what was heard is kept on disk by its sndfile module.
    pub fn heard(&self) -> Vec<i16> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(self.dir.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.to_string_lossy().ends_with("-dec.wav") {
                let bytes = std::fs::read(&path).unwrap();
                // A file that is being written has no length in its head yet.
                all.extend(
                    bytes
                        .get(44..)
                        .unwrap_or_default()
                        .chunks_exact(2)
                        .map(|b| i16::from_le_bytes([b[0], b[1]])),
                );
            }
        }
        all
    }

    /// Waits until it heard this tone.
    #[track_caller]
    pub fn hears(&self, hz: u32) {
        let until = Instant::now() + Duration::from_secs(20);
        while !crate::desk::has_tone(&self.heard(), hz) {
            assert!(Instant::now() < until, "baresip never heard {hz} Hz: {} samples", self.heard().len());
            crate::program::look_again();
        }
    }

    /// Whether it heard this prompt at any time.
    pub fn heard_prompt(&self, hz: u32) -> bool {
        !crate::listening::tones_in(&self.heard(), [hz].into_iter()).is_empty()
    }

    /// Waits until it heard this prompt.
    #[track_caller]
    pub fn hears_prompt(&self, hz: u32) {
        let until = Instant::now() + Duration::from_secs(30);
        while !self.heard_prompt(hz) {
            assert!(Instant::now() < until, "baresip never heard {hz} Hz: {} samples", self.heard().len());
            crate::program::look_again();
        }
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
