import { clock } from '@/shared/format/time';
import { useNow } from '@/shared/format/now';

/** The time that has passed since a moment, counting. Not announced each second to those who listen to the page. */
export function Since({ at, className }: { at: string | null | undefined; className?: string }) {
  const now = useNow();
  if (!at) return null;
  return (
    <span className={className} role="timer" aria-live="off" style={{ fontVariantNumeric: 'tabular-nums' }}>
      {clock(now - Date.parse(at))}
    </span>
  );
}
