//! Catches mails.

use std::sync::{Arc, Mutex, PoisonError};

use accounts_model::ports::{Mail, Mailer};
use kernel::Fault;

/// Keeps what was sent.
#[derive(Clone, Default)]
pub struct Mailbox(Arc<Mutex<Vec<Mail>>>);

impl Mailbox {
    /// All mails to somebody, oldest first.
    pub fn to(&self, address: &str) -> Vec<Mail> {
        let mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let to = mails.iter().filter(|mail| mail.to == address);
        to.cloned().collect()
    }

    /// How many mails were sent.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[async_trait::async_trait]
impl Mailer for Mailbox {
    async fn send(&self, mail: &Mail) -> Result<(), Fault> {
        let mut mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        mails.push(mail.clone());
        Ok(())
    }
}
