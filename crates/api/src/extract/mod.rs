//! What controllers take out of a request.

mod caller;
mod conditional;
mod day;
mod ids;
mod json;
mod multipart;
mod page;
mod query;
mod refusal;
mod tree;
mod validation;

pub(crate) use caller::{Caller, CartToken, OrderToken};
pub(crate) use conditional::{IfMatch, RequiredIfMatch, etag};
pub(crate) use day::day;
pub(crate) use ids::id;
pub(crate) use json::{BodyLimits, Json, MaybeJson, check, is_json, read_all};
pub(crate) use multipart::{FRAME, FileForm, wrong as wrong_part};
pub(crate) use page::{Linked, List, Listed, page_request};
pub(crate) use query::Query;
pub(crate) use validation::{language, line, mail_address, words};
