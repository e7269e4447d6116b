//! Search: what of a product is searched, and how a question is answered from
//! it. A database only has to find which products may match; who matches, in
//! which order and how many there are of what is worked out here, so that
//! every database gives the same answer.

pub mod card;
pub mod columns;
pub mod document;
pub mod evaluate;
pub mod facets;
mod matching;
mod tally;
pub mod words;

pub use columns::Columns;
pub use document::Document;
pub use evaluate::{Answer, Part, Question, evaluate};
pub use facets::{FacetName, Facets, Wanted};
pub use words::Term;
