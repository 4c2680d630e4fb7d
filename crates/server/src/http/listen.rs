//! Connections of HTTP, with bounds: in all, of one address, and on how long one may hold its place without asking.

use crate::http::identity::Peer;
use crate::http::problem::Problem;
use axum::Router;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::collections::HashMap;
use std::convert::Infallible;
use std::io::Result;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

/// Connections at a time.
const CONNECTIONS: usize = 4_096;
/// Connections of one address at a time.
const OF_ONE_ADDRESS: usize = 256;
/// How long the head of a request may take, from the connection's beginning or the end of the answer before, and the
/// handshake of TLS before it: a place is for whoever asks something.
const HEAD: Duration = Duration::from_secs(15);

/// A body up to this many bytes is read before anything is decided about it: one that is refused unread ends its connection,
/// on which the far end may be sending the next request already.
pub(super) const SMALL_BODY: usize = 64 * 1024;

/// Connections by address.
type Addresses = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// Serves connections until the future is dropped; those that are open go on.
/// With `tls` they are HTTPS.
pub async fn listen(listener: TcpListener, router: Router, tls: Option<TlsAcceptor>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let addresses = Addresses::default();
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
    loop {
        // The semaphore is never closed, so this always gives a place.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let (stream, addr) = match listener.accept().await {
            Ok(accepted) => accepted,
            // Out of file descriptors and its like: the next one may work.
            Err(e) => {
                tracing::warn!(event = "http_accept", cause = %e, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(counted) = Counted::new(&addresses, addr.ip()) else { continue };
        let _ = stream.set_nodelay(true);
        let placed = Placed { stream, _place: place, _counted: counted };
        let peer = Peer { ip: addr.ip(), secure: tls.is_some() };
        let service = Known { router: TowerToHyperService::new(router.clone()), peer };
        let (builder, tls) = (builder.clone(), tls.clone());
        // However it ends, the far end is gone or was too slow, and nobody else has to know.
        tokio::spawn(async move {
            match tls {
                None => drop(builder.serve_connection(TokioIo::new(placed), service).with_upgrades().await),
                Some(tls) => {
                    let Ok(Ok(stream)) = tokio::time::timeout(HEAD, tls.accept(placed)).await else { return };
                    drop(builder.serve_connection(TokioIo::new(stream), service).with_upgrades().await);
                }
            }
        });
    }
}

/// The router, for requests of one far end.
struct Known {
    router: TowerToHyperService<Router>,
    peer: Peer,
}

impl Service<Request<Incoming>> for Known {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        let router = self.router.clone();
        Box::pin(async move {
            let length = request.headers().get(header::CONTENT_LENGTH);
            let length = length.and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
            let (parts, body) = request.into_parts();
            let mut body = Body::new(body);
            if length.is_some_and(|n| n <= SMALL_BODY) {
                body = match tokio::time::timeout(HEAD, axum::body::to_bytes(body, SMALL_BODY)).await {
                    Ok(Ok(bytes)) => Body::from(bytes),
                    _ => {
                        let text = "the body did not come: send as many bytes as Content-Length says";
                        return Ok(Problem::new(StatusCode::REQUEST_TIMEOUT, text).into_response());
                    }
                };
            }
            router.call(Request::from_parts(parts, body)).await
        })
    }
}

/// One connection of an address.
struct Counted {
    addresses: Addresses,
    ip: IpAddr,
}

impl Counted {
    /// `None` when the address has as many as it may.
    fn new(addresses: &Addresses, ip: IpAddr) -> Option<Counted> {
        let mut all = addresses.lock().unwrap_or_else(|e| e.into_inner());
        let n = all.entry(ip).or_default();
        if *n >= OF_ONE_ADDRESS {
            return None;
        }
        *n += 1;
        drop(all);
        Some(Counted { addresses: addresses.clone(), ip })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut all = self.addresses.lock().unwrap_or_else(|e| e.into_inner());
        match all.get_mut(&self.ip) {
            Some(n) if *n > 1 => *n -= 1,
            _ => drop(all.remove(&self.ip)),
        }
    }
}

/// A connection that gives its place back when it is closed, also after it became a WebSocket.
struct Placed {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
    _counted: Counted,
}

impl AsyncRead for Placed {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Placed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
