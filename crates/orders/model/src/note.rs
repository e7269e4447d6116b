//! What people write about orders.

use kernel::{OrderNoteId, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// Who reads a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum NoteAudience {
    /// Those who run the shop.
    Internal,
    /// The buyer as well.
    Customer,
}

/// What somebody wrote about an order. Notes are never changed or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderNote {
    /// Which.
    pub id: OrderNoteId,
    /// Who reads it.
    pub audience: NoteAudience,
    /// What it says.
    pub body: String,
    /// Who wrote it.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}
