//! Maildev, an SMTP server that shows what it was sent.

use serde::Deserialize;
use serde_json::Value;

use super::{Program, free_port, node_script, python_program};

/// A mail server.
pub struct Maildev {
    /// The program.
    pub program: Program,
    web: u16,
    login: Option<(&'static str, &'static str)>,
}

/// A mail that arrived.
#[derive(Debug, Clone, Deserialize)]
pub struct ReceivedMail {
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// Its headers, with names in lower case.
    pub headers: Value,
    /// Who it was handed to, whatever its headers say.
    pub envelope: Value,
}

impl Maildev {
    /// One that takes mail from anybody.
    pub async fn start() -> Self {
        Self::with(None).await
    }

    /// One that takes mail from whoever knows this name and password.
    pub async fn with(login: Option<(&'static str, &'static str)>) -> Self {
        let (smtp, web) = (free_port(), free_port());
        let script = node_script("maildev/bin/maildev");
        let program = Program::start("maildev", python_program("nodejs"), smtp, |folder| {
            let mut arguments = vec![
                script.display().to_string(),
                "--ip=127.0.0.1".to_owned(),
                format!("--smtp={smtp}"),
                "--web-ip=127.0.0.1".to_owned(),
                format!("--web={web}"),
                format!("--mail-directory={}", folder.join("mails").display()),
            ];
            if let Some((user, password)) = login {
                arguments.push(format!("--incoming-user={user}"));
                arguments.push(format!("--incoming-pass={password}"));
            }
            arguments
        });
        Self {
            program: program.await,
            web,
            login,
        }
    }

    /// What to set `SMTP_URL` to.
    pub fn url(&self) -> String {
        let login = self
            .login
            .map(|(user, password)| format!("{user}:{password}@"));
        let login = login.unwrap_or_default();
        format!("smtp://{login}127.0.0.1:{}", self.program.port())
    }

    /// What arrived, oldest first.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn mails(&self) -> Vec<ReceivedMail> {
        let client = reqwest::Client::builder().no_proxy().build();
        let url = format!("http://127.0.0.1:{}/email", self.web);
        let answer = client.expect("a client").get(url).send().await;
        let mails = answer.expect("an answer").json().await;
        mails.expect("mails as maildev shows them")
    }
}
