//! Search: what of a product is searched, and how a question is answered from
//! it. A database only keeps what is searched, and can find which products may
//! match; who matches, in which order and how many there are of what is worked
//! out here, so that every database gives the same answer.

mod card;
mod columns;
mod dictionary;
pub mod document;
mod evaluate;
pub mod facets;
mod index;
mod lists;
mod matching;
mod tally;
mod tree;
pub mod words;

pub use columns::{BadStore, Stored};
pub use document::Document;
pub use evaluate::{Answer, Question, evaluate};
pub use facets::{FacetName, Facets, Wanted};
pub use index::{Index, MAX_CHANGED};
pub use tree::Tree;
pub use words::Term;
