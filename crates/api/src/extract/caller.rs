//! Who is asking, and which guest's things they hold.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use kernel::{Fault, Scope};

use crate::problem::ApiError;

/// The scope of the request, as the middleware found it.
pub(crate) struct Caller(pub(crate) Scope);

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let scope = request.extensions().get::<Scope>().cloned();
        ready(
            scope
                .map(Self)
                .ok_or_else(|| Fault::permanent("a request without a scope").into()),
        )
    }
}

/// What a guest's cart is used with: the header `X-Cart-Token`.
pub(crate) struct CartToken(pub(crate) Option<String>);

/// What a guest's order is seen with: the header `X-Order-Token`.
pub(crate) struct OrderToken(pub(crate) Option<String>);

fn header(request: &HttpRequest, name: &str) -> Option<String> {
    let value = request.headers().get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

impl FromRequest for CartToken {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(header(request, "x-cart-token"))))
    }
}

impl FromRequest for OrderToken {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(header(request, "x-order-token"))))
    }
}
