import { clean } from '@/shared/format/text';

/** Text of somebody we do not know: its direction stays inside, and nothing invisible is in it. */
export function Bdi({ children }: { children: string | null | undefined }) {
  return <bdi>{clean(children ?? '')}</bdi>;
}
