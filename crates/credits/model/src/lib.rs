//! Wallets and their ledger, and the rules about them: what a booking does to
//! a wallet and its lots. Pure: nothing here talks to a database or to the
//! network.

pub mod auto_top_up;
pub mod errors;
pub mod events;
pub mod gift_card;
pub mod hold;
pub mod jobs;
pub mod lot;
pub mod mails;
pub mod proof;
pub mod purse;
pub mod quota;
pub mod top_up;
pub mod top_up_refund;
pub mod transfer;
pub mod wallet;

pub use errors::{CreditsError, CreditsErrorCode};
