//! A browser as far as the API is concerned: it keeps the session's cookie and sends the second token along.

use crate::program::Program;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpStream};
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

/// Users of each role beside the agents of `calls::tenant`.
pub const USERS: &str = "kind: User\nid: boss\nname: Berta Boss\nroles: [supervisor]\nphone: \"sip:boss@127.0.0.1:5999\"\n---\n\
    kind: User\nid: olga\nroles: [owner]\n---\n\
    kind: User\nid: alex\nroles: [auditor]\n";
/// The password of everybody.
pub const PASSWORD: &str = "correct horse battery";

pub struct Browser {
    pub http: SocketAddr,
    pub agent: ureq::Agent,
    /// As it goes into the header.
    pub cookie: String,
    pub csrf: String,
    /// What the server said to signing in.
    pub session: Value,
}

/// Status, body and the headers of an answer.
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub headers: ureq::http::HeaderMap,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

impl Browser {
    /// One that has no cookie yet.
    pub fn new(program: &Program) -> Browser {
        Browser {
            http: program.http,
            agent: program.agent().clone(),
            cookie: String::new(),
            csrf: String::new(),
            session: Value::Null,
        }
    }

    /// A browser in which this user is signed in; the account is made first if it is not there.
    pub fn signed_in(program: &Program, user: &str) -> Browser {
        let mut browser = Browser::new(program);
        let (status, invitation) = program.post(&format!("/users/{user}/invitation"));
        assert_eq!(status, 201, "{invitation}");
        let answer =
            browser.ask("POST", "/invitation", &json!({"code": invitation["code"], "password": PASSWORD}));
        assert_eq!(answer.status, 201, "{}", answer.body);
        browser.keep(&answer);
        browser
    }

    /// Signs in with a password.
    pub fn sign_in(&mut self, user: &str, password: &str) -> Answer {
        let answer = self.ask("POST", "/session", &json!({"user": user, "password": password}));
        if answer.status == 201 {
            self.keep(&answer);
        }
        answer
    }

    /// Keeps cookie and second token of an answer.
    pub fn keep(&mut self, answer: &Answer) {
        self.cookie = answer.header("set-cookie").split(';').next().unwrap().to_string();
        self.csrf = answer.body["csrf"].as_str().unwrap().to_string();
        self.session = answer.body.clone();
    }

    /// Asks below /api/v1, with these headers beside the browser's own.
    pub fn ask_with(&self, method: &str, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let url = format!("http://{}/api/v1{path}", self.http);
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        if !self.cookie.is_empty() && !headers.iter().any(|(n, _)| *n == "cookie") {
            request = request.header("cookie", &self.cookie);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = if body.is_null() {
            self.agent.run(request.body(()).unwrap()).unwrap()
        } else {
            let request = request.header("content-type", "application/json");
            self.agent.run(request.body(body.to_string()).unwrap()).unwrap()
        };
        // Audio is no text, and stays unread.
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        Answer {
            status: answer.status().as_u16(),
            body: serde_json::from_str(&text).unwrap_or_default(),
            headers: answer.headers().clone(),
        }
    }

    /// Asks below /api/v1 as our own page does.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let origin = format!("http://{}", self.http);
        self.ask_with(method, path, body, &[("origin", &origin), ("x-csrf-token", &self.csrf)])
    }

    /// GET; status and body.
    pub fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.ask("GET", path, &Value::Null);
        (answer.status, answer.body)
    }

    /// POST; status and body.
    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.ask("POST", path, body);
        (answer.status, answer.body)
    }

    /// PUT; status and body.
    pub fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.ask("PUT", path, body);
        (answer.status, answer.body)
    }

    /// The live page, asked for by a page of this origin; the status where it is refused.
    pub fn watch(&self, query: &str, origin: &str) -> Result<WebSocket<TcpStream>, u16> {
        let url = format!("ws://{}/api/v1/live{query}", self.http);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("cookie", self.cookie.parse().unwrap());
        if !origin.is_empty() {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        let stream = TcpStream::connect(self.http).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(socket),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
                Err(answer.status().as_u16())
            }
            Err(e) => panic!("{e}"),
        }
    }

    /// The live page as our own page asks for it.
    pub fn watch_own(&self, query: &str) -> WebSocket<TcpStream> {
        self.watch(query, &format!("http://{}", self.http)).unwrap()
    }
}

/// The next text of the live page.
pub fn next(socket: &mut WebSocket<TcpStream>) -> Value {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

/// Reads on until the server closes; gives the code.
pub fn closed(socket: &mut WebSocket<TcpStream>) -> u16 {
    loop {
        match socket.read() {
            Ok(Message::Close(Some(frame))) => return frame.code.into(),
            Ok(Message::Close(None)) => return 1_005,
            Ok(_) => {}
            Err(e) => panic!("broken off without a code: {e}"),
        }
    }
}
