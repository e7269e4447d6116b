//! Where log lines go.

use std::io::{self, BufWriter, Write};
use std::thread;
use std::time::Duration;

use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};

/// How long the writing thread rests after it has caught up. What is logged
/// meanwhile leaves together: waking a thread for each line costs more than
/// the line.
const REST: Duration = Duration::from_millis(10);

/// A writer that hands lines to a thread of its own. No line is dropped: when
/// many are waiting, whoever logs waits too.
pub(super) fn to_stderr() -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .lossy(false)
        .finish(Rested(BufWriter::new(io::stderr())))
}

/// Rests after each flush, which comes when nothing more is waiting.
struct Rested<W: Write>(BufWriter<W>);

impl<W: Write> Write for Rested<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.0.flush();
        thread::sleep(REST);
        done
    }
}
