import { useSetState } from '@/shared/agent/state';
import { preferences, setPreferences } from '@/shared/preferences';
import { useHasSoftphone } from '@/shared/softphone/usePhoneOf';

/**
 * Becoming available. Whoever has not said where their calls ring gets them in this browser: asking for the first call is
 * the moment at which asking for the microphone is no surprise.
 */
export function useBegin(agent: string): { begin: () => void; busy: boolean } {
  const set = useSetState(agent);
  const has = useHasSoftphone();
  const begin = () => {
    if (has && preferences().phoneHere === null) setPreferences({ phoneHere: true });
    set.mutate({ state: 'available' });
  };
  return { begin, busy: set.isPending };
}
