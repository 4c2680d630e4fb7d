//! The master key in a token (SoftHSM) behind PKCS #11: moved there and back while the server runs, and tokens that fail.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::key_rotation::recorded_call;
use crate::program::{PROGRAM, Program};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn module() -> String {
    let known = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so"];
    let found = known.iter().find(|path| Path::new(path).exists());
    found.expect("SoftHSM is missing: make tools-test").to_string()
}

/// A folder of tokens beside the server's own files, with one that has the PIN 1234.
struct Tokens {
    dir: PathBuf,
}

impl Tokens {
    fn new(dir: &Path) -> Tokens {
        let tokens = Tokens { dir: dir.into() };
        let folder = dir.join("tokens");
        std::fs::create_dir(&folder).unwrap();
        let conf = format!("directories.tokendir = {}\nlog.level = ERROR\n", folder.display());
        std::fs::write(dir.join("softhsm2.conf"), conf).unwrap();
        let args = ["--init-token", "--free", "--label", "vault", "--so-pin", "87654321", "--pin", "1234"];
        let out = tokens.run("softhsm2-util", &args);
        assert!(out.status.success(), "{}", text(&out.stderr));
        tokens.pin("1234\n");
        tokens
    }

    fn run(&self, program: &str, args: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(args).env("SOFTHSM2_CONF", self.dir.join("softhsm2.conf")).output().unwrap()
    }

    /// A command of the program; code and all that it said.
    fn switchroom(&self, args: &[&str]) -> (i32, String) {
        let config = self.config().display().to_string();
        let out = self.run(PROGRAM, &[args, &["--config", &config]].concat());
        (out.status.code().unwrap_or(-1), text(&out.stdout) + &text(&out.stderr))
    }

    fn config(&self) -> PathBuf {
        self.dir.join("switchroom.toml")
    }

    fn pin(&self, pin: &str) {
        let path = self.dir.join("pin");
        std::fs::write(&path, pin).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    fn token(&self) -> String {
        let pin = self.dir.join("pin");
        format!("pkcs11:token=vault;object=master?module-path={}&pin-source=file:{}", module(), pin.display())
    }

    fn file(&self) -> String {
        format!("file:{}/data/master.key", self.dir.display())
    }

    /// Writes another place of the master key into the configuration.
    fn set_url(&self, url: &str) {
        let config = std::fs::read_to_string(self.config()).unwrap();
        let at = config.find("[keys]\nurl = \"").unwrap() + 14;
        let end = at + config[at..].find('"').unwrap();
        std::fs::write(self.config(), format!("{}{url}{}", &config[..at], &config[end..])).unwrap();
    }
}

#[test]
fn the_master_key_moves_into_a_token_and_back_while_the_server_runs() {
    let mut desk = Desk::new();
    let mut program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 2))]);
    let dir = program.dir.clone();
    let tokens = Tokens::new(dir.path());
    let token = program.bearer().replace("Bearer ", "");
    program = program.restarted();
    let recording = recorded_call(&mut desk, &program, "+15550188711");
    let wav = |program: &Program| program.bytes(&format!("/recordings/{recording}"), None);
    let before = wav(&program);
    assert_eq!(before.0, 200);
    let file = dir.path().join("data/master.key");
    let copy = dir.path().join("copy").display().to_string();
    assert_eq!(tokens.switchroom(&["backup", &copy]).0, 0);

    // From the file into the token. Whoever writes the new place and does not move it is told so.
    tokens.set_url(&tokens.token());
    let (code, said) = tokens.switchroom(&["keys"]);
    assert!(code == 0 && said.contains("move it there with switchroom rotate-key"), "{said}");
    let (code, said) = tokens.switchroom(&["rotate-key"]);
    assert_eq!(code, 0, "{said}");
    assert!(!file.exists(), "the file's key is destroyed");
    let (code, said) = tokens.switchroom(&["keys"]);
    assert!(code == 0 && said.contains("master key: pkcs11:token=vault"), "{said}");
    assert!(said.contains("keys of kind tenant") && said.contains("0 days"), "{said}");
    assert!(wav(&program) == before, "what was sealed before is read");
    let second = recorded_call(&mut desk, &program, "+15550188712");
    // Another key in the same token; the backup from the time of the file is opened by it.
    let (code, said) = tokens.switchroom(&["rotate-key"]);
    assert_eq!(code, 0, "{said}");
    // The audit log says it last: by then the keys in the backup are replaced as well.
    program
        .wait_for("/audit?action=keys.&limit=10", |log| (log["items"].as_array()?.len() == 2).then_some(()));
    let (code, said) = tokens.switchroom(&["rehearse", &copy]);
    assert_eq!(code, 0, "{said}");
    program = program.restarted();
    assert!(wav(&program) == before && program.bytes(&format!("/recordings/{second}"), None).0 == 200);

    // Nothing of the key lies in a file: the token's own folder taken away, nothing opens.
    program.stop();
    let (away, home) = (dir.path().join("away"), dir.path().join("tokens"));
    std::fs::rename(&home, &away).unwrap();
    std::fs::create_dir(&home).unwrap();
    let (code, said) = tokens.switchroom(&["keys"]);
    assert!(code == 1 && said.contains("there is no token vault behind"), "{code} {said}");
    std::fs::remove_dir_all(&home).unwrap();
    std::fs::rename(&away, &home).unwrap();

    // And back into a file.
    let mut program = Program::start_again(dir.clone());
    program.set_token(token.clone());
    tokens.set_url(&tokens.file());
    let (code, said) = tokens.switchroom(&["rotate-key"]);
    assert_eq!(code, 0, "{said}");
    assert!(file.exists());
    program = program.restarted();
    assert!(wav(&program) == before);
    program.stop();
    tokens.set_url(&tokens.token());
    let (code, said) = tokens.switchroom(&["token", "--tenant", "test", "--role", "owner"]);
    assert!(code == 1 && said.contains("is missing") && said.contains("set keys.url back"), "{code} {said}");

    // Each state that a death in the middle of a move leaves is gone on with at the next start: asked for, and moved but
    // not tidied up.
    let (at, next) =
        (dir.path().join("data/switchroom.keys.at"), dir.path().join("data/switchroom.keys.next"));
    let (old, old_key) = (std::fs::read(&at).unwrap(), std::fs::read(&file).unwrap());
    let good = |what: &str| {
        let mut program = Program::start_again(dir.clone());
        program.set_token(token.clone());
        assert!(wav(&program) == before, "{what}");
        assert!(!file.exists() && !next.exists(), "{what}");
        program.stop();
    };
    let (code, said) = tokens.switchroom(&["rotate-key"]);
    assert_eq!(code, 0, "a stopped server's key is moved too: {said}");
    assert!(!file.exists());
    std::fs::write(&file, &old_key).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::write(&at, &old).unwrap();
    std::fs::write(&next, format!("{}\n", tokens.token())).unwrap();
    good("moved but not tidied up");
    tokens.set_url(&tokens.file());
    assert_eq!(tokens.switchroom(&["rotate-key"]).0, 0);
    tokens.set_url(&tokens.token());
    std::fs::write(&next, format!("{}\n", tokens.token())).unwrap();
    let (code, said) = tokens.switchroom(&["rotate-key"]);
    assert_eq!(code, 0, "{said}");
    good("asked for");
}

#[test]
fn a_token_that_does_not_serve_is_named_with_what_to_do() {
    let program = Program::start(&[("tenant.yaml", "kind: Tenant\nid: test\nprofile: contact-center\n")]);
    let dir = program.dir.clone();
    program.stop();
    let tokens = Tokens::new(dir.path());
    tokens.set_url(&tokens.token());
    let (code, said) = tokens.switchroom(&["rotate-key"]);
    assert_eq!(code, 0, "{said}");
    let good = tokens.token();
    let files = || {
        let mut all: Vec<(PathBuf, Vec<u8>)> = std::fs::read_dir(dir.path().join("data"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file() && !path.to_string_lossy().ends_with("-shm"))
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        all.sort();
        all
    };
    assert_eq!(tokens.switchroom(&["keys"]).0, 0);
    let before = files();
    let refused = |url: &str, says: &str| {
        tokens.set_url(url);
        for command in [&["token", "--tenant", "test", "--role", "owner"][..], &["keys"]] {
            let (code, said) = tokens.switchroom(command);
            assert!(code == 1 && said.contains(says), "{command:?} with {url}: {code} {said}");
            assert!(!said.contains("1234") && !said.contains("0000"), "{said}");
        }
        assert!(files() == before, "{url}: something was written");
    };
    refused(&good.replace("token=vault", "token=other"), "there is no token other behind");
    refused(&good.replace("token=vault", "token=other"), "it has vault");
    refused(&good.replace("libsofthsm2.so", "nothing.so"), "cannot be used");
    refused(&good.replace("file:", "env:SWITCHROOM_NO_SUCH_"), "is not set");
    std::fs::set_permissions(dir.path().join("pin"), std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .unwrap();
    refused(&good, "chmod 600");
    tokens.pin("0000");
    refused(&good, "refuses the PIN from");
    std::fs::remove_file(dir.path().join("pin")).unwrap();
    refused(&good, "cannot be read from");
    tokens.pin("1234");
    // Another key in its place opens nothing: the token's own, and one in a file.
    tokens.set_url(&good);
    let other = good.replace("object=master", "object=others");
    tokens.set_url(&other);
    let (code, said) = tokens.switchroom(&["token", "--tenant", "test", "--role", "owner"]);
    assert!(code == 1 && said.contains("is missing") && said.contains(&good), "{code} {said}");
    let path = dir.path().join("other.key");
    std::fs::write(&path, "ab".repeat(32)).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    tokens.set_url(&format!("file:{}", path.display()));
    let (code, said) = tokens.switchroom(&["token", "--tenant", "test", "--role", "owner"]);
    assert!(code == 1 && said.contains("is not the master key of"), "{code} {said}");
    assert!(files() == before, "something was written");
    tokens.set_url(&good);
    let (code, said) = tokens.switchroom(&["token", "--tenant", "test", "--role", "owner"]);
    assert_eq!(code, 0, "{said}");
}
