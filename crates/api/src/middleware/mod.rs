//! What happens to every request, in this order: it gets an id and a span; the
//! caller's address is counted; the caller is authenticated and counted again
//! as an account; an idempotency wish is noted; the controller runs; errors
//! become problems; headers are set, and the request is logged and measured.
//!
//! All of it runs in a task of its own. A client that hangs up drops the
//! connection, not the task, so a write transaction is always finished or
//! rolled back by the code that began it.

mod address;
mod cors;
mod credentials;
mod finish;
mod idempotency;
mod request_id;
mod visits;

use accounts_model::audit::network_of;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _};
use kernel::limit::{Decision, Limit};
use kernel::{AccessDenied, Actor, Fault, RequestInfo, Scope};
use tracing::Instrument as _;

pub use cors::cors;

use crate::answers;
use crate::app::OnlyProbes;
use crate::groups;
use crate::limits::{Class, OfAccount};
use crate::problem::{ApiError, RequestError};
use crate::routes::Route;
use crate::state::ApiState;

/// The longest URL, in bytes.
const MAX_URL: usize = 8_192;

/// What is open to those who still have to turn on their second factor.
const SIGNING_IN: &str = "/api/auth/";

/// What was counted for a request, for its headers.
pub(crate) type Counted = Option<(Limit, Decision)>;

/// The middleware of the whole API; for `actix_web::middleware::from_fn`.
pub async fn pipeline(
    state: Data<ApiState>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = std::time::Instant::now();
    if request.method() == Method::HEAD {
        // Answered like GET; the server leaves the body out.
        request.head_mut().method = Method::GET;
    }
    let id = request_id::of(&request);
    let found = if request.app_data::<OnlyProbes>().is_some() {
        Route::of_probe(request.match_info().as_str())
    } else {
        Route::of(request.match_info().as_str())
    };
    if let Some(route) = found {
        groups::note(&request, route);
    }
    let route = Route::name_of(found);
    let span = tracing::info_span!(
        "request",
        request_id = id,
        method = %request.method(),
        route,
        tenant = tracing::field::Empty,
        user = tracing::field::Empty,
        stripe_session = tracing::field::Empty,
        stripe_event = tracing::field::Empty,
        otel.name = tracing::field::Empty,
        otel.kind = tracing::field::Empty,
    );
    if let Some(trace_parent) = &state.trace_parent {
        let name = format!("{} {route}", request.method());
        trace_parent(request.headers(), &name, &span);
    }
    let (of_task, to_task) = (state.clone(), id.clone());
    let task = async move {
        let mut counted = None;
        let outcome = serve(&of_task, request, found, next, &to_task, &mut counted).await;
        (counted, outcome)
    };
    let done = actix_web::rt::spawn(task.instrument(span.clone())).await;
    let _entered = span.enter();
    let (counted, outcome) = done.unwrap_or_else(|_| {
        let fault = Fault::permanent("the controller panicked");
        (None, Outcome::Lost(ApiError::from(fault).into()))
    });
    let finished = finish::finish(&state, &id, counted, outcome);
    let status = match &finished {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    finish::record(status, found, started.elapsed());
    finished
}

/// How a request came to its end.
pub(crate) enum Outcome {
    /// A controller answered, perhaps with an error.
    Answered(ServiceResponse<BoxBody>),
    /// It was refused before a controller saw it.
    Refused(ServiceRequest, ApiError),
    /// Nobody answered.
    Lost(Error),
}

/// Everything up to the controller's answer.
async fn serve(
    state: &Data<ApiState>,
    request: ServiceRequest,
    route: Option<&'static Route>,
    next: Next<BoxBody>,
    id: &str,
    counted: &mut Counted,
) -> Outcome {
    let class = Class::of(request.method(), request.match_info().as_str());
    let limit = state.limits.limit(class);
    let address = address::of(&request, &state.trusted_proxies);
    if let Some(limit) = limit {
        let who = address.map_or_else(|| "unknown".to_owned(), address::counted);
        let decision = state.limits.check(&limit, &who).await;
        *counted = Some((limit, decision));
        if !decision.allowed {
            let network = address.map_or_else(|| "unknown".to_owned(), network_of);
            let error = state.limits.refused(&limit, &decision, "address", &network);
            return Outcome::Refused(request, error);
        }
    }
    if class == Class::Unlimited {
        return call(next, request).await;
    }
    if state.is_draining() {
        return Outcome::Refused(request, RequestError::Draining.into());
    }
    let Some(route) = route.filter(|route| route.knows(request.method())) else {
        // 404 or 405, whoever asks.
        return call(next, request).await;
    };
    // As where there are parameters: a misspelt one must not look accepted.
    // What sends webhooks may add some of its own.
    if class != Class::Webhooks
        && route.takes_no_query(request.method())
        && !request.query_string().is_empty()
    {
        let error = RequestError::no_parameter(request.query_string());
        return Outcome::Refused(request, error.into());
    }
    let scope = match authenticate(state, &request, address, id).await {
        Ok(scope) => scope,
        Err(error) => return Outcome::Refused(request, error),
    };
    let span = tracing::Span::current();
    span.record("tenant", tracing::field::display(scope.tenant()));
    if let Some(user) = scope.user() {
        span.record("user", tracing::field::display(user));
        if let Some(limit) = limit {
            let who = user.to_string();
            let decision = state.limits.check(&limit, &who).await;
            if !decision.allowed {
                *counted = Some((limit, decision));
                let error = state.limits.refused(&limit, &decision, "account", &who);
                return Outcome::Refused(request, error);
            }
            *counted = Some((limit, tighter(*counted, decision)));
        }
    }
    // Before anything of the request is read; services ask again.
    if scope.actor() == Actor::Anonymous && route.needs_caller(request.method()) {
        return Outcome::Refused(request, AccessDenied::Unauthenticated.into());
    }
    let outcome = run(state, request, route, next, scope).await;
    if let Outcome::Answered(response) = &outcome
        && let Some(OfAccount(limit, decision)) = response.request().extensions().get().copied()
    {
        *counted = Some((limit, tighter(*counted, decision)));
    }
    outcome
}

async fn call(next: Next<BoxBody>, request: ServiceRequest) -> Outcome {
    match next.call(request).await {
        Ok(response) => Outcome::Answered(response),
        Err(error) => Outcome::Lost(error),
    }
}

/// Of two counts, the one that leaves less.
fn tighter(before: Counted, now: Decision) -> Decision {
    match before {
        Some((_, before)) if before.remaining < now.remaining => before,
        _ => now,
    }
}

async fn authenticate(
    state: &ApiState,
    request: &ServiceRequest,
    address: Option<std::net::IpAddr>,
    id: &str,
) -> Result<Scope, ApiError> {
    let url = request.uri().path_and_query();
    if url.is_some_and(|url| url.as_str().len() > MAX_URL) {
        return Err(RequestError::UrlTooLong(MAX_URL).into());
    }
    if request.path().contains('\0') || request.path().contains("%00") {
        // No name has it, and PostgreSQL would refuse to look for it.
        return Err(RequestError::NoRoute.into());
    }
    let credentials = credentials::of(request)?;
    let host = credentials::host(request);
    let info = RequestInfo {
        request_id: id.to_owned(),
        address,
        user_agent: credentials::user_agent(request),
        language: credentials::language(request),
        idempotency: None,
    };
    let scope = state
        .accounts
        .authenticate(&credentials, host.as_deref(), info)
        .await?;
    if scope.lacks_second_factor() && !request.path().starts_with(SIGNING_IN) {
        return Err(AccessDenied::SecondFactor.into());
    }
    Ok(scope)
}

/// What is kept of the answer, else the controller's, with the caller's scope.
async fn run(
    state: &ApiState,
    request: ServiceRequest,
    route: &'static Route,
    next: Next<BoxBody>,
    scope: Scope,
) -> Outcome {
    let method = request.method().clone();
    let outcome = match answers::kept(state, scope.tenant(), &request) {
        Some(kept) => Outcome::Answered(request.into_response(kept)),
        // Boxed, so that what is kept does not carry room for it.
        None => Box::pin(control(state, request, route, next, &scope)).await,
    };
    if let Outcome::Answered(response) = &outcome
        && let Some(stage) = visits::stage(&method, route.name(), response.status())
    {
        state.engagement.saw(&scope, stage);
    }
    outcome
}

/// The controller's answer.
async fn control(
    state: &ApiState,
    mut request: ServiceRequest,
    route: &'static Route,
    next: Next<BoxBody>,
    scope: &Scope,
) -> Outcome {
    let wish = idempotency::wish(&mut request, route, scope, state.body_limits_of(route)).await;
    let scope = match wish {
        Ok(Some(wish)) => scope.clone().with_idempotency(wish),
        Ok(None) => scope.clone(),
        Err(error) => return Outcome::Refused(request, error.into()),
    };
    request.extensions_mut().insert(scope.clone());
    let mut outcome = call(next, request).await;
    let replayed = scope
        .request()
        .idempotency
        .as_ref()
        .is_some_and(kernel::Idempotency::was_replayed);
    if let Outcome::Answered(response) = &mut outcome
        && replayed
        && response.status().is_success()
    {
        response.headers_mut().insert(
            HeaderName::from_static("idempotent-replayed"),
            HeaderValue::from_static("true"),
        );
    }
    outcome
}
