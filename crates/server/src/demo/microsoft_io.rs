//! A listener for the simulated Microsoft of `sim`, and the posts that it makes by itself.
//!
//! It knows nothing of the program around it, so that the tests serve the same thing over HTTPS. It never leaves this
//! machine: a notification goes to a loopback address or nowhere.

use axum::body::to_bytes;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use sim::microsoft::{Handled, LARGEST_REQUEST, Microsoft, Out, Post, Reply, Request};
use std::collections::HashMap;
use std::convert::Infallible;
use std::io::{Error, ErrorKind, Read};
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore, oneshot, watch};
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;

/// Connections at a time.
const CONNECTIONS: usize = 256;
/// Posts at a time.
const POSTS: usize = 16;
/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(15);
/// The longest pause between two looks at what comes by itself.
const LOOK: Duration = Duration::from_secs(1);
/// What was sent of a body that breaks off is on its way by then.
const BREAK: Duration = Duration::from_millis(50);
/// The largest answer to a post that is read, in bytes.
const ANSWER: u64 = 256 * 1024;

/// A simulated Microsoft that is being served.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    microsoft: Mutex<Microsoft>,
    /// Requests whose reply comes later.
    later: Mutex<HashMap<u64, oneshot::Sender<Reply>>>,
    /// Something may have to be sent.
    look: Notify,
    posts: Arc<Semaphore>,
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}

impl Running {
    /// What stands in front of every address of it.
    pub fn base(&self) -> String {
        self.shared.microsoft().base().into()
    }

    /// Does something to it, at this moment.
    pub fn with<T>(&self, act: impl FnOnce(&mut Microsoft, u64) -> T) -> T {
        let done = act(&mut self.shared.microsoft(), now());
        self.shared.look.notify_one();
        done
    }

    /// Serves it no longer.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn microsoft(&self) -> MutexGuard<'_, Microsoft> {
        self.microsoft.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn later(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Reply>>> {
        self.later.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// Serves what `make` makes of the base address; over HTTPS with a configuration of TLS.
///
/// # Errors
/// A sentence.
pub fn start(
    listen: SocketAddr,
    tls: Option<Arc<rustls::ServerConfig>>,
    make: impl FnOnce(&str) -> Microsoft,
) -> Result<Running, String> {
    let failed = |e: Error| format!("the simulated Microsoft cannot listen on {listen}: {e}");
    let listener = TcpListener::bind(listen).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    let base = format!("{}://{addr}", if tls.is_some() { "https" } else { "http" });
    let shared = Arc::new(Shared {
        microsoft: Mutex::new(make(&base)),
        later: Mutex::default(),
        look: Notify::new(),
        posts: Arc::new(Semaphore::new(POSTS)),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(POSTS)
        .thread_name("microsoft")
        .enable_all()
        .build()
        .map_err(failed)?;
    let (stop, mut stopped) = watch::channel(false);
    let served = shared.clone();
    let thread = std::thread::Builder::new()
        .name("microsoft".into())
        .spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, tls.map(TlsAcceptor::from), served.clone()) => {}
                    () = send(served) => {}
                    _ = stopped.wait_for(|s| *s) => {}
                }
            });
            // A post that hangs keeps nobody waiting.
            runtime.shutdown_background();
        })
        .map_err(failed)?;
    Ok(Running { addr, shared, stop, thread: Some(thread) })
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (tls, shared) = (tls.clone(), shared.clone());
        tokio::spawn(async move {
            let _place = place;
            serve(stream, tls, shared).await;
        });
    }
}

/// One connection. However it ends, nobody else has to know.
async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let shared = shared.clone();
        async move { Ok::<_, Infallible>(answer(request, shared).await) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
    match tls {
        None => drop(builder.serve_connection(TokioIo::new(stream), service).await),
        Some(tls) => {
            let Ok(Ok(stream)) = tokio::time::timeout(HEAD, tls.accept(stream)).await else { return };
            drop(builder.serve_connection(TokioIo::new(stream), service).await);
        }
    }
}

async fn answer(request: hyper::Request<Incoming>, shared: Arc<Shared>) -> hyper::Response<Content> {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(axum::body::Body::new(body), LARGEST_REQUEST + 1).await else {
        return response(Reply::empty(413));
    };
    let headers = head.headers.iter();
    let request = Request {
        method: head.method.as_str().into(),
        target: head.uri.path_and_query().map_or("/", |p| p.as_str()).into(),
        headers: headers
            .map(|(n, v)| (n.to_string(), String::from_utf8_lossy(v.as_bytes()).into_owned()))
            .collect(),
        body: body.to_vec(),
    };
    let (tx, rx) = oneshot::channel();
    let handled = {
        let mut microsoft = shared.microsoft();
        let handled = microsoft.handle(now(), &request);
        // Under the same lock, so that the reply cannot come before somebody waits for it.
        if let Handled::Later(ticket) = &handled {
            shared.later().insert(*ticket, tx);
        }
        handled
    };
    shared.look.notify_one();
    let reply = match handled {
        Handled::Reply(reply) => reply,
        Handled::Later(_) => rx.await.unwrap_or_else(|_| Reply::empty(503)),
    };
    if reply.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(reply.delay_ms)).await;
    }
    response(reply)
}

fn response(reply: Reply) -> hyper::Response<Content> {
    let mut builder = hyper::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        builder = builder.header(name, value);
    }
    let announced = reply.body.len() as u64;
    let mut body = Bytes::from(reply.body);
    let whole = reply.cut_at.is_none();
    if let Some(at) = reply.cut_at {
        body.truncate(at);
    }
    let body = Content { body: Some(body), announced, whole, pause: None };
    builder.body(body).unwrap_or_else(|_| {
        // A header that cannot be written down.
        let mut failed = hyper::Response::new(Content { body: None, announced: 0, whole: true, pause: None });
        *failed.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        failed
    })
}

/// A body, or as much of one as is sent before the connection breaks off.
struct Content {
    body: Option<Bytes>,
    announced: u64,
    whole: bool,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Body for Content {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.body.take() {
            Some(body) => Poll::Ready(Some(Ok(Frame::data(body)))),
            None if self.whole => Poll::Ready(None),
            None => {
                let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(BREAK)));
                pause.as_mut().poll(cx).map(|()| Some(Err(Error::from(ErrorKind::UnexpectedEof))))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}

/// Carries what comes by itself.
async fn send(shared: Arc<Shared>) {
    loop {
        let (out, deadline) = {
            let mut microsoft = shared.microsoft();
            let out: Vec<Out> = std::iter::from_fn(|| microsoft.poll(now())).take(POSTS).collect();
            (out, microsoft.deadline())
        };
        let is_idle = out.is_empty();
        for one in out {
            match one {
                Out::Reply(ticket, reply) => {
                    let waiting = shared.later().remove(&ticket);
                    // Whoever waited may be gone.
                    let _ = waiting.map(|w| w.send(reply));
                }
                Out::Post(post) => {
                    let Ok(place) = shared.posts.clone().acquire_owned().await else { return };
                    let shared = shared.clone();
                    tokio::task::spawn_blocking(move || {
                        let answer = carry(&post);
                        let answer = answer.as_ref().map(|(status, body)| (*status, body.as_slice()));
                        shared.microsoft().posted(now(), post.id, answer);
                        drop(place);
                        shared.look.notify_one();
                    });
                }
            }
        }
        if is_idle {
            let wait = deadline.map_or(LOOK, |d| Duration::from_millis(d.saturating_sub(now())).min(LOOK));
            let _ = tokio::time::timeout(wait.max(Duration::from_millis(5)), shared.look.notified()).await;
        }
    }
}

/// Posts to this machine and reads the answer.
fn carry(post: &Post) -> Option<(u16, Vec<u8>)> {
    let uri: ureq::http::Uri = post.url.parse().ok()?;
    let host = uri.host()?.trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    is_here.then_some(())?;
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_millis(post.within_ms)))
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .build()
        .into();
    let mut request = agent.post(&post.url).content_type(post.content_type);
    if let Some(authorization) = &post.authorization {
        request = request.header("Authorization", authorization);
    }
    let mut answer = request.send(post.body.as_slice()).ok()?;
    let mut body = Vec::new();
    answer.body_mut().as_reader().take(ANSWER).read_to_end(&mut body).ok()?;
    Some((answer.status().as_u16(), body))
}
