//! Keeps a subscription to the people of each connected directory, so that a change is read at once.
//!
//! It is a help and no more: while there is none, everything is found when it is asked for.

use crate::microsoft::background::{Background, NotDone, now};
use crate::microsoft::notices::{NoticeBoard, Ours};
use crate::microsoft::random;
use std::sync::mpsc::Receiver;
use store::TenantId;
use teams::BaseUrl;
use teams::graph::{GraphError, Known, Watched, read_subscription, renew, subscribe, unsubscribe};

/// Sees to it that the changes of a directory are told. `public` is where Graph reaches us.
///
/// # Errors
/// [`NotDone`]
pub fn keep(
    board: &NoticeBoard,
    background: &Background,
    public: &BaseUrl,
    (tenant, directory): (TenantId, &str),
    stop: &Receiver<()>,
) -> Result<(), NotDone> {
    let mine = board.ours().iter().find(|o| o.tenant == tenant).cloned();
    if let Some(one) = mine {
        let is_over = one.is_gone || one.subscription.ends <= now() || one.known.tenant != directory;
        if !is_over && !one.is_asked && now() < one.renew_at {
            return Ok(());
        }
        if !is_over {
            match renewed(background, &one, stop) {
                Ok(subscription) => {
                    let mut ours = board.ours();
                    if let Some(one) = ours.iter_mut().find(|o| o.tenant == tenant) {
                        one.renew_at = subscription.renew_at(now());
                        one.subscription = subscription;
                        one.is_asked = false;
                    }
                    return Ok(());
                }
                // It is gone: another one follows.
                Err(NotDone::Graph(GraphError::NotFound)) => {}
                Err(why) => return Err(why),
            }
        }
        forget(board, background, tenant);
    }
    let (call, client_state) =
        subscribe(background.graph(), &Watched::Users, public, None, now(), random().map_err(NotDone::Here)?)
            .ok_or_else(|| NotDone::Here("nothing can be subscribed to".into()))?;
    // Graph asks at our address before it answers.
    let reply = background.ask(directory, &call, stop)?;
    let subscription =
        read_subscription(&reply).ok_or(NotDone::Graph(GraphError::Unreadable { status: reply.status }))?;
    let known = Known { tenant: directory.into(), client_state };
    let renew_at = subscription.renew_at(now());
    board.ours().push(Ours { tenant, subscription, known, renew_at, is_gone: false, is_asked: false });
    Ok(())
}

fn renewed(
    background: &Background,
    one: &Ours,
    stop: &Receiver<()>,
) -> Result<teams::graph::Subscription, NotDone> {
    let call = renew(background.graph(), &Watched::Users, &one.subscription.id, now())
        .ok_or(NotDone::Graph(GraphError::NotFound))?;
    let reply = background.ask(&one.known.tenant, &call, stop)?;
    read_subscription(&reply).ok_or(NotDone::Graph(GraphError::Unreadable { status: reply.status }))
}

/// A tenant is told no more. Graph hears of it if it can be asked; if not, the subscription ends by itself.
pub fn forget(board: &NoticeBoard, background: &Background, tenant: TenantId) {
    let gone: Vec<Ours> = board.ours().extract_if(.., |o| o.tenant == tenant).collect();
    for one in gone {
        if let Some(call) = unsubscribe(background.graph(), &Watched::Users, &one.subscription.id) {
            let _ = background.ask_once(&one.known.tenant, &call);
        }
    }
}
