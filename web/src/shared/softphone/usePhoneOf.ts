import { useEffect } from 'react';
import { useAbilities } from '@/shared/api/abilities';
import { useAgent, watchMessages } from '@/shared/live/store';
import { follow, rang } from './phone';
import { ringing, SOFTPHONE } from './signalling';

/** Keeps the phone in step with the calls of an agent; once in the app. */
export function usePhoneOf(agent: string | null): void {
  const view = useAgent(agent);
  useEffect(() => follow(view), [view]);
  useEffect(() => {
    if (!agent) return;
    return watchMessages((messages) => {
      for (const message of messages) {
        const call = 'notice' in message ? ringing(message.notice, agent) : null;
        if (call) rang(call);
      }
    });
  }, [agent]);
}

/** Whether the server has a phone for browsers. */
export function useHasSoftphone(): boolean {
  return useAbilities()('post', SOFTPHONE);
}
