//! Pages for the people who run the machine: metrics and health. Never public.

use crate::http::Api;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::fmt::Write;
use std::sync::atomic::Ordering;

/// The admin pages.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/bans", get(bans))
        .route("/bans/{ip}", axum::routing::delete(pardon))
        .with_state(api)
}

async fn ready(State(api): State<Api>) -> Response {
    if !api.handle.ready.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    let store = api.handle.store.clone();
    let stored = tokio::task::spawn_blocking(move || store.ping()).await;
    let stalled = api.handle.ask(|switch, _| switch.journal_stalled).await;
    match (stored, stalled) {
        (Ok(Ok(())), Some(false)) => "ready\n".into_response(),
        (_, Some(true)) => {
            (StatusCode::SERVICE_UNAVAILABLE, "the journal cannot be written\n").into_response()
        }
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response(),
    }
}

/// Addresses that are not heard now, a line each, with the seconds that it still lasts.
async fn bans(State(api): State<Api>) -> Response {
    let Some(bans) = api.handle.ask(|switch, now| switch.bans(now)).await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    };
    bans.iter().fold(String::new(), |text, (ip, seconds)| text + &format!("{ip} {seconds}\n")).into_response()
}

/// Hears an address again.
async fn pardon(State(api): State<Api>, Path(ip): Path<std::net::IpAddr>) -> Response {
    match api.handle.ask(move |switch, _| switch.pardon(ip)).await {
        Some(()) => StatusCode::NO_CONTENT.into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response(),
    }
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP switchroom_{name} {help}\n# TYPE switchroom_{name} {kind}");
    }

    fn value(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "switchroom_{name}{labels} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, kind, help);
        self.value(name, "", value);
    }
}

/// Backups that this server knows of, numbered as in the attestation, and what failed.
fn backup_metrics(p: &mut Page, copies: &[store::Copy], standing: &crate::backup_io::Standing) {
    type Figure = fn(&store::Copy) -> f64;
    let figures: [(&str, &str, Figure); 5] = [
        (
            "backup_last_success_timestamp_seconds",
            "When the newest increment was made; seconds since 1970.",
            |c| c.at as f64 / 1e3,
        ),
        ("backup_duration_seconds", "How long the newest increment took.", |c| c.took_ms as f64 / 1e3),
        ("backup_size_bytes", "What the newest increment holds.", |c| c.bytes as f64),
        (
            "backup_rehearsal_last_success_timestamp_seconds",
            "When it was last restored for trial with all as it was; seconds since 1970, 0 is never.",
            |c| c.rehearsed as f64 / 1e3,
        ),
        ("backup_rehearsal_duration_seconds", "How long it took until everything could be used.", |c| {
            c.rehearsed_ms as f64 / 1e3
        }),
    ];
    for (name, help, figure) in figures {
        p.family(name, "gauge", help);
        for (n, copy) in copies.iter().enumerate() {
            p.value(name, &format!("{{backup=\"{}\"}}", n + 1), figure(copy));
        }
    }
    p.family("backup_failures_total", "counter", "Scheduled backups and rehearsals that failed.");
    for (of, count) in [("backup", standing.backups_failed), ("rehearsal", standing.rehearsals_failed)] {
        p.value("backup_failures_total", &format!("{{of=\"{of}\"}}"), count);
    }
}

async fn metrics(State(api): State<Api>) -> Response {
    let broken = api.handle.laws_broken.load(Ordering::Relaxed);
    let told = [&api.handle.notices.taken, &api.handle.notices.dropped].map(|n| n.load(Ordering::Relaxed));
    let left_out = api.handle.refusals.lock().unwrap_or_else(|e| e.into_inner()).left_out;
    let (bot, dials) = (api.bot.clone(), api.connector.ledger().len());
    let carried = api.connector.carried();
    let backups = (api.handle.store.copies().unwrap_or_default(), api.handle.backups.standing());
    let page = api.handle.ask(move |switch, _| {
        let mut p = Page(String::with_capacity(8_192));
        let sip = switch.sip_counters();
        let (legs, transactions) = switch.sip_held();
        p.one("sip_messages_received_total", "counter", "SIP messages taken in.", sip.received);
        p.one("sip_messages_sent_total", "counter", "SIP messages given out.", sip.sent);
        p.one("sip_unreadable_total", "counter", "Messages dropped because they are no SIP.", sip.unreadable);
        p.one("sip_refused_total", "counter", "Requests refused for what they are.", sip.refused);
        p.one("sip_repeated_total", "counter", "Requests that came again.", sip.repeated_requests);
        p.one("sip_repeats_sent_total", "counter", "Messages sent again.", sip.repeats_sent);
        p.one(
            "sip_over_limit_total",
            "counter",
            "Requests refused because a limit was reached.",
            sip.over_limit,
        );
        p.one(
            "sip_strangers_total",
            "counter",
            "Messages dropped because they came from no trunk and no phone.",
            switch.strangers,
        );
        p.one(
            "sip_handshakes_refused_total",
            "counter",
            "Handshakes of SIP over TLS that were refused or ended because there were too many.",
            switch.handshakes_refused,
        );
        p.family(
            "microsoft_notifications_total",
            "counter",
            "What Graph told by itself, or somebody in its name.",
        );
        for (what, count) in ["taken", "dropped"].into_iter().zip(told) {
            p.value("microsoft_notifications_total", &format!("{{what=\"{what}\"}}"), count);
        }
        p.one(
            "refusals_left_out_total",
            "counter",
            "Refused work accounts that have no line of their own in an audit log.",
            left_out,
        );
        let guard = switch.guard_counters();
        p.one("security_failures_total", "counter", "Wrong passwords, scans and their like.", guard.failures);
        p.one("security_bans_total", "counter", "Addresses that were banned for a while.", guard.bans);
        p.one("security_refused_total", "counter", "Messages of banned addresses.", guard.refused);
        p.one(
            "security_slowed_total",
            "counter",
            "Requests of strangers beyond what they may send.",
            guard.slowed,
        );
        p.family("security_events_total", "counter", "What concerned security, by kind.");
        for (kind, count) in switch.security_events().counts() {
            p.value("security_events_total", &format!("{{kind=\"{kind}\"}}"), count);
        }
        p.one("sip_legs", "gauge", "Legs that SIP holds.", legs);
        p.one("sip_transactions", "gauge", "Transactions that SIP holds.", transactions);
        p.one(
            "journal_stalled",
            "gauge",
            "1 while the journal cannot be written.",
            u8::from(switch.journal_stalled),
        );
        let lost = crate::media_io::recordings_lost();
        p.one(
            "recordings_lost_total",
            "counter",
            "Recordings lost or broken off by a slow or full disk.",
            lost,
        );
        p.family(
            "audio_dropped_total",
            "counter",
            "Datagrams of audio and reports that were of no use, by reason.",
        );
        for (reason, count) in crate::media_io::audio_dropped() {
            p.value("audio_dropped_total", &format!("{{reason=\"{reason}\"}}"), count);
        }
        backup_metrics(&mut p, &backups.0, &backups.1);
        p.one("laws_broken_total", "counter", "Laws found broken: always 0.", broken);
        p.family("calls_open", "gauge", "Calls that are open.");
        for t in switch.tenants() {
            p.value("calls_open", &format!("{{tenant=\"{}\"}}", t.meaning.tenant), t.engine.calls().len());
        }
        p.family("calls_ended_total", "counter", "Calls that are over.");
        for t in switch.tenants() {
            p.value(
                "calls_ended_total",
                &format!("{{tenant=\"{}\"}}", t.meaning.tenant),
                t.engine.ended_calls(),
            );
        }
        type Count = fn(&engine::Queue) -> u64;
        let counts: [(&str, &str, &str, Count); 6] = [
            ("queue_waiting", "gauge", "Callers waiting.", |q| q.waiting()),
            ("queue_offered_total", "counter", "Callers who entered.", |q| q.counts.offered),
            ("queue_answered_total", "counter", "Callers answered by an agent.", |q| q.counts.answered),
            ("queue_abandoned_total", "counter", "Callers who hung up while waiting.", |q| {
                q.counts.abandoned
            }),
            ("queue_flowed_out_total", "counter", "Callers who went on with the flow.", |q| {
                q.counts.flowed_out
            }),
            (
                "queue_answered_within_total",
                "counter",
                "Callers answered within the service level's threshold.",
                |q| q.counts.answered_within,
            ),
        ];
        for (name, kind, help, count) in counts {
            p.family(name, kind, help);
            for t in switch.tenants() {
                for (id, q) in t.engine.queues().iter() {
                    let labels = format!(
                        "{{tenant=\"{}\",queue=\"{}\"}}",
                        t.meaning.tenant,
                        t.meaning.names.of("Queue", id.0)
                    );
                    p.value(name, &labels, count(q));
                }
            }
        }
        p.family(
            "queue_service_level",
            "gauge",
            "SL1: answered within T / (answered + abandoned - abandoned within T).",
        );
        for t in switch.tenants() {
            for (id, q) in t.engine.queues().iter() {
                if let Some(level) = q.counts.service_level() {
                    let labels = format!(
                        "{{tenant=\"{}\",queue=\"{}\"}}",
                        t.meaning.tenant,
                        t.meaning.names.of("Queue", id.0)
                    );
                    p.value("queue_service_level", &labels, level);
                }
            }
        }
        p.family("agents", "gauge", "Agents by state.");
        for t in switch.tenants() {
            for state in engine::AgentState::NAMES {
                let n = t.engine.agents().values().filter(|a| a.state.name() == state).count();
                p.value("agents", &format!("{{tenant=\"{}\",state=\"{state}\"}}", t.meaning.tenant), n);
            }
        }
        p.one("dials_remembered", "gauge", "Calls asked for with a click that are remembered.", dials);
        p.one("calls_carried", "gauge", "Calls through other telephone systems that are carried.", carried);
        if let Some(bot) = bot {
            let of = bot.counts();
            p.family("bot_activities_total", "counter", "What was posted to the bot, by what became of it.");
            let taken = [
                ("taken", &of.taken),
                ("refused", &of.refused),
                ("again", &of.again),
                ("dropped", &of.dropped),
            ];
            for (result, count) in taken {
                let count = count.load(Ordering::Relaxed);
                p.value("bot_activities_total", &format!("{{result=\"{result}\"}}"), count);
            }
            p.family("bot_messages_total", "counter", "Messages of the bot, by whether they could be sent.");
            for (result, count) in [("sent", &of.sent), ("unsent", &of.unsent)] {
                let count = count.load(Ordering::Relaxed);
                p.value("bot_messages_total", &format!("{{result=\"{result}\"}}"), count);
            }
            let kept = bot.remembered();
            p.family("bot_remembered", "gauge", "What the bot has in its memory, by what it is.");
            for (what, count) in [
                ("activities", kept.activities),
                ("conversations", kept.rooms),
                ("blocked", kept.blocked),
                ("sign-ins", kept.sign_ins),
                ("turns", kept.rates),
            ] {
                p.value("bot_remembered", &format!("{{what=\"{what}\"}}"), count);
            }
        }
        p.0
    });
    match page.await {
        Some(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
