//! A mail as an Internet message (RFC 5322).

use accounts_model::ports::Mail;
use kernel::Fault;
use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

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
        .message_id(Some(format!("<{}@{domain}>", mail.key)));
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(mailbox(reply_to)?);
    }
    for (name, value) in unsubscribe_headers(mail) {
        builder = builder.raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str(name),
            value,
        ));
    }
    let composed = match &mail.html {
        Some(html) => builder.multipart(MultiPart::alternative_plain_html(
            mail.text.clone(),
            html.clone(),
        )),
        None => builder
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.clone()),
    };
    composed.map_err(|error| Fault::permanent("compose a mail").caused_by(error))
}

/// The headers with which mail readers show a button that ends such mails
/// (RFC 2369, RFC 8058).
pub(crate) fn unsubscribe_headers(mail: &Mail) -> Vec<(&'static str, String)> {
    match &mail.unsubscribe {
        Some(url) => vec![
            ("List-Unsubscribe", format!("<{url}>")),
            (
                "List-Unsubscribe-Post",
                "List-Unsubscribe=One-Click".to_owned(),
            ),
        ],
        None => Vec::new(),
    }
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
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mail_has_both_forms_and_the_headers_that_end_it() {
        let mail = Mail {
            to: "ada@mail.test".to_owned(),
            subject: "Hello".to_owned(),
            text: "plain".to_owned(),
            html: Some("<p>rich</p>".to_owned()),
            unsubscribe: Some("https://shop.example/unsubscribe?token=x".to_owned()),
            reply_to: None,
            key: "job_1".to_owned(),
        };
        let from = mailbox("Shop <shop@shop.test>").unwrap();
        let text = String::from_utf8(message(&from, &mail).unwrap().formatted()).unwrap();
        for part in [
            "multipart/alternative",
            "text/plain",
            "<p>rich</p>",
            "List-Unsubscribe: <https://shop.example/unsubscribe?token=x>\r\n",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
            "Message-ID: <job_1@shop.test>",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        let plain = Mail {
            html: None,
            unsubscribe: None,
            ..mail
        };
        let text = String::from_utf8(message(&from, &plain).unwrap().formatted()).unwrap();
        assert!(
            !text.contains("multipart") && !text.contains("List-"),
            "{text}"
        );
    }

    proptest! {
        /// What is taken at the door can be written to.
        #[test]
        fn every_address_that_is_taken_can_be_sent_to(
            local in "[a-zäA-Z0-9!#$%&'*+/=?^_`{|}~(). \"-]{1,20}",
            domain in "[a-zäéA-Z0-9._-]{1,8}([.][a-zßA-Z0-9-]{1,6}){0,2}|\\[[0-9a-f.:]{3,12}\\]",
        ) {
            if let Some(address) = kernel::email::normal(&format!("{local}@{domain}")) {
                prop_assert!(mailbox(&address).is_ok(), "{}", address);
            }
        }
    }

    #[test]
    fn addresses_are_left_out() {
        assert_eq!(
            without_addresses("550 5.1.1 <ada@mail.test>: no such user\n(to=bob@mail.test)"),
            "550 5.1.1 <address> no such user\n<address>"
        );
        assert_eq!(without_addresses("421  try later\n"), "421  try later\n");
    }
}
