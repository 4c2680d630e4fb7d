// Signing in once more for what is grave: exporting, erasing, keys. The request waits for it and is then sent again.

import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { onStepUp } from '@/shared/api/client';

const StepUpDialog = lazy(() => import('./StepUpDialog').then((m) => ({ default: m.StepUpDialog })));

export interface Asked {
  /** The server's sentence. */
  detail: string;
  answer: (signedIn: boolean) => void;
}

/** Waits for the server to want somebody who signed in lately, and asks them. */
export function StepUp() {
  const [asked, setAsked] = useState<Asked | null>(null);
  // Several requests at once are one question.
  const waiting = useRef<Promise<boolean> | null>(null);
  useEffect(() => {
    onStepUp((detail) => {
      // Where somebody was goes on being where they are: a dialog below is otherwise left hidden to whoever cannot see it.
      const from = document.activeElement;
      waiting.current ??= new Promise<boolean>((resolve) => {
        setAsked({
          detail,
          answer: (signedIn) => {
            waiting.current = null;
            setAsked(null);
            resolve(signedIn);
            window.setTimeout(() => from instanceof HTMLElement && from.isConnected && from.focus());
          },
        });
      });
      return waiting.current;
    });
    return () => onStepUp(null);
  }, []);
  return (
    asked && (
      <Suspense>
        <StepUpDialog {...asked} />
      </Suspense>
    )
  );
}
