//! Wallets, their ledger, lots and holds in the database. Nothing is decided
//! here.

pub mod auto_top_ups;
pub mod gift_cards;
pub mod holds;
pub mod ledger;
pub mod lots;
pub mod personal;
pub mod proof;
pub mod quota;
mod rows;
pub mod top_up_refunds;
pub mod top_ups;
pub mod wallets;
