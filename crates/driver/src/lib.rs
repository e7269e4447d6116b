//! Drives a running Sutler as an outside process: over its public API, with
//! the real binary on a database of its own. It shows a purchase (`demo`),
//! kills the process in the middle of work and looks for what is lost
//! (`crash`), and measures (`bench`). Never part of the product.
//!
//! Only [`spender`] links the server: wallets are spent from inside the
//! transactions of other domains, and no route does only that.

pub mod bench;
pub mod client;
pub mod consistency;
pub mod crash;
pub mod demo;
pub mod installation;
pub mod payer;
pub mod recovery;
pub mod say;
pub mod shopper;
pub mod spender;
