//! Talking to the person at the terminal.

/// Prints a line.
#[expect(clippy::print_stdout, reason = "this is a command line")]
pub fn line(text: impl AsRef<str>) {
    println!("{}", text.as_ref());
}
