//! Direct Routing through programs that nobody here wrote: Kamailio with certificates on both sides in the place of Teams'
//! machines, and a telephone with SRTP behind it in the place of a Teams user.

use crate::baresip::Baresip;
use crate::kamailio::Kamailio;
use crate::program::{Program, free_port};
use crate::secure_sip::Authority;
use crate::sipp::Sipp;
use std::net::SocketAddr;

const FQDN: &str = "sbc1.contoso.test";
const HOST: &str = "sip.pstnhub.test";
const ANNA: &str = "+4942155512";

/// A proxy that passes what comes by TLS on to a telephone, and what the telephone says to us by TLS.
const CONFIG: &str = r#"#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=2
auto_aliases=no
listen=udp:127.0.0.1:PORT
tcp_children=1
enable_tls=yes
listen=tls:127.0.0.1:SECURE
loadmodule "tls.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "CERTS/kamailio.pem")
modparam("tls", "private_key", "CERTS/kamailio.key")
modparam("tls", "ca_list", "CERTS/ca.pem")
modparam("tls", "verify_certificate", 1)
modparam("tls", "require_certificate", 1)
loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "xlog.so"
modparam("rr", "enable_full_lr", 1)
modparam("rr", "enable_double_rr", 1)

request_route {
	if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
	if (has_totag()) {
		if (loose_route()) {
			if ($proto != "tls") $du = "sip:127.0.0.1:CONTROLLER;transport=tls";
			t_relay();
			exit;
		}
		if (is_method("ACK") && t_check_trans()) { t_relay(); exit; }
		sl_send_reply("404", "Not here");
		exit;
	}
	if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
	if (is_method("OPTIONS")) {
		xlog("L_ALERT", "asked by $ct\n");
		sl_send_reply("200", "OK");
		exit;
	}
	if (!is_method("INVITE")) { sl_send_reply("405", "Not allowed"); exit; }
	record_route();
	if ($proto == "tls") {
		xlog("L_ALERT", "to the user: $ru\n");
		$rd = "127.0.0.1";
		$rp = PHONE;
		$du = "sip:127.0.0.1:PHONE";
	} else {
		$rd = "FQDN";
		$du = "sip:127.0.0.1:CONTROLLER;transport=tls";
	}
	t_relay();
}
"#;

/// A user of Teams with three clients, in SIPp's words: two ring, each with a tag of its own, and a third one answers, which
/// was never heard of. It holds as Teams does, takes the call back, and hangs up.
fn user() -> String {
    let sdp = |direction: &str| {
        format!(
            "v=0\n      o=- 1 1 IN IP4 [media_ip]\n      s=session\n      c=IN IP4 [media_ip]\n      b=CT:10000000\n      t=0 0\n      \
             m=audio [media_port] RTP/SAVP 104 8 13 101\n      a=label:main-audio\n      a=rtpmap:104 SILK/16000\n      \
             a=rtpmap:8 PCMA/8000\n      a=rtpmap:13 CN/8000\n      a=rtpmap:101 telephone-event/8000\n      a=fmtp:101 0-16\n      \
             a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNk|2^31\n      a={direction}\n"
        )
    };
    let answer = |status: &str, tag: &str, body: &str| {
        let kind = if body.is_empty() { "" } else { "CONTENT-TYPE: application/sdp\n      " };
        format!(
            r#"  <send><![CDATA[
      SIP/2.0 {status}
      [last_Via:]
      [last_From:]
      [last_To:];tag=[call_number]{tag}
      [last_Call-ID:]
      [last_CSeq:]
      [last_Record-Route:]
      CONTACT: <sip:user@[local_ip]:[local_port];x-i=1-2-3>
      ALLOW: INVITE,ACK,OPTIONS,CANCEL,BYE,NOTIFY
      {kind}CONTENT-LENGTH: [len]

      {body}
  ]]></send>
"#
        )
    };
    let ask = |method: &str, cseq: u32, body: &str| {
        let kind = if body.is_empty() { "" } else { "CONTENT-TYPE: application/sdp\n      " };
        format!(
            r#"  <send{retrans}><![CDATA[
      {method} [next_url] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      FROM:[$1]
      TO:[$2]
      [routes]
      Call-ID: [call_id]
      CSEQ: {cseq} {method}
      CONTACT: <sip:user@[local_ip]:[local_port];x-i=1-2-3>
      Max-Forwards: 70
      {kind}CONTENT-LENGTH: [len]

      {body}
  ]]></send>
"#,
            retrans = if method == "ACK" { "" } else { " retrans=\"500\"" }
        )
    };
    let change = |cseq: u32, direction: &str| {
        format!(
            r#"{}  <recv response="100" optional="true"/>
  <recv response="200"><action><ereg regexp="a={direction}" search_in="msg" check_it="true" assign_to="3"/></action></recv>
{}"#,
            ask("INVITE", cseq, &sdp(direction)),
            ask("ACK", cseq, "")
        )
    };
    format!(
        r#"<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="user">
  <recv request="INVITE" rrs="true"><action>
    <ereg regexp="m=audio [0-9]+ RTP/SAVP" search_in="msg" check_it="true" assign_to="3"/>
    <ereg regexp="AES_CM_128_HMAC_SHA1_80 inline:" search_in="msg" check_it="true" assign_to="3"/>
    <ereg regexp="user=phone" search_in="msg" check_it="true" assign_to="3"/>
  </action></recv>
{}{}{}  <recv request="ACK"><action>
    <ereg regexp=".*" search_in="hdr" header="To:" assign_to="1"/>
    <ereg regexp=".*" search_in="hdr" header="From:" assign_to="2"/>
  </action></recv>
  <pause milliseconds="500"/>
{}{}{}  <recv response="200"/>
  <Reference variables="1,2,3"/>
</scenario>
"#,
        answer("180 Ringing", "a", ""),
        answer("180 Ringing", "b", ""),
        answer("200 OK", "c", &sdp("sendrecv")),
        change(1, "inactive"),
        // What is said at once may overtake the ACK: Kamailio passes each message on by another process of its own.
        "  <pause milliseconds=\"500\"/>\n".to_string() + &change(2, "sendrecv"),
        ask("BYE", 3, "")
    )
}

/// A tenant with a queue, an agent in Teams, and a carrier.
fn tenant(secure: SocketAddr, telephone: SocketAddr) -> String {
    format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\ndial: {{allow: [\"+49\"]}}\n---\n\
         kind: Trunk\nid: teams\nteams:\n  fqdn: {FQDN}\n  hosts: [{{name: {HOST}, address: \"{at}\"}}]\n\
         networks: [127.0.0.1/32]\ntls_names: [{HOST}]\ncodecs: [pcma, pcmu]\nnat: true\n---\n\
         kind: Trunk\nid: carrier\nnetworks: [127.0.0.0/8]\nnat: true\nproxies: [\"{telephone}\"]\noutbound: true\n---\n\
         kind: Number\nid: service\nnumber: \"+49421555100\"\nflow: service\n---\n\
         kind: Flow\nid: service\nsteps:\n  - queue: service\n---\n\
         kind: Queue\nid: service\nring_time: 20s\nagents: [anna]\n---\n\
         kind: User\nid: anna\nroles: [agent]\nteams_number: \"{ANNA}\"\nat_start: available\n",
        at = secure,
    )
}

#[test]
fn kamailio_in_the_place_of_teams_and_a_telephone_with_srtp_in_the_place_of_its_user() {
    let authority = Authority::new();
    authority.sign_for("serverAuth,clientAuth", "ours", &format!("DNS:{FQDN}"), 30);
    authority.sign_for("serverAuth,clientAuth", "kamailio", &format!("DNS:{HOST}"), 30);
    let port = free_port();
    let mut user = Baresip::start_encrypted(ANNA, 1000.0, "srtp-mand");
    let mut telephone = Baresip::start("+4930555", 440.0);
    let config = CONFIG
        .replace("CERTS", &authority.path("").display().to_string())
        .replace("PHONE", &user.sip.port().to_string())
        .replace("FQDN", FQDN)
        .replace("CONTROLLER", &port.to_string());
    let kamailio = Kamailio::start_as(&config);
    let program = Program::start_secure(
        &[("tenant.yaml", &tenant(kamailio.secure, telephone.sip))],
        &[],
        &authority.lines(port, "ours"),
    );
    kamailio.says(&format!("asked by <sip:{FQDN}:{port};transport=tls>"));
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    user.event("CALL_INCOMING");
    kamailio.says(&format!("to the user: sip:{ANNA}@{HOST}:5061;user=phone"));
    user.command("accept", "");
    user.event("CALL_ESTABLISHED");
    user.says("SRTP is Enabled");
    telephone.hears(1000);
    user.hears(440);
    telephone.command("hangup", "");
    user.event("CALL_CLOSED");

    // The user calls a telephone, and hangs up.
    user.command("dial", &format!("sip:+4930555@{}", kamailio.sip));
    telephone.event("CALL_INCOMING");
    telephone.command("accept", "");
    user.event("CALL_ESTABLISHED");
    user.command("hangup", "");
    telephone.event("CALL_CLOSED");
    program.stop();
}

#[test]
fn sipp_in_the_place_of_a_user_with_three_clients() {
    let authority = Authority::new();
    authority.sign_for("serverAuth,clientAuth", "ours", &format!("DNS:{FQDN}"), 30);
    authority.sign_for("serverAuth,clientAuth", "kamailio", &format!("DNS:{HOST}"), 30);
    let (port, at) = (free_port(), free_port());
    let mut telephone = Baresip::start("+4930555", 440.0);
    let config = CONFIG
        .replace("CERTS", &authority.path("").display().to_string())
        .replace("PHONE", &at.to_string())
        .replace("FQDN", FQDN)
        .replace("CONTROLLER", &port.to_string());
    let kamailio = Kamailio::start_as(&config);
    let user = Sipp::start(&user(), at, None, "", 1, 1000.0, "u1");
    let program = Program::start_secure(
        &[("tenant.yaml", &tenant(kamailio.secure, telephone.sip))],
        &[],
        &authority.lines(port, "ours"),
    );
    kamailio.says(&format!("asked by <sip:{FQDN}:{port};transport=tls>"));
    telephone.command("dial", &format!("sip:+49421555100@{}", program.sip));
    telephone.event("CALL_ESTABLISHED");
    user.went_well();
    telephone.event("CALL_CLOSED");
    let call = program.ended_call();
    let moments: Vec<&str> =
        call["timeline"].as_array().unwrap().iter().filter_map(|m| m["what"].as_str()).collect();
    assert!(moments.contains(&"held") && moments.contains(&"resumed"), "{call:#}");
    program.stop();
}
