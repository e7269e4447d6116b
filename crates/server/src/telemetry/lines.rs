//! Where log lines go.

use std::io::{self, BufWriter, Write};
use std::thread;
use std::time::Duration;

use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};

/// How long the writing thread rests after it has caught up. What is logged
/// meanwhile leaves together: waking a thread for each line costs more than
/// the line.
const REST: Duration = Duration::from_millis(10);
/// How many lines may wait: more than all threads write in a rest. The room for
/// them is taken at the start; by default it is 4 MB.
const WAITING: usize = 8_192;

/// A writer that hands lines to a thread of its own. No line is dropped: when
/// many are waiting, whoever logs waits too.
pub(super) fn to_stderr() -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .lossy(false)
        .buffered_lines_limit(WAITING)
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
