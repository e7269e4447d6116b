//! Servers that stand in for others.

use std::net::{SocketAddr, TcpListener};

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data, PayloadConfig};
use actix_web::{App, FromRequest, Handler, HttpServer, Responder};

/// How much they may be sent at once, in bytes.
const MAX_BODY: usize = 16 << 20;

/// A server on a free port, gone with this value.
pub(crate) struct Serving {
    handle: ServerHandle,
    address: SocketAddr,
}

impl Serving {
    /// Starts one that answers everything so, with what it keeps.
    pub(crate) fn start<T, H, A>(kept: Data<T>, answer: H) -> Self
    where
        T: Send + Sync + 'static,
        H: Handler<A> + Send,
        H::Output: Responder + 'static,
        A: FromRequest + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = HttpServer::new(move || {
            App::new()
                .app_data(kept.clone())
                .app_data(PayloadConfig::new(MAX_BODY))
                .default_service(web::to(answer.clone()))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(0)
        .listen(listener)
        .expect("listen")
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { handle, address }
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Sent, not awaited: the server's thread ends by itself.
        drop(self.handle.stop(false));
    }
}
