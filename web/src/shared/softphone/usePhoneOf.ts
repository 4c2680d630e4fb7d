import { useEffect } from 'react';
import { useAbilities } from '@/shared/api/abilities';
import { watchMessages } from '@/shared/live/store';
import { usePreferences } from '@/shared/preferences';
import { hear, resync, switchOff, switchOn } from './phone';
import { SOFTPHONE, wordOf } from './signalling';

/** Whether the server has a phone for browsers. */
export function useHasSoftphone(): boolean {
  return useAbilities()('post', SOFTPHONE);
}

/**
 * Keeps the phone of an agent in this browser, if that is wanted, and in step with the server; once in the app. A session
 * that ends leaves it alone: a call goes on while its agent signs in again.
 */
export function usePhoneOf(agent: string | null): void {
  const has = useHasSoftphone();
  const { phoneHere } = usePreferences();
  const on = has && phoneHere === true ? agent : null;
  useEffect(() => {
    if (on) void switchOn(on);
  }, [on]);
  useEffect(() => {
    if (phoneHere === false) switchOff();
  }, [phoneHere]);
  useEffect(() => {
    if (!agent) return;
    return watchMessages((messages) => {
      for (const message of messages) {
        // Words that came while nobody listened are lost: the server is asked.
        if ('snapshot' in message) void resync().catch(() => undefined);
        const word = 'notice' in message ? wordOf(message.notice, agent) : null;
        if (word) hear(word);
        // A call that is over rings and talks nowhere.
        else if ('call' in message && message.call.state === 'ended') hear({ is: 'released', call: message.call.id });
      }
    });
  }, [agent]);
}
