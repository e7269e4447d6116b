//! Background work of quotas.

use kernel::{Job, QuotaId, WaiterId};
use serde::{Deserialize, Serialize};

/// Notes how much is given, proves it, and tells those who wait and whose turn
/// it has become.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WatchQuotas {}

impl Job for WatchQuotas {
    const KIND: &'static str = "quotas.watch";
}

/// Tells those who wait for a quota that there is room.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TellWaiting {
    /// Which quota.
    pub quota: QuotaId,
}

impl Job for TellWaiting {
    const KIND: &'static str = "quotas.tell_waiting";
}

/// Mails somebody that there is room.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendRoomNotice {
    /// Whom.
    pub waiter: WaiterId,
}

impl Job for SendRoomNotice {
    const KIND: &'static str = "quotas.send_room_notice";
}
