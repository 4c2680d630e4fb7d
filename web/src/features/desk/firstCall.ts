import { useEffect } from 'react';
import { useSetState } from '@/shared/agent/state';
import { useAbilitiesKnown } from '@/shared/api/abilities';
import type { AgentView } from '@/shared/api/types';
import { preferences, setPreferences } from '@/shared/preferences';
import { looked, useSession } from '@/shared/session';
import { usePhone } from '@/shared/softphone/phone';
import { useHasSoftphone } from '@/shared/softphone/usePhoneOf';

/**
 * A visitor of a demonstration became an agent by one click: that click asked for calls too. They come to this browser, so
 * it is waited for until it is a phone, or cannot be one.
 */
export function useFirstCall(agent: AgentView): void {
  const { visits } = useSession();
  const known = useAbilitiesKnown();
  const has = useHasSoftphone();
  const { link } = usePhone();
  const { mutate } = useSetState(agent.id);
  // Whoever visited before may have left the agent in any state.
  const free = agent.call == null;
  const waits = free && agent.state !== 'available';
  useEffect(() => {
    if (!visits || !known) return;
    if (free && has && preferences().phoneHere === null) setPreferences({ phoneHere: true });
    if (waits) {
      const here = has && preferences().phoneHere === true;
      if (here && link !== 'up' && link !== 'failed') return;
      mutate({ state: 'available' });
    }
    looked();
  }, [visits, known, has, link, free, waits, mutate]);
}
