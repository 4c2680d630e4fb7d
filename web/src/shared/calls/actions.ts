// What can be done about a call. Several pages do it.

import { useMutation } from '@tanstack/react-query';
import { api, need } from '@/shared/api/client';
import type { components } from '@/shared/api/schema';
import { useSession } from '@/shared/session';
import { registered } from '@/shared/softphone/phone';
import { useSay } from '@/shared/ui/toasts';

type NewAction = components['schemas']['NewAction'];
// Without `by`: whoever is signed in.
type WithoutBy<T> = T extends unknown ? Omit<T, 'by' | 'softphone'> : never;
export type Action = WithoutBy<NewAction>;

export interface ActionOn {
  call: string;
  action: Action;
}

/** Whoever asks to hear a call in the page that is their phone is not rung for it. */
export async function act(call: string, by: string | null, action: Action): Promise<void> {
  const body = { by, softphone: registered(), ...action } as NewAction;
  await need(api.POST('/api/v1/calls/{id}/actions', { params: { path: { id: call } }, body }));
}

/** Does something about a call as whoever is signed in; says so if it did not work. */
export function useAct() {
  const say = useSay();
  const { agent } = useSession();
  return useMutation({
    mutationFn: ({ call, action }: ActionOn) => act(call, agent, action),
    onError: say.fail,
  });
}

export function useHangUp() {
  const say = useSay();
  return useMutation({
    mutationFn: async (call: string) => {
      await need(api.POST('/api/v1/calls/{id}/hang-up', { params: { path: { id: call } } }));
    },
    onError: say.fail,
  });
}
