//! Two servers that speak S3's protocol. Moto keeps objects in memory and
//! knows most of the protocol; s3rver keeps them in files and checks
//! signatures.

use super::tools::tools;
use super::{Program, free_port, python_program};

/// The bucket of tests.
const BUCKET: &str = "shop-images";

/// A server with an empty bucket.
pub struct S3 {
    /// The server.
    pub program: Program,
    key: &'static str,
}

impl S3 {
    /// Moto.
    pub async fn moto() -> Self {
        let port = free_port();
        let program = Program::start("moto", python_program("moto_server"), port, |_| {
            vec!["-H127.0.0.1".to_owned(), format!("-p{port}")]
        });
        let server = Self {
            program: program.await,
            key: "moto",
        };
        let client = reqwest::Client::builder().no_proxy().build();
        let made = client
            .expect("a client")
            .put(server.public_url())
            .send()
            .await;
        assert!(made.is_ok_and(|answer| answer.status().is_success()));
        server
    }

    /// s3rver.
    pub async fn s3rver() -> Self {
        let port = free_port();
        let script = tools().join("s3rver/node_modules/s3rver/bin/s3rver.js");
        let program = Program::start("s3rver", python_program("nodejs"), port, |folder| {
            vec![
                script.display().to_string(),
                "--directory".to_owned(),
                folder.display().to_string(),
                "--address".to_owned(),
                "127.0.0.1".to_owned(),
                "--port".to_owned(),
                port.to_string(),
                "--configure-bucket".to_owned(),
                BUCKET.to_owned(),
            ]
        });
        Self {
            program: program.await,
            key: "S3RVER",
        }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.program.port())
    }

    /// Where it serves what is in its bucket.
    pub fn public_url(&self) -> String {
        format!("{}/{BUCKET}", self.url())
    }

    /// Lets everybody read what is in Moto's bucket, as its owner does who
    /// serves pictures from it; s3rver asks nobody who reads.
    pub async fn let_everybody_read(&self) {
        let policy = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": "*",
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::{BUCKET}/*"}}]}}"#
        );
        let client = reqwest::Client::builder().no_proxy().build();
        let set = client
            .expect("a client")
            .put(format!("{}?policy", self.public_url()))
            .body(policy)
            .send()
            .await;
        assert!(set.is_ok_and(|answer| answer.status().is_success()));
    }

    /// The settings that keep pictures there.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("MEDIA_STORE", "s3".to_owned()),
            ("S3_BUCKET", BUCKET.to_owned()),
            ("S3_ENDPOINT", self.url()),
            ("S3_ACCESS_KEY_ID", self.key.to_owned()),
            ("S3_SECRET_ACCESS_KEY", self.key.to_owned()),
        ]
    }
}
