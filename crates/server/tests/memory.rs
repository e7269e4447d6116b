//! How much memory the binary takes for the largest things that it is sent.
//! The figures are printed: `cargo test -p server --test memory -- --nocapture`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use driver::installation::Backend::{self, Postgres, Sqlite};
use driver::installation::{Installation, Running};
use rstest::rstest;
use serde_json::json;
use testkit::client::POST;
use testkit::picture::{Part, picture};
use testkit::{Answer, Client, seed};

const SUTLER: &str = env!("CARGO_BIN_EXE_sutler");
/// What the whole process may have at its peak, in MB.
const MOST: u64 = 200;

/// The peak since it was last asked for, in MB.
fn peak(server: &Running) -> u64 {
    let folder = format!("/proc/{}", server.id());
    let status = std::fs::read_to_string(format!("{folder}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let line = line.expect("a peak").trim().trim_end_matches(" kB");
    // From now on it is counted anew.
    std::fs::write(format!("{folder}/clear_refs"), "5").expect("our own process");
    line.parse::<u64>().expect("kilobytes") / 1024
}

struct Shop {
    installation: Installation,
    server: Running,
    client: Client,
    token: String,
}

async fn shop(backend: Backend) -> Shop {
    let new = Installation::new(Path::new(SUTLER), backend).await;
    let installation = new.expect("an installation");
    let server = installation.start(&["--demo"]).await.expect("a server");
    let client = Client::new(format!("http://{}", server.address));
    let login = json!({"email": "admin@example.com", "password": "sutler-demo-login"});
    let login = client.post("/api/auth/login", &login).expect(200).await;
    let token = login.text_at("/access_token");
    Shop {
        installation,
        server,
        client,
        token,
    }
}

impl Shop {
    /// Imports a file; what became of it, the slowest answer to somebody who
    /// changes something meanwhile, and the peak.
    async fn import(&self, file: String) -> (Answer, Duration, u64) {
        peak(&self.server);
        let begun = self.client.call(POST, "/api/admin/imports");
        let begun = begun.bearer(&self.token).header("content-type", "text/csv");
        let begun = begun.body(file).expect(202).await;
        let path = format!("/api/admin/imports/{}", begun.text_at("/id"));
        let (mut slowest, mut steps) = (Duration::ZERO, 0);
        loop {
            let asked = Instant::now();
            self.client.call(POST, "/api/carts").expect(201).await;
            slowest = slowest.max(asked.elapsed());
            let seen = self.client.get(&path).bearer(&self.token).expect(200).await;
            let state = seen.text_at("/state");
            steps += usize::from(state == "reading" && seen.number_at("/rows_read") > 0);
            if ["done", "failed"].contains(&state.as_str()) {
                assert!(steps > 0, "no progress was to be seen");
                return (seen, slowest, peak(&self.server));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn rows(count: usize, broken: Option<usize>) -> String {
    let mut file = "handle,name,brand,description,status,tags,attribute:material,sku,price,weight_grams,on_hand\n".to_owned();
    for n in 0..count {
        let price = if broken == Some(n) { "free" } else { "19.90" };
        let _ = writeln!(
            file,
            "import-{n},Product {n},Acme,\"What is said of product {n}, in some words that tell what it is good for and what it is made of.\",active,\"new,import\",steel,imp-{n},{price},250,{}",
            n % 50
        );
    }
    file
}

/// So many in the tests of every day; `make import` takes 50,000, with a
/// release build.
fn many_rows() -> usize {
    seed::number("IMPORT_ROWS").unwrap_or(4_000)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_rows_are_imported(#[values(Sqlite, Postgres)] backend: Backend) {
    let all = many_rows();
    let shop = shop(backend).await;
    let count = async || {
        let call = shop
            .client
            .get("/api/admin/exports/products")
            .bearer(&shop.token);
        call.expect(200).await.text.matches("\nimport-").count()
    };
    let started = Instant::now();
    let (failed, slowest, most) = shop.import(rows(all, Some(all - 1))).await;
    println!(
        "{backend:?}: {all} rows, the last one broken: {:?}, peak {most} MB, slowest other write {slowest:?}",
        started.elapsed()
    );
    assert_eq!(failed.text_at("/state"), "failed");
    assert_eq!(
        failed.number_at("/errors/0/line"),
        i64::try_from(all).unwrap_or(0) + 1
    );
    assert!(most < MOST, "{most} MB");
    assert_eq!(count().await, 0);

    let file = rows(all, None);
    let size = file.len() >> 20;
    let started = Instant::now();
    let (done, slowest, most) = shop.import(file).await;
    println!(
        "{backend:?}: {all} rows, {size} MB: {:?}, peak {most} MB, slowest other write {slowest:?}",
        started.elapsed()
    );
    assert_eq!(done.text_at("/state"), "done", "{}", done.describe());
    assert_eq!(
        done.number_at("/products_new"),
        i64::try_from(all).unwrap_or(0)
    );
    assert!(most < MOST, "{most} MB");
    let started = Instant::now();
    assert_eq!(count().await, all);
    println!(
        "{backend:?}: exported in {:?}, peak {} MB",
        started.elapsed(),
        peak(&shop.server)
    );
    drop(shop.installation);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_take_no_more_than_was_said() {
    let shop = shop(Sqlite).await;
    let product = shop
        .client
        .get("/api/catalog/products?limit=1")
        .expect(200)
        .await;
    let path = format!(
        "/api/admin/catalog/products/{}/images",
        product.text_at("/data/0/id")
    );
    let upload = async |file: &[u8]| {
        let call = shop.client.call(POST, &path).bearer(&shop.token);
        call.form(&[Part::file(file)]).send().await
    };
    let before = peak(&shop.server);
    // A picture of 25,000,000 pixels, all of them one: 73 kB.
    for (what, format) in [
        ("PNG", image::ImageFormat::Png),
        ("JPEG", image::ImageFormat::Jpeg),
    ] {
        let file = picture(5_000, 5_000, 1, format);
        let started = Instant::now();
        let made = upload(&file).await;
        assert_eq!(made.status, 201, "{}", made.describe());
        println!(
            "a {what} of 5000 x 5000 and {} kB: {:?}, peak {} MB",
            file.len() >> 10,
            started.elapsed(),
            peak(&shop.server)
        );
    }
    // One pixel more than may be: refused before anything is decoded.
    let file = picture(5_001, 5_000, 1, image::ImageFormat::Jpeg);
    let rest = peak(&shop.server);
    let refused = upload(&file).await;
    assert_eq!(
        (refused.status, refused.text_at("/code")),
        (422, "image.too_many_pixels".to_owned())
    );
    let after = peak(&shop.server);
    println!("before {before} MB; refused at {after} MB, with {rest} MB from before");
    assert!(after <= rest + 32, "{rest} MB became {after} MB");
    // Many at once wait for each other.
    let files: Vec<Vec<u8>> = (2..6)
        .map(|seed| picture(3_000, 2_000, seed, image::ImageFormat::Jpeg))
        .collect();
    let calls = files.iter().map(|file| upload(file));
    let all = futures::future::join_all(calls).await;
    let most = peak(&shop.server);
    println!("four of 3000 x 2000 at once: peak {most} MB");
    assert!(all.iter().all(|answer| [201, 503].contains(&answer.status)));
    assert!(most < 500, "{most} MB");
    drop(shop.installation);
}
