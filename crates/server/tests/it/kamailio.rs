//! Kamailio as a carrier: it registers us and its own subscribers, asks for digest credentials, and passes calls on.

use crate::program::{free_port, look_again};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Name and password of our account there.
pub const ACCOUNT: (&str, &str) = ("trunk-4711", "carrier secret 9");

/// A carrier whose subscribers register without a password, and whose one business customer must log in.
pub struct Kamailio {
    child: Child,
    pub sip: SocketAddr,
    /// Where it listens for TLS, if it does.
    pub secure: SocketAddr,
    dir: tempfile::TempDir,
}

/// Our numbers begin with this; whoever calls one is passed on to where our account is registered.
pub const OURS: &str = "+4930901820";

impl Kamailio {
    /// Starts the carrier.
    pub fn start() -> Kamailio {
        Kamailio::start_with("")
    }

    /// Starts the carrier with a listener for TLS, too, that shows this certificate and wants one of this root.
    pub fn start_secure(certificate: &Path, key: &Path, root: &Path) -> Kamailio {
        let (certificate, key, root) = (certificate.display(), key.display(), root.display());
        Kamailio::start_with(&format!(
            "enable_tls=yes\nlisten=tls:127.0.0.1:SECURE\nloadmodule \"tls.so\"\n\
             modparam(\"tls\", \"tls_method\", \"TLSv1.2+\")\nmodparam(\"tls\", \"certificate\", \"{certificate}\")\n\
             modparam(\"tls\", \"private_key\", \"{key}\")\nmodparam(\"tls\", \"ca_list\", \"{root}\")\n\
             modparam(\"tls\", \"verify_certificate\", 1)\nmodparam(\"tls\", \"require_certificate\", 1)\n"
        ))
    }

    fn start_with(more: &str) -> Kamailio {
        Kamailio::start_as(&CONFIG.replace("MORE\n", more))
    }

    /// Starts it with a configuration in which `PORT` and `SECURE` stand for its ports.
    pub fn start_as(config: &str) -> Kamailio {
        let dir = tempfile::tempdir().unwrap();
        let (port, secure) = (free_port(), free_port());
        let config = config
            .replace("SECURE", &secure.to_string())
            .replace("PORT", &port.to_string())
            .replace("USER", ACCOUNT.0)
            .replace("PASSWORD", ACCOUNT.1)
            .replace("OURS", OURS)
            .replace("DIR", &dir.path().display().to_string());
        std::fs::write(dir.path().join("kamailio.cfg"), config).unwrap();
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
        let child = Command::new("kamailio")
            .env("PATH", path)
            .args(["-DD", "-E", "-m", "64", "-M", "8", "-f"])
            .arg(dir.path().join("kamailio.cfg"))
            .arg("-Y")
            .arg(dir.path())
            .arg("-P")
            .arg(dir.path().join("pid"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("Kamailio is installed: apt-get install kamailio");
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let carrier = Kamailio { child, sip: at(port), secure: at(secure), dir };
        carrier.wait_until_it_answers();
        carrier
    }

    fn wait_until_it_answers(&self) {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let here = socket.local_addr().unwrap();
        let ask = format!(
            "OPTIONS sip:{to} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKup\r\nFrom: <sip:a@{here}>;tag=1\r\n\
             To: <sip:{to}>\r\nCall-ID: up@{here}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n",
            to = self.sip
        );
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let _ = socket.send_to(ask.as_bytes(), self.sip);
            if socket.recv(&mut [0; 2048]).is_ok() {
                return;
            }
            assert!(Instant::now() < until, "Kamailio never answered: {}", self.log());
            look_again();
        }
    }

    /// What it wrote.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// Waits until its log has this.
    #[track_caller]
    pub fn says(&self, what: &str) {
        let until = Instant::now() + Duration::from_secs(30);
        while !self.log().contains(what) {
            assert!(Instant::now() < until, "Kamailio never said {what:?}: {}", self.log());
            look_again();
        }
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // It has children, which end when it is asked, not when it is killed.
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id() as i32) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

const CONFIG: &str = r#"#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=2
auto_aliases=no
listen=udp:127.0.0.1:PORT
listen=tcp:127.0.0.1:PORT
tcp_children=1
alias="carrier.test"
MORE

loadmodule "kex.so"
loadmodule "corex.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "nathelper.so"
loadmodule "auth.so"
modparam("rr", "enable_full_lr", 1)
modparam("nathelper|registrar", "received_avp", "$avp(received)")
modparam("registrar", "max_expires", 120)
modparam("auth", "nonce_expire", 30)
modparam("auth", "algorithm", "MD5")

request_route {
	if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
	if (has_totag()) {
		if (loose_route()) { handle_ruri_alias(); t_relay(); exit; }
		if (is_method("ACK") && t_check_trans()) { t_relay(); exit; }
		sl_send_reply("404", "Not here");
		exit;
	}
	if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
	if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
	t_check_trans();
	force_rport();
	if (is_method("REGISTER")) {
		if ($tU == "USER") {
			if (!pv_www_authenticate("$td", "PASSWORD", "0")) { www_challenge("$td", "1"); exit; }
		}
		fix_nated_register();
		save("location");
		xlog("L_ALERT", "registered $tU expires $hdr(Expires) contact $ct\n");
		exit;
	}
	if (!is_method("INVITE")) { sl_send_reply("405", "Not allowed"); exit; }
	# Phones name the address of the first interface and send from loopback, as behind a router.
	set_contact_alias();
	t_on_reply("ALIAS");
	record_route();
	# Our customer must log in to call; it names itself in P-Asserted-Identity or From.
	if ($fU == "USER" || $fU =~ "^\OURS") {
		if (!pv_proxy_authenticate("carrier.test", "PASSWORD", "0")) { proxy_challenge("carrier.test", "1"); exit; }
		consume_credentials();
		xlog("L_ALERT", "customer calls $rU from $fU asserted $hdr(P-Asserted-Identity)\n");
	}
	$var(dialled) = $rU;
	if ($rU =~ "^\OURS") {
		$ru = "sip:USER@carrier.test";
		if (!lookup("location")) { sl_send_reply("480", "Customer not registered"); exit; }
		xlog("L_ALERT", "to the customer: $ru for $var(dialled)\n");
		# The number that was dialled stands in the request's address.
		$rU = $var(dialled);
		t_relay();
		exit;
	}
	$rd = "carrier.test";
	if (!lookup("location")) { sl_send_reply("404", "Nobody has this number"); exit; }
	t_relay();
}

onreply_route[ALIAS] {
	set_contact_alias();
}
"#;
