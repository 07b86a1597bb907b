//! A program that is run and ends. Its standard input stays open until then: where this process is killed
//! it is closed, and by that the program knows that nobody waits for it any more (`pip_helper.py`).

use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::Error;
use crate::host::open;

/// What a program has said, and whether it ended well.
pub(super) struct Said {
    /// Did it end with 0?
    pub(super) done: bool,
    /// Its standard output.
    pub(super) out: String,
    /// Its standard error.
    pub(super) err: String,
    /// How it ended, in words.
    pub(super) status: String,
}

/// Run it to its end, with `input`, a line, on its standard input.
pub(super) fn run(mut command: Command, input: &[u8]) -> Result<Said, Error> {
    let program = command.get_program().to_owned();
    let failed = |error| Error::io("run the interpreter", &program, error);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut stdin = child.stdin.take();
    let mut stderr = child.stderr.take();
    let (output, err) = std::thread::scope(|scope| {
        // A program that fills one pipe must not wait for another to be read.
        let err = scope.spawn(move || {
            let mut text = Vec::new();
            let read = stderr.as_mut().map(|pipe| pipe.read_to_end(&mut text));
            read.transpose().map(|_| text)
        });
        let written = match &mut stdin {
            Some(pipe) => pipe.write_all(input),
            None => Ok(()),
        };
        // One that ends without reading is told of by how it ended.
        let written = match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        };
        let output = written.and_then(|()| child.wait_with_output());
        let err = err.join().unwrap_or_else(|_| Ok(Vec::new()));
        (output, err)
    });
    drop(stdin);
    let output = output.map_err(failed)?;
    let err = err.map_err(failed)?;
    Ok(Said {
        done: output.status.success(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&err).into_owned(),
        status: output.status.to_string(),
    })
}

/// Run it to its end; everything that it says goes to a file.
pub(super) fn run_logged(mut command: Command, log: &Path) -> Result<(bool, String), Error> {
    let failed = |error| Error::io("write the log", log, error);
    let out = open::emptied(log).map_err(failed)?;
    let err = out.try_clone().map_err(failed)?;
    let program = command.get_program().to_owned();
    let failed = |error| Error::io("run the interpreter", &program, error);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(out)
        .stderr(err)
        .spawn()
        .map_err(failed)?;
    // Waiting would close it.
    let stdin = child.stdin.take();
    let status = child.wait().map_err(failed)?;
    drop(stdin);
    Ok((status.success(), status.to_string()))
}
