//! A user of Microsoft Teams holds a call: a mixer plays music in the user's place, and the call stays there.

use crate::teams_transfer::talking;
use crate::teams_trunk::paired;

#[test]
fn a_mixer_plays_music_to_whoever_is_held_and_the_call_stays_with_it() {
    for bypass in [false, true] {
        let (_authority, machines, program, mut telephone) = paired(if bypass { "ice: true\n" } else { "" });
        machines.act(|proxy, _| proxy.set_bypass(bypass));
        let call = talking(&machines, &program, &mut telephone);
        let mixer = machines.audio();
        machines.act(|proxy, now| proxy.hold_with_music(now, call, (mixer, 523)));
        // First the hold, then the mixer's address.
        machines.changed(call);
        machines.changed(call);
        telephone.hears(523);
        machines.act(|proxy, now| proxy.take_back(now, call, 330));
        machines.changed(call);
        telephone.hears(330);
        machines.hears(call, 440.0);
        // And once more from there, to another mixer.
        let mixer = machines.audio();
        machines.act(|proxy, now| proxy.hold_with_music(now, call, (mixer, 523)));
        machines.changed(call);
        machines.changed(call);
        telephone.hears(523);
        telephone.command("hangup", "");
        machines.over(call);
        machines.nothing_broken();
        program.stop();
    }
}
