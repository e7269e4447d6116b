//! The HTTP server.

use std::net::TcpListener;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::{Server, ServerHandle, ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::{Condition, Next, from_fn};
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::{Context as _, Result};
use api::ApiState;
use config::Settings;
use tokio::task::JoinHandle;
use utoipa_swagger_ui::SwaggerUi;

/// How long a connection may wait for its next request.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Where the OpenAPI document is.
const DOCUMENT: &str = "/api/openapi.json";

/// What the documentation says to caches.
const KEPT_BY_ANYBODY: &str = "public, max-age=300";

/// A server on a listener, not yet running.
pub fn server(
    settings: &Arc<Settings>,
    state: Data<ApiState>,
    listener: TcpListener,
) -> Result<Server> {
    let http = settings.http.clone();
    let origins = http.cors_origins.clone();
    let document = Data::new(Document::default());
    let limit = http.max_body_bytes.get();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(web::PayloadConfig::new(limit))
            .app_data(document.clone())
            .configure(api::configure)
            .route(DOCUMENT, web::get().to(show_document))
            .service(
                web::scope("")
                    .guard(api::within("/docs"))
                    .wrap(from_fn(docs_headers))
                    .route("/docs", web::get().to(to_docs))
                    .service(SwaggerUi::new("/docs/{_:.*}").config(
                        utoipa_swagger_ui::Config::from(DOCUMENT).try_it_out_enabled(true),
                    )),
            )
            .configure(api::pages)
            .wrap(from_fn(api::pipeline))
            .wrap(Condition::new(!origins.is_empty(), api::cors(&origins)))
    })
    .workers(http.workers.get())
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(http.header_timeout)
    .shutdown_timeout(http.shutdown_timeout.as_secs())
    .disable_signals()
    .listen(listener)
    .context("listen")?
    .run();
    Ok(server)
}

/// A server that only tells how the process is, not yet running.
pub fn probes(
    settings: &Arc<Settings>,
    state: Data<ApiState>,
    listener: TcpListener,
) -> Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .configure(api::probes)
            .wrap(from_fn(api::pipeline))
    })
    .workers(1)
    .client_request_timeout(settings.http.header_timeout)
    .disable_signals()
    .listen(listener)
    .context("listen")?
    .run();
    Ok(server)
}

/// Answers on the port while the process is not built yet: that it lives, and
/// that it is not ready.
pub(crate) struct Starting {
    handle: ServerHandle,
    running: JoinHandle<std::io::Result<()>>,
}

impl Starting {
    /// Begins to answer on a listener, which the real server takes afterwards.
    pub(crate) fn begin(listener: &TcpListener) -> Result<Self> {
        let listener = listener.try_clone().context("share the listener")?;
        let server = HttpServer::new(|| App::new().configure(api::starting))
            .workers(1)
            // Connections are not carried over.
            .keep_alive(actix_web::http::KeepAlive::Disabled)
            .shutdown_timeout(1)
            .disable_signals()
            .listen(listener)
            .context("listen")?
            .run();
        Ok(Self {
            handle: server.handle(),
            running: tokio::spawn(server),
        })
    }

    /// Answers what is asked at the moment, and ends.
    pub(crate) async fn end(self) {
        self.handle.stop(true).await;
        if let Err(error) = self.running.await {
            tracing::warn!(%error, "what answered while starting broke");
        }
    }
}

/// The OpenAPI document as bytes, written when somebody asks for it first: it
/// takes a tenth of a second and, on the way, more memory than all the rest of
/// the process, which few processes are asked for.
#[derive(Default)]
struct Document(OnceLock<Result<Bytes, String>>);

impl Document {
    fn bytes(&self) -> Result<Bytes, String> {
        let written = self.0.get_or_init(|| {
            let text = api::document().to_json();
            text.map(Bytes::from).map_err(|error| error.to_string())
        });
        written.clone()
    }
}

async fn show_document(document: Data<Document>) -> Result<HttpResponse, actix_web::Error> {
    let written = match document.0.get() {
        Some(written) => written.clone(),
        None => web::block(move || document.bytes()).await?,
    };
    let bytes = written.map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok()
        .content_type(header::ContentType::json())
        .insert_header((header::CACHE_CONTROL, KEPT_BY_ANYBODY))
        .body(bytes))
}

/// The page's own files lie beside it.
async fn to_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, "/docs/"))
        .finish()
}

/// The documentation is a page with scripts and styles of its own, and may be
/// kept by anybody.
async fn docs_headers(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(KEPT_BY_ANYBODY),
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
             img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'",
        ),
    );
    Ok(response)
}
