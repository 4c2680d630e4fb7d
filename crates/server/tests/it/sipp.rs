//! SIPp, a SIP program that nobody here wrote.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

/// Writes a sound as raw A-law, which SIPp streams.
fn sound_file(path: &Path, samples: &[i16]) {
    let bytes: Vec<u8> = samples.iter().map(|s| media::g711::Law::Alaw.encode(*s)).collect();
    std::fs::write(path, bytes).unwrap();
}

/// SIPp's answer to being called, or its own call.
pub struct Sipp {
    child: Child,
    dir: tempfile::TempDir,
}

/// A port for the audio of a SIPp that no other has: it opens that one, and the second next for pictures.
fn audio_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Above the ports for our audio, and below the range that the system itself gives away.
    29_000 + NEXT.fetch_add(1, Ordering::Relaxed) % 450 * 8
}

impl Sipp {
    /// Starts SIPp with this scenario; `DIR` in it is its scratch folder, where `tone.al` is.
    pub fn start(
        scenario: &str,
        port: u16,
        to: Option<SocketAddr>,
        number: &str,
        calls: u32,
        hz: f64,
        transport: &str,
    ) -> Sipp {
        let tone = media::tone::Sine::new(8_000, hz, 0.3).take_samples(8_000 * 20);
        Sipp::start_saying(scenario, port, to, number, calls, transport, &tone)
    }

    /// Starts SIPp, which says this sound again and again.
    pub fn start_saying(
        scenario: &str,
        port: u16,
        to: Option<SocketAddr>,
        number: &str,
        calls: u32,
        transport: &str,
        sound: &[i16],
    ) -> Sipp {
        let dir = tempfile::tempdir().unwrap();
        sound_file(&dir.path().join("tone.al"), sound);
        let scenario = scenario.replace("DIR", &dir.path().display().to_string());
        std::fs::write(dir.path().join("scenario.xml"), scenario).unwrap();
        let mut command = Command::new("sipp");
        if let Some(to) = to {
            command.arg(to.to_string()).args(["-s", number]);
        }
        let audio = audio_port();
        command
            .args(["-sf", "scenario.xml", "-i", "127.0.0.1", "-mi", "127.0.0.1", "-nostdin", "-trace_err"])
            .args([
                "-p",
                &port.to_string(),
                "-m",
                &calls.to_string(),
                "-mp",
                &audio.to_string(),
                "-timeout",
                "40s",
            ])
            .args(["-r", "50", "-recv_timeout", "20000", "-t", transport])
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().expect("SIPp is installed: apt-get install sip-tester");
        Sipp { child, dir }
    }

    /// Waits until all its calls went as its scenario says.
    #[track_caller]
    pub fn went_well(mut self) {
        let status = self.child.wait().unwrap();
        let mut errors = String::new();
        for entry in std::fs::read_dir(self.dir.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.to_string_lossy().ends_with("_errors.log") {
                errors += &std::fs::read_to_string(path).unwrap();
            }
        }
        assert!(status.success(), "SIPp: {status}: {errors}");
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SDP: &str = "v=0
      o=sipp 1 1 IN IP4 [media_ip]
      s=-
      c=IN IP4 [media_ip]
      t=0 0
      m=audio [auto_media_port] RTP/AVP 8
      a=rtpmap:8 PCMA/8000
";

/// Calls, streams its tone, and hangs up after `talk_ms`.
pub fn caller(talk_ms: u32) -> String {
    format!(
        r#"<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="caller">
  <send retrans="500"><![CDATA[
      INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: "Berta Beispiel" <sip:+15550177@[local_ip]:[local_port]>;tag=[call_number]
      To: <sip:[service]@[remote_ip]:[remote_port]>
      Call-ID: [call_id]
      CSeq: 1 INVITE
      Contact: <sip:caller@[local_ip]:[local_port]>
      Max-Forwards: 70
      Content-Type: application/sdp
      Content-Length: [len]

      {SDP}
  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="200" rrs="true" rtd="true"/>
  <send><![CDATA[
      ACK [next_url] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: "Berta Beispiel" <sip:+15550177@[local_ip]:[local_port]>;tag=[call_number]
      [last_To:]
      [routes]
      Call-ID: [call_id]
      CSeq: 1 ACK
      Max-Forwards: 70
      Content-Length: 0

  ]]></send>
  <nop><action><exec rtp_stream="DIR/tone.al,-1,8"/></action></nop>
  <pause milliseconds="{talk_ms}"/>
  <send retrans="500"><![CDATA[
      BYE [next_url] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: "Berta Beispiel" <sip:+15550177@[local_ip]:[local_port]>;tag=[call_number]
      [last_To:]
      [routes]
      Call-ID: [call_id]
      CSeq: 2 BYE
      Max-Forwards: 70
      Content-Length: 0

  ]]></send>
  <recv response="200"/>
</scenario>
"#
    )
}

/// Is called, and says something before it answers: first an early answer from where no audio comes, then, from another
/// place that the call was passed on to, one with its tone; after `early_ms` the second answers.
pub fn early_callee(early_ms: u32) -> String {
    let elsewhere = SDP.replace("[auto_media_port]", "9");
    let answer = |status: &str, tag: &str, sdp: &str| {
        format!(
            r#"  <send><![CDATA[
      SIP/2.0 {status}
      [last_Via:]
      [last_From:]
      [last_To:];tag=[call_number]{tag}
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:callee@[local_ip]:[local_port]>
      Content-Type: application/sdp
      Content-Length: [len]

      {sdp}
  ]]></send>
"#
        )
    };
    let (first, second) =
        (answer("183 Session Progress", "a", &elsewhere), answer("183 Session Progress", "b", SDP));
    let last = answer("200 OK", "b", SDP);
    format!(
        r#"<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="early callee">
  <recv request="INVITE"/>
{first}{second}  <nop><action><exec rtp_stream="DIR/tone.al,-1,8"/></action></nop>
  <pause milliseconds="{early_ms}"/>
{last}  <recv request="ACK"/>
  <recv request="BYE"/>
  <send><![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Content-Length: 0

  ]]></send>
</scenario>
"#
    )
}

/// Calls, with `lines` in its INVITE, wants `said` in the answer, presses the hash key by INFO, and waits for the end.
pub fn keyed_caller(to: &str, lines: &str, said: &str) -> String {
    let dialog = |cseq: &str| {
        format!(
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: <sip:+15550177@[local_ip]:[local_port]>;tag=[call_number]
      [last_To:]
      Call-ID: [call_id]
      CSeq: {cseq}
      Max-Forwards: 70"
        )
    };
    let (ack, info) = (dialog("1 ACK"), dialog("2 INFO"));
    format!(
        r#"<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="keyed caller">
  <send retrans="500"><![CDATA[
      INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: <sip:+15550177@[local_ip]:[local_port]>;tag=[call_number]
      To: <sip:{to}@[remote_ip]:[remote_port]>
      Call-ID: [call_id]
      CSeq: 1 INVITE
      Contact: <sip:caller@[local_ip]:[local_port]>
      Max-Forwards: 70
      Supported: timer
      {lines}Content-Type: application/sdp
      Content-Length: [len]

      {SDP}
  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="200" rrs="true">
    <action><ereg regexp="{said}" search_in="msg" check_it="true" assign_to="1"/></action>
  </recv>
  <Reference variables="1"/>
  <send><![CDATA[
      ACK [next_url] SIP/2.0
      {ack}
      Content-Length: 0

  ]]></send>
  <nop><action><exec rtp_stream="DIR/tone.al,-1,8"/></action></nop>
  <pause milliseconds="500"/>
  <send retrans="500"><![CDATA[
      INFO [next_url] SIP/2.0
      {info}
      Content-Type: application/dtmf-relay
      Content-Length: [len]

      Signal=#
      Duration=160
  ]]></send>
  <recv response="200"/>
  <recv request="BYE" timeout="30000"/>
  <send><![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Content-Length: 0

  ]]></send>
</scenario>
"#
    )
}
