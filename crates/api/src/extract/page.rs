//! Pages of lists.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header;
use kernel::page::DEFAULT_LIMIT;
use kernel::{Page, PageRequest, Scope};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::problem::{ApiError, RequestError};
use crate::state::ApiState;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The items, in order.
    data: Vec<T>,
    /// Whether there are more.
    has_more: bool,
    /// Send it as `cursor`, with the same filters, to get the next page.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// The list a request asks for, with its filters but without the page: what a
/// cursor is bound to.
fn list_name(request: &HttpRequest) -> String {
    let mut filters: Vec<&str> = request
        .query_string()
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            // What is counted beside a list does not change it.
            !pair.is_empty() && !["cursor", "limit", "facets"].contains(&name)
        })
        .collect();
    filters.sort_unstable();
    format!("{}?{}", request.path(), filters.join("&"))
}

/// The page a request asks for.
pub(crate) fn page_request<P: DeserializeOwned>(
    state: &ApiState,
    scope: &Scope,
    request: &HttpRequest,
    cursor: Option<&str>,
    limit: Option<u64>,
) -> Result<PageRequest<P>, ApiError> {
    let after = cursor
        .map(|cursor| {
            state
                .cursors
                .decode(scope.tenant(), &list_name(request), cursor)
        })
        .transpose()
        .map_err(RequestError::from)?;
    Ok(PageRequest {
        after,
        limit: limit.unwrap_or(DEFAULT_LIMIT),
    })
}

/// A page, and where the next one is.
pub(crate) struct Linked<T> {
    /// The body.
    pub(crate) list: List<T>,
    /// The header `Link`, when there is a next page.
    pub(crate) link: Option<String>,
}

impl<T> Linked<T> {
    /// The answer with a page.
    pub(crate) fn new<U, P: Serialize>(
        state: &ApiState,
        scope: &Scope,
        request: &HttpRequest,
        page: Page<U, P>,
        to_dto: impl FnMut(U) -> T,
    ) -> Self {
        let next_cursor = page.next.as_ref().map(|position| {
            state
                .cursors
                .encode(scope.tenant(), &list_name(request), position)
        });
        Self {
            link: next_cursor
                .as_ref()
                .map(|cursor| next_link(request, cursor)),
            list: List {
                data: page.items.into_iter().map(to_dto).collect(),
                has_more: next_cursor.is_some(),
                next_cursor,
            },
        }
    }
}

/// A page as it is answered.
pub(crate) struct Listed {
    /// The body.
    pub(crate) body: Vec<u8>,
    /// The header `Link`, when there is a next page.
    pub(crate) link: Option<String>,
}

impl Listed {
    /// The answer with a page.
    pub(crate) fn new<T, D: Serialize, P: Serialize>(
        state: &ApiState,
        scope: &Scope,
        request: &HttpRequest,
        page: Page<T, P>,
        to_dto: impl FnMut(T) -> D,
    ) -> Result<Self, ApiError> {
        let Linked { list, link } = Linked::new(state, scope, request, page, to_dto);
        let body = serde_json::to_vec(&list)
            .map_err(|error| kernel::Fault::permanent("write a page").caused_by(error))?;
        Ok(Self { body, link })
    }

    /// The response with a page.
    pub(crate) fn response(self) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(link) = self.link {
            response.insert_header((header::LINK, link));
        }
        response.content_type("application/json").body(self.body)
    }
}

/// RFC 8288: where the next page is, relative to this one.
fn next_link(request: &HttpRequest, cursor: &str) -> String {
    let mut query: Vec<&str> = request
        .query_string()
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="))
        .collect();
    let cursor = format!("cursor={cursor}");
    query.push(&cursor);
    format!("<{}?{}>; rel=\"next\"", request.path(), query.join("&"))
}
