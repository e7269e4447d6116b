//! Load by wrk, which costs little CPU itself, and something to compare with.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;

use super::CONNECTIONS;
use crate::client::{Call, Client};

/// What wrk saw.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Answers a second.
    pub(super) rate: f64,
    /// Milliseconds in which 99 of 100 were answered.
    pub(super) p99: f64,
}

/// Asks for paths in turn.
pub(super) fn wrk(
    folder: &Path,
    address: SocketAddr,
    paths: &[String],
    seconds: u32,
) -> Result<Seen> {
    wrk_as(folder, address, paths, None, seconds)
}

/// Asks for paths in turn, with a header.
pub(super) fn wrk_as(
    folder: &Path,
    address: SocketAddr,
    paths: &[String],
    header: Option<(&str, &str)>,
    seconds: u32,
) -> Result<Seen> {
    let headers = header.map_or_else(
        || "nil".to_owned(),
        |(name, value)| format!("{{[{name:?}] = {value:?}}}"),
    );
    let quoted: Vec<String> = paths.iter().map(|path| format!("{path:?}")).collect();
    let script = format!(
        "local paths = {{{}}}\nlocal requests = {{}}\nlocal n = 0\n\
         init = function() for i, path in ipairs(paths) do requests[i] = wrk.format('GET', path, {headers}) end end\n\
         request = function() n = n % #requests + 1 return requests[n] end\n",
        quoted.join(",")
    );
    run_wrk(folder, address, &script, seconds)
}

/// What is posted once: the token of a cart, and the body.
pub(super) struct Post {
    pub(super) token: String,
    pub(super) body: serde_json::Value,
}

/// Posts each once, to the end of the time, for which there must be enough.
pub(super) fn wrk_posts(
    folder: &Path,
    address: SocketAddr,
    path: &str,
    posts: &[Post],
    seconds: u32,
) -> Result<Seen> {
    let file = folder.join("posts");
    let lines: Vec<String> = posts
        .iter()
        .map(|post| format!("{}\t{}", post.token, post.body))
        .collect();
    std::fs::write(&file, lines.join("\n")).context("write what is posted")?;
    let script = format!(
        "local requests = {{}}\nlocal n = 0\n\
         init = function() for line in io.lines('{}') do \
           local token, body = line:match('^([^\\t]*)\\t(.*)$') \
           local headers = {{['content-type'] = 'application/json', ['x-cart-token'] = token}} \
           requests[#requests + 1] = wrk.format('POST', {path:?}, headers, body) end end\n\
         request = function() n = n + 1 return requests[n] or wrk.format('GET', '/there-were-not-enough') end\n",
        file.display()
    );
    run_wrk(folder, address, &script, seconds)
}

/// Runs a script. One thread suffices and leaves more for the server.
fn run_wrk(folder: &Path, address: SocketAddr, script: &str, seconds: u32) -> Result<Seen> {
    let script = format!(
        "{script}done = function(summary, latency) local e = summary.errors \
           print(string.format('SEEN %d %d %d %d', summary.requests, summary.duration, latency:percentile(99), \
             e.connect + e.read + e.write + e.status + e.timeout)) end\n"
    );
    let file = folder.join("wrk.lua");
    std::fs::write(&file, script).context("write the script of wrk")?;
    let output = Command::new("wrk")
        .args([
            "-t1",
            &format!("-c{CONNECTIONS}"),
            &format!("-d{seconds}s"),
            "-s",
        ])
        .arg(&file)
        .arg(format!("http://{address}"))
        .output()
        .context("run wrk; is it installed?")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text
        .lines()
        .find_map(|line| line.strip_prefix("SEEN "))
        .with_context(|| format!("wrk said {text}{}", String::from_utf8_lossy(&output.stderr)))?
        .split(' ')
        .filter_map(|number| number.parse().ok())
        .collect();
    let &[requests, micros, p99, errors] = numbers.as_slice() else {
        bail!("wrk said {text}");
    };
    ensure!(errors == 0.0, "{errors} of {requests} requests failed");
    Ok(Seen {
        rate: requests / (micros / 1e6),
        p99: p99 / 1000.0,
    })
}

/// A process that gives a constant answer.
pub(super) struct Constant {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Constant {
    /// Starts it with as many threads as the server has.
    pub(super) async fn start(address: SocketAddr, size: usize, workers: usize) -> Result<Self> {
        let program = std::env::current_exe().context("where this program is")?;
        let child = Command::new(program)
            .args([
                "constant",
                &address.to_string(),
                &size.to_string(),
                &workers.to_string(),
            ])
            .stdin(Stdio::null())
            .spawn()
            .context("start the constant answer")?;
        let started = Self { child, address };
        let mut client = Client::new(address);
        for _ in 0..200 {
            if let Ok(answer) = client.send(&Call::get("/")).await {
                ensure!(
                    answer.bytes.len() == size,
                    "the constant answer has another size"
                );
                return Ok(started);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("the constant answer does not come")
    }
}

impl Drop for Constant {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves a constant answer of so many bytes: the same web framework with
/// nothing around it.
pub async fn constant(address: SocketAddr, size: usize, workers: usize) -> Result<()> {
    let body = Bytes::from(format!("\"{}\"", "x".repeat(size.saturating_sub(2))));
    HttpServer::new(move || {
        let body = body.clone();
        App::new().default_service(web::to(move || {
            let body = body.clone();
            async move {
                HttpResponse::Ok()
                    .content_type("application/json")
                    .body(body)
            }
        }))
    })
    .workers(workers)
    .bind(address)
    .context("listen")?
    .run()
    .await
    .context("serve")
}
