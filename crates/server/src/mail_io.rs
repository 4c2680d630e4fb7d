//! E-mail about messages in voicemail boxes, through a mail server that the operator named (SMTP, RFC 5321).
//!
//! The mail says which box, when and how long, and where to listen. It holds neither number nor name of the caller, nor
//! the audio: e-mail lies in places that nobody here can erase.

use crate::config::Mail;
use crate::tenant::Meaning;
use crate::trusted::{Trusted, is_about_tls};
use crate::webhook_io::Tried;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::Tls;
use lettre::{SmtpTransport, Transport};
use redact::Secret;
use std::time::Duration;
use store::Letter;

/// How long a mail server may take for each of its answers.
const TIME_OUT: Duration = Duration::from_secs(10);
/// The most addresses that are told of one box.
const MOST: usize = 20;

/// Sends e-mail.
pub struct Post {
    transport: SmtpTransport,
    from: Mailbox,
    /// The mail server's name.
    host: String,
    /// Where the web app is.
    url: String,
}

impl Post {
    /// From `[mail]`; `None` when no server is named. `url` is where people reach the web app; `trusted` says by whose
    /// certificate the server is believed.
    ///
    /// # Errors
    /// A sentence.
    pub fn new(config: &Mail, url: &str, trusted: &Trusted) -> Result<Option<Post>, String> {
        if config.smtp.is_empty() {
            return Ok(None);
        }
        let (host, port) = config.host_and_port().ok_or("mail.smtp is not host:port")?;
        let from = config.from.parse().map_err(|_| "mail.from is no address")?;
        let tls = match config.tls.as_str() {
            "none" => Tls::None,
            "starttls" => Tls::Required(trusted.for_mail(&host)?),
            _ => Tls::Wrapper(trusted.for_mail(&host)?),
        };
        let mut builder = SmtpTransport::builder_dangerous(&host).port(port).tls(tls).timeout(Some(TIME_OUT));
        if !config.user.is_empty() {
            let password = std::fs::read_to_string(&config.password_file)
                .map_err(|e| format!("mail.password_file = {:?}: {e}", config.password_file))?;
            let password = password.trim_end_matches(['\r', '\n']).to_string();
            builder = builder.credentials(Credentials::new(config.user.clone(), password));
        }
        Ok(Some(Post { transport: builder.build(), from, host, url: url.trim_end_matches('/').into() }))
    }

    /// Tells of a message.
    pub fn message_left(&self, letter: &Letter, to: &[Secret<String>], meaning: &Meaning) -> Tried {
        let facts: serde_json::Value = serde_json::from_str(&letter.facts).unwrap_or_default();
        let small = |key: &str| facts[key].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        let mailbox = meaning.mailbox(engine::MailboxId(small("mailbox")));
        let seconds = facts["length_ms"].as_u64().unwrap_or(0).div_ceil(1_000);
        // Short lines, that mail programs show as they are.
        let text = format!(
            "A caller left a message.\r\n\r\nVoicemail box: {mailbox}\r\nLeft at: {}\r\nLength: {seconds} s\r\n\r\n\
             Listen to it: {}/messages\r\n",
            crate::view::time(letter.at),
            self.url,
        );
        let mut builder = Message::builder()
            .from(self.from.clone())
            .subject(format!("Voicemail: {mailbox}"))
            // The same over tries: mail programs show it once.
            .message_id(Some(format!("<{}.{}@switchroom.invalid>", letter.id, letter.tenant.0)))
            .header(ContentType::TEXT_PLAIN);
        let mut good = 0;
        for address in to.iter().take(MOST) {
            if let Ok(address) = address.expose_secret().parse::<Mailbox>() {
                builder = builder.to(address);
                good += 1;
            }
        }
        if good == 0 {
            return Tried::Hopeless("none of the addresses of this box is one".into());
        }
        let Ok(message) = builder.body(text) else {
            return Tried::Hopeless("the mail cannot be written".into());
        };
        crate::attest::contacted::note(&self.host);
        match self.transport.send(&message) {
            Ok(_) => Tried::Taken,
            // What the server says may hold addresses: only its code is kept.
            Err(e) if e.is_permanent() => Tried::Hopeless(said(&e)),
            Err(e) if e.is_transient() => Tried::Failed(said(&e)),
            Err(e) if is_about_tls(&e) => {
                Tried::Absent("the mail server's certificate is not trusted".into())
            }
            Err(_) => Tried::Absent("the mail server could not be reached".into()),
        }
    }
}

fn said(e: &lettre::transport::smtp::Error) -> String {
    match e.status() {
        Some(code) => format!("the mail server answered {code}"),
        None => "the mail server refused".into(),
    }
}
