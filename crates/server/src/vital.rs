//! Threads without which the process is of no use: when one ends and nobody asked it to, the process ends too, so that
//! whatever supervises it starts it again. A process that answers health checks and takes no calls would be worse.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

/// Starts a thread whose `work` ends when it is asked to, with `Ok`. If it fails or panics instead, the cause is logged
/// and the process exits with 1: everything that was promised to anybody is in the journal.
///
/// # Errors
/// When no thread can be started.
pub fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> std::io::Result<JoinHandle<T>> {
    let thread = name.to_string();
    std::thread::Builder::new().name(thread.clone()).spawn(move || {
        let cause = match catch_unwind(AssertUnwindSafe(work)) {
            Ok(Ok(value)) => return value,
            Ok(Err(cause)) => cause,
            Err(panic) => said(&*panic),
        };
        tracing::error!(
            event = "thread_ended",
            thread,
            cause,
            "a thread ended that nothing goes on without: the process ends"
        );
        std::process::exit(1)
    })
}

/// Puts panics of every thread into the log, each with its place.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current().name().unwrap_or_default().to_string();
        tracing::error!(
            event = "panic",
            thread,
            place,
            cause = said(info.payload()),
            "a fault in this program"
        );
    }));
}

fn said(panic: &dyn Any) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".into())
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Output};

    /// This test program again, to run only the test of that name.
    fn alone(test: &str) -> Output {
        let name = format!("vital::tests::{test}");
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", &name, "--ignored", "--nocapture", "--test-threads=1"]).output().unwrap()
    }

    #[test]
    #[ignore = "run by the next test in a process of its own"]
    fn dies_of_a_panic() {
        tracing_subscriber::fmt().with_writer(std::io::stderr).init();
        super::log_panics();
        super::spawn("needed", || -> Result<(), String> { panic!("on purpose") }).unwrap();
        std::thread::park();
    }

    #[test]
    fn a_panic_of_a_vital_thread_ends_the_process_and_is_logged_with_its_place() {
        let out = alone("dies_of_a_panic");
        let log = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(1), "{log}");
        for part in ["on purpose", "vital.rs:", "needed", "thread_ended"] {
            assert!(log.contains(part), "{part:?} is not in:\n{log}");
        }
    }

    #[test]
    #[ignore = "run by the next test in a process of its own"]
    fn dies_of_a_failure() {
        tracing_subscriber::fmt().with_writer(std::io::stderr).init();
        super::spawn("needed", || Err::<(), _>("cannot wait any more".into())).unwrap();
        std::thread::park();
    }

    #[test]
    fn a_failure_of_a_vital_thread_ends_the_process() {
        let out = alone("dies_of_a_failure");
        let log = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.code() == Some(1) && log.contains("cannot wait any more"), "{log}");
    }

    #[test]
    fn one_that_ends_as_asked_gives_what_it_made() {
        assert_eq!(super::spawn("asked", || Ok(7)).unwrap().join().unwrap(), 7);
    }
}
