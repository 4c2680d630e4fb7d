//! Chromium with a softphone's page in it (`tests/browser`), driven line by line.

use crate::desk::Desk;
use crate::program::Program;
use serde_json::{Value, json};
use std::cell::Cell;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// How many tests have browsers at the same moment: each is a dozen processes, and this many fill two cores.
const AT_ONCE: usize = 2;
static OPEN: Mutex<usize> = Mutex::new(0);
static CLOSED: Condvar = Condvar::new();

thread_local! {
    static MINE: Cell<usize> = const { Cell::new(0) };
}

/// A test's place among those that have browsers. One test's second browser does not wait: it would for ever.
fn take_place() {
    if MINE.get() == 0 {
        let mut open = CLOSED.wait_while(OPEN.lock().unwrap(), |open| *open >= AT_ONCE).unwrap();
        *open += 1;
    }
    MINE.set(MINE.get() + 1);
}

fn leave_place() {
    MINE.set(MINE.get() - 1);
    if MINE.get() == 0 {
        *OPEN.lock().unwrap() -= 1;
        CLOSED.notify_one();
    }
}

/// What the page's microphone hears.
pub const MICROPHONE: u32 = 1000;

pub struct Page {
    driver: Child,
    orders: ChildStdin,
    answers: Receiver<Value>,
    _dir: tempfile::TempDir,
}

impl Page {
    /// A browser with the page open, which watches as that agent.
    pub fn open(program: &Program, agent: &str) -> Page {
        let mut page = Page::launch(&program.http.to_string(), MICROPHONE, &[]);
        page.watch(program, agent);
        page
    }

    /// A browser with the web app open, whose microphone hears this frequency.
    pub fn open_app(program: &Program, hz: u32) -> Page {
        Page::launch(&program.http.to_string(), hz, &["app"])
    }

    /// The same by the name that each machine has for itself: passkeys belong to names.
    pub fn open_app_by_name(program: &Program) -> Page {
        Page::launch(&format!("localhost:{}", program.http.port()), MICROPHONE, &["app"])
    }

    fn launch(at: &str, hz: u32, mode: &[&str]) -> Page {
        let dir = tempfile::tempdir().unwrap();
        let sound = dir.path().join("sound.wav");
        crate::baresip::tone_file(&sound, f64::from(hz), 30);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
        assert!(folder.join("node_modules").exists(), "make test does this: npm ci in {}", folder.display());
        take_place();
        let mut driver = Command::new("node")
            .arg(folder.join("driver.mjs"))
            .arg(format!("http://{at}"))
            .arg(&sound)
            .args(mode)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node and chromium are installed: apt-get install nodejs chromium");
        let orders = driver.stdin.take().unwrap();
        let out = BufReader::new(driver.stdout.take().unwrap());
        let (tx, answers) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = tx.send(serde_json::from_str(&line).unwrap_or(Value::String(line)));
            }
        });
        let mut page = Page { driver, orders, answers, _dir: dir };
        page.result("the browser starts");
        page
    }

    fn watch(&mut self, program: &Program, agent: &str) {
        let token = program.bearer().trim_start_matches("Bearer ").to_string();
        self.ask(&["watch".into(), token.into(), agent.into()]);
    }

    fn write(&mut self, order: &[Value]) {
        writeln!(self.orders, "{}", Value::from(order.to_vec())).unwrap();
    }

    #[track_caller]
    fn result(&mut self, what: &str) -> Value {
        let answer = self.answers.recv_timeout(Duration::from_secs(60));
        judge(what, answer.unwrap_or_else(|e| panic!("{what}: the browser does not answer: {e}")))
    }

    /// Calls a function of the page while nothing else has to go on.
    #[track_caller]
    pub fn ask(&mut self, order: &[Value]) -> Value {
        self.write(order);
        self.result(order[0].as_str().unwrap())
    }

    /// Calls a function of the page while the phones go on.
    #[track_caller]
    pub fn beside(&mut self, desk: &mut Desk, order: &[Value]) -> Value {
        self.write(order);
        let what = order[0].as_str().unwrap().to_string();
        let answers = &self.answers;
        let answer = desk.until(&what, |_| answers.try_recv().ok());
        judge(&what, answer)
    }

    /// The page becomes the agent's phone.
    #[track_caller]
    pub fn connect(&mut self) -> String {
        self.ask(&["open".into()]);
        self.ask(&["register".into()]).as_str().unwrap().to_string()
    }

    /// The page is loaded anew and becomes the agent's phone again.
    #[track_caller]
    pub fn reload(&mut self, desk: &mut Desk, program: &Program, agent: &str) -> String {
        self.beside(desk, &["reload".into()]);
        let token = program.bearer().trim_start_matches("Bearer ").to_string();
        self.beside(desk, &["watch".into(), token.into(), agent.into()]);
        self.beside(desk, &["open".into()]);
        self.beside(desk, &["register".into()]).as_str().unwrap().to_string()
    }

    /// The agent does something, which must be possible.
    #[track_caller]
    pub fn does(&mut self, desk: &mut Desk, what: &str) {
        assert_eq!(self.beside(desk, &["does".into(), what.into()]), 204, "{what}");
    }

    #[track_caller]
    pub fn holds(&mut self, desk: &mut Desk, held: bool) {
        assert_eq!(self.beside(desk, &["does".into(), "hold".into(), json!({"held": held})]), 204);
    }

    /// The next notice of a kind.
    #[track_caller]
    pub fn notice(&mut self, desk: &mut Desk, what: &str) -> Value {
        self.beside(desk, &["notice".into(), what.into()])
    }

    /// Waits until the page hears this frequency.
    #[track_caller]
    pub fn hears(&mut self, desk: &mut Desk, hz: u32) {
        self.beside(desk, &["hears".into(), hz.into()]);
    }
}

#[track_caller]
fn judge(what: &str, answer: Value) -> Value {
    match answer.get("error") {
        Some(error) => panic!("{what}: {error}"),
        None => answer["ok"].clone(),
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        leave_place();
    }
}
