//! A `switchroom serve` of its own for a test: scratch folder, free ports, stopped at the end.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_switchroom");

/// The program under test, or the one that a measurement names in its place.
fn binary() -> String {
    std::env::var("SWITCHROOM_BINARY").unwrap_or_else(|_| PROGRAM.into())
}

/// A running server.
pub struct Program {
    pub dir: Arc<tempfile::TempDir>,
    pub sip: SocketAddr,
    pub http: SocketAddr,
    pub admin: SocketAddr,
    /// Everything it logged.
    pub log: Arc<Mutex<String>>,
    child: Child,
    reader: Option<std::thread::JoinHandle<()>>,
    agent: ureq::Agent,
    token: String,
}

/// The file in a program's folder that says how far its clock is ahead, as `+25h`.
pub const CLOCK: &str = "clock";

/// A port on which nothing listens, for UDP and TCP.
pub fn free_port() -> u16 {
    // From below the ports for audio and the range that the system itself gives away, and each again only after all others.
    // The odd ones are left out: baresip opens the next one too. Above 6,697: browsers go to none of those of IRC.
    const FIRST: u16 = 6_700;
    const MANY: u16 = 1_640;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    for _ in 0..MANY {
        let port = FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % MANY * 2;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() && UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port");
}

/// A range of ports for audio that no other test uses.
pub fn media_ports() -> (u16, u16) {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    // Below those for SIPp's audio.
    let first = 10_000 + (n % 19) * 1_000;
    (first, first + 999)
}

impl Program {
    /// Starts a server for the tenant that these files describe.
    pub fn start(files: &[(&str, &str)]) -> Program {
        Program::start_with_sip(files, "")
    }

    /// The same, with these lines more in its section `[sip]`.
    pub fn start_with_sip(files: &[(&str, &str)], lines: &str) -> Program {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        let tenant = dir.path().join("tenant");
        std::fs::create_dir(&tenant).unwrap();
        for (name, text) in files {
            std::fs::write(tenant.join(name), text).unwrap();
        }
        let (sip, http, admin) = (free_port(), free_port(), free_port());
        let (first, last) = media_ports();
        let config = format!(
            "[http]\nlisten = \"127.0.0.1:{http}\"\n[admin]\nlisten = \"127.0.0.1:{admin}\"\n\
             [sip]\nudp = \"127.0.0.1:{sip}\"\ntcp = \"127.0.0.1:{sip}\"\n{lines}\
             [media]\nports = \"{first}-{last}\"\n\
             [store]\nurl = \"sqlite:{dir}/data/switchroom.db\"\nregion = \"test\"\n\
             [blobs]\nurl = \"file:{dir}/data/blobs\"\nregion = \"test\"\n\
             [keys]\nurl = \"file:{dir}/data/master.key\"\n[secrets]\nfolder = \"{dir}/secrets\"\n[shutdown]\ngrace = \"10s\"\n",
            dir = dir.path().display()
        );
        std::fs::write(dir.path().join("switchroom.toml"), config).unwrap();
        Program::start_in(dir, true)
    }

    /// Starts a server on what an earlier one left.
    pub fn start_again(dir: Arc<tempfile::TempDir>) -> Program {
        Program::start_in(dir, false)
    }

    fn start_in(dir: Arc<tempfile::TempDir>, apply: bool) -> Program {
        let config = dir.path().join("switchroom.toml");
        // With the signal of a file size limit ignored, such a limit is like a full disk: a write fails.
        let mut command = Command::new("sh");
        // Tokens of a test's own, where it made some.
        let tokens = dir.path().join("softhsm2.conf");
        if tokens.exists() {
            command.env("SOFTHSM2_CONF", tokens);
        }
        // As much is logged as a test wants.
        if let Ok(level) = std::fs::read_to_string(dir.path().join("log-level")) {
            command.env("SWITCHROOM_LOG", level);
        }
        // A test that sets the program's clock says in this file how far that is ahead, and libfaketime looks there. What is
        // measured and waited for goes on as always.
        let clock = dir.path().join(CLOCK);
        if clock.exists() {
            command.env("LD_PRELOAD", "/usr/$LIB/faketime/libfaketimeMT.so.1");
            command.env("FAKETIME_TIMESTAMP_FILE", clock);
            command.envs([("FAKETIME_NO_CACHE", "1"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")]);
        }
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", &binary()]);
        command.args(["serve", "--log", "json", "--config"]).arg(&config);
        if apply {
            command.arg("--apply").arg(dir.path().join("tenant"));
        }
        Program::run(dir, command)
    }

    /// Starts a demo.
    pub fn start_demo() -> Program {
        Program::start_demo_with(&[])
    }

    /// Starts a demo with these arguments.
    pub fn start_demo_with(more: &[&str]) -> Program {
        let mut command = Command::new(PROGRAM);
        let sip = format!("127.0.0.1:{}", free_port());
        command.args([
            "demo",
            "--log",
            "json",
            "--http",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
            "--sip",
            &sip,
        ]);
        command.args(more);
        Program::run(Arc::new(tempfile::tempdir().unwrap()), command)
    }

    fn run(dir: Arc<tempfile::TempDir>, mut command: Command) -> Program {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let ready = wait_for_ready(&mut out, &log);
        let kept = log.clone();
        let reader = std::thread::spawn(move || {
            let mut line = String::new();
            while out.read_line(&mut line).is_ok_and(|n| n > 0) {
                kept.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        let addr = |key: &str| ready[key].as_str().unwrap().parse().unwrap();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // An attestation reads the whole program, on a machine that does other things too.
            .timeout_global(Some(Duration::from_secs(120)))
            // The server closes what is idle for 15 seconds: no request goes into one that is being closed.
            .max_idle_age(Duration::from_secs(5))
            .build()
            .new_agent();
        Program {
            sip: addr("sip_udp"),
            http: addr("http"),
            admin: addr("admin"),
            dir,
            log,
            child,
            reader: Some(reader),
            agent,
            token: String::new(),
        }
    }

    /// A token, made by the command line while no server runs.
    pub fn token(dir: &std::path::Path, tenant: &str, role: &str) -> String {
        let out = Command::new(binary())
            .args(["token", "--tenant", tenant, "--role", role, "--config"])
            .arg(dir.join("switchroom.toml"))
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().into()
    }

    /// A server that was applied, stopped, given an owner's token and started again.
    pub fn start_as_owner(files: &[(&str, &str)]) -> Program {
        let first = Program::start(files);
        let dir = first.dir.clone();
        first.stop();
        let token = Program::token(dir.path(), "test", "owner");
        let mut program = Program::start_again(dir);
        program.token = token;
        program
    }

    /// The same, with these files in its folder of secrets.
    pub fn start_with_secrets(files: &[(&str, &str)], secrets: &[(&str, &str)]) -> Program {
        Program::start_secure(files, secrets, "")
    }

    /// The same, with these lines more in its section `[sip]`.
    pub fn start_secure(files: &[(&str, &str)], secrets: &[(&str, &str)], lines: &str) -> Program {
        let first = Program::start_with_sip(files, lines);
        let dir = first.dir.clone();
        first.stop();
        let folder = dir.path().join("secrets");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in secrets {
            std::fs::write(folder.join(name), text).unwrap();
        }
        let token = Program::token(dir.path(), "test", "owner");
        let mut program = Program::start_again(dir);
        program.token = token;
        program
    }

    /// Stopped, and started again on what it left.
    pub fn restarted(mut self) -> Program {
        let (dir, token) = (self.dir.clone(), std::mem::take(&mut self.token));
        self.stop();
        let mut program = Program::start_again(dir);
        program.token = token;
        program
    }

    /// Speaks with this token from here on.
    pub fn set_token(&mut self, token: String) {
        self.token = token;
    }

    /// The client that this asks with.
    pub fn agent(&self) -> &ureq::Agent {
        &self.agent
    }

    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// GET below /api/v1; status and JSON.
    pub fn get(&self, path: &str) -> (u16, Value) {
        let url = format!("http://{}/api/v1{path}", self.http);
        let mut answer = self.agent.get(url).header("Authorization", self.bearer()).call().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
    }

    /// PUT below /api/v1; status and JSON.
    pub fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("http://{}/api/v1{path}", self.http);
        let mut answer = self.agent.put(url).header("Authorization", self.bearer()).send_json(body).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
    }

    /// POST without a body below /api/v1; status and JSON.
    pub fn post(&self, path: &str) -> (u16, Value) {
        let url = format!("http://{}/api/v1{path}", self.http);
        let mut answer = self.agent.post(url).header("Authorization", self.bearer()).send_empty().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
    }

    /// POST of JSON below /api/v1; status and JSON.
    pub fn post_json(&self, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("http://{}/api/v1{path}", self.http);
        let mut answer = self.agent.post(url).header("Authorization", self.bearer()).send_json(body).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
    }

    /// Does something about a call, which must be possible.
    #[track_caller]
    pub fn act(&self, call: &str, action: Value) {
        let (status, said) = self.post_json(&format!("/calls/{call}/actions"), &action);
        assert_eq!(status, 204, "{action}: {said}");
    }

    /// Asks for a state of an agent.
    #[track_caller]
    pub fn set_agent(&self, agent: &str, state: &str) {
        let (status, said) =
            self.put(&format!("/agents/{agent}/state"), &serde_json::json!({"state": state}));
        assert_eq!(status, 200, "{agent} {state}: {said}");
    }

    /// DELETE below /api/v1; status.
    pub fn delete(&self, path: &str) -> u16 {
        let url = format!("http://{}/api/v1{path}", self.http);
        self.agent.delete(url).header("Authorization", self.bearer()).call().unwrap().status().as_u16()
    }

    /// GET of bytes, with a range if one is given.
    pub fn bytes(&self, path: &str, range: Option<&str>) -> (u16, Vec<u8>) {
        let url = format!("http://{}/api/v1{path}", self.http);
        let mut request = self.agent.get(url).header("Authorization", self.bearer());
        if let Some(range) = range {
            request = request.header("Range", range);
        }
        let mut answer = request.call().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_vec().unwrap())
    }

    /// A page of the admin listener.
    pub fn admin(&self, path: &str) -> String {
        let mut answer = self.agent.get(format!("http://{}{path}", self.admin)).call().unwrap();
        answer.body_mut().read_to_string().unwrap()
    }

    /// Asks the API again until `pick` finds what it looks for.
    pub fn wait_for<T>(&self, path: &str, pick: impl Fn(&Value) -> Option<T>) -> T {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let (status, value) = self.get(path);
            if let Some(found) = pick(&value) {
                return found;
            }
            assert!(Instant::now() < until, "{path} never showed it: {status} {value:#}");
            look_again();
        }
    }

    /// The call, once it is over.
    pub fn ended_call(&self) -> Value {
        let id = self.wait_for("/calls", |list| {
            let first = list["items"].as_array()?.iter().find(|c| c["state"] == "ended")?;
            Some(first["id"].as_str()?.to_string())
        });
        self.get(&format!("/calls/{id}")).1
    }

    /// As `kill -9`.
    pub fn kill(mut self) -> Arc<tempfile::TempDir> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.dir.clone()
    }

    pub fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_raw(self.child.id() as i32).unwrap()
    }

    /// Looks at the metrics until this line is there.
    #[track_caller]
    pub fn wait_for_metric(&self, line: &str) {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let metrics = self.admin("/metrics");
            if metrics.lines().any(|l| l == line) {
                return;
            }
            assert!(Instant::now() < until, "{line:?} never was among\n{metrics}");
            look_again();
        }
    }

    /// Asks it to stop.
    pub fn ask_to_stop(&self) {
        rustix::process::kill_process(self.pid(), rustix::process::Signal::TERM).unwrap();
    }

    /// Asks it to stop and waits until it did; it must end well.
    pub fn stop(self) -> String {
        self.ask_to_stop();
        self.wait_for_end()
    }

    /// Waits until it ended; it must end well. Gives its log.
    pub fn wait_for_end(self) -> String {
        let (code, log) = self.wait_for_any_end();
        assert!(code == Some(0), "{code:?}: {log}");
        log
    }

    /// Waits until it ended. Gives its exit code and its log.
    pub fn wait_for_any_end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        let log = self.log.lock().unwrap().clone();
        (status.code(), log)
    }
}

fn wait_for_ready(out: &mut BufReader<ChildStdout>, log: &Mutex<String>) -> Value {
    let mut line = String::new();
    loop {
        line.clear();
        assert!(
            out.read_line(&mut line).unwrap() > 0,
            "it ended before it was ready: {}",
            log.lock().unwrap()
        );
        log.lock().unwrap().push_str(&line);
        let value: Value = serde_json::from_str(&line).unwrap_or_default();
        if value["event"] == "ready" {
            return value;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Between two looks at something that cannot be waited for otherwise: leaves the processor to those who work.
pub fn look_again() {
    std::thread::park_timeout(Duration::from_millis(20));
}

/// Whether the far end closes this connection before its time for reading is over.
pub fn is_closed(stream: &mut std::net::TcpStream) -> bool {
    match std::io::Read::read(stream, &mut [0; 1]) {
        Ok(n) => n == 0,
        Err(e) => e.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

/// Runs the program with arguments; exit code, output, errors.
pub fn run(args: &[&str]) -> (i32, String, String) {
    let out = Command::new(PROGRAM).args(args).output().unwrap();
    let text = |b: Vec<u8>| String::from_utf8_lossy(&b).into_owned();
    (out.status.code().unwrap_or(-1), text(out.stdout), text(out.stderr))
}

/// A folder of tenant files.
pub fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let path = dir.path().to_path_buf();
    (dir, path)
}
