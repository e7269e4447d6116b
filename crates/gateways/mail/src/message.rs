//! A mail as an Internet message (RFC 5322).

use accounts_model::ports::Mail;
use kernel::Fault;
use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;

/// Reads a sender or receiver such as `Shop <shop@example.com>`.
pub(crate) fn mailbox(text: &str) -> Result<Mailbox, Fault> {
    text.parse()
        .map_err(|error| Fault::permanent("read a mail address").caused_by(error))
}

/// The message of a mail. Its id follows from the mail's key, so that readers
/// recognise one that was sent twice.
pub(crate) fn message(from: &Mailbox, mail: &Mail) -> Result<Message, Fault> {
    let domain = from.email.domain();
    let mut builder = Message::builder()
        .from(from.clone())
        .to(mailbox(&mail.to)?)
        .subject(&mail.subject)
        .message_id(Some(format!("<{}@{domain}>", mail.key)))
        .header(ContentType::TEXT_PLAIN);
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(mailbox(reply_to)?);
    }
    builder
        .body(mail.text.clone())
        .map_err(|error| Fault::permanent("compose a mail").caused_by(error))
}

/// What a mail server or service said, without the mail addresses in it: it
/// goes into the log and to whoever looks at failed jobs.
pub(crate) fn without_addresses(text: &str) -> String {
    text.split_inclusive(char::is_whitespace)
        .map(|word| {
            let bare = word.trim_end();
            if bare.contains('@') {
                word.replace(bare, "<address>")
            } else {
                word.to_owned()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::without_addresses;

    #[test]
    fn addresses_are_left_out() {
        assert_eq!(
            without_addresses("550 5.1.1 <ada@mail.test>: no such user\n(to=bob@mail.test)"),
            "550 5.1.1 <address> no such user\n<address>"
        );
        assert_eq!(without_addresses("421  try later\n"), "421  try later\n");
    }
}
